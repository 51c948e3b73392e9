"""Softmax, layer normalisation and GELU, forward and backward: no matrix product in it.

A step is one step of gradient descent on the features x (4096, 1024), the gain g and the bias b
of L = Σ r ∘ gelu(g ∘ normalise(softmax(x)) + b), r fixed; so the steps depend on each other and
no contender can do the work once for all of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .compare import compare
from .settings import Settings
from .training.with_jax import import_jax
from .training.with_torch import import_torch

__all__ = ["measure"]

Array = np.ndarray[Any, Any]
_SHAPE = (4096, 1024)
_STEPS = 4
_EPSILON = 1e-5
_RATE, _RATE_AFFINE = 0.1, 1e-4


def _start(dtype: Any = np.float32) -> tuple[Array, Array, Array, Array]:
    """x, g, b and r."""
    random = np.random.default_rng(0)
    x = random.standard_normal(_SHAPE, np.float32)
    r = random.standard_normal(_SHAPE, np.float32)
    gain = 1 + random.standard_normal(_SHAPE[1], np.float32) / 10
    bias = random.standard_normal(_SHAPE[1], np.float32) / 10
    return x.astype(dtype), gain.astype(dtype), bias.astype(dtype), r.astype(dtype)


class _Chain:
    """A chunk is four steps."""

    name = ""

    def run(self, chunks: int) -> Any:
        """Perform ``chunks`` times four steps."""
        result: Any = None
        for _ in range(chunks):
            result = self.chunk()
        return result

    def chunk(self) -> Any:
        """Four steps; returns the features after them."""
        raise NotImplementedError

    def losses(self, result: Any) -> Array:
        """What is compared: how far the first rows of x have moved."""
        first = _start()[0][:64]
        moved: Array = (np.asarray(result)[:64].astype(np.float64) - first).ravel()
        return moved


class _ByHand(_Chain):
    name = "NumPy"
    dtype: Any = np.float32

    def prepare(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.x, self.gain, self.bias, self.r = _start(self.dtype)

    def chunk(self) -> Any:
        for _ in range(_STEPS):
            self.step()
        return self.x

    def step(self) -> None:
        from scipy.special import erf

        x, gain = self.x, self.gain
        e = np.exp(x - x.max(axis=1, keepdims=True))
        s = e / e.sum(axis=1, keepdims=True)
        centred = s - s.mean(axis=1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + _EPSILON)
        n = centred / deviation
        u = n * gain + self.bias
        normal = 0.5 * (1 + erf(u * math.sqrt(0.5)))
        slope = normal + u * np.exp(-0.5 * u * u) * (1 / math.sqrt(2 * math.pi))
        du = self.r * slope
        dn = du * gain
        ds = dn - dn.mean(axis=1, keepdims=True) - n * (dn * n).mean(axis=1, keepdims=True)
        ds /= deviation
        dx = s * (ds - (ds * s).sum(axis=1, keepdims=True))
        self.gain = gain - self.dtype(_RATE_AFFINE) * (du * n).sum(axis=0)
        self.bias = self.bias - self.dtype(_RATE_AFFINE) * du.sum(axis=0)
        self.x = x - self.dtype(_RATE) * dx


class _Oracle(_ByHand):
    name = "oracle"
    dtype = np.float64


class _Trivium(_Chain):
    name = "Trivium"

    def prepare(self) -> None:
        import trivium as tv

        self.variables = [tv.variable(array) for array in _start()]
        x, gain, bias, r = self.variables
        array = tv.array
        s = array.softmax(x, axis=1)
        centred = s - array.mean(s, axis=1, keepdims=True)
        variance = array.mean(array.square(centred), axis=1, keepdims=True)
        u = centred / array.sqrt(variance + _EPSILON) * gain + bias
        loss = array.sum(r * array.gelu(u))
        dx, dgain, dbias = tv.gradient(loss, [x, gain, bias])
        updates = {
            x: x - _RATE * dx,
            gain: gain - _RATE_AFFINE * dgain,
            bias: bias - _RATE_AFFINE * dbias,
        }
        self.program = tv.Program([], loss, updates)

    def reset(self) -> None:
        for variable, value in zip(self.variables, _start()):
            variable.assign(value)

    def chunk(self) -> Any:
        self.program.run(steps=_STEPS)
        return self.variables[0].storage


class _Jax(_Chain):
    def __init__(self, loop: bool) -> None:
        self.loop = loop
        self.name = "JAX, loop in jit" if loop else "JAX, step in jit"

    def prepare(self) -> None:
        jax = import_jax()
        jnp = jax.numpy

        def loss(state: Any, r: Any) -> Any:
            x, gain, bias = state
            s = jax.nn.softmax(x, axis=1)
            n = jax.nn.standardize(s, axis=1, epsilon=_EPSILON)
            return jnp.sum(r * jax.nn.gelu(n * gain + bias, approximate=False))

        def step(state: Any, r: Any) -> Any:
            value, (dx, dgain, dbias) = jax.value_and_grad(loss)(state, r)
            x, gain, bias = state
            return (
                x - _RATE * dx,
                gain - _RATE_AFFINE * dgain,
                bias - _RATE_AFFINE * dbias,
            ), value

        def steps(state: Any, r: Any) -> Any:
            return jax.lax.scan(lambda state, _: step(state, r), state, None, _STEPS)

        self.compiled = jax.jit(steps if self.loop else step, donate_argnums=0)
        self.reset()

    def reset(self) -> None:
        import jax

        x, gain, bias, r = map(jax.numpy.array, _start())
        self.state, self.r = (x, gain, bias), jax.block_until_ready(r)

    def chunk(self) -> Any:
        import jax

        for _ in range(1 if self.loop else _STEPS):
            self.state, self.value = self.compiled(self.state, self.r)
        return jax.block_until_ready(self.state)[0]


class _Torch(_Chain):
    def __init__(self, compiled: bool) -> None:
        self.compiled = compiled
        self.name = "PyTorch compiled" if compiled else "PyTorch"

    def prepare(self) -> None:
        torch = import_torch()
        functional = torch.nn.functional

        def loss(x: Any, gain: Any, bias: Any, r: Any) -> Any:
            s = functional.softmax(x, dim=1)
            u = functional.layer_norm(s, _SHAPE[1:], gain, bias, _EPSILON)
            return (r * functional.gelu(u)).sum()

        self.loss = torch.compile(loss) if self.compiled else loss
        self.state = [torch.from_numpy(array).clone() for array in _start()]
        for each in self.state[:3]:
            each.requires_grad_()

    def reset(self) -> None:
        torch = import_torch()
        with torch.no_grad():
            for each, value in zip(self.state, _start()):
                each.copy_(torch.from_numpy(value))

    def chunk(self) -> Any:
        import torch

        for _ in range(_STEPS):
            value = self.loss(*self.state)
            gradients = torch.autograd.grad(value, self.state[:3])
            with torch.no_grad():
                for each, gradient, rate in zip(
                    self.state, gradients, (_RATE, _RATE_AFFINE, _RATE_AFFINE)
                ):
                    each.sub_(gradient, alpha=rate)
        return self.state[0].detach().numpy()


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds of one step, for every contender."""
    return compare(
        [_Trivium(), _Jax(True), _Jax(False), _Torch(False), _Torch(True), _ByHand()],
        settings,
        oracle=_Oracle(),
        steps=_STEPS,
        tolerance=1e-4,
    )
