"""Trivium: deep learning whose mathematics you can run and see. Model × objective × algorithm.

``import trivium as tv``. Everything public is reached from here and loads when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name → the module that defines it, and the name there ("" for the module itself).
_PUBLIC: dict[str, tuple[str, str]] = {
    # floor 1: expressions, derivatives, programs
    "Tensor": ("engine.tensor", "Tensor"),
    "Variable": ("engine.tensor", "Variable"),
    "tensor": ("engine.tensor", "tensor"),
    "variable": ("engine.tensor", "variable"),
    "input": ("engine.tensor", "input"),
    "label": ("engine.composites", "label"),
    "stop_gradient": ("engine.composites", "stop_gradient"),
    "scan": ("engine.loops", "scan"),
    "gradient": ("engine.transforms", "gradient"),
    "grad": ("engine.transforms", "grad"),
    "value_and_grad": ("engine.transforms", "value_and_grad"),
    "vjp": ("engine.transforms", "vjp"),
    "jvp": ("engine.transforms", "jvp"),
    "jacobian": ("engine.transforms", "jacobian"),
    "hessian": ("engine.transforms", "hessian"),
    "hessian_vector_product": ("engine.transforms", "hessian_vector_product"),
    "check_gradient": ("engine.check", "check_gradient"),
    "Program": ("engine.program", "Program"),
    "compile": ("engine.program", "compile"),
    "array": ("engine.array", ""),
    "random": ("engine.random", ""),
    "TriviumError": ("engine.errors", "TriviumError"),
    "bool": ("engine.dtypes", "bool_"),
    "int32": ("engine.dtypes", "int32"),
    "int64": ("engine.dtypes", "int64"),
    "float32": ("engine.dtypes", "float32"),
    "float64": ("engine.dtypes", "float64"),
    # floor 2: the mathematics of learning
    "calculus": ("mathematics.calculus", ""),
    "linalg": ("mathematics.linalg", ""),
    "probability": ("mathematics.probability", ""),
    "information": ("mathematics.information", ""),
    "optimality": ("mathematics.optimality", ""),
    # floor 3: the three steps
    "Batch": ("learning.batch", "Batch"),
    "Model": ("learning.models", "Model"),
    "parameter": ("learning.models", "parameter"),
    "component": ("learning.specification", "component"),
    "initializers": ("learning.initializers", ""),
    "paths": ("learning.paths", ""),
    "layers": ("learning.layers", ""),
    "models": ("learning.models", ""),
    "objectives": ("learning.objectives", ""),
    "algorithms": ("learning.algorithms", ""),
    "data": ("learning.data", ""),
    "fit": ("learning.fit", "fit"),
    "load": ("learning.fit", "load"),
    "resume": ("learning.fit", "resume"),
    "learning": ("learning", ""),
    "generalization": ("learning.generalization", ""),
    # floor 4: seeing
    "insight": ("insight", ""),
    # floor 5: other software
    "Classifier": ("interfaces.estimators", "Classifier"),
    "Regressor": ("interfaces.estimators", "Regressor"),
}

__all__ = ["__version__", *sorted(_PUBLIC)]

if TYPE_CHECKING:
    from . import insight, learning
    from .engine import array, random
    from .engine.check import check_gradient
    from .engine.composites import label, stop_gradient
    from .engine.dtypes import bool_ as bool
    from .engine.dtypes import float32, float64, int32, int64
    from .engine.errors import TriviumError
    from .engine.loops import scan
    from .engine.program import Program, compile
    from .engine.tensor import Tensor, Variable, input, tensor, variable
    from .engine.transforms import (
        grad,
        gradient,
        hessian,
        hessian_vector_product,
        jacobian,
        jvp,
        value_and_grad,
        vjp,
    )
    from .interfaces.estimators import Classifier, Regressor
    from .learning import (
        algorithms,
        data,
        generalization,
        initializers,
        layers,
        models,
        objectives,
        paths,
    )
    from .learning.batch import Batch
    from .learning.fit import fit, load, resume
    from .learning.models import Model, parameter
    from .learning.specification import component
    from .mathematics import calculus, information, linalg, optimality, probability


def __getattr__(name: str) -> Any:
    found = _PUBLIC.get(name)
    if found is None:
        from difflib import get_close_matches

        near = get_close_matches(name, _PUBLIC, n=1)
        # tv.MLP and tv.Adam live a room further; dunder names are asked for by tools.
        rooms = () if name.startswith("_") else ("models", "objectives", "algorithms", "layers")
        for room in rooms:
            if name in importlib.import_module(f"{__name__}.learning.{room}").__all__:
                near = [f"{room}.{name}"]
        hint = f"; did you mean tv.{near[0]}?" if near else ""
        raise AttributeError(f"trivium has no attribute {name!r}{hint}")
    module = importlib.import_module(f"{__name__}.{found[0]}")
    value = getattr(module, found[1]) if found[1] else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
