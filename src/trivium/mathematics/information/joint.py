"""Information between variables whose joint distribution is given, one axis per variable."""

from __future__ import annotations

from collections.abc import Sequence

from trivium.engine import array
from trivium.engine.array.arguments import ArrayLike
from trivium.engine.composites import where
from trivium.engine.errors import ShapeError
from trivium.engine.primitives import comparison
from trivium.engine.tensor import Tensor

from .terms import excess, given_as, in_unit, probabilities, surprise, widest

__all__ = [
    "conditional_entropy",
    "conditional_mutual_information",
    "joint_entropy",
    "mutual_information",
    "total_correlation",
]

Variables = int | Sequence[int]


def _joint(asked: str, joint: ArrayLike, least: int) -> Tensor:
    found = probabilities(asked, "joint", joint)
    if found.ndim < least:
        raise ShapeError(
            f"{asked}: the joint distribution has shape {found.shape}; it needs an axis for "
            f"each of at least {least} variables, with p(x, y, …) at [x, y, …]"
        )
    return found


def _rest(asked: str, ndim: int, taken: Sequence[int], what: str) -> tuple[int, ...]:
    rest = tuple(i for i in range(ndim) if i not in taken)
    if not rest:
        raise ShapeError(
            f"{asked}: the axes {tuple(taken)} are all {ndim} of the joint distribution, so "
            f"none is left for {what}"
        )
    return rest


def _disjoint(asked: str, **groups: tuple[int, ...]) -> None:
    named = list(groups.items())
    for i, (first, left) in enumerate(named):
        for second, right in named[i + 1 :]:
            common = set(left) & set(right)
            if common:
                raise ShapeError(
                    f"{asked}: axis {min(common)} is named by both {first}= and {second}=; "
                    "each variable has one role"
                )


def _keep(p: Tensor, axes: Sequence[int]) -> Tensor:
    """The marginal over the variables in ``axes``; the other axes stay with size 1."""
    away = tuple(i for i in range(p.ndim) if i not in axes)
    return array.sum(p, axis=away, keepdims=True) if away else p


def _only(p: Tensor, axes: Sequence[int]) -> Tensor:
    """The marginal over the variables in ``axes`` alone: the others are summed out."""
    away = tuple(i for i in range(p.ndim) if i not in axes)
    return array.sum(p, axis=away) if away else p


def joint_entropy(
    joint: ArrayLike, variables: Variables | None = None, *, unit: str = "nats"
) -> Tensor:
    """The entropy of several variables together: H(X, Y, …) = -Σ p(x, y, …) ln p(x, y, …).

    Shapes: ``joint`` has one axis for each variable, p(x, y, …) at [x, y, …]; the result is a
    scalar. ``variables``: the axes that count (None: all); the others are summed out first.
    ``unit``: "nats", "bits" or "bans". At least the entropy of each part, at most their sum.
    Raises DomainError unless ``joint`` ≥ 0 sums to 1, ShapeError for axes that do not exist.

    Source: Cover & Thomas (2006), eq. (2.8).
    """
    p = _joint("joint_entropy", joint, 1)
    if variables is not None:
        p = _only(p, given_as("joint_entropy", p.ndim, variables, "variables"))
    return in_unit("joint_entropy", array.sum(surprise(p, p)), unit, widest(joint))


def conditional_entropy(
    joint: ArrayLike,
    of: Variables = 0,
    given: Variables | None = None,
    *,
    unit: str = "nats",
) -> Tensor:
    """What is left to learn about X from knowing Y: H(X | Y) = Σ p(x, y) ln (p(y)/p(x, y)).

    Shapes and units as for ``joint_entropy``. ``of``: the axis (or axes) of X; ``given``: of Y
    (None: all others). Never negative, 0 exactly where Y determines X; H(X | Y) = H(X, Y) -
    H(Y) ≤ H(X). Raises ShapeError for axes that do not exist or have two roles.

    Source: Cover & Thomas (2006), eq. (2.10) to (2.14).
    """
    asked = "conditional_entropy"
    p = _joint(asked, joint, 2)
    x = given_as(asked, p.ndim, of, "of")
    y = (
        _rest(asked, p.ndim, x, "given=")
        if given is None
        else given_as(asked, p.ndim, given, "given")
    )
    _disjoint(asked, of=x, given=y)
    p = _keep(p, (*x, *y))
    known = _keep(p, y)
    possible = comparison.greater(p, p * 0)
    share = where(possible, p, 1.0) / where(possible, known, 1.0)
    # A sum rounds to no less than any of its terms, so that no share exceeds 1. What is too
    # small for a share of float64 is the difference of logarithms.
    rare = comparison.equal(share, share * 0)
    log_share = where(
        rare,
        array.log(where(possible, p, 1.0)) - array.log(where(possible, known, 1.0)),
        array.log(where(rare, 1.0, share)),
    )
    return in_unit(asked, array.sum(where(possible, -p * log_share, 0.0)), unit, widest(joint))


