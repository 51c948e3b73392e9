"""Certificates of convexity, or the node at which the argument stops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from trivium.engine.errors import ArgumentError
from trivium.engine.tensor import Tensor, Variable
from trivium.engine.trees import flatten

from . import describe
from .analysis import Analysis, is_floating
from .describe import Obstacle
from .objectives import expression_of, is_model
from .simplify import simplify
from .strictness import Strictness, strictness

__all__ = ["Certificate", "Verdict", "certify"]


class Verdict(Enum):
    """What has been proved of a function; the value is the sentence for people."""

    CONSTANT = "It does not depend on the variables."
    AFFINE = "It is affine: it has no minimum unless its slope is zero."
    STRONGLY_CONVEX = (
        "Strongly convex: it has exactly one minimum, and descent reaches it from any start."
    )
    STRICTLY_CONVEX = (
        "Strictly convex: it has at most one minimum, so the start does not matter."
    )
    CONVEX = (
        "Convex: every local minimum is a global one, so the start does not matter for the "
        "value reached."
    )
    CONCAVE = "Concave: every local maximum is a global one; it is not a function to minimize."
    UNKNOWN = "Unknown: the argument stops, so there may be several local minima."


@dataclass(frozen=True, eq=False)
class Certificate:
    """What the composition rules prove of a function, and what they do not.

    ``verdict``: the strongest statement proved. ``modulus``: m > 0 of a strongly convex
    function, a lower bound of the least eigenvalue of its Hessian everywhere; None otherwise.
    ``variables``: the names of what it was examined in. ``obstacle``: where the argument stops,
    when the verdict is unknown. ``steps``: the argument, node by node. ``notes``: remarks.

    ``bool(certificate)`` says whether the function is certainly convex. An unknown verdict is
    no proof of the opposite.
    """

    verdict: Verdict
    variables: tuple[str, ...]
    modulus: float | None = None
    obstacle: Obstacle | None = None
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def convex(self) -> bool:
        """Whether it is certainly convex."""
        return self.affine or self.verdict in (
            Verdict.CONVEX,
            Verdict.STRICTLY_CONVEX,
            Verdict.STRONGLY_CONVEX,
        )

    @property
    def strictly_convex(self) -> bool:
        """Whether it is certainly strictly convex."""
        return self.verdict in (Verdict.STRICTLY_CONVEX, Verdict.STRONGLY_CONVEX)

    @property
    def strongly_convex(self) -> bool:
        """Whether it is certainly strongly convex."""
        return self.verdict is Verdict.STRONGLY_CONVEX

    @property
    def concave(self) -> bool:
        """Whether it is certainly concave."""
        return self.affine or self.verdict is Verdict.CONCAVE

    @property
    def affine(self) -> bool:
        """Whether it is certainly affine (or constant)."""
        return self.verdict in (Verdict.AFFINE, Verdict.CONSTANT)

    def __bool__(self) -> bool:
        return self.convex

    def __str__(self) -> str:
        shown = ", ".join(self.variables[:6]) + (", …" if len(self.variables) > 6 else "")
        lines = [f"{self.verdict.value}", f"  in {shown or 'no variables'}"]
        if self.modulus:
            lines.append(f"  modulus of strong convexity: at least {self.modulus:.4g}")
        if self.obstacle is not None:
            lines.append(f"  it stops at {self.obstacle}")
        lines.extend(f"  note: {note}" for note in self.notes)
        return "\n".join(lines)

    __repr__ = __str__


def certify(
    subject: Tensor | Callable[..., Any],
    over: Any = None,
    data: Any = None,
    *,
    bounds: Mapping[Tensor, tuple[float, float]] | None = None,
) -> Certificate:
    """Prove from its graph that a function is convex, or say at which node the proof stops.

    ``certify(expression, variables)``: a scalar expression, in its tv.variable's or other
    leaves (one, or several in any structure); without ``variables`` in all tv.variable's that
    it contains. ``certify(objective, model, data)``: an objective in the model's parameters;
    ``data`` (x, y), or None for data of which nothing is known: strictness and signs that
    depend on data are then unknown. ``bounds``: variable → (low, high), a box in which the
    statement is to hold.

    The proof composes the curvature and monotonicity of the primitives with bounds of what they
    are applied to, after rewriting to stable form; quadratics are decided by their Hessian, with
    a tolerance of a few units of rounding. It proves f(λx + (1-λ)y) ≤ λf(x) + (1-λ)f(y) for all
    points of f's domain and 0 ≤ λ ≤ 1, in exact arithmetic. It never says that a function is
    *not* convex: a verdict of unknown may be a weakness of the rules.

    Raises ArgumentError for what is no scalar floating expression or has no such variables.
    Source: Grant, Boyd & Ye (2006), "Disciplined convex programming"; Boyd & Vandenberghe
    (2004), *Convex Optimization*, §3.1-3.2.
    """
    model = None
    if isinstance(subject, Tensor):
        expression, named = subject, _named(subject, over)
    elif is_model(over):
        model = over
        expression, parameters = expression_of(subject, over, data)
        named = list(parameters.items())
    else:
        raise ArgumentError(
            "certify takes an expression and its variables, or an objective, a model and data; "
            f"got {type(subject).__name__} and {type(over).__name__}"
        )
    if expression.shape != () or not is_floating(expression):
        raise ArgumentError(
            f"a certificate is about one floating number; the expression has shape "
            f"{expression.shape} and dtype {expression.dtype}"
        )
    return _certificate(expression, named, _checked(bounds), model)


def _named(expression: Tensor, given: Any) -> list[tuple[str, Tensor]]:
    from trivium.engine.traversal import topological

    inside = topological([expression])
    if given is None:
        leaves: list[Tensor] = [each for each in inside if isinstance(each, Variable)]
    else:
        leaves = flatten(given)
    for each in leaves:
        if not isinstance(each, Tensor) or each.inputs or not is_floating(each):
            raise ArgumentError(
                "the variables of a certificate are floating leaves: tv.variable, tv.tensor or "
                f"tv.input; {each!r} is not"
            )
    if not leaves:
        raise ArgumentError(
            "the expression contains no tv.variable; say in which leaves it is to be convex: "
            "certify(expression, [x, …])"
        )
    return [(str(each.name or f"variable {i + 1}"), each) for i, each in enumerate(leaves)]


def _checked(bounds: Any) -> dict[Tensor, tuple[float, float]]:
    found = {}
    for key, (low, high) in dict(bounds or {}).items():
        if not float(low) <= float(high):
            raise ArgumentError(f"the bounds {low} and {high} leave nothing between them")
        found[key] = (float(low), float(high))
    return found


def _certificate(
    expression: Tensor,
    named: Sequence[tuple[str, Tensor]],
    bounds: Mapping[Tensor, tuple[float, float]],
    model: Any,
) -> Certificate:
    (output,) = simplify([expression])
    variables = [each for _, each in named]
    names = tuple(name for name, _ in named)
    analysis = Analysis([output], variables, bounds)
    bend = analysis[output].bend
    steps = describe.steps(analysis, output, dict(zip(map(id, variables), names)))
    if bend == "unknown":
        node, reason = analysis.obstacle(output)
        stop = describe.obstacle(node, reason, output, named, model)
        return Certificate(Verdict.UNKNOWN, names, obstacle=stop, steps=steps)
    if bend in ("constant", "affine"):
        verdict = Verdict.CONSTANT if bend == "constant" else Verdict.AFFINE
        return Certificate(verdict, names, steps=steps)
    if bend == "concave":
        return Certificate(Verdict.CONCAVE, names, steps=steps)
    found: Strictness = strictness(analysis, output, 1)
    notes = (f"not shown to be strictly convex: {found.why}",) if found.why else ()
    if not found.strict:
        return Certificate(Verdict.CONVEX, names, steps=steps, notes=notes)
    if found.modulus > 0:
        verdict = Verdict.STRONGLY_CONVEX
        return Certificate(verdict, names, modulus=found.modulus, steps=steps)
    return Certificate(Verdict.STRICTLY_CONVEX, names, steps=steps)
