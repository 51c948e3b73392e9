"""Symbols of a small network, made by hand, for tests of renderings."""

from __future__ import annotations

from trivium.engine.tensor import Tensor
from trivium.engine.tensor import input as leaf
from trivium.insight.derivation.symbols import Symbol, Symbols

BATCH = 7919


class Names:
    """Leaves by short names, registered as symbols."""

    def __init__(self) -> None:
        self.symbols = Symbols()
        self.n = self.add("n", "n", (), role="size")
        self.X = self.add("X", "X", ("n", 3), role="input")
        self.W = self.add("W^{[1]}", "W[1]", (3, 4), role="parameter")
        self.b = self.add("b^{[1]}", "b[1]", (4,), role="parameter")
        self.z = self.add("z^{[1]}", "z[1]", ("n", 4))
        self.D = self.add(r"\Delta^{[2]}", "Δ[2]", ("n", 4), role="gradient")
        self.V = self.add("V", "V", (4, 4), role="parameter")
        self.P = self.add("P", "P", ("n", 4))
        self.Y = self.add("Y", "Y", ("n", 4), role="target")
        self.y = self.add("y", "y", ("n",), "int64", role="target")
        self.yhat = self.add(r"\hat y", "ŷ", ("n",))
        self.t = self.add("t", "t", ("n",), role="target")
        self.w = self.add("w", "w", (3,), role="parameter")
        self.lam = self.add(r"\lambda", "λ", (), role="constant")
        self.c = self.add("c", "c", (), role="constant")
        self.S = self.add("S", "S", ("n", 7, 3), role="input")
        self.U = self.add("U", "U", (3, 4), role="parameter")
        self.dW = self.add(
            r"\partial L / \partial W^{[1]}", "∂L/∂W[1]", (3, 4), role="gradient"
        )

    def add(self, latex: str, text: str, shape: tuple, dtype="float64", role="value") -> Tensor:
        sizes = tuple(BATCH if size == "n" else size for size in shape)
        made = leaf(sizes, dtype, name=text)
        self.symbols.add(Symbol(made, latex, text, f"v{len(self.symbols)}", shape, role))
        return made
