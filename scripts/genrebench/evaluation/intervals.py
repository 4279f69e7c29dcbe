"""The intervals of an accuracy."""

from collections.abc import Callable, Iterable

import numpy as np

RESAMPLES = 9999


def wilson_interval(accuracy: float, clips: float) -> tuple[float, float]:
    """95% score interval of a proportion of `clips`.

    References
    ----------
    E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference,
    doi:10.1080/01621459.1927.10502953.
    """
    from statsmodels.stats.proportion import proportion_confint  # 1 s

    low, high = proportion_confint(accuracy * clips, clips, alpha=0.05, method="wilson")
    return max(0.0, float(low)), min(1.0, float(high))


def bootstrap_interval(values: Iterable[float], seed: int = 0) -> tuple[float, float]:
    """95% interval of the mean of `values`, one per test clip, by drawing clips again (percentiles).

    Of several runs, a clip's value is the share of them that got it right: what varies is which clips are tested.

    References
    ----------
    B. Efron (1979), Bootstrap methods: another look at the jackknife, doi:10.1214/aos/1176344552.
    """
    from scipy import stats

    values = np.fromiter(values, dtype=np.float64)
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])  # drawn again they are the same
    random = np.random.default_rng(seed)
    found = stats.bootstrap((values,), np.mean, n_resamples=RESAMPLES, method="percentile", rng=random, batch=500)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def bootstrap_interval_of(statistic: Callable[..., float], *samples: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95% interval of a statistic of `samples`, which have one value per test clip, as `bootstrap_interval`.

    Where the statistic is no mean. A clip's values are drawn together.
    """
    from scipy import stats

    found = stats.bootstrap(
        samples,
        statistic,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(seed),
        paired=True,
        vectorized=False,
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def newcombe_interval(first: float, clips: int, second: float, other_clips: int) -> tuple[float, float]:
    """95% interval of the difference of two proportions of different clips, the first less the second.

    References
    ----------
    R. G. Newcombe (1998), Interval estimation for the difference between independent proportions, method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep  # 1 s

    low, high = confint_proportions_2indep(
        first * clips, clips, second * other_clips, other_clips, method="newcomb", compare="diff", alpha=0.05
    )
    return float(low), float(high)
