"""The README's Python runs as it stands."""

import re
import subprocess
import sys
from pathlib import Path


def test_the_python_of_the_readme_runs_from_top_to_bottom(
    repository: Path, tmp_path: Path
) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert blocks, "the README shows no Python"
    program = tmp_path / "readme.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(program)], cwd=tmp_path, text=True, capture_output=True
    )
    assert result.returncode == 0, result.stderr
