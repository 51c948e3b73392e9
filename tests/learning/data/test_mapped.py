"""Arrays in memory-mapped files stay there, and give the numbers that arrays in memory give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trivium as tv
from trivium.learning.data import Encoder, as_dataset
from trivium.learning.data.features import ArrayFeatures
from trivium.learning.data.mapped import MappedRows, ScaledRows, is_mapped
from trivium.learning.errors import DataError

Array = np.ndarray[Any, Any]


def mapped(folder: Path, x: Array) -> Array:
    np.save(folder / "x.npy", x)
    return np.load(folder / "x.npy", mmap_mode="r")


def example(dtype: str = "float32", n: int = 300) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((n, 6)) * [1, 10, 100, 0, 1, 5] + [0, 3, -40, 7, 2, 0]).astype(
        dtype
    )
    return x, np.arange(n) % 3


def test_what_lies_in_a_file_is_told_from_what_does_not(tmp_path: Path) -> None:
    x = mapped(tmp_path, example()[0])
    assert is_mapped(x) and is_mapped(x[5:])
    assert not is_mapped(x + 1) and not is_mapped(np.array(x)) and not is_mapped([1.0])


@pytest.mark.parametrize("dtype", ["bool", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize("scale", [False, True])
def test_the_encoding_is_that_of_the_array(tmp_path: Path, dtype: str, scale: bool) -> None:
    x, y = example(dtype)
    kept, copied = as_dataset((mapped(tmp_path, x), y)), as_dataset((x, y))
    assert isinstance(kept.array, MappedRows)
    assert kept.sha256 == copied.sha256
    assert np.array_equal(kept.x, copied.x)
    for one, other in zip(kept.split(test=0.3, seed=1), copied.split(test=0.3, seed=1)):
        assert isinstance(one.array, MappedRows) and one.sha256 == other.sha256
        encoder, wanted = Encoder.fit(one, scale=scale), Encoder.fit(other, scale=scale)
        got = encoder.transform(one).x
        assert isinstance(got, ScaledRows)
        np.testing.assert_allclose(np.asarray(got), wanted.transform(other).x, rtol=1e-12)
        raw = tv.tensor(other.x)
        np.testing.assert_allclose(got.encoded(raw).value, np.asarray(got), rtol=1e-14)


def test_large_arrays_are_read_in_pieces(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((30_000, 100)) * 3 + 1e6  # 24 MB: two pieces
    weight = rng.integers(0, 3, len(x)).astype(float)
    file = mapped(tmp_path, x)
    assert len(list(MappedRows(file).pieces())) == 2
    for given in (None, weight):
        kept = Encoder.fit(as_dataset((file, x[:, 0]), sample_weight=given)).features
        copied = Encoder.fit(as_dataset((x, x[:, 0]), sample_weight=given)).features
        assert isinstance(kept, ArrayFeatures) and isinstance(copied, ArrayFeatures)
        np.testing.assert_allclose(kept.centre, copied.centre, rtol=1e-14)
        np.testing.assert_allclose(kept.spread, copied.spread, rtol=1e-12)


@pytest.mark.parametrize("backend", ["native", "reference"])
@pytest.mark.parametrize("options", [{}, {"validation": 0.25}, {"batch_size": None}])
def test_a_fit_is_that_of_the_array(
    tmp_path: Path, backend: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVIUM_BACKEND", backend)
    x, y = example()
    found = []
    for given in (mapped(tmp_path, x), x):
        fit = tv.fit(
            tv.models.MLP(hidden=[8]),
            tv.objectives.CrossEntropy(),
            tv.algorithms.Adam(),
            (given, y),
            epochs=3,
            scale=True,
            progress=False,
            **options,
        )
        found.append((fit.metrics, fit.predict(given), fit.probabilities(given)))
    for part, measures in found[0][0].items():
        assert measures == pytest.approx(found[1][0][part], rel=1e-5)
    assert np.array_equal(found[0][1], found[1][1])
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-4)


def test_a_killed_fit_resumes_on_the_file(tmp_path: Path) -> None:
    x, y = example()
    data = (mapped(tmp_path, x), y)
    parts = (tv.models.Linear(), tv.objectives.CrossEntropy(), tv.algorithms.Adam())
    whole = tv.fit(*parts, data, epochs=4, progress=False, out=tmp_path / "whole")
    tv.fit(*parts, data, epochs=2, progress=False, out=tmp_path / "half")
    resumed = tv.resume(tmp_path / "half", epochs=4, data=data, progress=False)
    for name, value in whole.parameters().items():
        assert np.array_equal(value, resumed.parameters()[name])


def test_a_solver_reads_all_of_it(tmp_path: Path) -> None:
    x, _ = example("float64")
    fits = [
        tv.fit(
            tv.models.Linear(),
            tv.objectives.SquaredError(),
            tv.algorithms.ClosedForm(),
            (given, x[:, :3].sum(axis=1)),
            progress=False,
        )
        for given in (mapped(tmp_path, x[:, [0, 1, 2]]), x[:, [0, 1, 2]])
    ]
    assert fits[0].metrics["train"]["loss"] == pytest.approx(fits[1].metrics["train"]["loss"])


def test_what_programs_cannot_read_is_copied_and_said(tmp_path: Path) -> None:
    x, y = example()
    for odd, word in ((x.astype("uint8"), "uint8|u1"), (x.astype(">f4"), ">f4")):
        data = as_dataset((mapped(tmp_path, odd), y))
        assert isinstance(data.array, np.ndarray)
        assert any(each in data.notes[0] for each in word.split("|"))


def test_the_first_bad_cell_is_named_wherever_it_is(tmp_path: Path) -> None:
    x = np.zeros((50_000, 60), np.float64)  # 24 MB: two pieces
    x[49_000, 7] = np.nan
    with pytest.raises(DataError, match=r"x\[49000, 7\] .* is NaN"):
        as_dataset((mapped(tmp_path, x), np.arange(len(x)) % 2))


def test_a_fit_takes_no_memory_for_what_lies_in_the_file(tmp_path: Path) -> None:
    import tracemalloc

    x = mapped(tmp_path, np.random.default_rng(0).standard_normal((60_000, 100)))  # 48 MB
    y = np.arange(len(x)) % 2
    tracemalloc.start()
    tv.fit(
        tv.models.Linear(),
        tv.objectives.BinaryCrossEntropy(),
        tv.algorithms.SGD(),
        (x, y),
        epochs=1,
        batch_size=1000,
        validation=0.2,
        progress=False,
    )
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 48e6  # a copy in float64 alone would be that much
