"""The reference backend: NumPy, one node at a time; slow, obviously right, the oracle."""
