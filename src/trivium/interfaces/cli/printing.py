"""What fits and runs look like to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trivium.learning.data.words import counted

from .terminal import Screen, emit_json, shown, table
from .wording import quoted_word

if TYPE_CHECKING:
    from trivium.learning.data import Dataset
    from trivium.learning.defaults import Recommendation

    from .records import Record

__all__ = ["heading_of", "measure", "metrics_table", "outcome"]


def heading_of(
    dataset: Dataset,
    chosen: Recommendation,
    rows: int,
    held: Dataset | None,
    test: Dataset | None,
) -> list[str]:
    """What is said before the fit: the data, the three steps and why, what was noticed."""
    parts = [f"{rows:,} to train on"]
    parts += [f"{len(held):,} to validate"] if held is not None else []
    parts += [f"{len(test):,} to test"] if test is not None else []
    what = f"{len(dataset):,} rows ({', '.join(parts)})"
    lines = [f"{dataset.name}: {what}, target {dataset.target_name!r} ({chosen.task})"]
    for name in ("model", "objective", "algorithm"):
        reason = chosen.reasons.get(name)
        because = f"  ({reason})" if reason else ""
        lines.append(f"  {name:<10}{getattr(chosen, name)!r}{because}")
    return [*lines, *(f"  note: {each}" for each in dataset.notes)]


def outcome(record: Record, *, as_json: bool) -> None:
    """After the fit: one JSON object, or the metrics and what to do next."""
    if as_json:
        emit_json(record.to_json())
        return
    screen = Screen()
    screen.print(record.stop.sentence)
    facts = [f"{counted(record.steps, 'step')} in {record.seconds:.1f} s"]
    if record.parameters is not None:
        facts.append(counted(record.parameters, "parameter"))
    if record.result.get("best_epoch") and record.history:
        facts.append(f"best epoch {record.result['best_epoch']} of {record.epochs}")
    screen.print(" · ".join(facts))
    screen.print()
    screen.print(metrics_table(record.metrics))
    screen.print()
    run = quoted_word(record.path)
    screen.print(f"The run lies in {record.path}. What can be done with it:")
    screen.print(f"  trivium show {run}")
    screen.print(f"  trivium predict {run} DATA --out predictions.csv")


def metrics_table(metrics: dict[str, dict[str, float]]) -> Any:
    """Parts as rows, measures as columns."""
    names = list(dict.fromkeys(name for scores in metrics.values() for name in scores))
    heads = ("", *(_READABLE.get(name, name) for name in names))
    rows = [
        (part, *(measure(name, scores[name]) if name in scores else "" for name in names))
        for part, scores in metrics.items()
    ]
    return table(heads, rows, right=range(1, len(heads)))


_READABLE = {"r2": "R²", "rmse": "RMSE"}


def measure(name: str, value: float) -> str:
    """A measure for people: shares with four decimals, others with four digits."""
    return f"{value:.4f}" if name in ("accuracy", "r2") and abs(value) < 10 else shown(value)
