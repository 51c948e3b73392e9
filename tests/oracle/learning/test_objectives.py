"""Losses and their gradients against PyTorch's, also at extreme logits."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.learning.objectives.helpers import loss_of, slope_of
from trivium.learning.objectives import (
    AbsoluteError,
    BinaryCrossEntropy,
    CrossEntropy,
    Hinge,
    Huber,
    SquaredError,
)

rng = np.random.default_rng(0)
N = 50
LOGITS = np.concatenate([rng.normal(size=(N - 4, 5)) * 4, 1e4 * rng.normal(size=(4, 5))])
CODES = rng.integers(0, 5, N)
SCORES, BINARY = LOGITS[:, 0], CODES % 2
GUESS, TRUTH = rng.normal(size=(N, 3)), rng.normal(size=(N, 3))


def per_example(loss: Any) -> Any:
    return lambda f, y: loss(f, y, reduction="none").sum(dim=1).mean()


CASES: dict[str, tuple[Any, Any, Any, Any]] = {
    "squared": (SquaredError(), GUESS, TRUTH, per_example(functional.mse_loss)),
    "absolute": (AbsoluteError(), GUESS, TRUTH, per_example(functional.l1_loss)),
    "huber": (
        Huber(0.6), GUESS, TRUTH,
        per_example(lambda f, y, reduction: functional.huber_loss(f, y, reduction, 0.6)),
    ),
    "cross-entropy": (CrossEntropy(), LOGITS, CODES, functional.cross_entropy),
    "binary cross-entropy": (
        BinaryCrossEntropy(), SCORES, BINARY,
        lambda f, y: functional.binary_cross_entropy_with_logits(f, y.to(f.dtype)),
    ),
    "hinge": (
        Hinge(), SCORES, BINARY, lambda f, y: torch.relu(1 - (2 * y - 1) * f).mean(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_value_and_gradient_are_those_of_torch(name: str, dtype: str) -> None:
    objective, prediction, target, reference = CASES[name]
    given = prediction.astype(dtype)
    wanted = target.astype(dtype) if target.dtype.kind == "f" else target
    leaf = torch.tensor(given, requires_grad=True)
    loss = reference(leaf, torch.tensor(wanted))
    loss.backward()
    assert leaf.grad is not None
    tolerance = 1e-12 if dtype == "float64" else 2e-6
    np.testing.assert_allclose(loss_of(objective, given, wanted), loss.item(), rtol=tolerance)
    np.testing.assert_allclose(
        slope_of(objective, given, wanted), leaf.grad.numpy(), rtol=tolerance, atol=tolerance
    )
