"""The BLAS libraries of this environment, called in a compiled loop.

A loop in machine code calls ``sgemm`` as often as wanted, so that no time is spent in Python
between two products, just as in a program of k steps.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["Blas", "Product", "libraries"]

Array = np.ndarray[Any, Any]
_POINTERS = 13  # arguments of sgemm in the Fortran convention


@dataclass(frozen=True)
class Blas:
    """One library's ``sgemm``: its address and the integers that it takes."""

    name: str
    address: int
    integer: type

    def product(self, a: Array, b: Array, out: Array, ta: bool, tb: bool) -> Product:
        """Prepare out = op(a) op(b), row-major float32; op transposes where asked."""
        return Product(self, a, b, out, ta, tb)


class Product:
    """A matrix product with all its arguments in place."""

    def __init__(self, blas: Blas, a: Array, b: Array, out: Array, ta: bool, tb: bool) -> None:
        m, n = out.shape
        k = a.shape[0] if ta else a.shape[1]
        # Fortran sees every row-major matrix transposed: outᵀ = op(b)ᵀ op(a)ᵀ.
        scalars: list[Any] = [
            ctypes.c_char(b"T" if tb else b"N"),
            ctypes.c_char(b"T" if ta else b"N"),
            *[blas.integer(size) for size in (n, m, k)],
            ctypes.c_float(1),
            b,
            blas.integer(b.shape[1]),
            a,
            blas.integer(a.shape[1]),
            ctypes.c_float(0),
            out,
            blas.integer(n),
        ]
        self._kept = scalars
        self._blas = blas
        self._arguments = (ctypes.c_void_p * _POINTERS)(
            *[
                each.ctypes.data if isinstance(each, np.ndarray) else ctypes.addressof(each)
                for each in scalars
            ]
        )

    def __call__(self, count: int) -> None:
        """Compute the product ``count`` times."""
        _loop()(count, self._blas.address, self._arguments)


@functools.cache
def _loop() -> Callable[[int, int, Any], None]:
    """for (i = 0; i < count; i++) sgemm(arguments[0], …, arguments[12]), in machine code."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    loads = "\n".join(
        f"  %p{i} = getelementptr ptr, ptr %arguments, i64 {i}\n  %a{i} = load ptr, ptr %p{i}"
        for i in range(_POINTERS)
    )
    passed = ", ".join(f"ptr %a{i}" for i in range(_POINTERS))
    # The two integers at the end are the lengths of the two texts, as Fortran compilers pass.
    module = llvm.parse_assembly(
        f"""
define void @loop(i64 %count, ptr %sgemm, ptr %arguments) {{
entry:
{loads}
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %body, label %end
body:
  %i = phi i64 [ 0, %entry ], [ %next, %body ]
  call void %sgemm({passed}, i64 1, i64 1)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %body, label %end
end:
  ret void
}}
"""
    )
    machine = llvm.Target.from_default_triple().create_target_machine()
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
    function = kind(engine.get_function_address("loop"))
    function._engine = engine  # type: ignore[attr-defined]  # keeps the code in memory
    return function


def libraries() -> list[Blas]:
    """Every BLAS that can be found here: SciPy's and NumPy's OpenBLAS, and PyTorch's MKL."""
    found = [make() for make in (_scipy, _numpy, _torch)]
    return [each for each in found if each is not None]


def _scipy() -> Blas:
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__["sgemm"]
    name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return Blas("OpenBLAS of SciPy", int(pointer(capsule, name(capsule))), ctypes.c_int32)


def _numpy() -> Blas | None:
    folder = Path(np.__file__).parent.parent / "numpy.libs"
    for path in folder.glob("*openblas*"):
        library = ctypes.CDLL(str(path))
        if hasattr(library, "scipy_sgemm_64_"):
            address = ctypes.cast(library.scipy_sgemm_64_, ctypes.c_void_p).value
            return Blas("OpenBLAS of NumPy", int(address or 0), ctypes.c_int64)
    return None


def _torch() -> Blas | None:
    try:
        import torch
    except ImportError:
        return None
    path = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    if not (torch.backends.mkl.is_available() and path.is_file()):
        return None
    library = ctypes.CDLL(str(path))
    if not hasattr(library, "sgemm_"):
        return None
    address = ctypes.cast(library.sgemm_, ctypes.c_void_p).value
    return Blas("MKL of PyTorch", int(address or 0), ctypes.c_int32)
