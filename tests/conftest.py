"""What every test shares: quiet libraries, hypothesis profiles and the oracle folder."""

import os
from importlib.util import find_spec
from pathlib import Path

# Read by the libraries when they are first imported, so it stands before every other import.
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TRIVIUM_CACHE", "")  # compiled code is neither kept nor found
if "PYTEST_XDIST_WORKER" in os.environ:  # the workers share the cores among themselves
    for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
        os.environ.setdefault(threads, "1")

import hypothesis
import pytest

hypothesis.settings.register_profile("default", deadline=None, max_examples=50)
hypothesis.settings.register_profile(
    "ci", deadline=None, max_examples=50, derandomize=True, print_blob=True
)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default")
)

HERE = Path(__file__).parent
ORACLE = HERE / "oracle"

# The other frameworks are installed by `make oracle` only.
collect_ignore = [] if find_spec("jax") else ["oracle"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in tests/oracle, before the markers select."""
    for item in items:
        if item.path.is_relative_to(ORACLE):
            item.add_marker(pytest.mark.oracle)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The repository's root."""
    return HERE.parent
