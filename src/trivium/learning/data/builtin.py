"""tv.data.load: the data that come with Trivium, with their origin and meaning."""

from __future__ import annotations

import math
import numbers
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trivium.learning.data.column import Column
from trivium.learning.data.dataset import Dataset
from trivium.learning.data.generated import circles, moons, spirals, xor
from trivium.learning.data.pokemon import pokemon
from trivium.learning.data.source import Origin, content_hash
from trivium.learning.data.splitting import check_seed
from trivium.learning.data.summary import WIDTH
from trivium.learning.data.words import did_you_mean
from trivium.learning.errors import DataError

__all__ = ["BUILTIN", "Builtin", "describe", "load", "names"]

Made = tuple[tuple[Column, ...], np.ndarray]


@dataclass(frozen=True)
class Builtin:
    """One built-in dataset; ``options`` are the keyword arguments of ``make`` and defaults."""

    name: str
    title: str
    task: str
    target: str
    origin: str
    about: str
    make: Callable[..., Made]
    options: dict[str, Any]


def _scikit_learn(name: str, **loader_options: Any) -> Made:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(**loader_options)
    values = np.asarray(bunch.data, dtype=np.float64)
    columns = tuple(
        Column(
            str(feature),
            "integer" if (values[:, place] == np.floor(values[:, place])).all() else "number",
            np.ascontiguousarray(values[:, place]),
        )
        for place, feature in enumerate(bunch.feature_names)
    )
    target = np.asarray(bunch.target)
    labels = getattr(bunch, "target_names", None)
    if labels is not None and np.asarray(labels).dtype.kind == "U":
        return columns, np.array([str(label) for label in labels])[target]
    if labels is not None:
        return columns, target.astype(np.int64)
    return columns, target.astype(np.float64)


def _digits() -> Made:
    return _scikit_learn("digits")


def _iris() -> Made:
    return _scikit_learn("iris")


def _wine() -> Made:
    return _scikit_learn("wine")


def _breast_cancer() -> Made:
    return _scikit_learn("breast_cancer")


def _diabetes() -> Made:
    return _scikit_learn("diabetes", scaled=False)


_PLANE = {"n": 400, "noise": 0.1, "seed": 0}
_UCI = "UCI Machine Learning Repository, CC BY 4.0; bundled with scikit-learn"

_ALL = (
    Builtin(
        "digits", "handwritten digits, 8×8 pixels", "classification", "digit",
        "Optical Recognition of Handwritten Digits, test part (Alpaydin and Kaynak, 1998), "
        + _UCI + ".",
        "64 pixels (row_column), 0 white to 16 black; the target is the digit.",
        _digits, {},
    ),
    Builtin(
        "iris", "three species of iris", "classification", "species",
        "R. A. Fisher, Annals of Eugenics 7 (1936); " + _UCI + ".",
        "Length and width of sepal and petal in cm, 50 flowers of each species.",
        _iris, {},
    ),
    Builtin(
        "wine", "three cultivars of wine", "classification", "cultivar",
        "Forina et al. (1991), " + _UCI + ".",
        "13 chemical quantities of wines from one region of Italy.",
        _wine, {},
    ),
    Builtin(
        "breast_cancer", "tumours, malignant or benign", "classification", "diagnosis",
        "Breast Cancer Wisconsin (Diagnostic), Street, Wolberg and Mangasarian (1993), "
        + _UCI + ".",
        "30 measures of cell nuclei in an image: mean, standard error and worst of ten.",
        _breast_cancer, {},
    ),
    Builtin(
        "diabetes", "progress of diabetes after a year", "regression", "progression",
        "Efron, Hastie, Johnstone and Tibshirani, \"Least Angle Regression\", Annals of "
        "Statistics 32 (2004); bundled with scikit-learn.",
        "Age (years), sex (1 or 2), body mass index, blood pressure and six blood serum "
        "measures of 442 patients, unscaled; the target has no unit.",
        _diabetes, {},
    ),
    Builtin(
        "xor", "four clouds, classes across", "classification", "label",
        "generated: clouds around (±1, ±1) with normal noise.",
        "The class is 1 where the signs of the centres differ: no straight line parts them.",
        xor, {**_PLANE, "noise": 0.25},
    ),
    Builtin(
        "circles", "a circle in a circle", "classification", "ring",
        "generated: radii 1 and 1/2 with normal noise.",
        "Inner against outer: parted by the distance from the origin.",
        circles, {**_PLANE, "noise": 0.05},
    ),
    Builtin(
        "moons", "two interlocking half circles", "classification", "moon",
        "generated: half circles of radius 1 with normal noise.",
        "Upper against lower.",
        moons, _PLANE,
    ),
    Builtin(
        "spirals", "spiral arms around each other", "classification", "arm",
        "generated, after Lang and Witbrock (1988).",
        "Hard for small models; options arms (2 or more) and turns.",
        spirals, {**_PLANE, "n": 600, "noise": 0.02, "arms": 2, "turns": 1.25},
    ),
    Builtin(
        "pokemon", "strength of a Pokémon after its evolution", "regression", "cp_new",
        "simulated from the game's public formula and published base stats; not observed.",
        "Species, combat power, hit points, weight (kg) and height (m) before; the combat "
        "power after, by CP = max(10, ⌊attack · √defense · √stamina · m² / 10⌋).",
        pokemon, {"n": 1000, "seed": 0},
    ),
)  # fmt: skip

