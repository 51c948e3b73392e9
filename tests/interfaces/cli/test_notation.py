"""``trivium notation``: every call runs, and gives what mathematics says it must."""

import math

import pytest

from trivium.interfaces.cli.notation import result_of, text_of
from trivium.mathematics.notation import GROUPS, NOTATION, find

# By hand, not by Trivium: symbol → the value that its call must have.
EXPECTED = {
    "x": 3,
    "𝐱": [1, 2, 3],
    "xᵢ": 2,
    "X": [[1, 2], [3, 4]],
    "𝒳": [2, 3, 4],
    "I": [[1, 0], [0, 1]],
    "diag(x)": [[3, 0], [0, 4]],
    "0": [0, 0, 0],
    "∈ ℝⁿˣᵐ": [2, 3],
    "[x; y]": [1, 2, 3],
    "Σ": 1 + 2 + 3 + 4,
    "Π": math.factorial(4),
    "⊙": [4, 10, 18],
    "x · y": 4 + 10 + 18,
    "x ⊗ y": [[3, 4], [6, 8]],
    "𝟙[·]": [0, 1, 1],
    "max": 5,
    "argmax": 1,
    "argmin": 2,
    "σ(x)": 1 / (1 + 1),
    "softmax": [1 / 4] * 4,
    "[x]₊": [0, 3],
    "Xᵀ": [[1, 3], [2, 4]],
    "X⁻¹": [[1 / 2, 0], [0, 1 / 4]],
    "X⁺": [[1 / 2, 0], [0, 0]],
    "XY": [[2, 1], [4, 3]],
    "tr(X)": 1 + 4,
    "det(X)": 1 * 4 - 2 * 3,
    "rank(X)": 1,
    "λ": [2 - 1, 2 + 1],
    "σᵢ(X)": [4, 3],
    "‖x‖₁": 7,
    "‖x‖₂": 5,
    "‖x‖_∞": 4,
    "‖X‖_F": math.sqrt(1 + 4 + 4 + 16),
    "X ≈ U S Vᵀ": 1,
    "f′(x)": 3 * 2**2,
    "∂f/∂x": 2 * 3 * 5,
    "∇f": [2, 4],
    "J": [[3, 2], [1, 1]],
    "H": [[2 * 2, 2 * 1], [2 * 1, 0]],
    "J v": [2, 0],
    "vᵀJ": [[0, 4]],
    "p(x)": math.comb(5, 2) / 2**5,
    "F(x)": 1 / 2,
    "X ∼ 𝒩(μ, σ²)": True,
    "E[X]": 4,
    "Var[X]": 2**2,
    "Cov[X, Y]": [[4, 3], [3, 9]],
    "ρ": 3 / math.sqrt(4 * 9),
    "ℓ(θ)": 3 * math.log(1 / 2),
    "H(p)": 1 / 2 * 1 + 2 * (1 / 4 * 2),
    "H(p, q)": -(math.log2(1 / 4) + math.log2(3 / 4)) / 2,
    # The first column has 3/4 of the probability, of which 1/3 and 2/3; the second is certain.
    "H(X | Y)": 3 / 4 * (math.log2(3) - 2 / 3),
    "KL(p‖q)": math.log2(4),
    "I(X; Y)": 1,
    "O(nᵏ)": [2 * n**3 for n in (8, 16, 32)],
    "log": 0,
    "exp": 1,
}


@pytest.mark.parametrize("row", NOTATION, ids=lambda row: row.symbol)
def test_every_call_gives_what_mathematics_says(row):
    expected, found = EXPECTED[row.symbol], result_of(row)
    assert flat(found) == pytest.approx(flat(expected), abs=1e-12)
    assert shape(found) == shape(expected)


def flat(value):
    return [x for each in value for x in flat(each)] if isinstance(value, list) else [value]


def shape(value):
    return [len(value), *shape(value[0])] if isinstance(value, list) else []


