"""Estimated cycles of a plan: what the choice between methods and tiles rests on.

One core is taken to perform two vector operations and two loads per cycle, four instructions in
all. The constants were fitted to measurements of AVX-512, AVX2 and SSE2 code on an Intel Cascade
Lake. Results do not depend on them, only times do.
"""

from __future__ import annotations

from math import gcd

from .plan import Plan, ceiling

__all__ = ["LATENCY", "cycles", "fused", "near_rows"]

LATENCY = 4  # cycles from an addition to the next one that needs its result
_TILE = 20  # cycles to begin and end a tile: its loop ends by surprise
_NEAR = 64, 8  # sets and ways of the nearest cache, lines of 64 bytes


def cycles(plan: Plan) -> float:
    """The time on one core."""
    if plan.method == "dot":
        return plan.product.batch * _dots(plan)
    return plan.product.batch * (_tiles(plan) * _distance(plan) + _packing(plan))


def fused(plan: Plan) -> bool:
    """Whether a multiplication and its addition are one instruction."""
    return plan.target.has_fma and plan.spec.dtype.kind == "f"


def near_rows(plan: Plan) -> int:
    """Rows of a panel of the right operand, in place, that the nearest cache can hold.

    Rows a multiple of a large power of two apart compete for the same sets of lines.
    """
    sets, ways = _NEAR
    size = plan.spec.dtype.itemsize
    stride = abs(plan.product.right[1]) * size
    width = min(plan.width, plan.product.n) * size
    lines = ceiling(width, 64) + (stride % 64 != 0)
    apart = gcd(stride // 64, sets) if stride % 64 == 0 and stride else 1
    return ways * min(sets // min(lines, sets), sets // apart)


def _tiles(plan: Plan) -> float:
    """All register tiles, everything near."""
    total = 0.0
    pieces = ceiling(plan.product.k, plan.longest_k)
    for vectors, columns in (
        (plan.vectors, plan.panels - 1),
        (plan.last_panel.vectors, 1),
    ):
        for rows, tiles in (
            (plan.rows, plan.full_rows),
            (plan.rows - 1, plan.row_tiles - plan.full_rows),
        ):
            numbers = rows * vectors
            each = _TILE + 1.5 * numbers * pieces + plan.product.k * _step(plan, rows, vectors)
            if plan.method == "transposed":
                each += 1.5 * vectors * rows * rows
            total += columns * tiles * each
    return total


def _step(plan: Plan, rows: int, vectors: int) -> float:
    """One k of a tile: operations, loads, instructions or waiting, whatever takes longest."""
    operations = rows * vectors * (1 if fused(plan) else 2)
    crossing = plan.product.right[1] * plan.spec.dtype.itemsize % 64 != 0
    loads = rows + vectors * (2 if crossing and not plan.pack_right else 1)
    instructions = operations + rows + vectors + 2
    longest = max(operations / 2, 0.6 * loads, instructions / 4, LATENCY / plan.ways)
    return longest + 0.03 * (rows + vectors)


def _distance(plan: Plan) -> float:
    """How much slower operands are that come again and again from too far away."""
    product, size = plan.product, plan.spec.dtype.itemsize
    if plan.method == "packed":
        # Rows that compete for the same lines of the nearest cache.
        crowded = product.left[2] == 1 and abs(product.left[1]) * size % 2048 == 0
        return 1.2 if crowded and plan.rows > 8 and not plan.pack_left else 1.05
    stride = abs(product.right[1]) * size
    if product.k * product.n * size <= 2**14 or plan.row_tiles == 1:
        return 1.0
    if stride <= 512 and plan.row_tiles < 64:
        return 1.0 if stride % 64 == 0 else 1.07
    if stride % 64 == 0 and stride <= 1536 and near_rows(plan) > 32:
        return 1.0 if plan.row_tiles < 64 else 1.1
    far = 0.45 if stride > 3072 else 0.2  # rows far apart are each on a page of their own
    return 1.0 + far * min(1.0, plan.row_tiles / 12)


def _packing(plan: Plan) -> float:
    """Copies of operands: neighbours as vectors, transposed, or number by number."""
    product, lanes = plan.product, plan.target.lanes(plan.spec.dtype)
    _, right_k, right_n = product.right
    total = 0.0
    if plan.pack_right:
        each = 2.5 / lanes if right_n == 1 else 6 / lanes if right_k == 1 else 2
        total += each * product.k * product.n + 30 * plan.panels
    if plan.pack_left:
        total += (8 / lanes if 1 in product.left[1:] else 2) * product.k * product.m
    return total


def _dots(plan: Plan) -> float:
    """Scalar products: whole vectors, loads (twice where they cross lines), the final sums."""
    product = plan.product
    crossing = product.k * plan.spec.dtype.itemsize % 64 != 0
    operations = plan.rows * plan.width * (1 if fused(plan) else 2)
    loads = plan.rows + plan.width
    step = max(operations / 2, loads * (0.9 if crossing else 0.6)) * (1.3 if crossing else 1.1)
    tile = ceiling(product.k, plan.lanes) * step + 3 * plan.lanes + plan.rows + 5
    copied = product.m * plan.pack_left + product.n * plan.pack_right
    return tile * plan.panels * plan.row_tiles + 1.2 * product.k * copied
