"""Random models with random objectives and data, for tests of derivations."""

from typing import Any, NamedTuple

import numpy as np

import trivium as tv
from trivium.learning.batch import Batch

N = 7
ACTIVATIONS = [name for name in tv.layers.ACTIVATIONS if name != "step"]
FAMILIES = [
    ("normal", "identity"), ("normal", "log"), ("poisson", "log"), ("poisson", "sqrt"),
    ("gamma", "log"), ("inverse_gaussian", "log"), ("bernoulli", "logit"),
    ("bernoulli", "probit"), ("bernoulli", "cloglog"), ("binomial", "logit"),
    ("negative_binomial", "log"),
]  # fmt: skip


class Case(NamedTuple):
    """A model, an objective and data that fit together."""

    model: Any
    objective: Any
    x: np.ndarray
    y: np.ndarray

    def __repr__(self):
        return f"{self.model!r} × {self.objective!r} on x {self.x.shape}"


class Twice(tv.Model):
    """One layer applied twice, with parameters of a second one in between."""

    def __init__(self, width, activation, outputs):
        self.first = tv.layers.Dense(width, activation)
        self.shared = tv.layers.Dense(width, activation)
        self.last = tv.layers.Dense(outputs)

    def __call__(self, x):
        return self.last(self.shared(self.shared(self.first(x))))


class Tied(tv.Model):
    """One matrix there and back: x W → h, h Wᵀ → x."""

    def __init__(self, features, width, activation, outputs):
        self.w = tv.parameter((features, width))
        self.shift = tv.parameter((width,))
        self.activation = tv.layers.Activation(activation)
        self.last = tv.layers.Dense(outputs)

    def __call__(self, x):
        hidden = self.activation(x @ self.w + self.shift)
        return self.last(x - hidden @ self.w.T)


class Residual(tv.Model):
    """x + f(x), layer norm without parameters, and gates: values used more than once."""

    def __init__(self, features, activation, outputs):
        self.inner = tv.layers.Dense(features, activation)
        self.gate = tv.layers.Dense(features, "sigmoid")
        self.scale = tv.parameter(())
        self.last = tv.layers.Dense(outputs)

    def __call__(self, x):
        gate = self.gate(x)
        h = gate * self.inner(x) + (1 - gate) * x
        h = (h - h.mean(axis=1, keepdims=True)) / (h.var(axis=1, keepdims=True) + 0.1) ** 0.5
        return self.last(h * self.scale)


class Recurrent(tv.Model):
    """h_t = tanh(x_t U + h_{t-1} V), the last h into a layer: a loop."""

    def __init__(self, features, width, outputs):
        self.u = tv.parameter((features, width))
        self.v = tv.parameter((width, width))
        self.last = tv.layers.Dense(outputs)

    def __call__(self, x):
        sequence = x.transpose((1, 0, 2))
        start = tv.array.zeros((x.shape[0], self.v.shape[0]), dtype=x.dtype)

        def step(h, entry):
            new = tv.array.tanh(entry @ self.u + h @ self.v)
            return new, new

        final, every = tv.scan(step, start, sequence)
        return self.last(final + every.mean(axis=0))


FORMULAS = [
    (lambda x, a, b, c: a * tv.array.exp(-b * x[:, 0] ** 2) + c, {"a": 1.0, "b": 0.3, "c": 0.1}),
    (lambda x, w, b: tv.array.sin(x @ w) + b, {"w": "row", "b": 0.2}),
    (lambda x, w, p: tv.array.sqrt((x * w).sum(axis=1) ** 2 + 1.0) ** p, {"w": "row", "p": 1.3}),
    (lambda x, a, b: (a * x[:, 0] + 1) / (1 + abs(b * x[:, 1])), {"a": 0.4, "b": 0.7}),
    (lambda x, a, w: tv.array.maximum(a * x[:, 1], tv.array.cumulative_sum(x * w, axis=1)[:, -1]),
     {"a": 0.4, "w": "row"}),
    (lambda x, w, s: tv.array.logsumexp(x * w, axis=1) - tv.array.log1p(s**2) * x.max(axis=1),
     {"w": "row", "s": 0.5}),
]  # fmt: skip


def formula(rng, features):
    f, start = FORMULAS[rng.integers(len(FORMULAS))]
    values = {
        name: rng.normal(size=features) if value == "row" else value
        for name, value in start.items()
    }
    return tv.models.Formula(f, **values)


def network(rng, features, outputs, output=None):
    """A model with ``outputs``; half of them perceptrons of depth 0 to 4."""
    activation = str(rng.choice(ACTIVATIONS))
    hidden = [int(each) for each in rng.integers(2, 6, rng.integers(0, 5))]
    kind = rng.integers(10)
    if kind < 5 or output is not None or (outputs is None and activation in ("softmax",)):
        dropout = float(rng.choice([0.0, 0.3]))
        return tv.models.MLP(
            hidden, activation, outputs=outputs, output=output, dropout=dropout
        )
    if kind == 5:
        return Twice(3, activation, outputs)
    if kind == 6:
        return Tied(features, 4, activation, outputs)
    if kind == 7:
        return Residual(features, activation, outputs)
    inner = tv.layers.Sequential(
        *[
            layer
            for width in hidden[:2]
            for layer in (tv.layers.Dense(width), tv.layers.Activation(activation))
        ]
    )
    if kind == 8:
        return tv.layers.Sequential(inner, tv.layers.Dropout(0.2), tv.layers.Dense(outputs))
    return tv.layers.Sequential(tv.layers.Dense(4, "tanh"), inner, tv.layers.Dense(outputs))


