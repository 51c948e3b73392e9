"""Is a convex function strictly convex, and how strongly?

A certified function is f = Σ_k ⟨w_k, φ_k(u_k(θ))⟩ + r(θ) with u_k affine, φ_k strictly convex
element by element, w_k ≥ 0 constant and r convex. Along a direction d it bends strictly as soon
as some element u_ki with w_ki > 0 changes, so it is strictly convex if the stacked Jacobians of
these elements have full column rank, and strongly convex with modulus
λ_min(Σ_k J_kᵀ diag(w_k μ_k) J_k), μ_k the least second derivative of φ_k. Source: Boyd &
Vandenberghe (2004), *Convex Optimization*, §3.1.4, §9.1.2; Nesterov (2018), *Lectures on Convex
Optimization*, definition 2.1.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trivium.engine.evaluate import values_of
from trivium.engine.passes.rewrite import unwrap
from trivium.engine.primitive import Unsupported
from trivium.engine.primitives import arithmetic
from trivium.engine.reverse import cotangents
from trivium.engine.tensor import Tensor, input, tensor
from trivium.engine.traversal import depends_on, substitute, topological

from .analysis import Analysis
from .quadratic import LARGEST, constant_hessian, spectrum_of
from .rules import exponent

__all__ = ["Strictness", "strictness"]

Array = np.ndarray[Any, Any]


class Strictness(NamedTuple):
    """``strict``: True, or None where it could not be shown. ``modulus``: m of a strongly convex
    function, f(y) ≥ f(x) + ⟨∇f(x), y − x⟩ + ½ m ‖y − x‖²; 0 when only strict or less is known.
    ``why``: what stands against it, or a remark."""

    strict: bool | None
    modulus: float = 0.0
    why: str = ""


class _Atom(NamedTuple):
    """One strictly bent term: what it bends in, the weights of its elements, the least bend."""

    inner: Tensor
    weight: Array
    least: float


def strictness(analysis: Analysis, output: Tensor, sign: int) -> Strictness:
    """Whether ``output``, convex (``sign`` 1) or concave (-1), is so strictly."""
    if analysis[output].quadratic or id(output) in analysis.resolved:
        found = _of_quadratic(analysis, output, sign)
        if found is not None:
            return found
    atoms, blocks, unknown = _atoms(analysis, output, sign)
    variables = analysis.variables
    covered = {id(each): 0.0 for each in variables}
    seen: dict[int, bool] = {}
    for atom in atoms:
        root = unwrap(atom.inner, "label", "reshape", "permute")
        if id(root) in covered and (atom.weight > 0).all():
            covered[id(root)] += (
                float(atom.weight.min()) * atom.least if atom.weight.size else 0
            )
            seen[id(root)] = True
    bare = [each for each in variables if not seen.get(id(each)) and each.size]
    if not bare:
        return Strictness(True, _dense_modulus(atoms, blocks, variables, min(
            covered[id(each)] for each in variables if each.size)))  # fmt: skip
    if sum(each.size for each in bare) > LARGEST:
        return Strictness(None, 0.0, f"there are more than {LARGEST} unknowns: not examined")
    if unknown:
        return Strictness(
            None, 0.0, "whether it is so strictly depends on data that were not given"
        )
    matrix = _gram(atoms, bare, bent=False)
    if matrix is None:
        return Strictness(None, 0.0, "whether it is so strictly depends on data not given")
    matrix = matrix + _of_blocks(blocks, variables, bare)
    names = ", ".join(str(each.name or "a variable") for each in bare)
    diagonal = np.sqrt(np.diag(matrix))
    if not (diagonal > 0).all():
        return Strictness(
            None, 0.0, f"along some direction of {names} no term was seen to bend strictly"
        )
    spectrum = spectrum_of(matrix / np.outer(diagonal, diagonal))
    if not spectrum.least > 1e3 * spectrum.tolerance:
        return Strictness(
            None,
            0.0,
            f"along some direction of {names} no term was seen to bend strictly (the Jacobian "
            "has not full rank, to rounding)",
        )
    return Strictness(True, _dense_modulus(atoms, blocks, variables, 0.0))


def _of_quadratic(analysis: Analysis, output: Tensor, sign: int) -> Strictness | None:
    known = analysis.resolved.get(id(output))
    matrix = known[1] if known else constant_hessian(output, analysis.variables)
    if matrix is None:
        return None  # too large, or it needs data that were not given
    spectrum = spectrum_of(sign * matrix)
    if spectrum.positive:
        return Strictness(True, spectrum.least)
    return Strictness(
        False,
        0.0,
        "its Hessian is singular, to rounding: it is flat along some direction",
    )


def _atoms(
    analysis: Analysis, output: Tensor, sign: int
) -> tuple[list[_Atom], list[tuple[Array, Array]], bool]:
    """The strictly bent terms, the quadratic blocks (weight, Hessian), and whether the weight of
    some term depends on data that are not known."""
    blocks: list[tuple[Array, Array]] = []
    unknown = False
    replaced: dict[Tensor, Tensor] = {}
    for node, _ in analysis.resolved.values():
        replaced[node] = input(node.shape, node.dtype, name="q")
    (cut,) = substitute([output], replaced) if replaced else [output]
    order = topological([cut])
    sources = [*analysis.variables, *replaced.values()]
    reached = depends_on(order, sources)
    state_of = Analysis([cut], sources) if replaced else analysis
    candidates = []
    for node in order:
        if id(node) not in reached or not node.inputs:
            continue
        found = _bent(state_of, node)
        if found is not None:
            candidates.append((node, *found))
    targets = [node for node, *_ in candidates] + list(replaced.values())
    weights = cotangents([cut], targets, [tensor(np.array(float(sign), cut.dtype))])
    atoms = []
    for (node, inner, least, bend), weight in zip(candidates, weights):
        array, missing = _constant_value(weight, sources)
        unknown |= missing
        if array is None:
            continue
        array = np.broadcast_to(array, node.shape).astype(np.float64) * bend
        if (array < 0).any():  # a term that bends the other way is not split off
            continue
        atoms.append(_Atom(inner, _like(array, node, inner), least))
    for (_, matrix), weight in zip(
        analysis.resolved.values(), weights[len(candidates) :], strict=True
    ):
        array, missing = _constant_value(weight, sources)
        unknown |= missing
        if array is not None:
            blocks.append((array, matrix))
    return atoms, blocks, unknown


def _bent(analysis: Analysis, node: Tensor) -> tuple[Tensor, float, int] | None:
    """What a strictly bent node bends in, the least bend, and 1 for convex, -1 for concave."""
    state = analysis[node]
    if state.bend not in ("convex", "concave"):
        return None
    bend = 1 if state.bend == "convex" else -1
    inner = node.inputs[0]
    if node.primitive.name == "log" and bend == 1:
        return _log_sum_exp(analysis, node)
    if node.primitive.name in ("multiply", "contraction") and inner is node.inputs[1]:
        aligned = (
            node.primitive.name == "multiply" or node.attributes.left == node.attributes.right
        )
        return (inner, 2.0, 1) if aligned and analysis[inner].flat else None
    if analysis[inner].bend != "affine" or inner.shape != node.shape:
        return None
    least = _least(node, analysis[inner].low, analysis[inner].high)
    return None if least is None else (inner, least, bend)


def _least(node: Tensor, low: float, high: float) -> float | None:
    """The least |f″| of the primitive on [low, high], or None where it need not bend."""
    if node.primitive.name == "power":
        p = exponent(node)
        if p is None or p in (0.0, 1.0):
            return None
        if p == 2.0:
            return 2.0
        return 0.0 if low >= 0 or (p > 0 and p % 2 == 0) else None
    curvature = node.primitive.curvature
    if isinstance(curvature, Unsupported) or curvature.strict is None:
        return None
    return curvature.strict(low, high)


def _log_sum_exp(analysis: Analysis, node: Tensor) -> tuple[Tensor, float, int] | None:
    """ln Σ eᶻ bends strictly along all directions but equal changes of all z: its second
    derivative is the variance of d under the softmax (Boyd & Vandenberghe, §3.1.5)."""
    total = unwrap(node.inputs[0], "reshape", "label")
    if total.primitive.name != "sum":
        return None
    power = unwrap(total.inputs[0], "label")
    if power.primitive.name != "exp" or analysis[power.inputs[0]].bend != "affine":
        return None
    z, axes = power.inputs[0], total.attributes.axes
    if not axes:
        return None
    return z - z.mean(axis=axes, keepdims=True), 0.0, 1


def _like(weight: Array, node: Tensor, inner: Tensor) -> Array:
    """The weight of each element of ``inner``; a reduced node's weight is repeated."""
    if node.primitive.name == "contraction":
        labels, _, out = node.attributes
        order = [out.index(label) for label in labels if label in out]
        spread = tuple(slice(None) if label in out else None for label in labels)
        return np.broadcast_to(weight.transpose(order)[spread], inner.shape)
    if node.shape == inner.shape:
        return weight
    total = unwrap(node.inputs[0], "reshape", "label")
    kept = tuple(
        1 if axis in total.attributes.axes else size for axis, size in enumerate(inner.shape)
    )
    return np.broadcast_to(weight.reshape(kept), inner.shape)


