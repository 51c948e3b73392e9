"""Training steps of small networks, by hand and by every library."""
