"""Names that load when they are first used: all are there, and nothing else is loaded."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = (
    "trivium.engine.array",
    "trivium.engine.explanation",
    "trivium.learning.data",
    "trivium.learning.runs",
)
# What only files, tables, runs on disk, explanations and wrong names need.
RARE = (
    "csv", "decimal", "difflib", "html", "importlib.metadata", "json", "tempfile", "zipfile",
    "trivium.engine.explanation.records", "trivium.learning.data.builtin",
    "trivium.learning.data.reading", "trivium.learning.runs.directory",
)  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        assert name in dir(module)
        assert getattr(module, name) is vars(module)[name]
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name


@pytest.mark.parametrize(
    "package, name",
    [("mathematics.minimization", "newton"), ("mathematics.minimization", "cma_es")],
)
def test_a_module_does_not_hide_the_function_of_its_name(package: str, name: str) -> None:
    program = (
        f"import trivium.{package}.{name}\n"
        f"from trivium.{package} import {name}\n"
        f"print(callable({name}))"
    )
    result = subprocess.run((sys.executable, "-c", program), text=True, capture_output=True)
    assert result.stdout == "True\n", result.stderr


def test_the_three_steps_load_nothing_that_is_rarely_needed(tmp_path: Path) -> None:
    program = (
        "import sys, numpy\n"
        "before = set(sys.modules)\n"
        "import trivium as tv\n"
        "tv.models.MLP, tv.objectives.CrossEntropy, tv.algorithms.Adam, tv.fit, tv.Program\n"
        f"print(sorted(set({RARE!r}) & (set(sys.modules) - before)))"
    )
    result = subprocess.run(
        (sys.executable, "-c", program), cwd=tmp_path, text=True, capture_output=True
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[]\n"