def _constant_value(
    weight: Tensor | None, sources: Sequence[Tensor]
) -> tuple[Array | None, bool]:
    """The value of a weight that depends on no variable; and whether data for it are missing."""
    if weight is None:
        return None, False
    order = topological([weight])
    if any(node is source for node in order for source in sources):
        return None, False
    if any(node.primitive.name == "input" for node in order):
        return None, True
    return values_of([weight])[0].astype(np.float64), False


def _gram(
    atoms: Sequence[_Atom],
    variables: Sequence[Tensor],
    bent: bool,
) -> Array | None:
    """Σ J_kᵀ D_k J_k in ``variables`` alone, D the bends (``bent``) or 1 where a weight is."""
    sizes = sum(each.size for each in variables)
    total = np.zeros((sizes, sizes))
    for atom in atoms:
        scale = atom.weight * atom.least if bent else (atom.weight > 0).astype(np.float64)
        if not scale.any():
            continue
        factor = tensor((0.5 * scale).astype(atom.inner.dtype))
        matrix = constant_hessian((factor * arithmetic.square(atom.inner)).sum(), variables)
        if matrix is None:
            inside = {id(each) for each in topological([atom.inner])}
            if any(id(each) in inside for each in variables):
                return None
            continue
        if not bent and np.abs(matrix).max(initial=0.0) > 0:
            matrix = matrix / np.abs(matrix).max()
        total += matrix
    return total


