"""Matrix products, generated for one fixed shape each.

out[b, i, j] = Σ_k left[b, i, k] · right[b, k, j] with operands of any strides (``Spec``). ``plan``
chooses a method and its sizes; ``emission.emit`` writes the function that computes any range of
the plan's independent parts. Read in this order: spec, plan, choose; emission, writer, tile,
packing, computing, panels (the methods direct, transposed and packed); dots; partial (few
numbers, each a long sum).
"""

from __future__ import annotations

from .choose import applicable, estimate, plan
from .partial import sum_parts
from .plan import METHODS, Plan
from .spec import Spec
from .tile import Epilogue, Prologue

__all__ = [
    "METHODS",
    "Epilogue",
    "Plan",
    "Prologue",
    "Spec",
    "applicable",
    "estimate",
    "plan",
    "sum_parts",
]
