"""Which targets are classes and which are quantities, and what contradicts an objective."""

import numpy as np
import pytest

from trivium.learning.data import as_dataset, infer_task, load
from trivium.learning.errors import DataError


def data(y):
    return as_dataset((np.arange(len(y)), y))


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (["a", "b", "a"], "classification"),
        ([True, False, True], "classification"),
        ([0, 1], "classification"),
        ([-1, 1, 1], "classification"),
        ([5, 900], "classification"),
        ([0, 1, 2] * 2, "classification"),
        ([0, 1, 2, 3], "regression"),
        (list(range(20)) * 2, "classification"),
        (list(range(21)) * 2, "regression"),
        ([1.5, 2.5], "regression"),
        ([0.0, 1.0, 0.5], "regression"),
        (np.arange(11.0), "regression"),
        (np.ones((4, 2), dtype=int), "regression"),
    ],
)
def test_the_task_follows_from_the_data(y, task):
    assert infer_task(data(y)) == task


@pytest.mark.parametrize("y", [[0.0, 1.0], [2.0, 4.0, 6.0, 2.0], np.arange(10.0)])
def test_few_whole_floats_are_ambiguous(y):
    with pytest.raises(DataError, match=r"labels or a quantity.*whole numbers.*squared-error"):
        infer_task(data(y))


@pytest.mark.parametrize("name", ["digits", "iris", "diabetes", "pokemon"])
def test_built_in_data_know_their_task(name):
    task = "classification" if name in ("digits", "iris") else "regression"
    assert infer_task(load(name)) == task
    assert infer_task(load(name).split(stratify=False)[1]) == task


@pytest.mark.parametrize(
    "y", [["a", "b"], [True, False], [3, 1, 3], [3, 2, 1], [7, 8, 9, 9, 9]]
)
def test_labels_fit_an_objective_for_classes(y):
    assert infer_task(data(y), "classification") == "classification"


@pytest.mark.parametrize("y", [[1.5, 2.5], [0.0, 1.0], [3, 1, 3], np.ones((3, 2)), [0, 1]])
def test_numbers_fit_an_objective_for_quantities(y):
    assert infer_task(data(y), "regression") == "regression"


@pytest.mark.parametrize(
    ("y", "wanted", "said"),
    [
        ([0.0, 1.0, 2.0], "classification", "3 different floats.*astype"),
        (np.arange(214) / 4, "classification", "'y' holds 214 different floats.*squared-error"),
        (np.ones((3, 2)), "classification", r"shape \(3, 2\).*argmax"),
        (np.arange(100) + 1000, "classification", "100 different whole numbers in 100 rows"),
        ([f"name {i}" for i in range(50)], "classification", "50 different texts in 50 rows"),
        (["a", "b"], "regression", "text.*'a'.*row 0.*cross-entropy"),
        ([True, False], "regression", "truth values"),
        ([1, 2], "clustering", "wanted"),
    ],
)
def test_what_contradicts_an_objective(y, wanted, said):
    with pytest.raises(DataError, match=said):
        infer_task(data(y), wanted)


def test_the_objective_is_named():
    with pytest.raises(DataError, match="^objective hinge needs class labels"):
        infer_task(data([1.5, 2.5]), "classification", objective="hinge")


def test_without_a_target_there_is_no_task():
    with pytest.raises(DataError, match="no target"):
        infer_task(as_dataset(np.ones((3, 2))))