def test_nothing_is_expected_that_is_not_in_the_table():
    symbols = [row.symbol for row in NOTATION]
    assert sorted(symbols) == sorted(EXPECTED)
    assert len(set(symbols)) == len(symbols)


def test_every_row_is_complete_and_in_its_group():
    order = list(dict.fromkeys(row.group for row in NOTATION))
    assert order == list(GROUPS)
    assert [row.group for row in NOTATION] == sorted(
        (row.group for row in NOTATION), key=order.index
    )
    for row in NOTATION:
        assert row.english and row.latex
        assert any("\u4e00" <= sign <= "\u9fff" for sign in row.chinese), row.symbol


def test_the_table(cli):
    done = cli("notation")
    assert (done.code, done.err) == (0, "")
    for row in NOTATION:
        line = next(
            each for each in done.out.splitlines() if each.startswith(row.symbol + "  ")
        )
        assert row.english in line
        assert row.call in line
        assert line.endswith(text_of(result_of(row)))
    for title, _ in GROUPS.values():
        assert title in done.out


def test_json_and_chinese(cli):
    rows = cli("notation", "--json", "--lang", "zh").json["notation"]
    assert [row["symbol"] for row in rows] == [row.symbol for row in NOTATION]
    assert rows[0] == {
        "symbol": "x", "latex": "x", "meaning": "标量：一个数", "call": "tv.tensor(3.0)",
        "result": 3.0, "group": "数与数组",
    }  # fmt: skip
    assert "符号" in cli("notation", "∇f", "--lang", "zh").out


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("∇f", ["∇f"]),
        ("nabla", ["∇f"]),
        ("KL", ["KL(p‖q)"]),
        ("H", ["H", "H(p)", "H(p, q)", "H(X | Y)"]),
        ("h", ["H", "H(p)", "H(p, q)", "H(X | Y)"]),
        ("Hessian", ["H"]),
        ("黑塞", ["H"]),
        ("transpose", ["Xᵀ"]),
        ("Σ", ["Σ", "Cov[X, Y]"]),
        ("σ", ["σ(x)", "σᵢ(X)", "X ∼ 𝒩(μ, σ²)"]),
        ("‖x‖", ["‖x‖₁", "‖x‖₂", "‖x‖_∞"]),
        ("λ", ["λ"]),
        ("ρ", ["ρ"]),
        ("big-o", ["O(nᵏ)"]),
        ("norm", ["‖x‖₁", "‖x‖₂", "‖x‖_∞", "‖X‖_F"]),
    ],
)
def test_looking_up(text, symbols):
    assert [row.symbol for row in find(text)] == symbols


def test_what_is_not_there_is_refused(cli):
    done = cli("notation", "hesian")
    assert (done.code, done.out) == (2, "")
    assert "neither a symbol" in done.err
    done = cli("notation", "softmx")
    assert "Did you mean 'softmax'?" in done.err
    assert cli("notation", "  ").code == 2


def test_the_page_has_the_table(repository):
    """docs/notation.md shows every row, with the result that its call has here."""
    page = (repository / "docs" / "notation.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ") and "`" in line]
    shown = [
        (row.symbol, row.english, row.chinese, f"`{row.call}`", f"`{text_of(result_of(row))}`")
        for row in NOTATION
    ]
    assert lines == [
        "| " + " | ".join(cell.replace("|", r"\|") if i < 3 else cell
                          for i, cell in enumerate(cells)) + " |"
        for cells in shown
    ]  # fmt: skip
    for title, _ in GROUPS.values():
        assert f"## {title}\n" in page


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "utf-8"])
def test_no_encoding_is_an_obstacle(process, encoding):
    done = process("notation", "--lang", "zh",
                   env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}, text=False)  # fmt: skip
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, b"")
    assert "tv.tensor(3.0)" in out.decode(encoding)
    assert ("梯度" in out.decode(encoding)) == (encoding != "ascii")
