"""The page about data: its examples run and print what it shows, its table is complete."""

import contextlib
import io
import re

from trivium.learning.data import load, names


def table_of_houses() -> str:
    rows = ["id,name,area,rooms,street,garden,price"]
    for i in range(60):
        area = "" if i % 6 == 0 else f"{42 + 2 * i + i % 7 * 0.1}"
        street = "" if i % 7 == 3 else ["Main", "Hill", "Lane"][i % 3]
        garden = "no" if i % 3 == 2 else "yes"
        price = 80 + 5 * i + i % 5 * 3 - i % 4
        rows.append(f"{100 + i},House {i},{area},{i % 5 + 1},{street},{garden},{price}")
    return "\n".join(rows) + "\n"


def test_the_examples_run_and_print_what_the_page_shows(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "houses.csv").write_text(table_of_houses())
    page = (repository / "docs" / "data.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(python|text)\n(.*?)```", page, re.DOTALL)
    assert len(blocks) >= 8
    space: dict[str, object] = {}
    printed = ""
    for kind, block in blocks:
        if kind == "text":
            assert printed == block
            continue
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(block, "data.md", "exec"), space)
        printed = out.getvalue()


def test_the_table_of_built_in_data_is_complete(repository):
    page = (repository / "docs" / "data.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| ([\d,]+) \|", page, re.MULTILINE))
    assert list(listed) == names()
    for name, rows in listed.items():
        assert f"{len(load(name)):,}" == rows
