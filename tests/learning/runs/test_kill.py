"""``kill -9`` at any moment never loses the last good state."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forked")


def crash(kind: str, directory: Path, *options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("crashes.py"), kind, directory, *options],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},  # a single thread, so that it may fork
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("options", [[], ["--no-links"]], ids=["hard-links", "no-hard-links"])
def test_killed_at_every_call_to_the_system(tmp_path: Path, options: list[str]) -> None:
    assert crash("calls", tmp_path, *options)["deaths"] > 100


def test_killed_at_every_call_of_the_creation(tmp_path: Path) -> None:
    assert crash("creation", tmp_path)["deaths"] > 10


def test_killed_at_sixty_random_moments(tmp_path: Path) -> None:
    assert crash("moments", tmp_path)["steps"] > 1
