"""The common split of 10,000 MNIST digits: 8,000 for training, 2,000 for testing."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

import trivium as tv

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "mnist10k"


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"needs the MNIST files in {FOLDER}")
def test_ten_epochs_reach_95_percent() -> None:
    def read(name: str, header: int) -> np.ndarray:
        return np.frombuffer(
            gzip.decompress((FOLDER / name).read_bytes()), np.uint8, offset=header
        )

    x = read("images-idx3-ubyte.gz", 16).reshape(-1, 28, 28) / 255.0
    y = read("labels-idx1-ubyte.gz", 8).astype(int)
    fit = tv.fit(
        tv.models.MLP(hidden=[128, 64]),
        tv.objectives.CrossEntropy(),
        tv.algorithms.Adam(),
        (x[:8000], y[:8000]),
        epochs=10,
        batch_size=64,
        progress=False,
    )
    assert fit.score((x[8000:], y[8000:]))["accuracy"] >= 0.95
