"""Which method computes a product, with tiles of which size."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

from ....errors import ArgumentError
from ..target import Target
from .costs import LATENCY, cycles, fused, near_rows
from .plan import METHODS, WHOLE, Plan, ceiling, power_of_two
from .spec import Spec

__all__ = ["applicable", "estimate", "plan"]

_SLIM = 12  # columns of out up to which it is computed transposed
_PANELS = 384 * 2**10  # bytes of packed panels that the second cache keeps
_KEPT = 2**20  # bytes of an operand that the second caches keep from step to step


def plan(
    spec: Spec,
    target: Target,
    threads: int = 1,
    *,
    method: str | None = None,
    may_split: bool = False,
    along_rows: bool = False,
    renewed: bool = False,
    computed: Mapping[str, float] | None = None,
) -> Plan:
    """The plan for a product: of all candidates that with the least estimated time.

    Several ``threads`` may get other tiles, which share the work more evenly; the arithmetic of
    every number, and so its bits, stays the same. ``may_split`` allows partial results, which
    the caller adds with ``emit_sum``, where few numbers are long sums. ``along_rows``: the output
    is walked row by row, as other arrays of its shape are read with it. ``renewed``: the right
    operand is written anew for every product, by rows. ``computed``: operands
    ("left", "right") that a prologue computes, and the cycles to compute the whole of each.
    ``method`` forces one of ``applicable(spec)``; raises ArgumentError for another one.
    """
    computed = computed or {}
    possible = applicable(spec)
    if method is not None and method not in possible:
        raise ArgumentError(
            f"the product {spec} with operands of strides {spec.left} and {spec.right} cannot be "
            f"computed by the method {method!r}; possible: {', '.join(possible)}"
        )
    candidates = [
        candidate
        for each in (possible if method is None else (method,))
        for made in _CANDIDATES[each](spec, target)
        for candidate in _computing(made, tuple(computed))
    ]

    def work(candidate: Plan) -> float:
        return cycles(candidate) + _prologues(candidate, computed, 1)

    best = min(candidates, key=work)
    if threads > 1:
        same = [each for each in candidates if _arithmetic(each) == _arithmetic(best)]
        best = min(same, key=lambda each: work(each) * _imbalance(each, threads))
    if along_rows:
        best = _along_rows(best)
    if not may_split:
        return best
    return _halved(best) if renewed and _worth_halving(best) else _split(best)


def _along_rows(best: Plan) -> Plan:
    """All panels in one block, if there is room: memory is then read in its order."""
    whole = replace(best, block_panels=best.panels)
    possible = best.method in ("direct", "packed") and whole.right_bytes <= 2 * _PANELS
    return whole if possible else best


def estimate(made: Plan, computed: Mapping[str, float], threads: int) -> float:
    """Cycles until a product is done, its prologues included, on so many threads."""
    return cycles(made) * _imbalance(made, threads) / threads + _prologues(
        made, computed, threads
    )


def _prologues(made: Plan, computed: Mapping[str, float], threads: int) -> float:
    """Cycles in which operands are computed.

    A panel of columns is computed by every thread that needs it, so one block of columns is
    computed by all of them; rows are computed for each block of columns.
    """
    total = 0.0
    for side, cost in computed.items():
        if side == "left":
            total += cost * made.column_blocks / threads
        else:
            blocks = made.product.batch * made.column_blocks
            total += cost * min(1.0, 1 / threads + 1 / blocks) if threads > 1 else cost
    return total


def _computing(made: Plan, sides: tuple[str, ...]) -> Iterator[Plan]:
    """The plan with operands computed instead of being read, if it can be so."""
    if not sides:
        yield made
        return
    if made.swapped or made.method not in ("direct", "packed"):
        return
    if "right" in sides and not made.pack_right:
        return
    blocks = made.block_panels
    if "left" in sides:  # the fewer blocks of columns, the fewer times rows are computed
        most = made.panels
        if made.pack_right:
            most = max(1, _PANELS // (made.panel_size * made.spec.dtype.itemsize))
        blocks = max(blocks, _even(made.panels, most))
    yield replace(
        made,
        block_panels=blocks,
        pack_left=made.pack_left or "left" in sides,
        computed=sides,
    )


def applicable(spec: Spec) -> tuple[str, ...]:
    """The methods that can compute a product."""
    product = _simple(spec)
    rows, columns = product.left[2] == 1, product.right[1] == 1
    can = {
        "direct": product.right[2] == 1,
        "transposed": product.left[1] == 1 and 1 < product.n <= _SLIM < product.m,
        "packed": True,
        "dot": (columns and (rows or product.m <= _SLIM)) or (rows and product.n <= _SLIM),
    }
    return tuple(each for each in METHODS if can[each])


def _simple(spec: Spec) -> Spec:
    """The same numbers in the same memory: as few matrices as possible, a column as a row."""
    product = spec.folded()
    if product.n == 1:
        product = product.transposed().folded()
    return product.tidied()


def _start(spec: Spec, target: Target, method: str) -> Plan:
    """A plan with tiles of one vector, not wider than the rows of the output."""
    turned = method == "transposed"
    product = spec.folded().transposed().tidied() if turned else _simple(spec)
    lanes = _lanes(spec, target, product.n)
    return Plan(spec, product, target, method, 1, 1, lanes, swapped=turned or spec.n == 1)


def _lanes(spec: Spec, target: Target, count: int) -> int:
    """The narrowest vectors, of 16 bytes at least, that hold ``count`` numbers, or the widest."""
    return min(target.lanes(spec.dtype), max(power_of_two(count), 16 // spec.dtype.itemsize))


# Candidates.


def _direct(spec: Spec, target: Target) -> Iterator[Plan]:
    for tiled in _tiles(_start(spec, target, "direct")):
        # A short k makes the output what costs most: it is written along its rows.
        row = tiled.width * spec.dtype.itemsize
        together = ceiling(2048, row) if tiled.product.k <= 32 else 1
        yield replace(_pieces_of_k(tiled), block_panels=min(tiled.panels, together))


def _transposed(spec: Spec, target: Target) -> Iterator[Plan]:
    for tiled in _tiles(_start(spec, target, "transposed")):
        if tiled.rows == tiled.product.m:
            yield _pieces_of_k(tiled)


def _packed(spec: Spec, target: Target) -> Iterator[Plan]:
    start = _start(spec, target, "packed")
    product, size, wide = start.product, spec.dtype.itemsize, target.vector_bits > 256
    k_block = _balanced(product.k, 384 if wide else 256)
    scattered = product.left[2] != 1 and abs(product.left[2]) * size >= 1024
    for tiled in _tiles(start):
        # Few row tiles: each panel is packed when it is needed, and near. Many: a tile's rows
        # should not come from far again for each panel.
        panel = tiled.width * min(k_block, product.k) * size
        together = (_PANELS if wide else _PANELS // 2) // panel if tiled.row_tiles > 32 else 1
        yield replace(
            tiled,
            k_block=k_block,
            block_panels=_even(tiled.panels, max(1, together)),
            pack_right=True,
            pack_left=scattered and tiled.panels >= 4,
            prefetch=product.k >= 128 and product.m * product.n * size > 2**14,
        )


def _even(panels: int, most: int) -> int:
    """Panels of a block, ``most`` at most, so that all blocks have nearly as many."""
    return ceiling(panels, ceiling(panels, most))


def _dot(spec: Spec, target: Target) -> Iterator[Plan]:
    start = _start(spec, target, "dot")
    product = start.product
    lanes = _lanes(spec, target, product.k)
    for most in (1, 2, 4):
        rows = min(product.m, most, lanes)
        yield replace(
            start,
            rows=ceiling(product.m, ceiling(product.m, rows)),
            lanes=lanes,
            pack_left=product.left[2] != 1,
            pack_right=product.right[1] != 1,
        )


_CANDIDATES = {"direct": _direct, "transposed": _transposed, "packed": _packed, "dot": _dot}


def _tiles(start: Plan) -> Iterator[Plan]:
    """Every tile that fits into the registers, its height balanced over the rows."""
    product = start.product
    many = "avx512f" in start.target.has or start.target.triple.startswith(("aarch64", "arm64"))
    free = (32 if many else 16) - (1 if fused(start) else 2)  # a number of left, a product
    # Wide tiles, which read much for each k, are for few rows.
    widest = 4 if product.m > 4 else 6
    for vectors in range(1, min(widest, ceiling(product.n, start.lanes)) + 1):
        most = min((free - vectors) // vectors, 28)
        rows = ceiling(product.m, ceiling(product.m, most)) if most else 0
        if rows:
            # Sums taking turns over k, where one for each number would leave it waiting.
            ways = min(4, ceiling(2 * LATENCY, rows * vectors), product.k)
            yield replace(start, rows=rows, vectors=vectors, ways=ways)


# Pieces of k.


def _pieces_of_k(tiled: Plan) -> Plan:
    """Operands in place: how much of k, so that a panel stays in the nearest cache."""
    product, size = tiled.product, tiled.spec.dtype.itemsize
    stride = abs(product.right[1]) * size
    if product.m <= 4 and product.k * product.n * size > 2**15:
        # Every number is used once or little more: walk along the rows, as memory likes it.
        short = 16 if product.m == 1 and stride > 512 else 32
        if product.k > short:
            return replace(tiled, k_block=short, static=True, ways=1)
        return tiled
    if stride % 64 == 0 and stride <= 512:
        return replace(tiled, k_block=_balanced(product.k, 512))
    # Rows that begin within a line bring lines that are half of their neighbours'.
    share = 3 / 4 if stride % 64 == 0 else 3 / 8
    near = min(512, max(24, int(near_rows(tiled) * share)))
    return (
        tiled
        if product.k <= near * 3 // 2
        else replace(tiled, k_block=_balanced(product.k, near))
    )


def _balanced(k: int, most: int) -> int:
    """Pieces of k of nearly the same length, about ``most``, a multiple of 4."""
    if k <= most + most // 4:
        return WHOLE
    return ceiling(ceiling(k, ceiling(k, most)), 4) * 4


def _split(best: Plan) -> Plan:
    """Chunks of k, where few numbers are long sums: the tiles alone are no work for threads."""
    product = best.product
    few = product.batch * product.m * product.n <= 2**12
    if best.method == "dot" or not few or best.spec.flops < 2**20:
        return best
    block = best.k_block if best.k_block < product.k else 512
    chunk = max(ceiling(ceiling(product.k, 16), block), ceiling(1024, block)) * block
    return replace(best, k_block=block, chunk=chunk) if chunk < product.k else best


def _worth_halving(best: Plan) -> bool:
    """Whether the right operand is what costs: larger than the result, and kept in caches."""
    product, numbers = best.product, best.product.k * best.product.n
    kept = numbers * best.spec.dtype.itemsize <= _KEPT
    simple = product.batch == 1 and not best.swapped and best.method in ("direct", "packed")
    return simple and kept and product.k >= 4 * product.m and best.spec.flops >= 2**20


def _halved(best: Plan) -> Plan:
    """Two chunks of k: a thread then needs half of the rows of the right operand.

    It is the half that it wrote itself, if the threads shared that work by rows; the other half
    is in another core's cache.
    """
    half = ceiling(ceiling(best.product.k, 2), 4) * 4
    pieces = ceiling(half, best.k_block)
    block = ceiling(ceiling(half, pieces), 4) * 4
    return replace(best, k_block=block, chunk=pieces * block)


# Threads.


def _arithmetic(candidate: Plan) -> tuple[object, ...]:
    """What decides in which order the products of a number are added."""
    dots = (
        (candidate.lanes, candidate.rows, candidate.width) if candidate.method == "dot" else ()
    )
    return candidate.method == "dot", dots, candidate.k_block, candidate.ways


def _imbalance(candidate: Plan, threads: int) -> float:
    """How much longer the thread with most work takes than the mean, if threads pay at all.

    The mean of two and of ``threads`` threads, as the plan is the same for any number.
    """
    if candidate.flops < 2**18:
        return 1.0
    counts = (2, threads)
    return sum(_longest(candidate, count) * count for count in counts) / len(counts)


def _longest(candidate: Plan, threads: int) -> float:
    """The share of the work that the busiest of ``threads`` threads has."""
    if candidate.method == "dot":
        return ceiling(candidate.parts, threads) / candidate.parts
    # Parts go through the row tiles of a block of columns, then to the next block.
    tiles = candidate.row_tiles
    block = candidate.block_panels * candidate.width
    blocks = candidate.column_blocks
    last = candidate.product.n - (blocks - 1) * block
    columns = [block] * (blocks - 1) + [last]
    matrices = candidate.parts // (tiles * blocks)
    total = matrices * tiles * candidate.product.n

    def done(parts: int) -> int:
        """The work of the first parts."""
        whole, rest = divmod(parts, tiles * blocks)
        full, begun = divmod(rest, tiles)
        work = whole * tiles * candidate.product.n + tiles * sum(columns[:full])
        return work + (begun * columns[full] if begun else 0)

    ends = [done(candidate.parts * t // threads) for t in range(threads + 1)]
    return max(b - a for a, b in itertools.pairwise(ends)) / total
