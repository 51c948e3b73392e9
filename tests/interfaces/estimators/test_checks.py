"""scikit-learn's own contract for estimators, complete: no check is expected to fail."""

from collections.abc import Callable

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import trivium as tv


# Few epochs, because what is checked here is the contract and not what can be learned.
@parametrize_with_checks(
    [tv.Classifier(epochs=30), tv.Regressor(epochs=30)], expected_failed_checks=None
)
def test_the_contract(
    estimator: object, check: Callable[[object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without this scikit-learn skips check_array_api_input, also for NumPy's arrays.
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    check(estimator)
