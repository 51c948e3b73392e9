"""Help, version, completion, and that they are there at once."""

import shutil
import subprocess
import sys

import pytest

from trivium import __version__

COMMANDS = [
    (),
    ("fit",),
    ("predict",),
    ("resume",),
    ("show",),
    ("derive",),
    ("runs",),
    ("compress",),
    ("notation",),
    ("data",),
    ("data", "list"),
    ("data", "show"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_at_every_level_has_examples(cli, command):
    done = cli(*command, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(" ".join(["Usage: trivium", *command]))
    example = " ".join(["  trivium", *command])
    assert any(line.startswith(example) for line in done.out.splitlines()), done.out


def test_every_option_is_explained(cli):
    """No row of the help has a name and nothing beside it."""
    for command in COMMANDS:
        for line in cli(*command, "--help").out.splitlines():
            cells = line.strip("│ ").split("  ")
            if line.startswith("│ --"):
                assert len([cell for cell in cells if cell.strip()]) > 1, line


def test_options_of_the_issue_are_there(cli):
    text = cli("fit", "--help").out
    for option in ("target", "model", "objective", "algorithm", "epochs", "batch-size",
                   "validation", "test", "seed", "out", "json"):  # fmt: skip
        assert f"--{option}" in text


def test_no_command_shows_the_help(cli):
    assert cli().out == cli("--help").out
    assert cli("data").out == cli("data", "--help").out


def test_version(cli):
    assert cli("--version").out == f"{__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_completion_is_made_for_every_shell(shell):
    from trivium.interfaces.cli.app import app

    script = app.generate_completion(shell=shell)
    for word in ("fit", "predict", "resume", "--batch-size", "float64"):
        assert word in script
    program = shutil.which(shell)
    if program and shell != "powershell":
        subprocess.run([program, "-n"], input=script, text=True, check=True, timeout=30)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed(cli, tmp_path, monkeypatch, shell):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("ZSH_CUSTOM", raising=False)
    monkeypatch.delenv("ZSH", raising=False)
    done = cli("--install-completion", "--shell", shell)
    assert done.code == 0
    assert [path for path in tmp_path.rglob("*trivium*") if path.is_file()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("fit", "i"), {"iris", "houses.csv", "runs/"}),
        (("fit", "houses.csv", "--target", ""), {"id", "size", "city", "garden", "price"}),
        (("fit", "iris", "--model", ""), {"linear", "mlp", "threshold"}),
        (("fit", "iris", "--objective", ""), {"cross-entropy", "huber", "l2"}),
        (("fit", "iris", "--algorithm", ""), {"adam", "closed-form", "sgd"}),
        (("show", ""), {"runs/mine"}),
        (("derive", ""), {"runs/mine", "linear", "mlp"}),
        (("derive", "mlp:3", "iris", "--target", ""), set()),
        (("predict", "runs/m"), {"runs/mine"}),
        (("fit", "nowhere.csv", "--target", ""), set()),
    ],
)
def test_tab_offers_what_there_is(cli, houses, tmp_path, words, offered):
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "run.json").write_text("{}")
    done = cli("__complete", *words)
    assert (done.code, done.err) == (0, "")
    found = {line.partition("\t")[0] for line in done.out.splitlines()}
    assert offered <= found
    assert "" not in found - {line for line in done.out.splitlines() if not line}


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["--version"], {"numpy", "cyclopts", "rich"}),
        (["--help"], {"numpy", "polars", "sklearn", "scipy", "trivium.engine"}),
        (["fit", "--help"], {"numpy", "polars", "sklearn", "scipy", "trivium.engine"}),
        (["runs"], {"polars", "sklearn", "scipy", "matplotlib"}),
        (["data", "list"], {"polars", "sklearn", "scipy"}),
    ],
)
def test_nothing_is_loaded_that_is_not_used(tmp_path, arguments, absent):
    """What makes the commands quick, stated without a clock."""
    program = (
        "import sys; from trivium.interfaces.cli import main; "
        f"main({arguments!r}); print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert done.returncode == 0
    assert not absent & set(done.stderr.split())
