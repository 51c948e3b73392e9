"""A run that died goes on where its last state stands and ends as if it had never died."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import trivium as tv
from trivium.learning.errors import DataError, RequestError, RunError
from trivium.learning.stop import Stop

SCRIPT = Path(__file__).with_name("resumable.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("scenario", ["kill", "ctrl-c", "terminate"])
def test_resumed_equals_uninterrupted_bit_for_bit(scenario: str, tmp_path: Path) -> None:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, str(SCRIPT), scenario, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("OK"), result.stdout + result.stderr
    if scenario == "kill":
        kills, middle = (int(word) for word in result.stdout.split() if word.isdigit())
        assert kills == 30 and middle >= 10


def small_fit(**options):
    return tv.fit(
        tv.models.MLP(hidden=[4]),
        tv.objectives.CrossEntropy(),
        tv.algorithms.SGD(learning_rate=0.1, momentum=0.9),
        tv.data.load("iris"),
        **{"epochs": 4, "validation": 0.2, "progress": False, **options},
    )


def test_a_saved_fit_loads_with_its_predictions_history_and_metrics(tmp_path: Path) -> None:
    fit = small_fit()
    fit.save(tmp_path / "run")
    again = tv.load(tmp_path / "run")
    data = tv.data.load("iris")
    assert np.array_equal(fit.predict(data), again.predict(data))
    assert fit.score(data) == again.score(data)
    assert again.history == fit.history and again.metrics == fit.metrics
    assert again.stopped is fit.stopped and again.best_epoch == fit.best_epoch
    assert again.steps == fit.steps and again.gradient_norm == fit.gradient_norm
    assert repr(again.objective) == repr(fit.objective)


def test_saving_twice_needs_consent(tmp_path: Path) -> None:
    fit = small_fit()
    fit.save(tmp_path / "run")
    other = small_fit(seed=1)
    with pytest.raises(RunError, match="overwrite=True"):
        other.save(tmp_path / "run")
    other.save(tmp_path / "run", overwrite=True)
    loaded = tv.load(tmp_path / "run")
    assert np.array_equal(
        loaded.parameters()["layers.0.weight"], other.parameters()["layers.0.weight"]
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_overwriting_never_deletes_what_is_not_a_run(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(RunError):
        small_fit().save(tmp_path / "thesis", overwrite=True)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_a_finished_run_can_be_trained_for_longer_as_if_asked_at_once(tmp_path: Path) -> None:
    small_fit(out=tmp_path / "short", epochs=4)
    with pytest.raises(RunError, match="finished"):
        tv.resume(tmp_path / "short", progress=False)
    longer = tv.resume(tmp_path / "short", epochs=9, progress=False)
    whole = small_fit(epochs=9)
    for name, value in whole.parameters().items():
        assert np.array_equal(longer.parameters()[name], value)
    strip = [{k: v for k, v in row.items() if k != "seconds"} for row in longer.history]
    assert strip == [{k: v for k, v in row.items() if k != "seconds"} for row in whole.history]
    assert longer.stopped is Stop.EPOCHS_DONE


def test_a_loaded_fit_trained_from_a_file_knows_when_the_file_changed(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = [f"{i},{i % 7},{2 * i + i % 7}" for i in range(40)]
    table.write_text("a,b,y\n" + "\n".join(rows) + "\n")
    tv.fit(
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.SGD(learning_rate=0.01),
        tv.data.read(table, target="y"),
        epochs=2,
        out=tmp_path / "run",
        progress=False,
    )
    tv.resume(tmp_path / "run", epochs=3, progress=False)
    table.write_text("a,b,y\n" + "\n".join(rows[:-1]) + "\n1,1,99\n")
    with pytest.raises(DataError, match="changed"):
        tv.resume(tmp_path / "run", epochs=4, progress=False)


def test_other_data_are_refused_on_resume(tmp_path: Path) -> None:
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20.0)
    tv.fit(
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.SGD(learning_rate=1e-4),
        (x, y),
        epochs=1,
        batch_size=20,
        out=tmp_path / "run",
        progress=False,
    )
    with pytest.raises(DataError, match="pass"):
        tv.resume(tmp_path / "run", epochs=2, progress=False)
    with pytest.raises(DataError, match="differ"):
        tv.resume(tmp_path / "run", epochs=2, data=(x, y + 1), progress=False)
    tv.resume(tmp_path / "run", epochs=2, data=(x, y), progress=False)


def test_a_model_of_ones_own_is_passed_again_and_never_executed_from_disk(
    tmp_path: Path,
) -> None:
    x = np.linspace(0, 1, 20)[:, None]

    def model():
        return tv.models.Formula(lambda x, w: w * x[:, 0], w=0.5)

    fit = tv.fit(
        model(),
        tv.objectives.SquaredError(),
        tv.algorithms.SGD(learning_rate=0.1),
        (x, 2 * x[:, 0]),
        epochs=3,
        batch_size=20,
        out=tmp_path / "run",
        progress=False,
    )
    with pytest.raises(RequestError, match=r"model=\.\.\."):
        tv.load(tmp_path / "run")
    loaded = tv.load(tmp_path / "run", model=model())
    assert np.array_equal(loaded.predict(x), fit.predict(x))
    with pytest.raises(RunError, match="parameters"):
        tv.load(tmp_path / "run", model=tv.models.Formula(lambda x, q: q * x[:, 0], q=0.5))


def test_a_damaged_newest_state_falls_back_to_the_last_good_one(tmp_path: Path) -> None:
    small_fit(out=tmp_path / "run", checkpoint_seconds=0.0)
    newest = tmp_path / "run" / "state.safetensors"
    content = bytearray(newest.read_bytes())
    content[-5] ^= 1
    newest.write_bytes(content)
    with pytest.warns(UserWarning, match="state before it"):
        loaded = tv.load(tmp_path / "run")
    assert np.isfinite(loaded.predict(tv.data.load("iris").x).astype(str) != "").all()
    newest.write_bytes(b"")
    (tmp_path / "run" / "state.previous.safetensors").write_bytes(b"short")
    with pytest.raises(RunError, match="can be read"):
        tv.load(tmp_path / "run")


def test_hostile_runs_are_refused_not_executed(tmp_path: Path) -> None:
    small_fit(out=tmp_path / "run")
    request = tmp_path / "run" / "run.json"
    good = json.loads(request.read_text())
    for change in (
        {"model": {"kind": "os.system", "command": "touch /tmp/owned"}},
        {"model": 5},
        {"options": {"epochs": "many"}},
        {"options": {"__class__": "x"}},
        {"encoder": {}},
        {"input_shape": "abc"},
        {"input_shape": [-3]},
        {"outputs": "seven"},
    ):
        request.write_text(json.dumps({**good, "request": {**good["request"], **change}}))
        with pytest.raises(tv.TriviumError):
            tv.load(tmp_path / "run")


def test_a_run_cannot_be_made_where_one_lies(tmp_path: Path) -> None:
    small_fit(out=tmp_path / "run")
    with pytest.raises(RunError, match="already holds a run"):
        small_fit(out=tmp_path / "run")


def regression(**options):
    return tv.fit(
        tv.models.Linear(),
        tv.objectives.SquaredError(),
        tv.algorithms.Adam(learning_rate=0.05),
        **{"epochs": 2, "progress": False, **options},
    )


def arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40, 3))
    return x, x @ np.array([1.0, -2.0, 3.0]) + rng.normal(size=40)


def test_data_from_memory_are_passed_as_to_fit(tmp_path: Path) -> None:
    """The whole data and their weights: the fraction for validation is set aside again."""
    data, weight = arrays(), np.linspace(0.1, 2, 40)
    given = {"data": data, "sample_weight": weight}
    regression(**given, validation=0.25, out=tmp_path / "run")
    resumed = tv.resume(tmp_path / "run", epochs=5, **given, progress=False)
    whole = regression(**given, validation=0.25, epochs=5)
    for name, value in whole.parameters().items():
        assert np.array_equal(resumed.parameters()[name], value)
    assert resumed.metrics == whole.metrics
    train, held = tv.data.as_dataset(data, sample_weight=weight).split(test=0.25, seed=0)
    tv.resume(tmp_path / "run", epochs=6, data=train, validation=held, progress=False)
    for other in ({"data": data}, {"data": (data[0], data[1] + 1), "sample_weight": weight}):
        with pytest.raises(DataError, match="contents or weights differ"):
            tv.resume(tmp_path / "run", epochs=7, **other, progress=False)


def test_what_cannot_be_learned_leaves_no_run_behind(tmp_path: Path) -> None:
    class Forgetful(tv.Model):
        def __init__(self):
            self.w = tv.parameter((3,))
            self.unused = tv.parameter((2,))

        def __call__(self, x):
            return x @ self.w

    with pytest.raises(RequestError, match="unused cannot be learned"):
        tv.fit(
            Forgetful(),
            tv.objectives.SquaredError(),
            tv.algorithms.Adam(),
            arrays(),
            out=tmp_path / "run",
            progress=False,
        )
    assert not (tmp_path / "run").exists()


def test_a_finished_run_is_not_cut_short(tmp_path: Path) -> None:
    small_fit(out=tmp_path / "run", epochs=4)
    for epochs in (None, 0, 3, 4):
        with pytest.raises(RunError, match=r"finished \(4 epochs\).*larger number"):
            tv.resume(tmp_path / "run", epochs=epochs, progress=False)
    assert len(tv.load(tmp_path / "run").history) == 4
    assert tv.load(tmp_path / "run").options.epochs == 4


def test_an_end_whose_outcome_was_not_written_stays_the_end(tmp_path: Path) -> None:
    """Killed after the last state of an early stop, before the result: no epoch is added."""
    data = arrays()
    options = {"data": data, "validation": 0.25, "patience": 2, "epochs": 200}
    whole = regression(**options, out=tmp_path / "run")
    assert whole.stopped is Stop.NO_IMPROVEMENT
    (tmp_path / "run" / "result.json").unlink()
    resumed = tv.resume(tmp_path / "run", data=data, progress=False)
    assert resumed.stopped is Stop.NO_IMPROVEMENT
    assert len(resumed.history) == len(whole.history)
    assert resumed.best_epoch == whole.best_epoch and resumed.metrics == whole.metrics


def test_what_a_callback_raises_leaves_a_run_that_goes_on(tmp_path: Path) -> None:
    def broken(row):
        raise ZeroDivisionError("mine")

    data = arrays()
    with pytest.raises(ZeroDivisionError, match="mine"):
        regression(data=data, callbacks=[broken], out=tmp_path / "run")
    resumed = tv.resume(tmp_path / "run", data=data, progress=False)
    whole = regression(data=data)
    assert resumed.metrics == whole.metrics and len(resumed.history) == 2
