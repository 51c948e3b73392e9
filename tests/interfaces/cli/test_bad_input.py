"""Whatever is wrong with the data or the request: exit code 2 and one helpful message."""

import gzip

import pytest

GOOD = "x,y\n" + "\n".join(f"{i},{i % 2}" for i in range(20)) + "\n"
TARGET = ("--target", "y")


def refused(cli, *arguments):
    """The one message of a command that is refused."""
    done = cli(*arguments)
    assert done.code == 2, (done.out, done.err)
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0].startswith("error: ")
    assert done.err.count("error: ") == 1
    return done.err


# name → content of the file, further arguments, words that the message must have.
FILES = {
    "empty": (b"", TARGET, ["table.csv", "is empty"]),
    "blank": (b" \n \n", TARGET, ["table.csv", "nothing but blanks"]),
    "header only": (b"x,y\n", TARGET, ["table.csv", "2 columns", "no rows"]),
    "one row": (b"x,y\n1,2\n", TARGET, ["one row", "Two rows are the least"]),
    "target missing": (GOOD.encode(), ("--target", "why"), ["no target column 'why'", "'y'"]),
    "target near": (
        b"size,price\n1,2\n3,4\n", ("--target", "prise"), ["'prise'", "Did you mean 'price'?"],
    ),
    "target constant": (b"x,y\n1,2\n2,2\n3,2\n", TARGET, ["'y'", "2 in all 3 rows"]),
    "target with missing values": (
        b"x,y\n1,a\n2,\n3,b\n4,a\n", TARGET, ["target 'y'", "missing in 1 row", "line 3"],
    ),
    "ragged": (b"x,y\n1,2\n3,4,5\n6,7\n", TARGET, ["table.csv", "line 3", "3", "2"]),
    "text among numbers": (
        ("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(30)) + "many,1\n").encode(),
        TARGET,
        ["column 'x'", "'many'", "line 32", "--missing many", "--categories x"],
    ),
    "infinite": (
        GOOD.replace("\n3,", "\ninf,").encode(), TARGET, ["column 'x'", "line 5", "'inf'"],
    ),
    "only missing features": (b"x,y\nNaN,1\nNaN,0\nNaN,1\n", TARGET, ["'x'", "no feature"]),
    "class with one example": (
        (GOOD + "3,2\n").encode(),
        TARGET,
        ["class 2 has one example", "line 22", "--no-stratify"],
    ),
    "duplicate names": (b"x,x,y\n1,2,3\n4,5,6\n", TARGET, ["'x'", "columns 1, 2", "line 1"]),
    "not UTF-8": (
        "x,y\ncafé,1\nthé,0\n".encode("latin-1"), TARGET, ["line 2", "0xe9", "UTF-8", "iconv"],
    ),
    "binary": (bytes(range(256)) * 4, TARGET, ["table.csv", "binary file"]),
    "compressed": (gzip.compress(GOOD.encode()), TARGET, ["gzip", "gunzip"]),
    "10,000 columns of one row": (
        (",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join("1" * 10_000)).encode(),
        ("--target", "c5"),
        ["one row", "10,000 columns"],
    ),
    "labels as floats": (
        ("x,y\n" + "".join(f"{i},{i % 3}.0\n" for i in range(30))).encode(),
        TARGET,
        ["'y'", "3 different floats", "whole numbers or as text"],
    ),
    "dates": (
        ("when,y\n" + "".join(f"2026-01-{i + 10},{i % 2}\n" for i in range(20))).encode(),
        TARGET,
        ["'when'", "dates", "line 2", "--drop when"],
    ),
    "ambiguous commas": (
        b'x;y\n1,234;1\n5,678;0\n9,123;1\n', TARGET, ["'x'", "comma", "--decimal ,", "--decimal ."],
    ),
    "a header that is data": (b"1.5,2.5\n3.5,4.5\n", TARGET, ["line 1", "--names"]),
    "more classes than test rows": (
        ("x,y\n" + "".join(f"{i},c{i % 9}\n" for i in range(27))).encode(),
        TARGET,
        ["9 classes", "--no-stratify"],
    ),
    "weights that are no numbers": (
        b"x,y,w\n1,0,a\n2,1,b\n3,0,a\n", (*TARGET, "--weight", "w"), ["weights", "'w'", "line 2"],
    ),
    "a column to drop that is not there": (
        GOOD.encode(), (*TARGET, "--drop", "z"), ["no column 'z'", "'x', 'y'"],
    ),
    "batch larger than the data": (
        GOOD.encode(), (*TARGET, "--batch-size", "32"), ["--batch-size 32", "rows", "or less"],
    ),
    "class objective on a quantity": (
        ("x,y\n" + "".join(f"{i},{i * i / 7:.2f}\n" for i in range(30))).encode(),
        (*TARGET, "--objective", "cross-entropy"),
        ["cross-entropy", "class labels", "'y'", "floats", "squared-error"],
    ),
    "quantity objective on classes": (
        ("x,y\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(30))).encode(),
        (*TARGET, "--objective", "squared-error"),
        ["squared-error", "'y'", "text", "cross-entropy"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files(cli, tmp_path, name):
    content, options, words = FILES[name]
    (tmp_path / "table.csv").write_bytes(content)
    message = refused(cli, "fit", "table.csv", *options)
    for word in words:
        assert word in message, message
    assert not (tmp_path / "runs").exists()


# arguments → words that the message must have.
REQUESTS = {
    ("fit", "nowhere.csv", "--target", "y"): ["no file nowhere.csv"],
    ("fit", "irsi"): ["neither built-in data nor a file", "Did you mean 'iris'?"],
    ("fit", "no/folder/x.csv", "--target", "y"): ["folder", "does not exist"],
    ("fit", "."): ["is a folder"],
    ("fit", ""): ["DATA is empty"],
    ("fit", "https://example.org/x.csv"): ["download the file first"],
    ("fit", "iris", "--target", "price"): ["'species'", "leave --target out"],
    ("fit", "iris", "--drop", "x"): ["--drop is for files"],
    ("fit", "iris:n=3"): ["have no option 'n'"],
    ("fit", "spirals:noise"): ["spirals:n=200"],
    ("fit", "iris", "--epochs", "3.5"): ["--epochs: '3.5' is no whole number."],
    ("fit", "iris", "--seed", "one"): ["--seed: 'one' is no whole number."],
    ("fit", "spirals:n=many"): ["whole number", "'many'"],
    ("fit", "iris", "--model", "mpl:3"): ["'mpl'", "Did you mean 'mlp'?", "linear"],
    ("fit", "iris", "--model", "mlp:0"): ["hidden", "at least 1"],
    ("fit", "iris", "--model", "mlp:3,activation=rel"): ["rel", "relu"],
    ("fit", "iris", "--model", "mlp:3,dorpout=0.1"): ["'dorpout'", "Did you mean 'dropout'?"],
    ("fit", "iris", "--model", ""): ["empty"],
    ("fit", "iris", "--objective", "cross-entrpy"): ["Did you mean 'cross-entropy'?"],
    ("fit", "iris", "--objective=-1*l2"): ["L2()", "zero or positive"],
    ("fit", "iris", "--objective", "l2"): ["never looks at the data"],
    ("fit", "iris", "--objective", "binary-cross-entropy"): ["3", "CrossEntropy"],
    ("fit", "iris", "--algorithm", "adan"): ["Did you mean 'adam'?"],
    ("fit", "iris", "--algorithm", "adam:learning_rate=-1"): ["learning rate", "positive", "-1"],
    ("fit", "iris", "--algorithm", "adam:lerning_rate=1"): ["Did you mean 'learning_rate'?"],
    ("fit", "iris", "--algorithm", "closed-form"): ["no closed form", "CrossEntropy"],
    ("fit", "iris", "--model", "threshold"): ["ThresholdNeuron", "3"],
    ("fit", "iris", "--epochs", "-1"): ["--epochs must be at least 0", "-1"],
    ("fit", "iris", "--out", ""): ["--out is empty"],
    ("fit", "iris", "--seed", "9" * 30): ["seed"],
    ("fit", "iris", "--batch-size", "0"): ["batch_size", "at least 1"],
    ("fit", "iris", "--batch-size", "5000"): ["5000", "96 rows"],
    ("fit", "iris", "--patience", "0"): ["patience", "at least 1"],
    ("fit", "iris", "--seed", "-1"): ["--seed", "-1"],
    ("fit", "iris", "--test", "1.5"): ["--test is a fraction", "'1.5'"],
    ("fit", "iris", "--test", "nan"): ["--test is a fraction"],
    ("fit", "iris", "--test", "150"): ["150"],
    ("fit", "iris", "--validation", "-0.2"): ["--validation is a fraction", "'-0.2'"],
    ("fit", "iris", "--validation", "2"): ["2 rows", "3 classes"],
    ("fit", "iris", "--dtype", "float23"): ["float32", "float64"],
    ("fit", "iris", "--epochs", "many"): ["--epochs", "many"],
    ("fit", "iris", "--epoch", "3"): ["--epoch", "Did you mean --epochs?"],
    ("fit", "iris", "more"): ["'more'", "one argument too many"],
    ("fit",): ["trivium fit needs DATA", "trivium fit --help"],
    ("fit", "iris", "--epochs"): ["--epochs needs a value"],
    ("fti", "iris"): ["fti", 'Did you mean "fit"?'],
    ("data", "shwo", "iris"): ["shwo", 'Did you mean "show"?'],
    ("data", "show", "irsi"): ["Did you mean 'iris'?"],
    ("show", "runs/nothing"): ["no run at 'runs/nothing'", "trivium runs"],
    ("resume", "nothing"): ["no run at 'nothing'"],
    ("resume", ""): ["no run at ''"],
    ("predict", "nothing", "iris"): ["no run at 'nothing'"],
    ("predict", "nothing"): ["trivium predict needs DATA"],
    ("runs", "--root", "nowhere"): ["no directory 'nowhere'"],
    ("runs", "--rot", "nowhere"): ["Did you mean --root?"],
}  # fmt: skip


@pytest.mark.parametrize("arguments", REQUESTS, ids=" ".join)
def test_requests(cli, tmp_path, arguments):
    message = refused(cli, *arguments)
    for word in REQUESTS[arguments]:
        assert word in message, message
    assert not (tmp_path / "runs").exists()


def test_a_file_needs_a_target(cli, houses):
    message = refused(cli, "fit", houses)
    assert "--target price" in message
    assert "'id', 'size', 'city', 'garden', 'price'" in message


def test_a_name_near_a_file(cli, houses):
    assert "Did you mean 'houses.csv'?" in refused(cli, "fit", "house", "--target", "price")
    assert "Did you mean 'houses.csv'?" in refused(cli, "fit", "huoses.csv", "--target", "x")


def test_directories_that_are_taken(cli, tmp_path, houses):
    assert "is a file" in refused(cli, "fit", "iris", "--out", houses)
    assert "is not empty" in refused(cli, "fit", "iris", "--out", tmp_path)
    assert cli("fit", "diabetes", "--out", "run").code == 0
    assert "trivium resume run" in refused(cli, "fit", "iris", "--out", "run")


def test_json_keeps_standard_output_empty_when_refused(cli):
    assert cli("fit", "irsi", "--json").out == ""
    assert cli("show", "nothing", "--json").out == ""


def test_a_process_of_its_own_exits_with_2(process):
    command = process("fit", "nowhere.csv", "--target", "y")
    out, err = command.communicate(timeout=60)
    assert (command.returncode, out) == (2, "")
    assert err == "error: There is no file nowhere.csv.\n"