def penalised(rng, objective):
    kind = rng.integers(6)
    if kind == 0:
        return objective + 0.01 * tv.objectives.L2()
    if kind == 1:
        return 0.5 * objective + 0.02 * tv.objectives.L1(biases=True)
    if kind == 2:
        return objective + 0.01 * tv.objectives.L1() + 0.003 * tv.objectives.L2(biases=True)
    return objective


def random_case(seed):
    """A case for a seed; one seed always gives the same."""
    rng = np.random.default_rng(seed)
    features = int(rng.integers(2, 5))
    x = rng.normal(size=(N, features))
    kind = int(rng.integers(10))
    codes = rng.permutation(np.arange(N) % 3)
    binary = rng.permutation(np.arange(N) % 2)
    if kind == 0:
        case = network(rng, features, 3), tv.objectives.CrossEntropy(), codes
    elif kind == 1:
        case = network(rng, features, None), tv.objectives.BinaryCrossEntropy(), binary
    elif kind == 2:
        case = network(rng, features, 3), tv.objectives.Hinge(), codes
    elif kind == 3:
        case = network(rng, features, None), tv.objectives.Hinge(), binary
    elif kind == 4:
        probability = network(rng, features, 3, "softmax")
        case = probability, tv.objectives.SquaredError(), codes
    elif kind == 5:
        family, link = FAMILIES[rng.integers(len(FAMILIES))]
        case = generalised(rng, features, family, link, binary)
    elif kind == 6:
        losses = [tv.objectives.SquaredError(), tv.objectives.AbsoluteError()]
        case = formula(rng, features), losses[rng.integers(2)], rng.normal(size=N)
    elif kind == 7:
        x = rng.normal(size=(N, 2, 3))
        model = (
            Recurrent(3, 3, 2)
            if rng.random() < 0.5
            else tv.layers.Sequential(tv.layers.Flatten(), tv.layers.Dense(4, "gelu"),
                                      tv.layers.Dense(2))
        )  # fmt: skip
        case = model, tv.objectives.Huber(0.5), rng.normal(size=(N, 2))
    else:
        outputs = [None, 2][rng.integers(2)]
        losses = [tv.objectives.SquaredError(), tv.objectives.AbsoluteError()]
        losses.append(tv.objectives.Huber(0.7))
        shape = (N,) if outputs is None else (N, outputs)
        y = rng.normal(size=shape)
        case = network(rng, features, outputs), losses[rng.integers(3)], y
    model, objective, y = case
    return Case(model, penalised(rng, objective), x, y)


def generalised(rng, features, family, link, binary):
    """A response family with a linear predictor."""
    counts, positive = rng.poisson(2.0, N).astype(float), rng.gamma(2.0, size=N)
    options: dict[str, Any] = {"link": link}
    y = {"normal": rng.normal(size=N) + 2, "bernoulli": binary, "poisson": counts}.get(
        family, positive
    )
    if family == "negative_binomial":
        y, options["dispersion"] = counts, 0.5
    if family == "binomial":
        y, options["trials"] = np.minimum(counts, 6), 6
    if family in ("gamma", "inverse_gaussian") and rng.random() < 0.5:
        options["dispersion"] = "estimate"
    objective = tv.objectives.NegativeLogLikelihood(family, **options)
    model = tv.models.Linear() if rng.random() < 0.7 else tv.models.MLP([3], "tanh")
    return model, objective, y


def values_for(derivation, seed, dtype="float64"):
    """Random values of all parameters."""
    rng = np.random.default_rng(seed)
    return {
        path: rng.normal(scale=0.7, size=symbol.leaf.shape).astype(dtype)
        for path, symbol in derivation.parameters.items()
    }


def loss_and_gradients(case, values):
    """What the engine computes at ``values``, without a derivation."""
    model = case.model.copy(dtype="float64")
    count = None if case.y.ndim == 1 else case.y.shape[1]
    if case.y.dtype.kind == "i" and case.objective.n_outputs(len(set(case.y)), 1):
        count = len(set(case.y))
    model.prepare(tv.tensor(case.x), count)
    model.initialise(0)
    case.objective.attach(model)
    parameters = model.parameters()
    for path, value in values.items():
        parameters[path].assign(value)
    loss = case.objective(model, Batch(tv.tensor(case.x), tv.tensor(case.y)))
    slopes = tv.gradient(loss, [parameters[path] for path in values])
    return float(loss.value), {path: g.value for path, g in zip(values, slopes, strict=True)}
