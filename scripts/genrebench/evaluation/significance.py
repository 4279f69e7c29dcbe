"""Which of two models is better: tests on the same test clips, and on the splits of one protocol."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

LEVEL = 0.05  # of all tests under a protocol together
COLUMNS = (
    "protocol", "model", "other", "clips", "accuracy", "other_accuracy", "difference", "only_model", "only_other",
    "p_mcnemar", "p_holm", "splits", "t", "p_resampled", "different",
)  # fmt: skip

Run = tuple[str, int]  # split, seed
Decisions = Mapping[str, bool]  # by clip: whether the genre was found


def compare_all(
    protocol: str, runs: Mapping[str, Mapping[Run, Decisions]], sizes: Mapping[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    """Compare each two models of a protocol; the rows of comparisons.csv.

    `runs` has the decisions of each model and run; `sizes` the numbers of training and test clips of each split. Models
    come in the order of `runs`. The p values of McNemar's test are corrected for all pairs of the protocol (`p_holm`);
    `different` says that the corrected one is below LEVEL. What cannot be tested is None: pairs without a common test
    clip, and the t test of fewer than two splits.
    """
    rows = [
        {"protocol": protocol, "model": model, "other": other} | compare(runs[model], runs[other], sizes)
        for model, other in combinations(runs, 2)
    ]
    tested = [row for row in rows if row["p_mcnemar"] is not None]
    corrected = holm([row["p_mcnemar"] for row in tested])
    for row in rows:
        row |= {"p_holm": None, "different": None}
    for row, p in zip(tested, corrected, strict=True):
        row |= {"p_holm": p, "different": p < LEVEL}
    return rows


def compare(
    first: Mapping[Run, Decisions], second: Mapping[Run, Decisions], sizes: Mapping[str, tuple[int, int]]
) -> dict[str, Any]:
    """Compare two models on the clips of the runs that both have, each by the first of them that tested it."""
    common = sorted(first.keys() & second.keys())
    pairs: dict[str, tuple[bool, bool]] = {}
    by_split: dict[str, list[float]] = {}
    for run in common:
        clips = first[run].keys() & second[run].keys()
        for clip in clips:
            pairs.setdefault(clip, (first[run][clip], second[run][clip]))
        if clips:
            differences = [first[run][clip] - float(second[run][clip]) for clip in sorted(clips)]
            by_split.setdefault(run[0], []).append(float(np.mean(differences)))
    right = np.array(list(pairs.values()), dtype=bool).reshape(-1, 2)
    own, other = right.mean(axis=0) if len(right) else (None, None)
    only_first, only_second, p = exact_mcnemar(*right.T) if len(right) else (0, 0, None)
    train, test = np.array([sizes[split] for split in by_split]).reshape(-1, 2).mean(axis=0) if by_split else (0, 0)
    t, p_resampled = corrected_t([float(np.mean(values)) for values in by_split.values()], train, test)
    return {
        "clips": len(right),
        "accuracy": own,
        "other_accuracy": other,
        "difference": None if own is None else own - other,
        "only_model": only_first,
        "only_other": only_second,
        "p_mcnemar": p,
        "splits": len(by_split),
        "t": t,
        "p_resampled": p_resampled,
    }


def exact_mcnemar(first: np.ndarray, second: np.ndarray) -> tuple[int, int, float]:
    """How many cases only the first got right, how many only the second, and the two-sided p value of equal models.

    `first` and `second` (cases,) say which were right. The test is exact, binomial on the cases where the two differ
    (McNemar 1947, doi:10.1007/BF02295996).
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    table = [[int((first & second).sum()), only_first], [only_second, int((~first & ~second).sum())]]
    return only_first, only_second, float(mcnemar(table, exact=True).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """P values corrected for their number, so that the risk of one false alarm among all stays (Holm 1979)."""
    if not len(p_values):
        return []
    return [float(p) for p in multipletests(p_values, method="holm")[1]]


def corrected_t(differences: Sequence[float], train: float, test: float) -> tuple[float | None, float | None]:
    """t and the two-sided p value of no difference, of one difference per split of the same clips.

    Splits share clips, so that their differences vary less than those of new clips would: the variance is multiplied by
    1/k + test/train, of k splits with so many training and test clips (Nadeau and Bengio 2003, Inference for the
    generalization error, doi:10.1023/A:1024068626366). None for fewer than two splits; differences that are all the
    same have no variance, so t is infinite, or 0 where there is none at all.
    """
    count = len(differences)
    if count < 2:
        return None, None
    mean, variance = float(np.mean(differences)), float(np.var(differences, ddof=1))
    if np.isclose(variance, 0, atol=1e-24):
        return (0.0, 1.0) if np.isclose(mean, 0) else (float(np.copysign(np.inf, mean)), 0.0)
    t = mean / float(np.sqrt((1 / count + test / train) * variance))
    return t, float(2 * stats.t.sf(abs(t), count - 1))


def bootstrap_interval(values: Iterable[float], seed: int = 0) -> tuple[float, float]:
    """95% interval of the mean of `values`, one per test clip, by drawing clips again (Efron 1979; percentiles).

    Of several runs, a clip's value is the share of them that got it right: what varies is which clips are tested.
    """
    values = np.fromiter(values, dtype=np.float64)
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])  # drawn again they are the same
    random = np.random.default_rng(seed)
    found = stats.bootstrap((values,), np.mean, n_resamples=9999, method="percentile", rng=random, batch=500)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
