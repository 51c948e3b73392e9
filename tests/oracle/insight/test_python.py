"""Generated NumPy files against PyTorch: 300 random models, the loss and every gradient."""

import numpy as np
import pytest
import torch

from tests.insight.random_models import random_case, values_for
from trivium.insight.derivation.deriving import derive

from .torch_models import loss


@pytest.mark.parametrize("seed", range(300))
def test_loss_and_gradients_are_those_of_torch(seed: int) -> None:
    case = random_case(seed)
    derivation = derive(case.model, case.objective, (case.x, case.y))
    values = values_for(derivation, seed)
    leaves = {path: torch.tensor(value, requires_grad=True) for path, value in values.items()}
    expected = loss(case, leaves)
    space: dict[str, object] = {}
    exec(derivation.python(), space)
    with np.errstate(all="ignore"):
        found, gradients = space["loss_and_gradients"](values, case.x, case.y)  # type: ignore
    np.testing.assert_allclose(found, expected.item(), rtol=1e-10, atol=1e-12)
    if not np.isfinite(expected.item()):
        return  # a predictor outside the link's domain; no gradient is defined there
    slopes = torch.autograd.grad(expected, list(leaves.values()), allow_unused=True)
    for path, slope in zip(leaves, slopes, strict=True):
        true = np.zeros_like(values[path]) if slope is None else slope.numpy()
        scale = max(1.0, abs(expected.item()), np.abs(true).max(initial=0))
        np.testing.assert_allclose(
            gradients[path], true, rtol=1e-9, atol=1e-11 * scale, err_msg=f"{case}: {path}"
        )
