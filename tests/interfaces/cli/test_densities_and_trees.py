"""Generative classifiers and decision trees on the command line."""

import pytest


def test_a_gaussian_classifier_needs_no_other_choice(cli):
    done = cli("fit", "iris", "--target", "species", "--model", "gaussian:covariance=shared",
               "--out", "run", "--json")  # fmt: skip
    assert done.code == 0
    assert done.json["objective"] == "JointLikelihood()"
    assert done.json["algorithm"] == "ClosedForm()"
    assert done.json["metrics"]["test"]["accuracy"] > 0.9
    assert "16 digits" in cli("show", "run").out


def test_a_tree_is_pruned_on_the_validation_part_and_shows_its_path(cli):
    done = cli("fit", "iris", "--model", "tree", "--out", "run", "--json")
    assert done.code == 0
    assert done.json["algorithm"] == "Growing(prune='cost-complexity')"
    shown = cli("show", "run")
    assert "leaves" in shown.out and "penalty" in shown.out and "epochs" not in shown.out
    assert cli("predict", "run", "iris", "--out", "p.csv").code == 0
    again = cli("resume", "run")
    assert again.code == 2 and "finished" in again.err


def test_a_tree_without_validation_has_no_small_leaves(cli):
    done = cli("fit", "iris", "--model", "tree", "--validation", "0", "--json")
    assert done.json["algorithm"] == "Growing(min_leaf=0.041)"  # 5 of 120 rows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "tree", "--algorithm", "adam"), "derivatives are zero"),
        (("--model", "linear", "--objective", "joint-likelihood"), "how features arise"),
        (("--model", "naive-bayes:bernoulli"), "0 or 1"),
        (("--model", "gaussian:covariance=ful"), "none of the four kinds"),
        (("--model", "tree", "--algorithm", "growing:prune=reduced-error", "--validation", "0"),
         "errors on validation data"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_in_a_sentence(cli, options, message):
    done = cli("fit", "iris", *options)
    assert done.code == 2
    assert message in " ".join(done.err.split())
