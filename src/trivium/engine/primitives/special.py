"""The error function, the normal quantile and the gamma family.

SciPy evaluates them, in float64 for both dtypes.

Formulas: NIST Digital Library of Mathematical Functions (DLMF), chapters 5, 7 and 8.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ArgumentError, NotDifferentiableError
from ..primitive import Curvature, Elementwise, Primitive, Region, Sample, Unsupported, by_input
from . import rules
from .arithmetic import chain
from .exponential import exp, log

if TYPE_CHECKING:
    from ..tensor import Tensor

Shape = tuple[int, ...]
HIGHEST_ORDER = 100


class Order(NamedTuple):
    """Attributes of polygamma: which derivative of the digamma function, from 0."""

    order: int


def _scipy(name: str) -> Any:
    """Evaluation by the function of ``scipy.special``, which is loaded when first used."""

    def evaluate(attributes: Any, *arrays: Any) -> Any:
        from scipy import special

        wide = [array.astype(np.float64, copy=False) for array in arrays]
        return getattr(special, name)(*wide).astype(arrays[0].dtype)

    return evaluate


def _function(
    name: str,
    notation: str,
    evaluate: Any,
    derivative: Any,
    bounds: Any,
    native: Elementwise | Unsupported = rules.REFERENCE_ONLY,
    **options: Any,
) -> Primitive:
    """A function of one variable; ``derivative(n)`` is f'(x) at the node n = f(x)."""
    return Primitive(
        name=name,
        notation=notation,
        shape=rules.same_shape,
        dtype=rules.floating,
        evaluate=evaluate,
        vjp=by_input(lambda n, c: chain(c, derivative(n))),
        samples=rules.both(*[rules.uniform(each) for each in bounds]),
        native=native,
        **options,
    )


# DLMF 7.2.1: erf x = 2/√π ∫₀ˣ e^{-t²} dt, and erfc x = 1 - erf x without its cancellation.
erf = _function(
    "erf",
    r"\operatorname{{erf}}({0})",
    _scipy("erf"),
    lambda n: 2 / math.sqrt(math.pi) * exp(-(n.inputs[0] ** 2)),
    [(-2, 2)],
    native=Elementwise(lambda b, a, x: b.function("erf", x)),
    curvature=Curvature(
        "neither", ("increasing",), regions=rules.inflected("increasing", "convex", "concave")
    ),
)


def _erfc(attributes: Any, x: Any) -> Any:
    """erfc x = e^{-x²} erfcx x, with x² in two parts where its rounding would show."""
    from scipy import special

    wide = x.astype(np.float64, copy=False)
    far = np.clip(wide, 0.5, 30.0)  # past 27.3 the result is 0
    head = far.astype(np.float32).astype(np.float64)  # head² is exact
    tail = np.exp((head - far) * (head + far))
    scaled = np.exp(-head * head) * (tail * special.erfcx(far))
    return np.where(wide > 0.5, scaled, special.erfc(wide)).astype(x.dtype)


erfc = _function(
    "erfc",
    r"\operatorname{{erfc}}({0})",
    _erfc,
    lambda n: -2 / math.sqrt(math.pi) * exp(-(n.inputs[0] ** 2)),
    [(-2, 2), (3, 5)],
    native=Elementwise(lambda b, a, x: b.function("erfc", x)),
    curvature=Curvature(
        "neither", ("decreasing",), regions=rules.inflected("decreasing", "concave", "convex")
    ),
    ulp=8,
)


def _erfinv(attributes: Any, x: Any) -> Any:
    return np.where(x == 0, x, _scipy("erfinv")(attributes, x))  # SciPy loses the sign of -0


erfinv = _function(
    "erfinv",
    r"\operatorname{{erf}}^{{-1}}({0})",
    _erfinv,
    lambda n: math.sqrt(math.pi) / 2 * exp(n**2),
    [(-0.9, 0.9)],
    curvature=Curvature(
        "neither",
        ("increasing",),
        regions=rules.inflected("increasing", "concave", "convex", 0.0, -1.0, 1.0),
    ),
    ulp=8,
)


