"""The functions of the Python Array API standard (2024.12), composed from the primitives.

Every function takes tensors, NumPy arrays, nested lists or Python numbers and returns a
Tensor, so a floating result has derivatives of any order. Beside the standard there are the
functions of neural networks, the gamma family, ``einsum``, ``norm`` and ``pad``. Source: Python
array API standard 2024.12, https://data-apis.org/array-api/2024.12.
"""

from typing import TYPE_CHECKING, NoReturn

from .absent import explain
from .activations import *  # noqa: F403
from .arithmetic import *  # noqa: F403
from .constants import *  # noqa: F403
from .creation import *  # noqa: F403
from .data_types import *  # noqa: F403
from .indexing import *  # noqa: F403
from .linear import *  # noqa: F403
from .logic import *  # noqa: F403
from .manipulation import *  # noqa: F403
from .norms import *  # noqa: F403
from .repetition import *  # noqa: F403
from .searching import *  # noqa: F403
from .sorting import *  # noqa: F403
from .special import *  # noqa: F403
from .statistical import *  # noqa: F403
from .subscripts import *  # noqa: F403
from .transcendental import *  # noqa: F403
from .utility import *  # noqa: F403

__array_api_version__ = "2024.12"


if not TYPE_CHECKING:  # a type checker knows by itself which names there are

    def __getattr__(name: str) -> NoReturn:
        functions = [each for each, value in globals().items() if callable(value)]
        raise AttributeError(explain(name, functions))
