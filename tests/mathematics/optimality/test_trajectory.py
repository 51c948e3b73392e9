"""Paths of algorithms on plain functions, and their pictures."""

import numpy as np
import pytest

import trivium as tv
from trivium.mathematics.optimality import as_function, draw_trajectory, record

A, G, O = tv.array, tv.algorithms, tv.objectives


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def bowl(x):
    return x[0] ** 2 + 4 * x[1] ** 2


def test_gradient_descent_goes_where_the_formula_says():
    path = record(G.GradientDescent(0.1), bowl, [1.0, 1.0], steps=10)
    assert path.points.shape == (11, 2)
    rates = np.array([1 - 0.2, 1 - 0.8])
    np.testing.assert_allclose(path.points, rates ** np.arange(11)[:, None], atol=1e-15)
    np.testing.assert_allclose(path.values, path.points**2 @ [1, 4], atol=1e-15)


@pytest.mark.parametrize(
    "stepper", [G.SGD(0.001), G.SGD(0.001, momentum=0.9, nesterov=True), G.AdaGrad(0.3),
                G.RMSProp(0.01), G.Adam(0.05), G.AdamW(0.05), G.Adam(G.Cosine(0.1, 50))],
)  # fmt: skip
def test_every_stepper_descends(stepper):
    path = record(stepper, rosenbrock, [-1.2, 1.0], steps=50)
    assert len(path) == 51
    assert path.values[path.best] < path.values[0]
    again = record(stepper, rosenbrock, [-1.2, 1.0], steps=50)
    np.testing.assert_array_equal(path.points, again.points)


@pytest.mark.parametrize(
    "solver", [G.LBFGS(), G.BFGS(), G.Newton(), G.ConjugateGradient(), G.CMAES(),
               G.Genetic(generations=20), G.SimulatedAnnealing(temperatures=5),
               G.ProjectedGradient("l2", 5.0), G.ProximalGradient(iterations=50)],
)  # fmt: skip
def test_every_solver_keeps_its_iterates(solver):
    path = record(solver, rosenbrock, [-1.2, 1.0])
    np.testing.assert_array_equal(path.points[0], [-1.2, 1.0])
    assert len(path) > 2
    assert not solver.trajectory  # the one given stays as it is
    assert type(solver).__name__ in str(path)


def test_a_path_that_leaves_the_finite_numbers_ends_there():
    path = record(G.SGD(1.0), rosenbrock, [-1.2, 1.0], steps=50)
    assert np.isfinite(path.values).all()
    assert "left the finite numbers" in str(path)
    assert len(path) < 51


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, bowl, [1.0, 1.0]), "a stepper"),
        ((G.SGD(), bowl, 1.0), "vector"),
        ((G.SGD(), lambda x: x, [1.0, 1.0]), "scalar"),
    ],
)
def test_what_has_no_path_is_refused(arguments, words):
    with pytest.raises(tv.TriviumError, match=words):
        record(*arguments)


def test_a_picture_has_contours_paths_marks_and_a_legend(tmp_path):
    paths = {
        "descent": record(G.GradientDescent(0.001), rosenbrock, [-1.2, 1.0], steps=30),
        "Newton": record(G.Newton(), rosenbrock, [-1.2, 1.0]),
    }
    figure = draw_trajectory(rosenbrock, paths, minimum=[1, 1], title="a valley")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "descent", "Newton", "minimum",
    ]  # fmt: skip
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 1]
    np.testing.assert_array_equal(drawn[0].get_xdata(), paths["descent"].points[:, 0])
    np.testing.assert_array_equal(drawn[1].get_ydata(), paths["Newton"].points[:, 1])
    assert drawn[0].get_color() != drawn[1].get_color()
    assert drawn[0].get_linestyle() != drawn[1].get_linestyle()
    low, high = axes.get_xlim()
    assert low < min(each.points[:, 0].min() for each in paths.values())
    assert high > 1
    figure.savefig(tmp_path / "valley.png")
    assert (tmp_path / "valley.png").stat().st_size > 10_000


def test_the_lines_are_spaced_by_factors():
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    draw_trajectory(bowl, np.array([[1.0, 1.0], [0.5, 0.2]]), axes=axes, levels=8)
    levels = axes.collections[-1].levels
    np.testing.assert_allclose(np.diff(np.log(levels)), np.log(levels[1] / levels[0]))


def test_functions_of_a_vector_only_are_drawn_too():
    matrix = tv.tensor(np.array([[2.0, 1.0], [1.0, 3.0]]))

    def f(x):
        return x @ (matrix @ x)

    found = G.LBFGS(trajectory=True).minimize(f, np.array([2.0, 1.0]))
    figure = draw_trajectory(f, found, grid=20)
    assert len(figure.axes) == 1
    draw_trajectory(f, found.trajectory, grid=10)
    draw_trajectory(f, [np.array([[1.0, 2.0]])], grid=10)


def test_a_model_of_two_parameters_is_a_function_of_two_unknowns():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 1))
    data = (x, 2 * x[:, 0] + 1)
    f, start, names = as_function(O.SquaredError(), tv.models.Linear(), data)
    path = record(G.Adam(0.1), f, start, steps=300)
    np.testing.assert_allclose(path.points[-1], [2, 1], atol=1e-2)
    figure = draw_trajectory(f, path, labels=names, grid=15)
    assert figure.axes[0].get_xlabel() == "weight[0]"


def test_difficult_pictures():
    draw_trajectory(lambda x: 0 * x[0], np.array([[1.0, 2.0]]), grid=8)  # constant
    draw_trajectory(lambda x: A.log(x[0]), np.array([[1.0, 2.0], [-1.0, 0.0]]), grid=8)
    draw_trajectory(bowl, np.array([[1.0, 2.0], [np.nan, 0.0]]), grid=8)
    with pytest.raises(tv.TriviumError, match="nowhere finite"):
        draw_trajectory(lambda x: A.log(-1.0 - x[0] ** 2), np.array([[1.0, 2.0]]), grid=8)


@pytest.mark.parametrize(
    ("trajectories", "options", "words"),
    [
        (np.zeros((3, 3)), {}, "two axes"),
        ([], {}, "no trajectory"),
        ("path", {}, "array"),
        (np.ones((2, 2)), {"limits": ((1, 0), (0, 1))}, "from < to"),
        (np.full((2, 2), np.nan), {}, "no point"),
        (np.ones((2, 2)), {"minimum": 3.0}, "minimum to mark"),
    ],
)
def test_what_cannot_be_drawn_is_refused(trajectories, options, words):
    with pytest.raises(tv.TriviumError, match=words):
        draw_trajectory(bowl, trajectories, **options)


def test_a_result_without_trajectory_says_how_to_get_one():
    found = G.LBFGS().minimize(bowl, np.ones(2))
    with pytest.raises(tv.TriviumError, match="trajectory=True"):
        draw_trajectory(bowl, found)
