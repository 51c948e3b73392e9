"""The house's rules about imports: no floor looks upward, and `import trivium` is cheap."""

import subprocess
import sys
from pathlib import Path

import grimp

HEAVY = ("cyclopts", "matplotlib", "pandas", "polars", "pyarrow", "rich", "scipy", "sklearn")


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, text=True, capture_output=True)


def test_no_floor_imports_a_higher_one(repository: Path) -> None:
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    result = run(sys.executable, "-c", program, "--no-cache", cwd=repository)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 kept, 0 broken" in result.stdout


def test_only_interfaces_import_the_public_face() -> None:
    """`trivium/__init__.py` re-exports the floors: a floor that imports it is a cycle."""
    graph = grimp.build_graph("trivium", cache_dir=None)
    importers = graph.find_modules_that_directly_import("trivium")
    floors = ("trivium.engine", "trivium.mathematics", "trivium.learning", "trivium.insight")
    assert [name for name in sorted(importers) if name.startswith(floors)] == []


def test_importing_trivium_loads_no_heavy_package(tmp_path: Path) -> None:
    program = f"import sys, trivium\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"
    result = run(sys.executable, "-c", program, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[]\n"
