"""Where the words go, whatever the terminal is."""

import subprocess
import sys

import pytest

from trivium.interfaces.cli import main
from trivium.interfaces.cli.wording import for_the_shell


@pytest.mark.parametrize(
    ("encoding", "command"),
    [
        ("ascii", ["fit", "pokemon", "--epochs", "2"]),
        ("cp1252", ["show", "run"]),
        ("ascii", ["runs"]),
        ("utf-8", ["data", "show", "pokemon"]),
        ("latin-1", ["data", "show", "pokemon"]),
    ],
)
def test_no_encoding_is_an_obstacle(cli, process, encoding, command):
    """Signs that a Windows console lacks are written with those it has."""
    cli("fit", "pokemon", "--epochs", "2", "--out", "run", "--quiet")
    done = process(*command, env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}, text=False)
    out, err = done.communicate(timeout=60)
    assert done.returncode == 0, err
    out.decode(encoding)
    err.decode(encoding)
    assert b"Traceback" not in err


def test_json_is_ascii_where_it_must_be(process, tmp_path):
    (tmp_path / "t.csv").write_text(
        "größe,y\n" + "".join(f"{i},{2 * i}.5\n" for i in range(30))
    )
    for encoding in ("ascii", "utf-8"):
        done = process(
            "data", "show", "t.csv", "--json", env={"PYTHONIOENCODING": encoding}, text=False
        )
        out, err = done.communicate(timeout=60)
        assert done.returncode == 0, err
        assert ("größe".encode() in out) == (encoding == "utf-8")


def test_predictions_are_utf_8_whatever_the_terminal_is(cli, process, tmp_path):
    rows = "".join(f"{i},{'äö'[i % 2]}\n" for i in range(40))
    (tmp_path / "t.csv").write_text("x,y\n" + rows, encoding="utf-8")
    assert cli("fit", "t.csv", "--target", "y", "--out", "run", "--epochs", "2", "-q").code == 0
    done = process("predict", "run", "t.csv", env={"PYTHONIOENCODING": "ascii"}, text=False)
    out, _ = done.communicate(timeout=60)
    assert set(out.decode("utf-8").splitlines()[1:]) <= {"ä", "ö"}


@pytest.mark.parametrize("command", [["data", "list"], ["data", "show", "pokemon"], ["--help"]])
def test_a_reader_that_has_read_enough_is_no_error(process, command):
    done = process(*command, env={"PYTHONUNBUFFERED": "1"})
    done.stdout.close()  # before anything is written
    _, err = done.communicate(timeout=60) if done.stdin else (None, done.stderr.read())
    done.wait(timeout=60)
    assert done.returncode == 0
    assert err == ""


def test_predictions_into_head(cli, tmp_path):
    cli("fit", "pokemon", "--epochs", "1", "--out", "run", "--quiet")
    program = "import sys; from trivium.interfaces.cli import main; sys.exit(main())"
    done = subprocess.run(
        f"{sys.executable} -c '{program}' predict run pokemon | head -n 2",
        shell=True, capture_output=True, text=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines()[0] == "prediction"
    assert "Broken" not in done.stderr
    assert "Traceback" not in done.stderr


def test_no_colour_where_there_is_no_terminal(cli):
    done = cli("fit", "diabetes")
    assert "\033" not in done.out + done.err
    assert "\033" not in cli("fit", "nowhere.csv").err


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [40, 120])
@pytest.mark.parametrize("no_color", [None, "1"])
def test_a_terminal(cli, process, columns, no_color):
    """Colour unless NO_COLOR, no line wider than the terminal."""
    cli("fit", "pokemon", "--epochs", "1", "--quiet")
    code, shown = on_a_terminal(process, ["runs"], columns, no_color)
    assert code == 0
    assert "pokemon-" in shown
    assert ("\033[3" in shown) is False or not no_color
    assert max(len(_plain(line)) for line in shown.splitlines()) <= columns


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("columns", [50, 80])
def test_a_narrow_terminal_breaks_lines_between_words(process, tmp_path, columns):
    (tmp_path / "shop.csv").write_text(
        "day,country,sold\n2025-01-31,Liechtenstein,3\n2025-02-28,Switzerland,4\n"
    )
    for arguments, whole in (
        (["fit", "shop.csv", "--target", "sold"], "error: shop.csv: column 'day' holds dates"),
        (["data", "show", "shop.csv"], "2 levels: Liechtenstein, Switzerland"),
    ):
        _, shown = on_a_terminal(process, arguments, columns, None)
        lines = [_plain(line).rstrip() for line in shown.splitlines()]
        assert max(map(len, lines)) <= columns
        assert whole in " ".join(" ".join(lines).split())
        assert "--drop day" in " ".join(" ".join(lines).split())


def on_a_terminal(process, arguments, columns, no_color):
    """The exit code of a command and all that a terminal of so many columns received."""
    import fcntl
    import os
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {"TERM": "xterm-256color", "COLUMNS": "", "PYTHONUTF8": "1"}
    if no_color:
        environment["NO_COLOR"] = no_color
    done = process(*arguments, env=environment, stdout=theirs, stderr=theirs)
    done.wait(timeout=60)
    os.close(theirs)
    text = b""
    while chunk := _read(ours):
        text += chunk
    os.close(ours)
    return done.returncode, text.decode()


def _read(descriptor):
    import os

    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def _plain(line):
    import re

    return re.sub(r"\033\[[0-9;?]*[A-Za-z]", "", line)


def test_unexpected_errors_are_short_unless_asked(cli, monkeypatch, capfd):
    def fail(*_, **__):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("trivium.learning.data.load", fail)
    done = cli("fit", "iris")
    assert (done.code, done.out) == (1, "")
    assert "Something unexpected happened: ZeroDivisionError: by zero" in done.err
    assert "TRIVIUM_DEBUG=1" in done.err
    monkeypatch.setenv("TRIVIUM_DEBUG", "1")
    assert main(["fit", "iris"]) == 1
    assert "Traceback" in capfd.readouterr().err


def test_too_little_memory_is_said(cli, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr("trivium.learning.data.load", fail)
    done = cli("fit", "iris")
    assert done.code == 1
    assert "not enough memory" in done.err


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("leave it out with drop=['when'].", "leave it out with --drop when."),
        ("categories=['a b']", "--categories 'a b'"),
        ('drop=["it\'s"]', "--drop 'it'\"'\"'s'"),
        ("drop=['a', 'b']", "--drop a --drop b"),
        ("Say decimal=',' or decimal='.'", "Say --decimal , or --decimal ."),
        ("or give them: names=[…].", "or give them: --names NAME,NAME,…."),
        ("without strata (stratify=False)", "without strata (--no-stratify)"),
        ("use batch_size=96 or less", "use --batch-size 96 or less"),
        (
            "something\n  your line: file.py, line 3: f(x)\n  to mend it: g",
            "something\n  to mend it: g",
        ),
        ("dropout=0.1 keeps its name", "dropout=0.1 keeps its name"),
    ],
)
def test_python_arguments_are_written_as_options(message, words):
    assert for_the_shell(message) == words
