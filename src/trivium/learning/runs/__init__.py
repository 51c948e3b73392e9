"""Runs on disk: what was asked, the state to go on from, the measurements, the outcome."""

from trivium.learning.runs.directory import RunDirectory
from trivium.learning.runs.files import RunWarning
from trivium.learning.runs.listing import RunSummary, find_runs, new_run_path

__all__ = ["RunDirectory", "RunSummary", "RunWarning", "find_runs", "new_run_path"]
