"""The rooms of the primitive table; importing them fills it.

Every room holds records of one family. A record is complete: shape, dtype, value, derivative,
curvature, notation, samples.
"""

from . import (  # noqa: F401
    arithmetic,
    comparison,
    contraction,
    control,
    exponential,
    factorizations,
    factorizations_coinciding,
    factorizations_determinant,
    factorizations_solving,
    factorizations_spectral,
    factorizations_ties,
    indexing,
    leaves,
    movement,
    ordering,
    random,
    reductions,
    special,
    structure,
    trigonometry,
)
