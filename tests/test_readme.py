"""The Python of the README, of the core tutorial and of the examples runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = ("README.md", "docs/internals/core-from-scratch.md")


def run(program: Path, cwd: Path) -> str:
    result = subprocess.run(
        [sys.executable, str(program)], cwd=cwd, text=True, capture_output=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: str, repository: Path, tmp_path: Path
) -> None:
    text = (repository / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert blocks, f"{page} shows no Python"
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    run(program, tmp_path)


def test_the_apples_example_prints_the_derivatives_of_the_concept(
    repository: Path, tmp_path: Path
) -> None:
    numbers = re.findall(r"[\d.]+$", run(repository / "examples" / "apples.py", tmp_path),
                         flags=re.MULTILINE)  # fmt: skip
    assert [float(number) for number in numbers] == [220, 1, 1.1, 2.2, 110, 200]
    picture = (tmp_path / "apples.svg").read_text(encoding="utf-8")
    shown = re.findall(r'class="(?:value|gradient)"[^>]*>([\d.]+)<', picture)
    assert sorted(map(float, shown)) == [1, 1.1, 1.1, 2, 2.2, 100, 110, 200, 200, 220]
