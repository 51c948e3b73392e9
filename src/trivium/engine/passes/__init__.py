"""Passes: functions graph → graph, named and ordered in ``pipeline``."""
