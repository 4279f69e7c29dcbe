import numpy as np
import pytest
from scipy import stats

from genrebench.evaluation.intervals import bootstrap_interval, wilson_interval


@pytest.mark.parametrize(
    ("right", "clips", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, Table I, method 3 (score without continuity correction)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(right, clips, low, high):
    assert wilson_interval(right / clips, clips) == pytest.approx((low, high), abs=5e-5)


def test_the_bootstrap_of_a_proportion_is_binomial():
    low, high = bootstrap_interval([1.0] * 70 + [0.0] * 30)
    assert (low, high) == pytest.approx(stats.binom(100, 0.7).ppf([0.025, 0.975]) / 100, abs=0.011)
    assert bootstrap_interval([1.0] * 70 + [0.0] * 30) == (low, high)
    assert bootstrap_interval([1.0] * 5) == (1.0, 1.0)


def test_the_bootstrap_does_not_grow_narrow_with_seeds():
    """Runs that agree add no clip; runs that differ at random are clips that vary less."""
    right = np.arange(100) < 70
    assert bootstrap_interval(np.mean([right, right, right], axis=0)) == pytest.approx(
        bootstrap_interval(right.astype(float))
    )
