"""Estimators for scikit-learn: ``Classifier`` and ``Regressor``, as in ``tv.Classifier``."""

from __future__ import annotations

from .classifier import Classifier
from .regressor import Regressor

__all__ = ["Classifier", "Regressor"]