BUILTIN: dict[str, Builtin] = {builtin.name: builtin for builtin in _ALL}


def names() -> list[str]:
    """Return the names of the built-in data."""
    return list(BUILTIN)


def _find(name: str) -> Builtin:
    if isinstance(name, str) and name in BUILTIN:
        return BUILTIN[name]
    hint = did_you_mean(name, BUILTIN) if isinstance(name, str) else ""
    file = (
        f" For a file use tv.data.read({name!r}, target=…)."
        if isinstance(name, str) and ("." in name or "/" in name)
        else ""
    )
    raise DataError(
        f"There are no built-in data called {name!r}.{hint}{file} There are: "
        f"{', '.join(BUILTIN)}."
    )


def load(name: str, **options: Any) -> Dataset:
    """Return built-in data.

    From scikit-learn: digits, iris, wine, breast_cancer, diabetes. Generated, with options
    ``n`` (rows), ``noise`` (standard deviation) and ``seed``: xor, circles, moons, spirals
    (also ``arms``, ``turns``). Simulated, with ``n`` and ``seed``: pokemon.

    Raises DataError for a name or option that does not exist, with the nearest one.
    """
    builtin = _find(name)
    for option in options:
        if option not in builtin.options:
            allowed = ", ".join(builtin.options) or "none"
            raise DataError(
                f"The data {builtin.name!r} have no option {option!r}."
                f"{did_you_mean(option, builtin.options)} Options: {allowed}."
            )
    chosen = {
        option: _checked(option, options.get(option, default), builtin)
        for option, default in builtin.options.items()
    }
    columns, target = builtin.make(**chosen)
    made = Dataset(
        builtin.name,
        columns=columns,
        target=target,
        target_name=builtin.target,
        task=builtin.task,
        notes=("Simulated, not observed.",) if name == "pokemon" else (),
    )
    details = {"kind": "builtin", "name": builtin.name, "options": chosen}
    return replace(made, origin=Origin(details, content_hash(made)))


_LEAST = {"n": 10, "arms": 2}
_MOST = {"n": 10_000_000, "arms": 20}


def _checked(option: str, value: Any, builtin: Builtin) -> Any:
    if option == "seed":
        return check_seed(value)
    if option in ("n", "arms"):
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if whole and _LEAST[option] <= value <= _MOST[option]:
            return int(value)
        raise DataError(
            f"{option} of {builtin.name!r} is a whole number from {_LEAST[option]} to "
            f"{_MOST[option]:,}, not {value!r}."
        )
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if real and math.isfinite(value) and 0 <= value <= 100:
        return float(value)
    raise DataError(f"{option} of {builtin.name!r} is a number from 0 to 100, not {value!r}.")


def describe(name: str, width: int = WIDTH) -> str:
    """Return what ``trivium data show NAME`` prints: meaning, origin, options, columns.

    ``width``: of the lines, in characters.
    """
    builtin = _find(name)
    paragraphs = [builtin.about, f"Origin: {builtin.origin}"]
    if builtin.options:
        shown = ", ".join(f"{option}={value!r}" for option, value in builtin.options.items())
        paragraphs.append(f"Options: {shown}")
    lines = [f"{builtin.name}: {builtin.title}", ""]
    for paragraph in paragraphs:
        lines += textwrap.wrap(paragraph, width, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join([*lines, "", load(name).describe(width)])
