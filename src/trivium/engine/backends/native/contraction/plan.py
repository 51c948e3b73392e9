"""A plan: the method and the sizes with which a product is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..target import Target
from .spec import Spec
from .tile import Epilogue, Tile

if TYPE_CHECKING:
    from .writer import Writer

__all__ = ["METHODS", "WHOLE", "Plan", "ceiling", "power_of_two"]

METHODS = ("direct", "transposed", "packed", "dot")
WHOLE = 2**62  # longer than any k


@dataclass(frozen=True)
class Plan:
    """How to compute ``spec``; ``choose.plan`` makes them.

    ``product`` is what the loops compute: ``spec`` in a simpler form, ``swapped`` if left and
    right changed places. Its methods:

    - "direct": register tiles of ``rows`` × ``vectors`` vectors of ``lanes`` columns, operands
      in place; the right one has contiguous rows.
    - "transposed": the same for outᵀ, with few columns of out; written transposed.
    - "packed": the same with the right operand copied, panel by panel, ``block_panels`` panels
      at a time, and the left one too with ``pack_left``.
    - "dot": vectors along k, tiles of ``rows`` × ``width`` scalar products.

    k is cut into pieces of ``k_block``, whose sums are added in memory (``static``: of known
    length, at the price of code for the last one). A tile keeps ``ways`` sums for each number;
    ``prefetch`` has its place in memory come in time. With ``chunks`` > 1 there are that many
    results, of ``chunk`` numbers of k each, to be added by ``emit_sum``. The operands in
    ``computed`` ("left", "right") are computed where they would be copied. The order in which the
    products of a number are added depends on none of the parts: its bits are the same whichever
    thread computes it.
    """

    spec: Spec
    product: Spec
    target: Target
    method: str
    rows: int
    vectors: int
    lanes: int
    swapped: bool = False
    ways: int = 1
    k_block: int = WHOLE
    block_panels: int = 1
    pack_left: bool = False
    pack_right: bool = False
    static: bool = False
    prefetch: bool = False
    chunk: int = WHOLE
    computed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.full_rows > 0, "tiles differ by one row at most"
        assert self.chunk >= self.product.k or self.chunk % self.k_block == 0
        assert all(getattr(self, f"pack_{side}") for side in self.computed)

    # The grid of tiles.

    @property
    def width(self) -> int:
        """Columns of a panel."""
        if self.method == "dot":
            return self.lanes // power_of_two(self.rows)
        return self.vectors * self.lanes

    @property
    def panels(self) -> int:
        """Panels of columns."""
        return ceiling(self.product.n, self.width)

    @property
    def column_blocks(self) -> int:
        """Blocks of panels."""
        return ceiling(self.panels, self.block_panels)

    @property
    def row_tiles(self) -> int:
        """Tiles above each other."""
        return ceiling(self.product.m, self.rows)

    @property
    def full_rows(self) -> int:
        """How many row tiles have ``rows`` rows; the others have one less."""
        return self.product.m - self.row_tiles * (self.rows - 1)

    @property
    def chunks(self) -> int:
        """Partial results to be added."""
        return ceiling(self.product.k, self.chunk)

    @property
    def parts(self) -> int:
        """Pieces of work that do not depend on each other."""
        return self.chunks * self.product.batch * self.column_blocks * self.row_tiles

    @property
    def full_panel(self) -> Tile:
        """The shape of every panel but the last."""
        return Tile(self.rows, self.vectors, self.lanes, self.lanes)

    @property
    def last_panel(self) -> Tile:
        """The shape of the last panel."""
        columns = self.product.n - (self.panels - 1) * self.width
        vectors = ceiling(columns, self.lanes)
        return Tile(self.rows, vectors, self.lanes, columns - (vectors - 1) * self.lanes)

    @property
    def longest_k(self) -> int:
        """The longest piece of k."""
        return min(self.k_block, self.product.k)

    @property
    def least_k(self) -> int:
        """The shortest piece of k."""
        k = self.product.k
        return k if self.k_block >= k else k % self.k_block or self.k_block

    # Memory.

    @property
    def panel_size(self) -> int:
        """Numbers in a packed panel of columns."""
        return self.width * self.longest_k

    @property
    def panels_at_once(self) -> int:
        """Packed panels of columns that are kept together."""
        return min(self.block_panels, self.panels)

    @property
    def pack_each_row(self) -> bool:
        """Whether rows are packed tile by tile, when they are needed; else all before."""
        return self.pack_left and (self.column_blocks == 1 or "left" in self.computed)

    @property
    def stages_right(self) -> bool:
        """Whether a computed panel of columns, whose rows run along k, has to be transposed."""
        return "right" in self.computed and self.product.right[2] != 1

    @property
    def k_step(self) -> int:
        """From row to row where rows along k are computed: whole lines, not all in one set."""
        line = 64 // self.spec.dtype.itemsize
        return (ceiling(self.longest_k, line) | 1) * line

    @property
    def left_lanes(self) -> int:
        """The vectors with which rows are packed."""
        return min(self.target.lanes(self.spec.dtype), max(power_of_two(self.rows), self.lanes))

    @property
    def right_bytes(self) -> int:
        """Scratch memory for the right operand; the left one's follows."""
        if not self.pack_right:
            return 0
        numbers = self.panels_at_once * self.panel_size
        if self.method == "dot":
            numbers = self.product.n * self.product.k
        if self.stages_right:
            numbers += self.width * self.k_step
        return ceiling(numbers * self.spec.dtype.itemsize, 64) * 64

    @property
    def left_bytes(self) -> int:
        """Scratch memory for the left operand."""
        if not self.pack_left:
            return 0
        tiles = 1 if self.pack_each_row else self.row_tiles
        along = "left" in self.computed and self.product.left[2] == 1
        step = self.k_step if along else self.longest_k
        numbers = tiles * self.rows * step + self.left_lanes
        if self.method == "dot":
            numbers = self.product.m * self.product.k
        return ceiling(numbers * self.spec.dtype.itemsize, 64) * 64

    @property
    def scratch_bytes(self) -> int:
        """Scratch memory for each thread, to be aligned to 64 bytes."""
        return self.right_bytes + self.left_bytes

    @property
    def partial_bytes(self) -> int:
        """Memory for the partial results of chunks, shared by all threads; 0 without chunks."""
        size = self.spec.batch * self.spec.m * self.spec.n * self.spec.dtype.itemsize
        return self.chunks * size if self.chunks > 1 else 0

    # For people and for cost models.

    @property
    def flops(self) -> int:
        """Multiplications and additions."""
        return self.spec.flops

    @property
    def bytes(self) -> int:
        """What is read and written at least once."""
        return self.spec.bytes

    def describe(self) -> str:
        """One line for people."""
        if self.method == "dot":
            tile = f"{self.rows}×{self.width} scalar products by vectors of {self.lanes}"
        else:
            tile = f"tiles of {self.rows}×{self.vectors * self.lanes}"
        notes = [f"{self.method}, {tile}"]
        if self.k_block < self.product.k:
            notes.append(f"k in {ceiling(self.product.k, self.k_block)} pieces")
        if self.chunks > 1:
            notes.append(f"{self.chunks} partial results")
        if self.scratch_bytes:
            both = [name for name in ("left", "right") if getattr(self, f"pack_{name}")]
            copied = " and ".join(name for name in both if name not in self.computed)
            words = [f"{copied} copied"] if copied else []
            words += [f"{name} computed" for name in self.computed]
            notes.append(f"{' and '.join(words)} ({self.scratch_bytes / 1024:.0f} KiB)")
        notes.append(f"{self.parts} part{'s' if self.parts > 1 else ''}")
        return f"{self.spec}: {', '.join(notes)}"

    def on_output(self, w: Writer, epilogue: Epilogue) -> Callable[..., Any]:
        """The epilogue for rows and columns of ``product``."""
        if not self.swapped or self.method == "transposed":
            return epilogue.apply
        n = self.product.n  # one row of product is a column of out

        def turned(b: Any, row: Any, column: Any, value: Any, mask: Any) -> Any:
            row = w.index(w.add(w.multiply(row, n), column))
            return epilogue.apply(b, row, w.index(0), value, mask)

        return turned


def ceiling(x: int, y: int) -> int:
    """x / y rounded up."""
    return -(-x // y)


def power_of_two(x: int) -> int:
    """The least power of two that is not below x ≥ 1."""
    return 1 << (x - 1).bit_length()
