"""The contenders of the Poisson benchmark find the same coefficients. No timings."""

import numpy as np
import pytest

from benchmarks.poisson import ByHand, ScikitLearn, Trivium, TriviumFit


@pytest.mark.parametrize("kind", [Trivium, TriviumFit, ScikitLearn])
def test_contenders_agree_and_start_anew(kind: type) -> None:
    oracle, contender = ByHand(3000), kind(3000)
    oracle.prepare()
    contender.prepare()
    expected = oracle.losses(oracle.run(1))
    for _ in range(2):
        contender.reset()
        found = contender.losses(contender.run(1))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
