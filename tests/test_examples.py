"""Every example runs as it stands, ends well, and shows what it says that it shows."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

WRITTEN_BY_HAND = {
    "apples.py",
    "demo.py",
}  # these have tests, or a target of make, of their own
EXAMPLES = {
    "xor_by_hand.py": "1 xor 0 =  1.00",
    "pokemon_regression.py": "Degree 8 with a penalty",
    "own_formula.py": "division by zero: 1 + x is 0 there",
    "digits_with_derivation.py": "wrote digits-derivation.html",
}


@pytest.fixture(scope="module")
def printed(repository, tmp_path_factory):
    """What an example prints; each is run once, in a folder of its own."""
    known: dict[str, tuple[str, Path]] = {}

    def run(name):
        if name not in known:
            folder = tmp_path_factory.mktemp("example")
            done = subprocess.run(
                [sys.executable, str(repository / "examples" / name)],
                cwd=folder, text=True, capture_output=True, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            known[name] = done.stdout, folder
        return known[name]

    return run


def test_every_example_is_run_by_a_test(repository):
    names = {path.name for path in (repository / "examples").glob("*.py")}
    assert names == WRITTEN_BY_HAND | set(EXAMPLES)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_ends_well(printed, name):
    assert EXAMPLES[name] in printed(name)[0]


def test_xor_by_hand_agrees_with_the_engine_to_the_last_digits(printed):
    differences = re.findall(r"largest difference (\S+)", printed("xor_by_hand.py")[0])
    assert len(differences) == 4
    assert max(map(float, differences)) < 1e-12


def test_gradient_descent_and_the_closed_form_find_the_same_line(printed):
    lines = re.findall(
        r"y = +([-\d.]+) \+ ([-\d.]+) · x_cp", printed("pokemon_regression.py")[0]
    )
    descent, closed = np.array(lines, float)
    np.testing.assert_allclose(descent, closed, rtol=1e-3)


def test_the_derivation_of_the_digits_is_written_in_three_ways(printed):
    text, folder = printed("digits_with_derivation.py")
    for name in ("digits-derivation.html", "digits-derivation.tex", "digits_gradients.py"):
        assert (folder / name).stat().st_size > 1000
    assert "import numpy" in (folder / "digits_gradients.py").read_text(encoding="utf-8")
    assert max(map(float, re.findall(r"largest difference (\S+)", text))) < 1e-10
