"""The random room."""