def mutual_information(
    joint: ArrayLike, x: Variables = 0, y: Variables | None = None, *, unit: str = "nats"
) -> Tensor:
    """What X says about Y: I(X; Y) = KL(p(x, y) ‖ p(x) p(y)), symmetric and never negative.

    Shapes and units as for ``joint_entropy``. ``x``, ``y``: the axis (or axes) of each; ``y``
    None: all others. 0 only where X and Y are independent; I(X; Y) = H(X) + H(Y) - H(X, Y) =
    H(X) - H(X | Y) ≤ min(H(X), H(Y)). Summed without cancellation (see ``kl_divergence``), so
    weak dependence keeps its digits. Raises ShapeError for axes that do not exist or have two
    roles.

    Source: Shannon (1948), §12; Cover & Thomas (2006), eq. (2.28).
    """
    asked = "mutual_information"
    p = _joint(asked, joint, 2)
    left = given_as(asked, p.ndim, x, "x")
    right = _rest(asked, p.ndim, left, "y=") if y is None else given_as(asked, p.ndim, y, "y")
    _disjoint(asked, x=left, y=right)
    p = _keep(p, (*left, *right))
    return in_unit(asked, _dependence(p, (left, right)), unit, widest(joint))


def conditional_mutual_information(
    joint: ArrayLike,
    x: Variables = 0,
    y: Variables = 1,
    given: Variables | None = None,
    *,
    unit: str = "nats",
) -> Tensor:
    """What X still says about Y once Z is known: I(X; Y | Z) = Σ p ln (p(z)p(x,y,z)/p(x,z)p(y,z)).

    Shapes and units as for ``joint_entropy``. ``given``: the axes of Z (None: all but those of
    X and Y). Never negative; I(X; Y, Z) = I(X; Z) + I(X; Y | Z), the chain rule; it may be
    larger or smaller than I(X; Y). Raises ShapeError for axes that do not exist or have two
    roles.

    Source: Cover & Thomas (2006), eq. (2.60) to (2.61).
    """
    asked = "conditional_mutual_information"
    p = _joint(asked, joint, 3)
    left, right = given_as(asked, p.ndim, x, "x"), given_as(asked, p.ndim, y, "y")
    known = (
        _rest(asked, p.ndim, (*left, *right), "given=")
        if given is None
        else given_as(asked, p.ndim, given, "given")
    )
    _disjoint(asked, x=left, y=right, given=known)
    p = _keep(p, (*left, *right, *known))
    base = _keep(p, known)
    possible = comparison.greater(base, base * 0)
    safe = where(possible, base, 1.0)
    first, second = _keep(p, (*left, *known)), _keep(p, (*right, *known))
    independent = first * (second / safe)
    log_independent = _log(first) + _log(second) - array.log(safe)
    total = array.sum(excess(p, independent, log_independent))
    return in_unit(asked, total, unit, widest(joint))


def total_correlation(joint: ArrayLike, *, unit: str = "nats") -> Tensor:
    """How far variables are from independent: Σ H(X_i) - H(X_1, …, X_n) = KL(p ‖ Π p(x_i)).

    Shapes and units as for ``joint_entropy``, with two variables or more; for two it is their
    mutual information. Never negative, 0 only where all are independent. Also called
    multi-information.

    Source: Watanabe (1960), IBM Journal of Research and Development 4.
    """
    p = _joint("total_correlation", joint, 2)
    total = _dependence(p, [(i,) for i in range(p.ndim)])
    return in_unit("total_correlation", total, unit, widest(joint))


def _dependence(p: Tensor, groups: Sequence[Sequence[int]]) -> Tensor:
    """KL(p ‖ Π_g p_g) in nats, over the marginals of the groups of axes."""
    product: Tensor | None = None
    logarithm: Tensor | None = None
    for group in groups:
        marginal = _keep(p, group)
        product = marginal if product is None else product * marginal
        part = _log(marginal)
        logarithm = part if logarithm is None else logarithm + part
    assert product is not None and logarithm is not None
    return array.sum(excess(p, product, logarithm))


def _log(p: Tensor) -> Tensor:
    """ln p, and 0 where p = 0: an impossible outcome is not in any sum."""
    possible = comparison.greater(p, p * 0)
    return array.log(where(possible, p, 1.0))
