"""The benchmarks' own machinery: fair turns, equal arithmetic, honest tables. No timings."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import compare, report
from benchmarks.__main__ import main
from benchmarks.agreement import Disagreement, check
from benchmarks.processes import ChildFailed, ask
from benchmarks.rows import ROWS
from benchmarks.settings import Settings
from benchmarks.timing import Unavailable, alternate, paired_ratio
from benchmarks.training.contenders import CONTENDERS, TASKS


class Machine:
    """A clock that goes at the pace of a machine that is slow for a while."""

    def __init__(self, slow_from: float = math.inf, slow_to: float = math.inf) -> None:
        self.now = 0.0
        self.slow_from, self.slow_to = slow_from, slow_to

    def work(self, seconds: float) -> None:
        slow = self.slow_from <= self.now < self.slow_to
        self.now += seconds * (10 if slow else 1)


class Worker:
    """A contender that takes ``cost`` seconds for a chunk."""

    def __init__(self, name: str, cost: float, machine: Machine, log: list[str]) -> None:
        self.name, self.cost, self.machine, self.log = name, cost, machine, log
        self.done = 0

    def prepare(self) -> None:
        self.log.append(f"{self.name} prepared")

    def reset(self) -> None:
        self.done = 0

    def run(self, chunks: int) -> list[float]:
        assert self.done in (0, 1)  # a sample starts anew, or after one chunk to warm up
        self.done += chunks
        self.log.append(self.name)
        self.machine.work(self.cost * chunks)
        return [1.0, 2.0]

    def losses(self, result: list[float]) -> np.ndarray:
        return np.asarray(result)


def workers(machine: Machine, **costs: float) -> tuple[list[Worker], list[str]]:
    log: list[str] = []
    return [Worker(name, cost, machine, log) for name, cost in costs.items()], log


def take_turns(machine: Machine, contenders: list[Worker], **changes: float) -> dict:
    settings = Settings.short(**{"rounds": 5, "seconds": 1.0, **changes})
    return alternate(contenders, settings, clock=lambda: machine.now, sleep=machine.work)


class TestTurns:
    def test_contenders_take_turns(self) -> None:
        machine = Machine()
        contenders, log = workers(machine, A=2.0, B=3.0, C=5.0)
        take_turns(machine, contenders)
        # One call of each to find the number of chunks, then warm-up and sample, in turns.
        assert log == list("ABC") + list("AABBCC") * 5

    def test_samples_are_long_enough_and_per_chunk(self) -> None:
        machine = Machine()
        contenders, _ = workers(machine, quick=1e-4, slow=7.0)
        found = take_turns(machine, contenders)
        assert found["quick"].chunks * 1e-4 >= 1.0
        assert found["quick"].chunks < 30_000
        assert found["slow"].chunks == 1
        assert found["quick"].each == pytest.approx([1e-4] * 5)
        assert found["slow"].each == pytest.approx([7.0] * 5)

    def test_a_slow_spell_of_the_machine_does_not_move_the_ratio(self) -> None:
        machine = Machine(slow_from=20, slow_to=120)
        contenders, _ = workers(machine, own=1.0, peer=3.0)
        found = take_turns(machine, contenders, rounds=9)
        assert max(found["own"].each) > 5  # the spell was seen
        assert paired_ratio(found["peer"].each, found["own"].each)[1] == pytest.approx(3)


class TestAgreement:
    def test_equal_within_tolerance(self) -> None:
        assert check("x", [1.0, 2.001], [1.0, 2.0], 1e-3) == pytest.approx(5e-4)

    def test_means_over_groups_are_compared_with_means(self) -> None:
        check("epochs", [1.5, 3.5], [1.0, 2.0, 3.0, 4.0], 1e-9)

    @pytest.mark.parametrize(
        ("found", "said"),
        [
            ([1.0, 2.1], "place 1 it has 2.1, expected 2 "),
            ([1.0, math.nan], "place 1 it has nan"),
            ([1.0, 2.0, 3.0], "3 values instead of 2"),
            ([[1.0, 2.0]], r"shape \(1, 2\) instead of \(2,\)"),
            ([], "0 values instead of 2"),
        ],
    )
    def test_everything_else_is_refused(self, found: list, said: str) -> None:
        with pytest.raises(Disagreement, match=f"wrong .*{said}|wrong gave {said}"):
            check("wrong", found, [1.0, 2.0], 1e-3)


class TestComparing:
    @pytest.fixture(autouse=True)
    def without_imports(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compare, "import_everything", lambda: None)

    @staticmethod
    def run(contenders: list[Worker], machine: Machine, **more: object) -> dict:
        settings = Settings.short(rounds=3, seconds=0.0, settle=0.0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(compare.time, "perf_counter", lambda: machine.now)
            patch.setattr(
                compare,
                "alternate",
                lambda *given, **named: alternate(
                    *given, **named, clock=lambda: machine.now, sleep=machine.work
                ),
            )
            return compare.compare(
                contenders,
                settings,
                oracle=Worker("oracle", 0.0, machine, []),
                steps=2,
                tolerance=1e-6,
                flops=100,
                **more,
            )

    def test_the_ratio_is_to_the_fastest_peer(self) -> None:
        machine = Machine()
        contenders, _ = workers(machine, Trivium=2.0, slow=9.0, fast=4.0)
        found = self.run(contenders, machine)
        assert found["against"] == "fast"
        assert found["ratio"] == pytest.approx([2, 2, 2])
        assert found["contenders"]["Trivium"]["seconds"] == pytest.approx(1.0)
        assert found["contenders"]["Trivium"]["flops"] == pytest.approx(100)

    def test_other_forms_of_trivium_are_no_peers(self) -> None:
        machine = Machine()
        contenders, _ = workers(machine, Trivium=2.0, other_form=1.0, peer=4.0)
        found = self.run(contenders, machine, own_too=["other_form"])
        assert found["against"] == "peer"

    def test_a_peer_that_disagrees_or_fails_is_not_timed(self) -> None:
        machine = Machine()
        contenders, log = workers(machine, Trivium=2.0, wrong=1.0, broken=1.0, absent=1.0)
        _, wrong, broken, absent = contenders
        wrong.losses = lambda result: np.asarray([1.0, 3.0])  # type: ignore[method-assign]
        broken.run = lambda chunks: 1 / 0  # type: ignore[assignment, method-assign]

        def missing() -> None:
            raise Unavailable("not installed")

        absent.prepare = missing  # type: ignore[method-assign]
        found = self.run(contenders, machine)
        reasons = {name: each.get("unavailable") for name, each in found["contenders"].items()}
        assert reasons["Trivium"] is None
        assert "does not compute the same" in reasons["wrong"]
        assert reasons["broken"] == "failed: ZeroDivisionError: division by zero"
        assert reasons["absent"] == "not installed"
        assert log.count("wrong") == 1
        assert found["ratio"] is None

    def test_only_the_peers_that_were_asked_for_take_part(self) -> None:
        settings = Settings.short(peers=("jax", "numpy"))
        names = ["Trivium", "JAX, step in jit", "NumPy", "PyTorch"]
        assert [settings.admits(name) for name in names] == [True, True, True, False]
        assert Settings.short().admits("PyTorch")

    def test_trivium_may_not_disagree(self) -> None:
        machine = Machine()
        contenders, _ = workers(machine, Trivium=2.0, peer=1.0)
        contenders[0].losses = lambda result: np.asarray([5.0, 5.0])  # type: ignore[method-assign]
        with pytest.raises(Disagreement):
            self.run(contenders, machine)


class TestProcesses:
    def test_memory_counts_what_training_needs(self) -> None:
        answer, _ = ask(["memory", "NumPy", "mlp-tiny"], Settings.short().environment())
        assert answer["bytes"] > answer["imports_bytes"] > 2**20
        assert math.isfinite(answer["loss"])

    def test_a_child_that_fails_says_why(self) -> None:
        with pytest.raises(ChildFailed, match=r"ended with code 1: .*no_such_module"):
            ask(["import", "import no_such_module"], Settings.short().environment())

    def test_a_child_that_hangs_is_ended(self) -> None:
        with pytest.raises(ChildFailed, match="did not answer in time"):
            ask(["import", "import time; time.sleep(60)"], Settings().environment(), timeout=1)

    def test_a_row_that_fails_is_an_answer(self) -> None:
        settings = Settings.short()
        answer, _ = ask(["row", "no row", settings.to_json()], settings.environment())
        assert answer.keys() == {"error"}
        assert answer["error"].startswith("KeyError: 'no row' (rows.py, line ")

    def test_settings_reach_the_child(self) -> None:
        settings = Settings.short(
            threads=1, backend="reference", scratch="/somewhere", peers=("JAX",)
        )
        assert Settings.from_json(settings.to_json()) == settings
        environment = settings.environment()
        assert environment["OMP_NUM_THREADS"] == environment["TRIVIUM_THREADS"] == "1"
        assert environment["TRIVIUM_BACKEND"] == "reference"
        assert Path(environment["TRIVIUM_CACHE"]).is_relative_to("/somewhere")


def results() -> dict:
    """Figures made up so that every kind of cell occurs."""
    own = {"seconds": 2e-6, "quartiles": [1e-6, 3e-6], "samples": [2e-6], "flops": 5e10}
    peer = {**own, "seconds": 3e-6, "bytes": 3 * 2**20, "compile_seconds": 1.5}
    return {
        "command": "python -m benchmarks",
        "machine": {
            "processor": "a processor",
            "cores": 2,
            "threads": 2,
            "memory_bytes": 2**34,
            "system": "Linux",
            "date": "2000-01-01 00:00 +0000",
            "python": "3.11",
            "backend": "default",
            "versions": {"numpy": "2"},
            "quick": True,
        },
        "peak": {"best": "MKL", "flops": 1e11, "all": {}},
        "rows": [
            {
                "name": "mlp-tiny",
                "contenders": {
                    "Trivium": {**own, "bytes": 2**20},
                    "JAX": peer,
                    "NumPy": {"unavailable": "failed: a | b"},
                },
                "ratio": [1.4, 1.5, 1.6],
                "against": "JAX",
                "others": 1.25,
            },
            {"name": "chain", "error": "ValueError: no"},
            {
                "name": "memory",
                "contenders": {"Trivium": {"bytes": 2**20}, "PyTorch": {"bytes": 4 * 2**20}},
                "ratio": [0.25] * 3,
                "against": "PyTorch",
            },
            {
                "name": "products",
                "contenders": {"Trivium": {"flops": 2e10}, "MKL": {"flops": 1e10}},
                "ratio": [1.9, 2.0, 2.1],
                "against": "the best BLAS for each case",
            },
            {"name": "threads", "contenders": {}, "ratio": None, "notes": ["needs two"]},
        ],
    }


class TestReport:
    @pytest.mark.parametrize("make", [report.as_text, report.as_markdown])
    def test_losing_and_failed_rows_are_shown(self, make: object) -> None:
        text = make(results())  # type: ignore[operator]
        lines = {name: line for name in ROWS for line in text.splitlines()[::-1]
                 if ROWS[name].title in line}  # fmt: skip
        assert "1.50 × (missed)" in lines["mlp-tiny"]
        assert "2.00 µs" in lines["mlp-tiny"] and "3.00 µs" in lines["mlp-tiny"]
        assert "50%" in lines["mlp-tiny"]
        assert "1 MiB (3 MiB)" in lines["mlp-tiny"]
        assert "failed" in lines["chain"]
        assert "0.25 ×" in lines["memory"] and "missed" not in lines["memory"]
        assert "≤ 0.7 ×" in lines["memory"]
        assert "20.0 GFLOP/s" in lines["products"] and "10.0 GFLOP/s" in lines["products"]
        assert "ValueError: no" in text
        assert "mlp-tiny: NumPy: failed: a | b" in text
        assert "other processes used 1.2 cores" in text
        assert "threads: needs two" in text
        assert "--quick" in text

    def test_a_markdown_table_has_as_many_cells_in_every_line(self) -> None:
        tables = [
            [line for line in part.splitlines() if line.startswith("|")]
            for part in report.as_markdown(results()).split("\n\n")
        ]
        for table in filter(None, tables):
            assert len({line.replace("\\|", "").count("|") for line in table}) == 1

    def test_the_page_is_written_between_its_markers(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
        for _ in range(2):
            report.insert(page, "new")
            expected = f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
            assert page.read_text() == expected
        page.write_text("no markers")
        with pytest.raises(ValueError, match="has no lines"):
            report.insert(page, "new")

    @pytest.mark.parametrize(
        ("seconds", "said"),
        [
            (12.34, "12.3 s"),
            (0.00999, "9.99 ms"),
            (1.5e-5, "15.0 µs"),
            (123e-9, "123 ns"),
        ],
    )
    def test_times_have_three_digits(self, seconds: float, said: str) -> None:
        assert report.time_of(seconds) == said

    def test_less_memory_is_better(self) -> None:
        row = ROWS["memory"]
        assert row.reached(0.69, row.required) and not row.reached(0.71, row.required)
        row = replace(row, at_most=False)
        assert not row.reached(0.69, row.required) and row.reached(0.71, row.required)


class TestCommand:
    def test_the_rows_are_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--list"]) == 0
        listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
        assert listed == list(ROWS)

    def test_figures_are_shown_again(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        path = tmp_path / "figures.json"
        path.write_text(json.dumps(results()))
        assert main(["--show", str(path)]) == 1  # one of the rows failed
        assert capsys.readouterr().out.strip() == report.as_text(results()).strip()

    @pytest.mark.parametrize("wrong", [["--only", "no-row"], ["--threads", "0"]])
    def test_wrong_requests_are_refused(
        self, wrong: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as refused:
            main(wrong)
        assert refused.value.code == 2
        assert "error:" in capsys.readouterr().err


def test_the_page_explains_every_row(repository: Path) -> None:
    page = (repository / "docs" / "performance.md").read_text(encoding="utf-8")
    for row in ROWS.values():
        assert f"| `{row.name}` |" in page
    for name in CONTENDERS:
        assert name in page
    assert set(TASKS) <= set(ROWS)
    assert page.index(report.BEGIN) < page.index(report.END)
