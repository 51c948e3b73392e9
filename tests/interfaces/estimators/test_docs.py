"""The page about estimators runs from top to bottom and its numbers hold."""

import re
from pathlib import Path
from typing import Any

import pytest

import trivium as tv


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "estimators.md").read_text(encoding="utf-8")


def test_the_examples_run(page: str) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, "estimators.md", "exec"), found)
    assert found["classifier"].predict(found["X"][:3]).tolist() == [0, 0, 0]
    assert found["classifier"].predict_proba(found["X"][:3]).shape == (3, 3)
    assert found["search"].best_score_ == pytest.approx(0.953, abs=0.02)
    new = found["pd"].DataFrame({"weight": [3.0, 33.0], "coat": ["long", "wire"]})
    assert found["animals"].predict(new).tolist() == ["cat", "dog"]


def test_the_table_of_parameters_is_complete(page: str) -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", page, flags=re.MULTILINE))
    defaults = {name: repr(value) for name, value in tv.Classifier().get_params().items()}
    assert {name: value.replace('"', "'") for name, value in table.items()} == defaults
    assert set(tv.Regressor().get_params()) == set(defaults) - {"class_weight"}


def test_going_on_from_a_fitted_model_works_as_the_page_says() -> None:
    x, y = tv.data.load("iris").x, tv.data.load("iris").y
    first = tv.Classifier("mlp:8", "cross-entropy", epochs=20, random_state=0).fit(x, y)
    more = tv.Classifier(first.fit_.model, "cross-entropy", epochs=20, random_state=0).fit(x, y)
    assert more.loss_curve_[0] < first.loss_curve_[0]
    assert more.loss_curve_[-1] < first.loss_curve_[-1]
