"""One row through a trained network and back: how long a caller waits."""

from __future__ import annotations

from typing import Any

import numpy as np

from .compare import compare
from .settings import Settings
from .timing import Unavailable
from .training.task import MNIST
from .training.with_jax import import_jax
from .training.with_torch import import_torch

__all__ = ["measure"]

Array = np.ndarray[Any, Any]
_ROWS = 64
_PARAMETERS = MNIST.parameters()


class _Predictor:
    """Calls with one row (1, 784) each, NumPy in, NumPy out; a chunk goes over all rows."""

    name = ""

    def __init__(self) -> None:
        self.rows = [np.ascontiguousarray(row[None]) for row in MNIST.data().x[:_ROWS]]

    def prepare(self) -> None:
        """Build and compile ``self.call``: row → logits (1, 10)."""
        raise NotImplementedError

    def reset(self) -> None:
        """Predicting changes nothing."""

    def call(self, row: Array) -> Array:
        """The logits of one row."""
        raise NotImplementedError

    def run(self, chunks: int) -> Any:
        """Every row, ``chunks`` times."""
        call, rows = self.call, self.rows
        result: Any = None
        for _ in range(chunks):
            result = [call(row) for row in rows]
        return result

    def losses(self, result: Any) -> Array:
        """What is compared: the logits of every row."""
        return np.concatenate([np.asarray(each, np.float64) for each in result]).ravel()


class _ByHand(_Predictor):
    name = "NumPy"
    dtype: Any = np.float32

    def prepare(self) -> None:
        self.layers = [(w.astype(self.dtype), b.astype(self.dtype)) for w, b in _PARAMETERS]

    def call(self, row: Array) -> Array:
        for weight, bias in self.layers[:-1]:
            row = row @ weight
            row += bias
            np.maximum(row, 0, out=row)
        weight, bias = self.layers[-1]
        return row @ weight + bias


class _Oracle(_ByHand):
    name = "oracle"
    dtype = np.float64


def _trivium_model() -> Any:
    import trivium as tv

    model = tv.models.MLP(list(MNIST.sizes[1:-1]), outputs=MNIST.sizes[-1])
    model = model.copy(dtype="float32")
    model.prepare(tv.input((1, MNIST.sizes[0]), "float32"), MNIST.sizes[-1])
    start = [array for pair in _PARAMETERS for array in pair]
    for variable, value in zip(model.parameters().values(), start, strict=True):
        variable.assign(value)
    return model


class _Program(_Predictor):
    name = "Trivium"

    def prepare(self) -> None:
        import trivium as tv

        x = tv.input((1, MNIST.sizes[0]), "float32", name="x")
        self.call = tv.Program([x], _trivium_model()(x)).run  # type: ignore[method-assign]


class _Compiled(_Predictor):
    name = "Trivium, tv.compile"

    def prepare(self) -> None:
        import trivium as tv

        self.call = tv.compile(_trivium_model())  # type: ignore[method-assign]


class _OnnxRuntime(_Predictor):
    name = "ONNX Runtime"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.threads = settings.threads

    def prepare(self) -> None:
        try:
            import onnxruntime
            from onnx import TensorProto, helper, numpy_helper
        except ImportError as error:
            raise Unavailable("not installed") from error
        nodes, constants, value = [], [], "x"
        for i, (weight, bias) in enumerate(_PARAMETERS):
            constants += [
                numpy_helper.from_array(weight, f"w{i}"),
                numpy_helper.from_array(bias, f"b{i}"),
            ]
            nodes.append(helper.make_node("Gemm", [value, f"w{i}", f"b{i}"], [f"z{i}"]))
            value = f"z{i}"
            if i < len(_PARAMETERS) - 1:
                nodes.append(helper.make_node("Relu", [value], [f"a{i}"]))
                value = f"a{i}"
        graph = helper.make_graph(
            nodes,
            "mlp",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, MNIST.sizes[0]])],
            [helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, MNIST.sizes[-1]])],
            constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def call(self, row: Array) -> Array:
        found: Array = self.session.run(None, {"x": row})[0]
        return found


class _Jax(_Predictor):
    name = "JAX"

    def prepare(self) -> None:
        jax = import_jax()
        parameters = jax.device_put(_PARAMETERS)

        @jax.jit
        def logits(parameters: Any, x: Any) -> Any:
            for weight, bias in parameters[:-1]:
                x = jax.nn.relu(x @ weight + bias)
            weight, bias = parameters[-1]
            return x @ weight + bias

        self.call = lambda row: np.asarray(logits(parameters, row))  # type: ignore[method-assign]


class _Torch(_Predictor):
    def __init__(self, compiled: bool) -> None:
        super().__init__()
        self.compiled = compiled
        self.name = "PyTorch compiled" if compiled else "PyTorch"

    def prepare(self) -> None:
        torch = import_torch()
        layers: list[Any] = []
        for weight, bias in _PARAMETERS:
            layer = torch.nn.Linear(*weight.shape)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(weight.T.copy()))
                layer.bias.copy_(torch.from_numpy(bias))
            layers += [layer, torch.nn.ReLU()]
        network = torch.nn.Sequential(*layers[:-1]).eval()
        if self.compiled:
            network = torch.compile(network)

        def call(row: Array) -> Array:
            with torch.inference_mode():
                found: Array = network(torch.from_numpy(row)).numpy()
            return found

        self.call = call  # type: ignore[method-assign]


class _ScikitLearn(_Predictor):
    name = "scikit-learn"

    def prepare(self) -> None:
        try:
            from sklearn.neural_network import MLPRegressor
        except ImportError as error:
            raise Unavailable("not installed") from error
        # A regressor's prediction is the output layer itself.
        data = MNIST.data()
        targets = np.zeros((MNIST.batch, MNIST.sizes[-1]), np.float32)
        estimator = MLPRegressor(hidden_layer_sizes=MNIST.sizes[1:-1])
        estimator.partial_fit(data.x[: MNIST.batch], targets)
        for i, (weight, bias) in enumerate(_PARAMETERS):
            estimator.coefs_[i][...], estimator.intercepts_[i][...] = weight, bias
        self.call = estimator.predict  # type: ignore[method-assign]


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds of one call, for every contender."""
    return compare(
        [
            _Program(),
            _Compiled(),
            _OnnxRuntime(settings),
            _Jax(),
            _Torch(False),
            _Torch(True),
            _ScikitLearn(),
            _ByHand(),
        ],
        settings,
        oracle=_Oracle(),
        steps=_ROWS,
        tolerance=1e-5,
        flops=sum(2 * w.size for w, _ in _PARAMETERS),
        own_too=["Trivium, tv.compile"],
    )