# Φ⁻¹(p) with Φ(x) = ½ erfc(-x/√2) (DLMF 7.17). erfinv(2p - 1) would lose the digits of a small
# p in the subtraction, and its derivative e^{y²} is infinite where 2p - 1 rounds to -1.
normal_quantile = _function(
    "normal_quantile",
    r"\Phi^{{-1}}({0})",
    _scipy("ndtri"),
    lambda n: math.sqrt(2 * math.pi) * exp(0.5 * n**2),
    [(0.05, 0.95), (0.001, 0.05)],
    curvature=Curvature(
        "neither",
        ("increasing",),
        regions=rules.inflected("increasing", "concave", "convex", 0.5, 0.0, 1.0),
    ),
)


def _log_gamma(attributes: Any, x: Any) -> Any:
    # Γ(x) = 1/x up to rounding where x is tiny; SciPy overflows for subnormal numbers.
    return np.where(np.abs(x) < 1e-20, -np.log(np.abs(x)), _scipy("gammaln")(attributes, x))


log_gamma = _function(
    "log_gamma",
    r"\ln\left|\Gamma({0})\right|",
    _log_gamma,
    lambda n: polygamma(n.inputs[0], order=0),
    [(0.3, 6), (-0.9, -0.1), (-2.9, -2.1)],
    # Γ is least at 1.4616…, and ln Γ convex for positive arguments (Bohr & Mollerup 1922).
    curvature=Curvature(
        "neither",
        regions=(
            Region(1.4616321449683624, math.inf, "convex", "increasing"),
            Region(0.0, 1.46163214496836, "convex", "decreasing"),
            Region(0.0, math.inf, "convex", "neither"),
        ),
    ),
    ulp=32,
)


def _polygamma_shape(attributes: Order, shape: Shape) -> Shape:
    if not 0 <= attributes.order <= HIGHEST_ORDER:
        raise ArgumentError(
            f"polygamma of order {attributes.order} was asked for; the order is the number of "
            f"derivatives of digamma, from 0 to {HIGHEST_ORDER}"
        )
    return shape


def _cot_derivative(order: int) -> Any:
    """Coefficients, highest first, of P_n with dⁿ/dzⁿ cot z = P_n(cot z).

    P_0(c) = c and P_{n+1}(c) = -(1 + c²) P_n'(c), because cot' = -(1 + cot²).
    """
    coefficients = np.array([1.0, 0.0])
    for _ in range(order):
        coefficients = np.polymul([-1.0, 0.0, -1.0], np.polyder(coefficients))
    return coefficients


def _polygamma(attributes: Order, x: Any) -> Any:
    """ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n+1, x) for x > 0 (DLMF 5.15.1, 25.11.1), reflected to x ≤ 0.

    The reflection is ψ⁽ⁿ⁾(x) = (-1)ⁿ ψ⁽ⁿ⁾(1-x) - π dⁿ/dxⁿ cot πx (DLMF 5.15.6).
    """
    from scipy import special

    n, wide = attributes.order, x.astype(np.float64, copy=False)
    right = np.where(wide > 0, wide, 1 - wide)
    if n == 0:
        value = special.psi(right)
    else:
        value = (-1) ** (n + 1) * special.gamma(n + 1.0) * special.zeta(n + 1.0, right)
    if np.all(wide > 0):
        return value.astype(x.dtype)
    rest = np.where(wide == 0, wide, wide - np.round(wide))  # exact, so poles are met exactly
    cot = np.sin(np.pi * (0.5 - np.abs(rest))) / np.sin(np.pi * rest)
    left = (-1) ** n * value - np.pi ** (n + 1) * np.polyval(_cot_derivative(n), cot)
    # Next to a pole ψ⁽ⁿ⁾ has one sign if n is odd, else a sign on each side; the sides of a
    # negative integer cannot be told apart, those of ±0 can.
    side = np.where((rest == 0) & (wide != 0), np.nan, -np.copysign(np.inf, rest))
    left = np.where(np.isinf(cot), np.inf if n % 2 else side, left)
    return np.where(wide > 0, value, left).astype(x.dtype)


