"""Defaults: the rule as documented, and that it suits data of every kind."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import trivium as tv
from trivium.learning.algorithms import SGD, Adam, ClosedForm, DeltaRule, GradientDescent
from trivium.learning.defaults import recommend
from trivium.learning.errors import DataError
from trivium.learning.linearity import linearity
from trivium.learning.models import MLP, Formula, Linear, ThresholdNeuron
from trivium.learning.objectives import L2, CrossEntropy, Hinge, Huber, SquaredError


def table(n, target, seed=0, d=3):
    """A dataset of d normal features whose target is ``target(x, generator)``."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, d))
    return tv.data.as_dataset((x, target(x, generator)))


def line(x, generator):
    return x @ np.arange(1.0, x.shape[1] + 1) + generator.normal(size=len(x))


def bend(x, generator):
    return np.sin(3 * x[:, 0]) + 0.1 * generator.normal(size=len(x))


# The comparison behind the choice of a model.


def test_leave_one_out_error_is_that_of_leaving_one_out():
    """The closed form agrees with N ridge regressions, each without one row."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(30, 4))
    x = (x - x.mean(0)) / x.std(0)
    y = (x @ [1.0, -2.0, 0.0, 0.5] + generator.normal(size=30))[:, None]
    found = linearity(x, y)
    # λ N d as sklearn's alpha; the mean of x is removed from all rows in the closed form.
    model = Ridge(alpha=found.penalty * 30)
    errors = []
    for i in range(30):
        rest = np.arange(30) != i
        errors.append((model.fit(x[rest], y[rest]).predict(x[i : i + 1]) - y[i]) ** 2)
    assert np.mean(errors) / y.var() == pytest.approx(found.linear, rel=0.011)


def test_the_linear_error_of_a_line_is_its_noise():
    data = table(400, line)
    found = linearity(data.x, data.y[:, None])
    assert found.linear == pytest.approx(1 / data.y.var(), rel=0.2)
    assert found.ratio > 0.95


def test_a_curve_is_seen():
    data = table(300, bend)
    assert linearity(data.x, data.y[:, None]).ratio < 0.3


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.zeros((5, 2)), np.arange(5.0)[:, None]),  # features that never change
        (np.zeros((5, 0)), np.arange(5.0)[:, None]),  # no features
        (np.ones((1, 2)), np.ones((1, 1))),  # one row
        (np.arange(8.0).reshape(4, 2), np.ones((4, 1))),  # a target that never changes
        (np.repeat(np.eye(2), 5, axis=0), np.repeat([[0.0], [1.0]], 5, axis=0)),  # equal rows
    ],
)
def test_degenerate_tables_have_a_finite_answer(x, y):
    found = linearity(x, y)
    assert np.isfinite([found.linear, found.curved, found.penalty]).all()
    assert 0 <= found.ratio <= 1


# The rule.


def test_lines_get_a_linear_model_in_closed_form():
    found = recommend(table(300, line))
    assert isinstance(found.model, Linear)
    assert isinstance(found.algorithm, ClosedForm)
    assert found.objective.data_term == SquaredError()
    assert found.batch_size is None
    assert found.patience is None


def test_curves_get_a_network():
    found = recommend(table(300, bend))
    assert found.model.spec() == MLP([64]).spec()
    assert found.algorithm == Adam(learning_rate=0.003)
    assert found.objective == SquaredError() + 0.004 * L2()  # 1 / 240
    assert (found.batch_size, found.validation) == (32, 0.2)
    assert found.epochs == 3000 // 8
    assert found.patience == found.epochs // 8


def test_many_rows_of_a_line_stay_linear():
    """The strength of the prior is that of 500 rows, so its weight shrinks with the rest."""
    found = recommend(table(30_000, line))
    assert isinstance(found.model, Linear)
    ((strength, _),) = found.objective.penalties
    assert strength < 1e-3


def test_a_rare_class_that_the_sample_misses():
    labels = np.zeros(20_000, dtype=int)
    labels[:3] = 1
    x = np.random.default_rng(0).normal(size=(20_000, 2))
    assert recommend(tv.data.as_dataset((x, labels))).task == "classification"


def test_many_rows_get_a_larger_network_and_larger_batches():
    found = recommend(table(30_000, bend))
    assert found.model.spec() == MLP([128, 64]).spec()
    assert found.algorithm == Adam(learning_rate=0.001)
    assert found.batch_size == 256
    assert found.epochs == 3000 // 94


@pytest.mark.parametrize("name", ["xor", "circles", "moons", "spirals", "digits"])
def test_built_in_curves_are_seen(name):
    assert isinstance(recommend(tv.data.load(name)).model, MLP)


def test_labels_get_cross_entropy():
    found = recommend(tv.data.load("iris"))
    assert found.task == "classification"
    assert found.objective.data_term == CrossEntropy()


def test_labels_without_a_pattern_get_a_linear_model():
    data = table(200, lambda x, g: g.integers(0, 2, len(x)))
    found = recommend(data)
    assert isinstance(found.model, Linear)
    assert found.algorithm == Adam(learning_rate=0.01)


def test_the_same_data_give_the_same_choice():
    first, second = recommend(tv.data.load("wine")), recommend(tv.data.load("wine"))
    assert repr(first.objective) == repr(second.objective)
    assert first.options() == second.options()
    assert first.reasons == second.reasons


def test_reasons_are_given_for_what_was_chosen_only():
    data = tv.data.load("iris")
    assert set(recommend(data).reasons) == {"model", "objective", "algorithm"}
    given = recommend(data, model=Linear(), algorithm=SGD(learning_rate=0.1))
    assert set(given.reasons) == {"objective"}


# What is given is kept, and the rest fits it.


def test_given_parts_are_kept():
    model, objective = MLP([7]), Hinge()
    found = recommend(tv.data.load("iris"), model, objective, validation=0)
    assert found.model is model
    assert found.objective is objective
    assert found.validation == 0
    assert found.patience is None


@pytest.mark.parametrize(
    ("request_", "algorithm"),
    [
        ({"model": Linear()}, ClosedForm),
        ({"model": Linear(), "objective": SquaredError() + 0.1 * L2()}, ClosedForm),
        ({"model": Linear(), "objective": Huber()}, Adam),
        ({"model": Linear(output="sigmoid")}, Adam),
        ({"model": MLP([4])}, Adam),
    ],
)
def test_algorithms_for_regression(request_, algorithm):
    data = table(60, lambda x, g: 1 / (1 + np.exp(-x[:, 0])))
    assert isinstance(recommend(data, **request_).algorithm, algorithm)


def test_a_threshold_neuron_gets_the_delta_rule():
    found = recommend(tv.data.load("breast_cancer"), model=ThresholdNeuron())
    assert found.algorithm == DeltaRule()
    assert found.objective == SquaredError()


def test_the_delta_rule_gets_a_threshold_neuron():
    found = recommend(tv.data.load("breast_cancer"), algorithm=DeltaRule())
    assert isinstance(found.model, ThresholdNeuron)
    assert found.objective == SquaredError()


def test_the_closed_form_gets_a_linear_model():
    assert isinstance(recommend(table(100, bend), algorithm=ClosedForm()).model, Linear)


def test_full_batches_take_one_step_in_an_epoch():
    found = recommend(tv.data.load("iris"), algorithm=GradientDescent(learning_rate=0.1))
    assert found.batch_size is None
    assert found.epochs == 500


def test_parameters_with_units_are_neither_scaled_nor_penalised():
    model = Formula(lambda x, a, b: a * x[:, 0] + b, a=1.0, b=0.0)
    found = recommend(table(50, line), model=model)
    assert found.scale is False
    assert found.objective == SquaredError()


@pytest.mark.parametrize(
    ("target", "validation"),
    [
        (["a", "b"] * 9, 0),  # 18 rows
        (["a", "b"] * 20, 0.2),
        (["a", "b"] * 20 + ["c"], 0),  # a class with one row
        ([str(i) for i in range(10)] * 2, 0),  # 4 rows cannot hold 10 classes
    ],
)
def test_validation_is_left_out_where_it_cannot_judge(target, validation):
    x = np.random.default_rng(0).normal(size=(len(target), 2))
    data = tv.data.as_dataset((x, np.array(target)))
    assert recommend(data).validation == validation


@pytest.mark.parametrize("rows", [2, 3, 5, 33, 100])
def test_every_size_can_be_fitted_as_recommended(rows):
    data = table(rows, line)
    found = recommend(data)
    fit = tv.fit(
        found.model, found.objective, found.algorithm, data, progress=False, **found.options()
    )
    assert np.isfinite(fit.predict(data.x)).all()


def test_arrays_with_many_axes_are_looked_at_flat():
    x = np.random.default_rng(0).normal(size=(60, 4, 4, 2))
    found = recommend(tv.data.as_dataset((x, (x[:, 0, 0, 0] > 0).astype(int))))
    assert found.task == "classification"


def test_tables_with_text_and_missing_cells(tmp_path):
    generator = np.random.default_rng(0)
    lines = ["size,city,open,price"]
    for _ in range(120):
        size, city = generator.normal(), generator.choice(["Rome", "Bern"])
        shown = "" if generator.random() < 0.2 else f"{size:.3f}"
        price = 3 * size + 2 * (city == "Rome")
        lines.append(f"{shown},{city},{generator.choice(['yes', 'no'])},{price:.3f}")
    path = tmp_path / "houses.csv"
    path.write_text("\n".join(lines))
    found = recommend(tv.data.read(path, target="price"))
    assert found.task == "regression"


def test_floats_that_may_be_labels_are_refused():
    data = tv.data.as_dataset((np.zeros((6, 1)) + np.arange(6)[:, None], np.arange(6.0) // 3))
    with pytest.raises(DataError, match="may be class labels or a quantity"):
        recommend(data)


# Good at the first try: within 0.02 of the better of scikit-learn's linear models.


@pytest.mark.slow
@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_defaults_are_as_good_as_scikit_learn(name):
    """Mean test score over two splits; scikit-learn may use the validation rows too."""
    ours, theirs = [], []
    for seed in range(2):
        train, test = tv.data.load(name).split(test=0.2, seed=seed)
        found = recommend(train)
        fit = tv.fit(
            found.model, found.objective, found.algorithm, train,
            seed=seed, progress=False, **found.options(),
        )  # fmt: skip
        scores = fit.score(test)
        ours.append(scores["r2"] if found.task == "regression" else scores["accuracy"])
        linear = Ridge() if found.task == "regression" else LogisticRegression()
        peer = make_pipeline(StandardScaler(), linear).fit(train.x, train.y)
        theirs.append(peer.score(test.x, test.y))
    assert np.mean(ours) >= np.mean(theirs) - 0.02
