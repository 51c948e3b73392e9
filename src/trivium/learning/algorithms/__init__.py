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
from .constrained import AugmentedLagrangian, ProjectedGradient, ProximalGradient
from .delta_rule import DeltaRule
from .descent import SGD, GradientDescent
from .growing import Growing
from .heuristics import CMAES, Genetic, SimulatedAnnealing
from .minimizing import Minimizer
from .quasi_newton import BFGS, LBFGS, ConjugateGradient
from .second_order import GaussNewton, LevenbergMarquardt, Newton

__all__ = [
    "BFGS",
    "CMAES",
    "LBFGS",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Algorithm",
    "AugmentedLagrangian",
    "Clip",
    "ClipByNorm",
    "ClipByValue",
    "ClosedForm",
    "ConjugateGradient",
    "Constant",
    "Cosine",
    "DeltaRule",
    "Exponential",
    "GaussNewton",
    "Genetic",
    "GradientDescent",
    "Growing",
    "InverseTime",
    "LevenbergMarquardt",
    "LinearWarmup",
    "Minimizer",
    "Newton",
    "OneCycle",
    "Problem",
    "ProjectedGradient",
    "ProximalGradient",
    "RMSProp",
    "Schedule",
    "SimulatedAnnealing",
    "Solution",
    "Solver",
    "StepDecay",
    "Stepper",
    "Stop",
]
