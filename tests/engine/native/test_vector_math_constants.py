"""The stored polynomials and digits are what the script that derives them says."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from trivium.engine.backends.native.vector_math import coefficients


@cache
def script() -> Any:
    path = Path(__file__).parents[3] / "scripts" / "derive_vector_math.py"
    spec = importlib.util.spec_from_file_location("derive_vector_math", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def problems() -> list[Any]:
    return [(p.name, bits) for p in script().PROBLEMS for bits in p.degrees]


@pytest.mark.parametrize(("name", "bits"), problems())
def test_polynomials_leave_less_than_a_fifth_of_an_ulp(name: str, bits: int) -> None:
    """The weighted error of the stored coefficients, as the script defines it."""
    problem = next(each for each in script().PROBLEMS if each.name == name)
    stored = getattr(coefficients, name)[bits]
    assert len(stored) == problem.degrees[bits] + 1
    if bits == 32:
        assert all(np.float32(c) == c for c in stored)
    limit = -29.5 if name.endswith("WIDE") else {32: -26.5, 64: -55.2}[bits]
    with mp.workprec(250):
        exact_coefficients = [mpf(c) for c in stored]
        error = max(
            abs(
                problem.weight(t)
                * (mp.polyval(exact_coefficients[::-1], t) - problem.target(t))
            )
            for t in script().chebyshev(problem.low, problem.high, 150)
        )
    assert mp.log(error, 2) < limit


def test_constants_of_pi_are_what_the_script_says() -> None:
    assert list(coefficients.TWO_OVER_PI) == script().two_over_pi(19)
    assert list(coefficients.HALF_PI_SHORT) == script().parts_of_half_pi([33, 33, 33, 53])
    for bits, digits in ((32, 24), (64, 53)):
        expected = script().parts_of_half_pi([digits] * 3)
        assert list(coefficients.HALF_PI_FUSED[bits]) == expected
