"""JAX: one compiled step in each call, or the loop over the steps compiled too."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..timing import Unavailable
from .task import BETA1, BETA2, EPSILON, MOMENTUM, Task

__all__ = ["JaxLoop", "JaxSteps", "import_jax"]

Array = np.ndarray[Any, Any]


def import_jax() -> Any:
    """JAX. Raises Unavailable where it is not installed."""
    try:
        import jax
    except ImportError as error:
        raise Unavailable("not installed") from error
    return jax


def step_function(task: Task) -> Any:
    """(state, x, y) → (state, loss), to be compiled; state is (parameters, m, v, count)."""
    import jax
    import jax.numpy as jnp

    def losses(parameters: Any, x: Any, y: Any) -> Any:
        for weight, bias in parameters[:-1]:
            x = jax.nn.relu(x @ weight + bias)
        weight, bias = parameters[-1]
        z = x @ weight + bias
        if task.binary:
            return jax.nn.softplus(jnp.where(y == 1, -z[:, 0], z[:, 0])).mean()
        return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1).mean()

    def step(state: Any, x: Any, y: Any) -> Any:
        parameters, first, second, count = state
        loss, gradients = jax.value_and_grad(losses)(parameters, x, y)
        count = count + 1
        each = jax.tree.map
        rate = task.learning_rate
        if task.algorithm == "adam":
            first = each(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradients)
            second = each(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradients)
            steps = count.astype(jnp.float32)
            a, b = 1 - BETA1**steps, 1 - BETA2**steps
            parameters = each(
                lambda p, m, v: p - rate * (m / a) / (jnp.sqrt(v / b) + EPSILON),
                parameters,
                first,
                second,
            )
        elif task.algorithm == "momentum":
            first = each(lambda v, g: MOMENTUM * v - rate * g, first, gradients)
            parameters = each(jnp.add, parameters, first)
        else:
            parameters = each(lambda p, g: p - rate * g, parameters, gradients)
        return (parameters, first, second, count), loss

    return step


class _Jax:
    """What both have in common: the data and the state."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def prepare(self) -> None:
        """Put the data on the device."""
        import_jax()
        import jax.numpy as jnp

        x, y, order = self.task.data()
        self.x, self.y = jnp.asarray(x), jnp.asarray(y.astype(np.int32))
        self.order = jnp.asarray(order.astype(np.int32))
        self.reset()

    def reset(self) -> None:
        """Start anew: fresh buffers, since the compiled steps consume their state."""
        import jax
        import jax.numpy as jnp

        parameters = [(jnp.array(w), jnp.array(b)) for w, b in self.task.parameters()]
        slots = {"adam": 2, "momentum": 1, "descent": 0}[self.task.algorithm]
        zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(slots)]
        self.state = (parameters, *(zeros + [(), ()])[:2], jnp.int32(0))
        jax.block_until_ready(self.state)

    def batch(self, x: Any, y: Any, order: Any, i: Any) -> Any:
        """The examples of step ``i``."""
        from jax import lax

        if self.task.full_batch:
            return x, y
        start = i % self.task.batches * self.task.batch
        rows = lax.dynamic_slice(order, (start,), (self.task.batch,))
        return x[rows], y[rows]

    def losses(self, result: Any) -> Array:
        """The loss of every step."""
        return np.concatenate([np.atleast_1d(np.asarray(each)) for each in result]).astype(
            np.float64
        )


class JaxSteps(_Jax):
    """A call of a compiled function for each step; the batch is gathered inside."""

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self.name = "JAX, step in jit"

    def prepare(self) -> None:
        """Trace the step; it compiles when it first runs."""
        jax = import_jax()
        step = step_function(self.task)

        def whole(state: Any, x: Any, y: Any, order: Any) -> Any:
            return step(state, *self.batch(x, y, order, state[-1]))

        self.compiled = jax.jit(whole, donate_argnums=0)
        super().prepare()

    def run(self, chunks: int) -> Any:
        """Calls follow each other without waiting; the last one is waited for."""
        import jax

        losses, state = [], self.state
        for _ in range(chunks * self.task.chunk):
            state, loss = self.compiled(state, self.x, self.y, self.order)
            losses.append(loss)
        self.state = jax.block_until_ready(state)
        return losses


class JaxLoop(_Jax):
    """A call for each chunk: lax.scan over its steps.

    ``laid_out``: the batches lie one after the other in memory before the clock starts, so that
    the loop slices instead of gathering: less work than the other contenders do.
    """

    def __init__(self, task: Task, laid_out: bool = False) -> None:
        super().__init__(task)
        self.laid_out = laid_out
        self.name = "JAX, loop in jit" + (", batches laid out" if laid_out else "")

    def prepare(self) -> None:
        """Trace the loop; it compiles when it first runs."""
        jax = import_jax()
        import jax.numpy as jnp

        if self.laid_out and self.task.full_batch:
            raise Unavailable("all examples are one batch")
        step, chunk = step_function(self.task), self.task.chunk

        def loop(state: Any, x: Any, y: Any, order: Any) -> Any:
            def one(state: Any, i: Any) -> Any:
                taken = (x[i], y[i]) if self.laid_out else self.batch(x, y, order, i)
                return step(state, *taken)

            return jax.lax.scan(one, state, jnp.arange(chunk))

        self.compiled = jax.jit(loop, donate_argnums=0)
        super().prepare()
        if self.laid_out:
            shape = (self.task.batches, self.task.batch)
            self.x = self.x[self.order].reshape(*shape, -1)
            self.y = self.y[self.order].reshape(shape)

    def run(self, chunks: int) -> Any:
        """A call for each chunk."""
        import jax

        losses, state = [], self.state
        for _ in range(chunks):
            state, loss = self.compiled(state, self.x, self.y, self.order)
            losses.append(loss)
        self.state = jax.block_until_ready(state)
        return losses
