"""Step 3, pick the best function: steppers, solvers, schedules and gradient clipping."""

from ..clipping import Clip, ClipByNorm, ClipByValue
from ..schedules import (
    Constant,
    Cosine,
    Exponential,
    InverseTime,
    LinearWarmup,
    OneCycle,
    Schedule,
    StepDecay,
)
from ..stop import Stop
from .adaptive import AdaGrad, Adam, AdamW, RMSProp
from .base import Algorithm, Problem, Solution, Solver, Stepper
from .closed_form import ClosedForm
from .delta_rule import DeltaRule
from .descent import SGD, GradientDescent

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Algorithm",
    "Clip",
    "ClipByNorm",
    "ClipByValue",
    "ClosedForm",
    "Constant",
    "Cosine",
    "DeltaRule",
    "Exponential",
    "GradientDescent",
    "InverseTime",
    "LinearWarmup",
    "OneCycle",
    "Problem",
    "RMSProp",
    "Schedule",
    "Solution",
    "Solver",
    "StepDecay",
    "Stepper",
    "Stop",
]
