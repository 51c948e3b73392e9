"""Why a fit stopped; every member's value is the sentence shown to the user."""

from __future__ import annotations

from enum import Enum

from trivium.mathematics.minimization.result import Reason

__all__ = ["Stop"]


class Stop(Enum):
    """Why an algorithm stopped: ``name`` is for files, ``value`` the sentence for people."""

    EPOCHS_DONE = "All requested epochs are done."
    NO_IMPROVEMENT = (
        "The validation loss has stopped improving; the best parameters seen were restored."
    )
    CONVERGED = "The gradient is as small as was asked for."
    CRITICAL_START = Reason.CRITICAL_START.value
    SMALL_DECREASE = Reason.SMALL_DECREASE.value
    SMALL_STEP = Reason.SMALL_STEP.value
    PRECISION = Reason.PRECISION.value
    ZERO_RESIDUALS = Reason.ZERO_RESIDUALS.value
    TARGET = Reason.TARGET.value
    STAGNATION = Reason.STAGNATION.value
    SCHEDULE_DONE = Reason.SCHEDULE_DONE.value
    ITERATIONS = Reason.ITERATIONS.value
    EVALUATIONS = Reason.EVALUATIONS.value
    UNBOUNDED = Reason.UNBOUNDED.value
    NO_DESCENT = Reason.NO_DESCENT.value
    PLATEAU = Reason.PLATEAU.value
    INFEASIBLE = Reason.INFEASIBLE.value
    CLOSED_FORM = "The minimum was computed directly; no steps are left to take."
    GROWN = "The tree was grown and pruned; no steps are left to take."
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
