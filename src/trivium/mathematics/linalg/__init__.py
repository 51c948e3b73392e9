"""Linear algebra: factorizations, eigenvalues, rank, norms, projections, principal components.

Functions named as in the Python Array API standard's extension ``linalg`` take and give
Tensors, batched over leading axes, with derivatives of any order. Procedures (iterations,
``eig``, ``rank``, ``definiteness``, …) take arrays and give NumPy arrays inside a result that
says how far it can be trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...engine.lazy import lazy

# Module → its functions, each of which loads when it is first used.
_MODULES = {
    "completion": ["Completion", "complete"],
    "condition_numbers": ["Conditioning", "cond", "conditioning", "digits_lost"],
    "drawing": ["draw_transformation"],
    "eigen_steps": ["EigenIteration", "EigenStop"],
    "factorizations": [
        "QR", "SVD", "Eigh", "cholesky", "eigh", "eigvalsh", "matrix_function", "qr", "svd",
        "svdvals",
    ],
    "iterations": ["inverse_iteration", "power_iteration", "shifted_iteration"],
    "least_squares": ["LeastSquares", "lstsq"],
    "low_rank": ["LowRank", "eckart_young", "truncated_svd"],
    "norms": ["matrix_norm", "norm", "vector_norm"],
    "pca_analysis": ["pca"],
    "pca_result": ["PCA"],
    "products": [
        "cross", "diagonal", "inner", "kron", "matmul", "matrix_transpose", "outer",
        "tensordot", "trace", "vecdot",
    ],
    "ranks": [
        "Definiteness", "DefinitenessKind", "Rank", "definiteness", "effective_rank",
        "matrix_rank", "rank", "stable_rank",
    ],
    "schur_form": ["QRIteration", "QRStop", "qr_iteration"],
    "solving": [
        "Slogdet", "adjugate", "det", "expm", "inv", "matrix_power", "pinv", "slogdet", "solve",
    ],
    "spectrum": ["Spectrum", "eig"],
    "subspaces": [
        "OrthonormalBasis", "Projection", "change_of_basis", "coordinates", "gram_schmidt",
        "null_space", "orthogonal_complement", "orthonormal_basis", "project",
    ],
    "transformations": ["Transformation", "TransformationKind", "transform", "transformation"],
}  # fmt: skip

if TYPE_CHECKING:
    from .completion import *  # noqa: F403
    from .condition_numbers import *  # noqa: F403
    from .drawing import *  # noqa: F403
    from .eigen_steps import *  # noqa: F403
    from .factorizations import *  # noqa: F403
    from .iterations import *  # noqa: F403
    from .least_squares import *  # noqa: F403
    from .low_rank import *  # noqa: F403
    from .norms import *  # noqa: F403
    from .pca_analysis import *  # noqa: F403
    from .pca_result import *  # noqa: F403
    from .products import *  # noqa: F403
    from .ranks import *  # noqa: F403
    from .schur_form import *  # noqa: F403
    from .solving import *  # noqa: F403
    from .spectrum import *  # noqa: F403
    from .subspaces import *  # noqa: F403
    from .transformations import *  # noqa: F403
else:
    __all__ = [name for names in _MODULES.values() for name in names]
    __getattr__, __dir__ = lazy(__name__, _MODULES)
