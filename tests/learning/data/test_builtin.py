"""The built-in data are what their origin says."""

import numpy as np
import pytest
import sklearn.datasets

from trivium.learning.data import describe, infer_task, load, names
from trivium.learning.data.pokemon import LINES, combat_power, hit_points, multiplier
from trivium.learning.errors import DataError

BUNDLED = ["digits", "iris", "wine", "breast_cancer", "diabetes"]
GENERATED = ["xor", "circles", "moons", "spirals"]


def test_the_names():
    assert names() == [*BUNDLED, *GENERATED, "pokemon"]


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_data_are_those_of_scikit_learn(name):
    data = load(name)
    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(sklearn.datasets, f"load_{name}")(**options)
    np.testing.assert_array_equal(data.x, bunch.data)
    assert [column.name for column in data.columns] == list(bunch.feature_names)
    target = bunch.target_names[bunch.target] if "target_names" in bunch else bunch.target
    np.testing.assert_array_equal(data.target, target)


def test_classes_have_their_names():
    assert np.unique(load("iris").target).tolist() == ["setosa", "versicolor", "virginica"]
    assert np.unique(load("breast_cancer").target).tolist() == ["benign", "malignant"]
    assert np.unique(load("digits").target).tolist() == list(range(10))


@pytest.mark.parametrize("name", GENERATED)
def test_generated_data_have_as_many_rows_and_the_noise_asked_for(name):
    assert len(load(name, n=50)) == 50
    clean = load(name, n=200, noise=0.0, seed=1)
    noisy = load(name, n=200, noise=0.5, seed=1)
    np.testing.assert_array_equal(clean.target, noisy.target)
    assert abs((noisy.x - clean.x).std() - 0.5) < 0.05
    counts = np.unique(clean.target, return_counts=True)[1]
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", [*GENERATED, "pokemon"])
def test_the_seed_decides_everything(name):
    assert load(name, seed=4).sha256 == load(name, seed=4).sha256
    assert load(name, seed=4).sha256 != load(name, seed=5).sha256


def test_the_shapes_are_what_they_are_called():
    xor = load("xor", noise=0)
    np.testing.assert_array_equal(xor.target == 1, xor.x[:, 0] * xor.x[:, 1] < 0)
    circles = load("circles", noise=0)
    radius = np.where(circles.target == "inner", 0.5, 1.0)
    np.testing.assert_allclose(np.hypot(*circles.x.T), radius, atol=1e-5)
    moons = load("moons", noise=0)
    centre = np.where((moons.target == "lower")[:, None], [1, 0.5], [0, 0])
    np.testing.assert_allclose(np.linalg.norm(moons.x - centre, axis=1), 1, atol=1e-5)
    assert ((moons.x[:, 1] >= 0) | (moons.target == "lower")).all()
    spirals = load("spirals", noise=0, arms=3, turns=1)
    radius = np.hypot(*spirals.x.T)
    angle = np.arctan2(spirals.x[:, 1], spirals.x[:, 0]) / (2 * np.pi)
    off = (angle - radius - spirals.target / 3) % 1
    assert np.minimum(off, 1 - off).max() < 1e-4


def test_combat_power_is_that_of_the_game():
    """The greatest CP of each species, as the game shows it at level 40 (m = 0.7903)."""
    greatest = {
        "Bulbasaur": (1115, 1699),
        "Charmander": (980, 1653),
        "Squirtle": (946, 1488),
        "Caterpie": (437, 450),
        "Weedle": (456, 432),
        "Pidgey": (680,),
        "Rattata": (734, 1730),
        "Eevee": (1071, 3114),
        "Machop": (1278, 2031),
        "Geodude": (1293, 1897),
    }
    perfect, level_40 = np.array([[15, 15, 15]]), np.array([0.7903])
    for name, (_, before, after, *_) in LINES.items():
        powers = [combat_power(np.array([s]), perfect, level_40)[0] for s in (before, after)]
        assert tuple(powers[: len(greatest[name])]) == greatest[name], name
    level_1 = multiplier(np.array([0]))
    assert combat_power(np.array([[45, 80, 137]]), 0 * perfect, level_1).tolist() == [10]
    assert hit_points(np.array([128]), level_1).tolist() == [12]


def test_between_levels_the_squares_are_averaged():
    """The game's own table has 0.1351374318 for level 1.5 and 0.4329264091 for 10.5."""
    halves = multiplier(np.array([1, 19, 57]))
    np.testing.assert_allclose(halves, [0.1351374318, 0.4329264091, 0.7255756136], rtol=2e-5)


def test_an_evolution_keeps_level_and_individual_values():
    """Whoever knows the formula can invert it: some level and values explain both powers."""
    data = load("pokemon", n=40)
    species, cp = data.column("species"), data.column("cp").values
    hp = data.column("hp").values
    values = np.stack(np.meshgrid(*[np.arange(16)] * 3, indexing="ij"), -1).reshape(-1, 3)
    for row, name in enumerate(species.texts()):
        _, before, after, *_ = LINES[name]
        explained = False
        for half in range(59):
            m = np.broadcast_to(multiplier(np.array([half])), len(values))
            fits = combat_power(np.array(before), values, m) == cp[row]
            fits &= hit_points(before[2] + values[:, 2], m) == hp[row]
            fits &= combat_power(np.array(after), values, m) == data.target[row]
            explained |= bool(fits.any())
        assert explained


def test_pokemon_says_that_it_is_simulated():
    data = load("pokemon")
    assert len(data) == 1000 and infer_task(data) == "regression"
    assert data.column("species").levels == tuple(sorted(LINES))
    assert len(LINES) == 10
    assert "imulated" in str(data) and "simulated" in describe("pokemon")
    weight = data.column("weight").values[data.column("species").texts() == "Geodude"]
    assert abs(weight.mean() - 20) < 1 and abs(weight.std() - 2.5) < 0.7


@pytest.mark.parametrize("name", names())
def test_every_name_is_described(name):
    text = describe(name)
    for words in [name, "Origin:", load(name).target_name, f"{len(load(name)):,} rows"]:
        assert words in text
    assert max(map(len, text.splitlines())) <= 96


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("digit", "Did you mean 'digits'"),
        ("Iris", "Did you mean 'iris'"),
        ("breast-cancer", "Did you mean 'breast_cancer'"),
        ("zzz", "There are: digits, iris"),
        ("houses.csv", r"tv\.data\.read\('houses\.csv'"),
        (None, "There are"),
    ],
)
def test_a_wrong_name_suggests_the_nearest(name, said):
    with pytest.raises(DataError, match=said):
        load(name)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("moons", {"nois": 1}, "Did you mean 'noise'"),
        ("iris", {"n": 5}, "no option 'n'.*none"),
        ("moons", {"n": 3}, "from 10"),
        ("moons", {"n": 1e3}, "whole number"),
        ("moons", {"noise": -1}, "noise"),
        ("moons", {"noise": float("nan")}, "noise"),
        ("moons", {"seed": -1}, "seed"),
        ("spirals", {"arms": 1}, "arms"),
        ("pokemon", {"noise": 1}, "no option 'noise'"),
    ],
)
def test_options_that_make_no_sense(name, options, said):
    with pytest.raises(DataError, match=said):
        load(name, **options)
