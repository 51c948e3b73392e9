"""The page about the command line shows what the commands print."""

import os
import re
import shlex

import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from trivium.interfaces.cli import main

NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?")
CURVE = re.compile(r"[▁▂▃▄▅▆▇█]+")


def plain(line):
    """A line without what differs between machines and days."""
    line = re.sub(r"\d{4}-\d\d-\d\d", "DATE", line)
    line = re.sub(r"DATE-(\d{3})", r"DATE-\1 ", line)
    return re.sub(r" +", " ", CURVE.sub("~", NUMBER.sub("#", line))).strip()


def agrees(shown, printed):
    """Whether the lines agree; … in the page stands for any lines."""
    pieces = "\n".join(map(plain, shown)).split("\n…\n")
    pattern = r"\n(?:.*\n)*?".join(re.escape(piece) for piece in pieces)
    return re.fullmatch(pattern, "\n".join(map(plain, printed))) is not None


@pytest.fixture
def page(repository):
    return (repository / "docs" / "command-line.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_command_prints_what_the_page_shows(page, houses, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")  # as wide as the page shows it
    assert page.count("```text\nid,size,city,garden,price\n") == 1
    head = houses.read_text().splitlines()[:4]
    assert "\n".join(head) in page
    (tmp_path / "new.csv").write_text(
        "size,city,garden\n112,Rome,yes\n,Bern,no\n95,Paris,yes\n"
    )
    Image.fromarray(load_sample_image("china.jpg")).save(tmp_path / "china.png")
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    commands = [part for block in blocks for part in re.split(r"^\$ ", block, flags=re.M)[1:]]
    assert len(commands) > 10
    for part in commands:
        command, *shown = part.rstrip("\n").split("\n")
        program, *arguments = shlex.split(command)
        assert program == "trivium"
        # The runs of the page were made on its own day.
        arguments = [_today(argument) for argument in arguments]
        capfd.readouterr()
        main(arguments)
        out, err = capfd.readouterr()
        printed = (err + out).rstrip("\n").split("\n")
        assert agrees(shown, printed), f"$ {command}\n{err}{out}"


def _today(argument):
    found = re.fullmatch(r"(\w+)-\d{4}-\d\d-\d\d-(\d{3})", argument)
    if not found:
        return argument
    names = os.listdir("runs")
    return next(n for n in names if re.fullmatch(rf"{found[1]}-.*-{found[2]}", n))


def test_every_option_of_fit_is_on_the_page(page, cli):
    for option in set(re.findall(r"--[a-z][a-z-]+", cli("fit", "--help").out)):
        if not option.startswith("--no-") and option not in ("--dtype", "--out", "--target"):
            assert option in page, option
