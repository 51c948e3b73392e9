"""Floor 5: how people and other software reach Trivium."""
