"""What a program consists of: passes, kernels, memory, expected and measured times.

``records`` is what an explanation holds, ``arithmetic`` counts, ``programs`` makes it, ``text``
prints it, ``debug`` is the ladder of TRIVIUM_DEBUG. What a backend knows about its executable is in
the backend.
"""

from typing import TYPE_CHECKING

from ..lazy import lazy

__all__ = ["Explanation", "explain_program"]

if TYPE_CHECKING:
    from .programs import explain_program
    from .records import Explanation
else:
    __getattr__, __dir__ = lazy(
        __name__, {"programs": ["explain_program"], "records": ["Explanation"]}
    )
