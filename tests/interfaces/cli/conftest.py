"""A command line to call from tests: in this process, or as one of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from trivium.interfaces.cli import main


@dataclass
class Result:
    """What a command left: its exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must be one strict JSON object and nothing else."""
        record = json.loads(self.out, parse_constant=self._refuse)
        assert isinstance(record, dict)
        return record

    @staticmethod
    def _refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")


@pytest.fixture
def cli(tmp_path, monkeypatch, capfd):
    """Run a command in this process, in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRIVIUM_DEBUG", raising=False)

    def run(*arguments):
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Result(code, out, err)

    return run


@pytest.fixture
def process(tmp_path):
    """Start a command as a process of its own; returns the process."""

    def start(*arguments, **options):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        environment.pop("TRIVIUM_DEBUG", None)
        environment.update(options.pop("env", {}))
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        program = "import sys; from trivium.interfaces.cli import main; sys.exit(main())"
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            **{**streams, **options},
        )

    return start


@pytest.fixture
def houses(tmp_path):
    """A table of mixed types with missing cells, and the path of its file."""
    generator = np.random.default_rng(0)
    lines = ["id,size,city,garden,price"]
    for i in range(120):
        size, city = generator.normal(100, 20), ["Bern", "Rome", "Oslo"][i % 3]
        garden = bool(generator.random() < 0.5)
        price = 3 * size + {"Bern": 80, "Rome": 0, "Oslo": 40}[city] + 25 * garden
        price += generator.normal(0, 5)
        shown = "" if generator.random() < 0.1 else f"{size:.1f}"
        lines.append(f"{i + 1000},{shown},{city},{'yes' if garden else 'no'},{price:.2f}")
    path = tmp_path / "houses.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
