"""scikit-learn's own contract for estimators: whatever is expected to fail is named here."""

from collections.abc import Callable

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import trivium as tv


def _expected(estimator: object) -> dict[str, str]:
    if getattr(estimator, "model", None) != "tree:scores":
        return {}
    reason = (
        "smoothing adds α examples to the rows of a leaf, and weights are relative: how many "
        "rows they stand for, nobody says"
    )
    return {"check_sample_weight_equivalence_on_dense_data": reason}


# Few epochs, because what is checked here is the contract and not what can be learned.
@parametrize_with_checks(
    [
        tv.Classifier(epochs=30),
        tv.Regressor(epochs=30),
        tv.Classifier("tree"),
        tv.Regressor("tree"),
        tv.Classifier("tree:scores"),
        tv.Classifier("gaussian"),
    ],
    expected_failed_checks=_expected,
)
def test_the_contract(
    estimator: object, check: Callable[[object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Without this scikit-learn skips check_array_api_input, also for NumPy's arrays.
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    check(estimator)
