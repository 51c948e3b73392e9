"""Backends run programs. All of them honour one contract: ``Backend`` in ``base``."""
