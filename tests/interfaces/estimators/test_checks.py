"""scikit-learn's own contract for estimators, complete: no check is expected to fail."""

import os
import subprocess
import sys

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import trivium as tv

ARRAY_API = """
from sklearn.utils.estimator_checks import estimator_checks_generator
import trivium as tv

for estimator in (tv.Classifier(epochs=5), tv.Regressor(epochs=5)):
    checks = [
        check
        for _, check in estimator_checks_generator(estimator)
        if "check_array_api_input" in str(check)
    ]
    assert checks
    for check in checks:
        check(estimator)
"""


# Few epochs, because what is checked here is the contract and not what can be learned.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [tv.Classifier(epochs=30), tv.Regressor(epochs=30)], expected_failed_checks=None
)
def test_the_contract(estimator: object, check: object, request: pytest.FixtureRequest) -> None:
    if "check_array_api_input" in request.node.name:
        return  # needs a setting that must stand before SciPy is imported: below
    check(estimator)  # type: ignore[operator]


def test_array_api_dispatch_changes_nothing() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ARRAY_API],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        text=True,
        capture_output=True,
    )
    assert result.returncode == 0, result.stderr
