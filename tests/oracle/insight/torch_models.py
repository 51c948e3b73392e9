"""The random models of derivations written for PyTorch, from their parameters by path."""

import math
from typing import Any

import torch
from torch.nn import functional

import trivium as tv
from tests.insight import random_models
from trivium.learning.objectives import is_bias

Values = dict[str, torch.Tensor]


def _hard_sigmoid(z: torch.Tensor) -> torch.Tensor:
    """By its formula: PyTorch's own computes with 1/6 in single precision."""
    return torch.clamp(z / 6 + 0.5, 0.0, 1.0)


ACTIVATIONS: dict[str, Any] = {
    "identity": lambda z: z, "relu": torch.relu, "leaky_relu": functional.leaky_relu,
    "relu6": functional.relu6, "elu": functional.elu, "celu": functional.celu,
    "selu": functional.selu, "gelu": functional.gelu, "silu": functional.silu,
    "mish": functional.mish, "softplus": functional.softplus, "sigmoid": torch.sigmoid,
    "log_sigmoid": functional.logsigmoid, "hard_sigmoid": _hard_sigmoid,
    "tanh": torch.tanh, "hard_tanh": functional.hardtanh, "softsign": functional.softsign,
    "hard_silu": lambda z: z * _hard_sigmoid(z), "softmax": lambda z: torch.softmax(z, -1),
    "log_softmax": lambda z: torch.log_softmax(z, -1),
}  # fmt: skip

FORMULAS: list[Any] = [
    lambda x, a, b, c: a * torch.exp(-b * x[:, 0] ** 2) + c,
    lambda x, w, b: torch.sin(x @ w) + b,
    lambda x, w, p: torch.sqrt((x * w).sum(1) ** 2 + 1.0) ** p,
    lambda x, a, b: (a * x[:, 0] + 1) / (1 + torch.abs(b * x[:, 1])),
    lambda x, a, w: torch.maximum(a * x[:, 1], torch.cumsum(x * w, 1)[:, -1]),
    lambda x, w, s: torch.logsumexp(x * w, 1) - torch.log1p(s**2) * torch.amax(x, 1),
]


def dense(layer: Any, values: Values, path: str, x: torch.Tensor) -> torch.Tensor:
    z = x @ values[f"{path}.weight"] + values[f"{path}.bias"]
    return z if layer.activation is None else ACTIVATIONS[str(layer.activation)](z)


def output(model: Any, values: Values, x: torch.Tensor, path: str = "") -> torch.Tensor:
    """What ``model`` computes; ``path`` comes before the names of its parameters."""
    below = f"{path}." if path else ""
    if isinstance(model, tv.models.MLP):
        x = x.flatten(1)
        for i, layer in enumerate(model.layers):
            x = dense(layer, values, f"{below}layers.{i}", x)
        return x if model.output == "scores" else torch.softmax(x, -1)
    if isinstance(model, tv.models.Linear):
        return x @ values[f"{below}weight"] + values[f"{below}bias"]
    if isinstance(model, tv.layers.Dense):
        return dense(model, values, path, x)
    if isinstance(model, tv.layers.Activation):
        return ACTIVATIONS[model.name](x)
    if isinstance(model, tv.layers.Flatten):
        return x.flatten(1)
    if isinstance(model, tv.layers.Dropout):
        return x
    if isinstance(model, tv.layers.Sequential):
        for i, layer in enumerate(model.layers):
            x = output(layer, values, x, f"{below}layers.{i}")
        return x
    if isinstance(model, tv.models.Formula):
        place = [f for f, _ in random_models.FORMULAS].index(model.f)
        return FORMULAS[place](x, **values)
    return _own(model, values, x)


def _own(model: Any, values: Values, x: torch.Tensor) -> torch.Tensor:
    """The models of the tests themselves."""

    def layer(name: str, given: torch.Tensor) -> torch.Tensor:
        return dense(getattr(model, name), values, name, given)

    if isinstance(model, random_models.Twice):
        return layer("last", layer("shared", layer("shared", layer("first", x))))
    if isinstance(model, random_models.Tied):
        hidden = ACTIVATIONS[model.activation.name](x @ values["w"] + values["shift"])
        return layer("last", x - hidden @ values["w"].T)
    if isinstance(model, random_models.Residual):
        gate = layer("gate", x)
        h = gate * layer("inner", x) + (1 - gate) * x
        h = (h - h.mean(1, keepdim=True)) / (h.var(1, keepdim=True, correction=0) + 0.1) ** 0.5
        return layer("last", h * values["scale"])
    assert isinstance(model, random_models.Recurrent)
    h, every = torch.zeros(len(x), len(values["v"]), dtype=x.dtype), []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ values["u"] + h @ values["v"])
        every.append(h)
    return layer("last", h + torch.stack(every).mean(0))


