"""What the figures were measured on: processor, versions, and the arithmetic it can do."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from .settings import Settings, cores

__all__ = ["busy_seconds", "describe", "measure_peak", "peak_bytes"]

_PACKAGES = (
    "trivium",
    "numpy",
    "scipy",
    "llvmlite",
    "torch",
    "jax",
    "jaxlib",
    "scikit-learn",
    "onnxruntime",
)


def describe(settings: Settings) -> dict[str, Any]:
    """Machine, versions, date and settings, as JSON."""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M %z"),
        "processor": _processor(),
        "cores": cores(),
        "threads": settings.threads,
        "memory_bytes": _total_memory(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version for name in _PACKAGES if (version := _version(name))},
        "backend": settings.backend or os.environ.get("TRIVIUM_BACKEND") or "default",
        "quick": settings.quick,
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _total_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def busy_seconds() -> float | None:
    """Processor seconds that all processes and the host took so far, or None if unknown."""
    try:
        fields = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:]
    except (OSError, IndexError):
        return None
    user, nice, system, _, _, interrupts, soft, steal = (int(each) for each in fields[:8])
    ticks = user + nice + system + interrupts + soft + steal
    return ticks / os.sysconf("SC_CLK_TCK")


def peak_bytes() -> int:
    """The most memory that this process had resident so far.

    Linux keeps it for each program image; the figure of getrusage would include the parent's.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if platform.system() == "Darwin" else most * 1024


def measure_peak(settings: Settings) -> dict[str, Any]:
    """The most float32 arithmetic: large square products of every BLAS, in turns.

    The figure is the best sample of all libraries and sizes, in operations per second: a peak
    is what the machine can do when nothing is in its way.
    """
    from .blas import libraries
    from .products import BlasProduct, Shape
    from .timing import alternate

    found: dict[str, float] = {}
    for size in (1024,) if settings.quick else (1024, 2048, 4096):
        shape = Shape(size, size, size)
        contenders = [BlasProduct(each, shape, "nn") for each in libraries()]
        for each in contenders:
            each.prepare()
        few = replace(settings, rounds=min(settings.rounds, 7))
        for name, samples in alternate(contenders, few).items():
            found[f"{name}, {size} × {size}"] = shape.flops / min(samples.each)
    best = max(found, key=lambda name: found[name])
    return {"best": best, "flops": found[best], "all": found}