def _of_blocks(
    blocks: Sequence[tuple[Array, Array]], variables: Sequence[Tensor], bare: Sequence[Tensor]
) -> Array:
    """What the quadratics bend in the variables ``bare``, each scaled to size 1."""
    chosen = np.concatenate(
        [np.full(each.size, any(each is other for other in bare)) for each in variables]
    )
    total = np.zeros((int(chosen.sum()),) * 2)
    for weight, block in blocks:
        part = block[np.ix_(chosen, chosen)]
        if float(weight) > 0 and np.abs(part).max(initial=0.0) > 0:
            total += part / np.abs(part).max()
    return total


def _dense_modulus(
    atoms: Sequence[_Atom],
    blocks: Sequence[tuple[Array, Array]],
    variables: Sequence[Tensor],
    least: float,
) -> float:
    """The modulus that the terms give together; at least ``least``."""
    total = sum(each.size for each in variables)
    if total > LARGEST:
        return least
    matrix = _gram([atom for atom in atoms if atom.least > 0], variables, bent=True)
    if matrix is None:
        return least
    for weight, block in blocks:
        if block.shape == matrix.shape:
            matrix = matrix + float(weight) * block
    spectrum = spectrum_of(matrix)
    return max(least, spectrum.least) if spectrum.positive else least
