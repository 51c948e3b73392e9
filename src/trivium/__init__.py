"""Trivium: machine learning in three steps, model × objective × algorithm."""

__version__ = "0.1.0"
