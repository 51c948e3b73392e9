"""What code is generated for: a processor, its features and the width of its vectors.

``named("native")`` is this machine. The narrower x86-64 levels exist so that tests and users can
force them (``TRIVIUM_TARGET=sse2``): the same program then runs as it would on an older machine.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm
import numpy as np

from ...errors import BackendError

if TYPE_CHECKING:
    from llvmlite import ir

    from .modules import TargetModule

__all__ = ["NAMES", "Target", "chosen", "host", "named", "obstacle"]

# The x86-64 psABI's microarchitecture levels: LLVM's name, vector bits, features beyond the last.
_LEVELS = {
    "sse2": ("x86-64", 128, ()),
    "avx2": ("x86-64-v3", 256, ("avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")),
    "avx512": ("x86-64-v4", 512, ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")),
}
NAMES = (*_LEVELS, "native")

# Processors whose every 64-bit model multiplies and adds with one rounding.
_ALWAYS_FMA = ("aarch64", "arm64", "powerpc64le", "ppc64le", "s390x")


@dataclass(frozen=True)
class Target:
    """A processor to generate code for; equal targets generate equal code.

    ``features`` is LLVM's string (``+fma,-avx512f,…``), ``vector_bits`` the width in bits of the
    vectors that pay, ``has`` the features that emission asks for by name.
    """

    name: str
    triple: str
    cpu: str
    features: str
    vector_bits: int
    has: frozenset[str]

    @property
    def has_fma(self) -> bool:
        """Whether x·y + z with one rounding is one instruction."""
        return "fma" in self.has

    @property
    def data_layout(self) -> str:
        """LLVM's description of sizes and alignments."""
        return _data_layout(self)

    def lanes(self, dtype: Any) -> int:
        """How many numbers of ``dtype`` fill a vector."""
        return self.vector_bits // (8 * np.dtype(dtype).itemsize)

    def module(self, name: str) -> TargetModule:
        """An empty module for this target."""
        from .modules import TargetModule

        return TargetModule(name, self)

    def prepare(self, function: ir.Function) -> ir.Function:
        """Mark a function that is defined for this target, and return it."""
        from .modules import mark

        return mark(function, self.vector_bits)

    def machine(self, level: int = 3) -> llvm.TargetMachine:
        """A new LLVM code generator, ``level`` 0 to 3; an execution engine takes possession.

        Code and constants must be loaded within 2 GiB of each other, as LLVM's linkers in memory
        do: constants are then addressed relative to the code, without a register each.
        """
        _initialise()
        return llvm.Target.from_triple(self.triple).create_target_machine(
            cpu=self.cpu,
            features=self.features,
            opt=level,
            reloc="pic",
            codemodel="small",
            jit=True,
        )

    def optimise(
        self, module: llvm.ModuleRef, machine: llvm.TargetMachine, level: int = 1
    ) -> None:
        """Run LLVM's passes on a parsed module, in place.

        Levels 1 and 2 inline what is marked ``alwaysinline`` and simplify each function; 3 is the
        whole pipeline of a C compiler. Code that comes with its loops, widths and sums laid out
        runs as fast after the first, which takes a fifth of the time. Loops are never vectorised
        anew: they have the width that they should have.
        """
        if level not in (1, 2, 3):
            raise ValueError(f"the optimisation level is 1, 2 or 3, not {level}")
        builder = _pass_builder(machine, level)
        if level > 2:
            builder.getModulePassManager().run(module, builder)
            return
        inline = llvm.create_new_module_pass_manager()
        inline.add_always_inliner_pass()
        inline.add_global_dead_code_eliminate_pass()
        inline.run(module, builder)
        simplify, _ = _simplification(self, level)
        for function in module.functions:
            if not function.is_declaration:
                simplify.run(function, builder)


def _pass_builder(machine: llvm.TargetMachine, level: int) -> llvm.PassBuilder:
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = False
    options.slp_vectorization = False
    return llvm.create_pass_builder(machine, options)


@cache
def _simplification(
    target: Target, level: int
) -> tuple[llvm.FunctionPassManager, llvm.PassBuilder]:
    """The passes that simplify a function, and what they came from, which must live as long.

    One for all modules: llvmlite never frees such a list of passes, so that a list for each
    program would cost 45 kB of memory for good.
    """
    builder = _pass_builder(target.machine(), level)
    return builder.getFunctionPassManager(), builder


@cache
def _initialise() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@cache
def _data_layout(target: Target) -> str:
    return str(target.machine().target_data)


@cache
def host() -> Target:
    """The machine that this process runs on, with all that it can do."""
    _initialise()
    triple = llvm.get_process_triple()
    architecture = llvm.get_triple_parts(triple).Arch
    present = llvm.get_host_cpu_features()
    has = {feature for feature, there in present.items() if there}
    bits = 128
    if architecture == "x86_64":
        for _, width, features in _LEVELS.values():
            if has.issuperset(features):
                bits = max(bits, width)
        # A tuning hint of some processors that would halve the vectors.
        present["prefer-256-bit"] = False
    elif architecture in _ALWAYS_FMA:
        has.add("fma")
    return Target(
        name="native",
        triple=triple,
        cpu=llvm.get_host_cpu_name(),
        features=present.flatten(),
        vector_bits=bits,
        has=frozenset(has),
    )


def obstacle() -> str | None:
    """Why programs cannot become machine code on this machine; None if they can."""
    if os.name != "posix":
        return f"machine code is made for POSIX systems, and this one is {sys.platform}"
    bits = 8 * ctypes.sizeof(ctypes.c_void_p)
    if bits != 64:
        return f"machine code is made for 64-bit processes, and this one has {bits} bits"
    try:
        host().machine()
    except RuntimeError as error:
        return f"LLVM has no code generator for this machine ({error})"
    return None


def named(name: str) -> Target:
    """The target ``name``: "sse2", "avx2", "avx512" (levels of x86-64) or "native".

    Raises BackendError for an unknown name and for a level that this machine cannot run.
    """
    if name == "native":
        return host()
    if name not in _LEVELS:
        raise BackendError(
            f"there is no target {name!r} (TRIVIUM_TARGET); there are: {', '.join(NAMES)}"
        )
    return _level(name)


@cache
def _level(name: str) -> Target:
    here = host()
    if llvm.get_triple_parts(here.triple).Arch != "x86_64":
        raise BackendError(
            f"the target {name!r} is a level of x86-64, but this machine is {here.triple}; "
            "use the target 'native'"
        )
    cpu, bits, _ = _LEVELS[name]
    order = list(_LEVELS)
    has = {feature for each in order[: order.index(name) + 1] for feature in (_LEVELS[each][2])}
    missing = sorted(has - here.has)
    if missing:
        raise BackendError(
            f"the target {name!r} needs the processor features {', '.join(missing)}, which this "
            f"machine ({here.cpu}) does not have; use the target 'native'"
        )
    features = "-prefer-256-bit" if bits > 256 else ""
    return Target(name, here.triple, cpu, features, bits, frozenset(has))


def chosen() -> Target:
    """The target of the environment variable TRIVIUM_TARGET, by default this machine."""
    return named(os.environ.get("TRIVIUM_TARGET") or "native")
