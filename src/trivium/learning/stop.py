"""Why a fit stopped; every member's value is the sentence shown to the user."""

from __future__ import annotations

from enum import Enum

__all__ = ["Stop"]


class Stop(Enum):
    """Why an algorithm stopped: ``name`` is for files, ``value`` the sentence for people."""

    EPOCHS_DONE = "All requested epochs are done."
    NO_IMPROVEMENT = (
        "The validation loss has stopped improving; the best parameters seen were restored."
    )
    CONVERGED = "The gradient is as small as was asked for."
    CLOSED_FORM = "The minimum was computed directly; no steps are left to take."
    NON_FINITE = "A value became NaN or infinite; the last finite parameters were kept."
    INTERRUPTED = "The fit was interrupted; it can be resumed from where it stopped."
    CALLBACK = "A callback asked the fit to stop."

    @property
    def sentence(self) -> str:
        """The reason in one sentence."""
        return self.value

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do, so that resuming would not go on."""
        return self not in (Stop.INTERRUPTED, Stop.NON_FINITE)
