"""The special room."""