def _polygamma_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((rng.uniform(low, high, shape),), Order(order), (0,))
        for order, low, high in [(0, 0.5, 6), (1, 0.5, 6), (4, 0.5, 3), (0, -1.9, -1.1)]
        + [(1, -1.9, -1.1), (2, -0.9, -0.1)]
        for shape in [(3,), (), (2, 0)]
    ]


def _polygamma_regions(attributes: Order) -> tuple[Region, ...]:
    """(-1)ⁿ⁺¹ ψ⁽ⁿ⁾ is positive, falling and convex on (0, ∞) for n ≥ 1 (DLMF 5.15.1); ψ itself
    rises and is concave."""
    if attributes.order % 2:
        return (Region(0.0, math.inf, "convex", "decreasing"),)
    return (Region(0.0, math.inf, "concave", "increasing"),)


polygamma = Primitive(
    name="polygamma",
    notation=lambda a, x: rf"\psi^{{({a.order})}}({x})" if a.order else rf"\psi({x})",
    attributes=Order,
    shape=_polygamma_shape,
    dtype=rules.floating,
    evaluate=_polygamma,
    vjp=by_input(lambda n, c: chain(c, polygamma(n.inputs[0], order=n.attributes.order + 1))),
    curvature=Curvature("neither", regions=_polygamma_regions),
    samples=_polygamma_samples,
    native=rules.REFERENCE_ONLY,
    ulp=64,
)


def _no_order_derivative(n: Tensor, c: Tensor) -> Tensor:
    where = f" (your line: {n.site})" if n.site else ""
    raise NotDifferentiableError(
        f"{n.primitive.name} has no derivative with respect to its first input, the order: "
        f"that is no elementary function of the primitives{where}. Wrap the order in "
        "tv.stop_gradient if no gradient should pass; the derivative with respect to the "
        "second input, the limit of the integral, exists"
    )


def _density(n: Tensor) -> Tensor:
    """xᵃ⁻¹ e⁻ˣ / Γ(a), the derivative of gammainc along x (DLMF 8.8.13); 0⁰ is 1 here."""
    from ..composites import where

    a, x = n.inputs
    power = where(a == 1, 0.0, (a - 1) * log(where(a == 1, 1.0, x)))
    return exp(power - x - log_gamma(a))


def _gammainc_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((rng.uniform(0.5, 5, shape), rng.uniform(0.3, 6, shape)), smooth=(1,))
        for shape in rules.SHAPES
    ] + [Sample((np.array([1.0, 1.0, 3.0]), np.array([0.5, 2.0, 40.0])), smooth=(1,))]


# DLMF 8.2.4: P(a, x) = γ(a, x) / Γ(a) and Q(a, x) = Γ(a, x) / Γ(a) = 1 - P(a, x).
gammainc = Primitive(
    name="gammainc",
    notation="P({0}, {1})",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=_scipy("gammainc"),
    vjp=by_input(_no_order_derivative, lambda n, c: chain(c, _density(n))),
    curvature=Curvature("neither", ("decreasing", "increasing")),
    samples=_gammainc_samples,
    native=rules.REFERENCE_ONLY,
    ulp=1024,
)

gammaincc = Primitive(
    name="gammaincc",
    notation="Q({0}, {1})",
    shape=rules.same_shape,
    dtype=rules.floating,
    evaluate=_scipy("gammaincc"),
    vjp=by_input(_no_order_derivative, lambda n, c: chain(c, -_density(n))),
    curvature=Curvature("neither", ("increasing", "decreasing")),
    samples=_gammainc_samples,
    native=rules.REFERENCE_ONLY,
    ulp=1024,
)
