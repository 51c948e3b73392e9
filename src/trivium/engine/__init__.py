"""Floor 1, the engine: expressions, primitives, derivatives, passes, backends, programs."""

from . import operators  # noqa: F401  (gives Tensor its operators)
