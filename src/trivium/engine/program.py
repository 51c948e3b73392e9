"""Programs: expressions made runnable, with inputs, outputs and variables that they update."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .backends.base import chosen_by, find_backend
from .backends.worth import worth_compiling
from .composites import as_tensor
from .errors import ArgumentError, DTypeError, ShapeError, UnboundInputError
from .passes.pipeline import optimise
from .tensor import Tensor, Variable, as_array, input
from .traversal import topological
from .trees import flatten, unflatten

if TYPE_CHECKING:
    from .explanation import Explanation

__all__ = ["CompiledFunction", "Program", "compile"]


class Program:
    """A compiled expression plus "variable ← new value".

    ``inputs``: input leaves, in the order in which ``run`` takes their arrays.
    ``outputs``: a tensor or a nested structure of tensors. ``updates``: variable → expression
    of the same shape and dtype; all are computed from the values before the step. Raises
    UnboundInputError when an expression contains an input that is not in ``inputs``, ShapeError
    or DTypeError for an update that does not fit its variable. ``backend``: "native",
    "reference" or "auto". ``steps``: about how many steps there will be in all, if they are few;
    "auto", the default, makes machine code only where that pays.
    """

    def __init__(
        self,
        inputs: Sequence[Tensor] = (),
        outputs: Any = (),
        updates: Mapping[Variable, Tensor] | None = None,
        *,
        backend: str | None = None,
        steps: int | None = None,
    ) -> None:
        self.inputs = tuple(inputs)
        self.updates = {key: as_tensor(value) for key, value in (updates or {}).items()}
        self._structure = outputs
        self._single = isinstance(outputs, Tensor)
        self.outputs = [as_tensor(leaf) for leaf in flatten(outputs)]
        self._check()
        start = time.perf_counter()
        improved = optimise([*self.outputs, *self.updates.values()])
        self.optimise_seconds = time.perf_counter() - start
        count = len(self.outputs)
        little_work = steps is not None and not worth_compiling(improved, steps)
        self.backend = find_backend(backend, little_work)
        self.backend_chosen_by = chosen_by(backend, little_work)
        self._executable = self.backend.compile(
            self.inputs,
            improved[:count],
            dict(zip(self.updates, improved[count:], strict=True)),
        )
        # One step the quick way, for arrays that fit as they are; not every program has it.
        self._short = self._executable.short(self.inputs)
        if os.environ.get("TRIVIUM_DEBUG"):
            from .explanation.debug import report

            report(self, self._executable)

    def _check(self) -> None:
        for leaf in self.inputs:
            if leaf.primitive.name != "input":
                raise UnboundInputError(
                    f"a program's inputs are leaves made by tv.input, not {leaf!r}"
                )
        for target, value in self.updates.items():
            if isinstance(target, Variable) and not target.storage.flags.writeable:
                raise ArgumentError(
                    f"the variable {target.name or 'without a name'} is an array that must not "
                    "be written (it was made with copy=False), so no update can be for it"
                )
            if not isinstance(target, Variable):
                raise UnboundInputError(f"only variables can be updated, not {target!r}")
            if value.shape != target.shape:
                raise ShapeError(
                    f"the update of {target.name} has shape {value.shape}, "
                    f"the variable has {target.shape}"
                )
            if value.dtype != target.dtype:
                raise DTypeError(
                    f"the update of {target.name} has dtype {value.dtype}, "
                    f"the variable has {target.dtype}"
                )
        known = {id(leaf) for leaf in self.inputs}
        for current in topological([*self.outputs, *self.updates.values()]):
            if current.primitive.name == "input" and id(current) not in known:
                raise UnboundInputError(
                    f"the expression contains the input {current.name!r}, which is not among "
                    f"the program's inputs ({self._names()})"
                )

    def _names(self) -> str:
        return ", ".join(str(leaf.name) for leaf in self.inputs) or "none"

    def run(self, *arrays: Any, steps: int | None = None) -> Any:
        """Perform one step, or ``steps`` steps in one call, on the given input arrays.

        Returns NumPy arrays in the structure of ``outputs``; with ``steps`` each has a new
        first axis of that length. Raises ShapeError or DTypeError for arrays that do not fit.
        """
        if steps is None:
            results = self._short(arrays) if self._short is not None else None
            if results is None:
                results = [each[0] for each in self._executable.run(self._bind(arrays), 1)]
        elif steps < 0:
            raise ShapeError(f"the number of steps must not be negative, got {steps}")
        else:
            results = self._executable.run(self._bind(arrays), steps)
        return results[0] if self._single else unflatten(self._structure, results)

    def run_plain(self, arrays: tuple[Any, ...]) -> Any:
        """``run(*arrays)`` the quick way; ``NotImplemented`` where there is none for them."""
        results = self._short(arrays) if self._short is not None else None
        if results is None:
            return NotImplemented
        return results[0] if self._single else unflatten(self._structure, results)

    def explain(self, *arrays: Any, measure: int = 0) -> Explanation:
        """What the program consists of: passes, kernels, memory; print it or look inside.

        ``measure``: also perform that many steps, timed kernel by kernel, on copies of the
        variables, which keep their values, and on ``arrays`` as in ``run`` (zeros if none are
        given). Raises ArgumentError for a negative number.
        """
        from .explanation import explain_program

        return explain_program(
            self, self._executable, self._bind(arrays) if arrays else None, measure
        )

    def _bind(self, arrays: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
        if len(arrays) != len(self.inputs):
            raise ShapeError(
                f"the program has {len(self.inputs)} inputs ({self._names()}), got "
                f"{len(arrays)} arrays"
            )
        bound = []
        for leaf, value in zip(self.inputs, arrays, strict=True):
            array = as_array(value.value if isinstance(value, Tensor) else value)
            if array.shape != leaf.shape:
                raise ShapeError(
                    f"the input {leaf.name} has shape {leaf.shape}, got an array of shape "
                    f"{array.shape}"
                )
            if not np.can_cast(array.dtype, leaf.dtype, casting="same_kind"):
                raise DTypeError(
                    f"the input {leaf.name} is {leaf.dtype}, got an array of {array.dtype}"
                )
            bound.append(array.astype(leaf.dtype, copy=False))
        return bound


class CompiledFunction:
    """A Python function compiled for the shapes and dtypes it is called with.

    Each new combination of shapes and dtypes is traced and compiled once. Returns NumPy arrays
    in the structure of the function's result.
    """

    def __init__(self, function: Callable[..., Any], backend: str | None = None) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._backend = backend
        self.programs: dict[tuple[Any, ...], Program] = {}
        self._plain: Program | None = None  # the last one for arrays without structure

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Run the program for these arguments, compiling it first when it is new."""
        if self._plain is not None and not options:
            result = self._plain.run_plain(arguments)
            if result is not NotImplemented:
                return result
        program, leaves = self._program((arguments, dict(sorted(options.items()))))
        if not options and all(type(each) is np.ndarray for each in arguments):
            self._plain = program
        return program.run(*leaves)

    def explain(self, *arguments: Any, measure: int = 0, **options: Any) -> Explanation:
        """``Program.explain`` of the program for these arguments, compiled first when it is new.

        Without arguments: of the only program that there is. Raises ArgumentError when the
        function has been compiled for several combinations of shapes.
        """
        given = (arguments, dict(sorted(options.items())))
        if not flatten(given) and self.programs:
            if len(self.programs) > 1:
                name = getattr(self, "__name__", "this function")
                raise ArgumentError(
                    f"{name} has been compiled for {len(self.programs)} combinations of shapes; "
                    f"say which with arguments of these shapes: {name}.explain(x, …)"
                )
            (only,) = self.programs.values()
            return only.explain(measure=measure)
        program, leaves = self._program(given)
        return program.explain(*leaves, measure=measure)

    def _program(self, given: Any) -> tuple[Program, list[np.ndarray[Any, Any]]]:
        leaves = [
            leaf.value if isinstance(leaf, Tensor) else as_array(leaf)
            for leaf in flatten(given)
        ]
        key = (_outline(given), *[(leaf.shape, leaf.dtype) for leaf in leaves])
        if key not in self.programs:
            self.programs[key] = self._trace(given, leaves)
        return self.programs[key], leaves

    def _trace(self, given: Any, leaves: Sequence[np.ndarray[Any, Any]]) -> Program:
        inputs = [
            input(leaf.shape, leaf.dtype, name=f"argument {i}") for i, leaf in enumerate(leaves)
        ]
        arguments, options = unflatten(given, inputs)
        return Program(inputs, self._function(*arguments, **options), backend=self._backend)


def _outline(tree: Any) -> Any:
    if isinstance(tree, dict):
        return (dict, *[(key, _outline(value)) for key, value in tree.items()])
    if isinstance(tree, tuple | list):
        return (type(tree), *map(_outline, tree))
    return None if tree is None else "leaf"


def compile(function: Callable[..., Any], *, backend: str | None = None) -> CompiledFunction:
    """Compile ``function`` of arrays to a program; also usable as a decorator.

    The function sees tensors and must be pure: it runs once per combination of shapes and
    dtypes.
    """
    return CompiledFunction(function, backend)
