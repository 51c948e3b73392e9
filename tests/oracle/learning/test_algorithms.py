"""Fifty steps against torch.optim, where both follow the same paper with a constant rate."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.learning.algorithms.problems import GOAL, START, STIFF, Run
from trivium.learning.algorithms import SGD, AdaGrad, Adam, AdamW, Cosine, RMSProp

TABLE: dict[str, tuple[Any, Any]] = {
    "sgd": (SGD(0.05), lambda p: torch.optim.SGD(p, 0.05)),
    "momentum": (SGD(0.02, 0.9), lambda p: torch.optim.SGD(p, 0.02, 0.9)),
    "nesterov": (
        SGD(0.02, 0.8, nesterov=True), lambda p: torch.optim.SGD(p, 0.02, 0.8, nesterov=True),
    ),
    "adagrad": (AdaGrad(0.5, 1e-10), lambda p: torch.optim.Adagrad(p, 0.5, eps=1e-10)),
    # PyTorch adds epsilon outside the root; where it is negligible both are the same.
    "rmsprop": (RMSProp(0.05, 0.9, 1e-30), lambda p: torch.optim.RMSprop(p, 0.05, 0.9, 1e-30)),
    "rmsprop, centered, momentum": (
        RMSProp(0.01, 0.95, 1e-30, 0.5, centered=True),
        lambda p: torch.optim.RMSprop(p, 0.01, 0.95, 1e-30, momentum=0.5, centered=True),
    ),
    "adam": (Adam(0.1), lambda p: torch.optim.Adam(p, 0.1)),
    "adamw": (
        AdamW(0.1, weight_decay=0.2), lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.2),
    ),
}  # fmt: skip


def torch_loss(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
    everything = torch.stack([p.sum() for p in parameters.values()]).sum()
    squares = [
        0.5 * STIFF[name] * ((p - torch.tensor(GOAL[name], dtype=p.dtype)) ** 2).sum()
        for name, p in parameters.items()
    ]
    return torch.stack(squares).sum() + 0.25 * torch.sin(everything) ** 2


def steps_of_torch(make: Any, dtype: str, schedule: Any = None) -> dict[str, torch.Tensor]:
    parameters = {
        name: torch.tensor(value.astype(dtype), requires_grad=True)
        for name, value in START.items()
    }
    optimiser = make(list(parameters.values()))
    scheduler = None if schedule is None else schedule(optimiser)
    for _ in range(50):
        optimiser.zero_grad()
        torch_loss(parameters).backward()
        optimiser.step()
        if scheduler is not None:
            scheduler.step()
    return {name: p.detach() for name, p in parameters.items()}


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_fifty_steps_are_those_of_torch(name: str, dtype: str) -> None:
    algorithm, make = TABLE[name]
    expected = steps_of_torch(make, dtype)
    found = Run(algorithm, dtype).advance(50).values
    tolerance = 1e-10 if dtype == "float64" else 2e-3
    for parameter, value in found.items():
        np.testing.assert_allclose(
            value, expected[parameter].numpy(), rtol=tolerance, atol=tolerance
        )


def test_a_cosine_schedule_is_that_of_torch() -> None:
    expected = steps_of_torch(
        lambda p: torch.optim.Adam(p, 0.1),
        "float64",
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 60, eta_min=0.01),
    )
    found = Run(Adam(Cosine(0.1, 60, final=0.01))).advance(50).values
    for parameter, value in found.items():
        np.testing.assert_allclose(value, expected[parameter].numpy(), rtol=1e-10)
