"""The ordering room."""