def per_example(term: Any, f: torch.Tensor, y: torch.Tensor, values: Values) -> torch.Tensor:
    """The losses of the examples."""
    name = type(term).__name__
    if name == "CrossEntropy":
        return functional.cross_entropy(f, y, reduction="none")
    if name == "BinaryCrossEntropy":
        return functional.binary_cross_entropy_with_logits(f, y.to(f.dtype), reduction="none")
    if name == "Hinge" and f.ndim == 1:
        return torch.relu(1 - (2 * y - 1) * f)
    if name == "Hinge":
        margin = 1 - functional.one_hot(y, f.shape[1]) + f
        return margin.amax(1) - f.gather(1, y[:, None])[:, 0]
    if name == "NegativeLogLikelihood":
        return likelihood(term, f, y.to(f.dtype), values)
    if not y.is_floating_point():
        y = functional.one_hot(y, f.shape[1]).to(f.dtype)
    each = {
        "SquaredError": lambda: (f - y) ** 2,
        "AbsoluteError": lambda: torch.abs(f - y),
        "Huber": lambda: functional.huber_loss(f, y, reduction="none", delta=term.delta),
    }[name]()
    return each.flatten(1).sum(1) if each.ndim > 1 else each


def mean_of(link: str, eta: torch.Tensor) -> torch.Tensor:
    """The inverse of the link."""
    return {
        "identity": lambda: eta, "log": lambda: torch.exp(eta), "sqrt": lambda: eta**2,
        "logit": lambda: torch.sigmoid(eta), "cloglog": lambda: -torch.expm1(-torch.exp(eta)),
        "probit": lambda: torch.special.ndtr(eta),
    }[link]()  # fmt: skip


def likelihood(term: Any, eta: torch.Tensor, y: torch.Tensor, values: Values) -> torch.Tensor:
    """-ln p(y) as torch.distributions has it; ∞ where η is outside the link's domain."""
    mean = mean_of(term.link, eta)
    given = term.dispersion
    phi = torch.exp(values["log_dispersion"]) if given == "estimate" else given or 1.0
    phi = torch.as_tensor(phi, dtype=eta.dtype)
    if term.family == "inverse_gaussian":
        return 0.5 * ((y / mean - 1) ** 2 / (phi * y) + torch.log(2 * math.pi * phi * y**3))
    law: Any = {
        "normal": lambda: torch.distributions.Normal(mean, torch.sqrt(phi)),
        "bernoulli": lambda: torch.distributions.Bernoulli(mean),
        "poisson": lambda: torch.distributions.Poisson(mean),
        "gamma": lambda: torch.distributions.Gamma(1 / phi, 1 / (phi * mean)),
        "binomial": lambda: torch.distributions.Binomial(term.trials, logits=eta),
        "negative_binomial": lambda: torch.distributions.NegativeBinomial(
            1 / phi, logits=torch.log(phi * mean)
        ),
    }[term.family]()
    losses: torch.Tensor = -law.log_prob(y)
    return torch.where(eta > 0, losses, torch.inf) if term.link == "sqrt" else losses


def penalty(term: Any, values: Values) -> torch.Tensor:
    """The sum over the penalised parameters."""
    counted = [
        value
        for path, value in values.items()
        if path != "log_dispersion" and (term.biases or not is_bias(path, value))  # type: ignore[arg-type]
    ]
    square = type(term).__name__ == "L2"
    total = torch.zeros((), dtype=torch.float64)
    for value in counted:
        total = total + ((value**2).sum() if square else torch.abs(value).sum())
    return total


def loss(case: random_models.Case, values: Values) -> torch.Tensor:
    """The objective of ``case``: the mean of the losses, and the penalties."""
    f = output(case.model, values, torch.tensor(case.x))
    total = torch.zeros((), dtype=torch.float64)
    for coefficient, term in case.objective.terms():
        if isinstance(term, tv.objectives.Penalty):
            total = total + coefficient * penalty(term, values)
        else:
            losses = per_example(term, f, torch.tensor(case.y), values)
            total = total + coefficient * losses.mean()
    return total
