"""Which of two models is better: tests on the same test clips, and on the splits of one protocol."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from genrebench.common import files
from genrebench.evaluation import predictions

LEVEL = 0.05  # of all tests under a protocol together
CASE = ["split", "seed", "clip_id"]


def compare_protocols(
    evaluation: Path, splits: Path, models: Sequence[str], leaderboard: pd.DataFrame
) -> list[dict[str, Any]]:
    """The rows of comparisons.csv for all protocols; models in the order of the `leaderboard`.

    `evaluation` is the folder of all models' evaluations, `splits` that of the descriptions of splits. Protocols whose
    unit is the segment are left out: nothing can be learned from which of two meaningless numbers is larger.
    """
    tested = predictions.read(evaluation, models, ("protocol", *CASE, "subset")).query("subset == 'test'")
    rows = []
    for protocol, ranked in leaderboard[leaderboard["unit"] == "clip"].groupby("protocol"):
        own = tested[tested["protocol"] == protocol]
        done = [model for model in ranked["model"] if model in set(own["model"])]
        counts = {
            split: files.read_json(splits / protocol / f"{split}.json")["counts"] for split in own["split"].unique()
        }
        sizes = {split: (found["train"], found["test"]) for split, found in counts.items()}
        rows += compare_all(protocol, own, done, sizes)
    return rows


def compare_all(
    protocol: str, tested: pd.DataFrame, models: Sequence[str], sizes: Mapping[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    """Compare every pair of models of a protocol; the rows of comparisons.csv.

    The p values of McNemar's test are corrected for all pairs of the protocol (`p_holm`); `different` says that the
    corrected one is below LEVEL. What cannot be tested is None: pairs without a common test clip, and the t test of
    fewer than two splits.

    Parameters
    ----------
    protocol
        Its name.
    tested
        What the models predicted of test clips: model, split, seed, clip_id and whether that is `right`.
    models
        In the order of the rows.
    sizes
        The numbers of training and test clips of each split.
    """
    right = tested.pivot(index=CASE, columns="model", values="right").astype(float)
    rows = [
        {"protocol": protocol, "model": model, "other": other} | compare(right[model], right[other], sizes)
        for model, other in combinations(models, 2)
    ]
    known = [row for row in rows if row["p_mcnemar"] is not None]
    corrected = holm([row["p_mcnemar"] for row in known])
    for row in rows:
        row |= {"p_holm": None, "different": None}
    for row, p in zip(known, corrected, strict=True):
        row |= {"p_holm": p, "different": p < LEVEL}
    return rows


def compare(first: pd.Series, second: pd.Series, sizes: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """Compare two models on the clips of the runs that both have, each by the first of them that tested it.

    `first` and `second` say of each `CASE`, of which they have the same in order, whether the model was right (1.0 or
    0.0, NaN where it did not test the clip). For `sizes` see `compare_all`.
    """
    both = (first.notna() & second.notna()).to_numpy()
    own, other = first.to_numpy()[both], second.to_numpy()[both]
    cases = first.index[both]
    _, at_first = np.unique(cases.get_level_values("clip_id"), return_index=True)
    of_run = pd.Series(own - other).groupby([cases.get_level_values(name) for name in ("split", "seed")]).mean()
    of_split = of_run.groupby(level=0).mean()
    found: dict[str, Any] = {"clips": len(at_first), "accuracy": None, "other_accuracy": None, "difference": None}
    found |= {"only_model": 0, "only_other": 0, "p_mcnemar": None, "splits": len(of_split)}
    if len(at_first):
        right = own[at_first] == 1, other[at_first] == 1
        found["accuracy"], found["other_accuracy"] = (float(one.mean()) for one in right)
        found["difference"] = found["accuracy"] - found["other_accuracy"]
        found["only_model"], found["only_other"], found["p_mcnemar"] = exact_mcnemar(*right)
    train, test = np.mean([sizes[split] for split in of_split.index], axis=0) if len(of_split) else (0, 0)
    found["t"], found["p_resampled"] = corrected_t(of_split.tolist(), train, test)
    return found


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
