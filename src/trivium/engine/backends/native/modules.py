"""Modules and functions of LLVM's that know the target that they are emitted for."""

from __future__ import annotations

from llvmlite import ir

from .target import Target

__all__ = ["TargetModule", "mark"]


class TargetModule(ir.Module):
    """An ``ir.Module`` that knows its target, so that emission can ask what there is."""

    def __init__(self, name: str, target: Target) -> None:
        super().__init__(name)
        self.target = target
        self.triple = target.triple
        self.data_layout = target.data_layout


class _Attributes(ir.values.FunctionAttributes):
    """Function attributes that also take LLVM's target-dependent ``"name"="value"`` ones."""

    def add(self, name: str) -> None:
        """Add one attribute."""
        if name.startswith('"'):
            set.add(self, name)
        else:
            super().add(name)


def mark(function: ir.Function, bits: int) -> ir.Function:
    """Mark a function whose vectors have ``bits`` bits, and return it.

    Without the marks LLVM splits 512-bit vectors in two on processors that once lowered
    their clock for them.
    """
    attributes = _Attributes(function.attributes)
    attributes.alignstack = function.attributes.alignstack
    attributes.personality = function.attributes.personality
    attributes.add(f'"prefer-vector-width"="{bits}"')
    attributes.add(f'"min-legal-vector-width"="{bits}"')
    function.attributes = attributes
    return function
