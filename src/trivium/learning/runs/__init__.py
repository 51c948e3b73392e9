"""Runs on disk: what was asked, the state to go on from, the measurements, the outcome."""

from typing import TYPE_CHECKING

from trivium.engine.lazy import lazy

__all__ = ["RunDirectory", "RunSummary", "RunWarning", "find_runs", "new_run_path"]

if TYPE_CHECKING:
    from trivium.learning.runs.directory import RunDirectory
    from trivium.learning.runs.files import RunWarning
    from trivium.learning.runs.listing import RunSummary, find_runs, new_run_path
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "directory": ["RunDirectory"],
            "files": ["RunWarning"],
            "listing": ["RunSummary", "find_runs", "new_run_path"],
        },
    )
