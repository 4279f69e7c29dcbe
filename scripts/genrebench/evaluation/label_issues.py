"""Which labels look wrong: confident learning, on probabilities of clips that the model was not fitted on.

C. Northcutt, L. Jiang and I. Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels, Journal of
Artificial Intelligence Research 70, arXiv:1911.00068.
"""

from collections.abc import Sequence

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedGroupKFold

TREES = 100
TREES_AT_ONCE = 10  # in memory: a tree of 100,000 clips takes some 20 MB
TIE = 1e-6  # probabilities this near to a threshold reach it (as in the authors' library, cleanlab)


def pool(values: np.ndarray, has_time: bool) -> np.ndarray:
    """One row of numbers per clip of a feature (clips, ...): mean and standard deviation over time where it has time.

    Returns float64 (clips, columns).
    """
    if not has_time:
        return np.asarray(values, np.float64).reshape(len(values), -1)
    rows = [(clip.mean(axis=-1, dtype=np.float64), clip.std(axis=-1, dtype=np.float64)) for clip in values]
    return np.array(rows).reshape(len(rows), -1)


def out_of_fold(
    table: np.ndarray, labels: np.ndarray, groups: Sequence[str], folds: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of each clip from a forest of extremely randomised trees that was grown on clips of other groups.

    table: (clips, columns). labels: (clips,) integers from 0. Returns the probabilities (clips, classes) and which
    clips were judged (clips,): those whose fold's forest knows all classes.
    """
    probabilities = np.zeros((len(labels), labels.max() + 1))
    judged = np.zeros(len(labels), bool)
    for grown, rest in StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(table, labels, groups):
        if len(np.unique(labels[grown])) == probabilities.shape[1]:
            probabilities[rest] = _by_forest(table[grown], labels[grown], table[rest], seed)
            judged[rest] = True
    return probabilities, judged


def _by_forest(table: np.ndarray, labels: np.ndarray, rest: np.ndarray, seed: int) -> np.ndarray:
    """What `ExtraTreesClassifier(TREES, random_state=seed)` says of `rest`, to the bit, without keeping all trees."""
    random = np.random.RandomState(seed)  # one stream for all parts of the forest
    total = np.zeros((len(rest), labels.max() + 1))
    for _ in range(0, TREES, TREES_AT_ONCE):
        part = ExtraTreesClassifier(TREES_AT_ONCE, random_state=random).fit(table, labels)
        for tree in part.estimators_:
            total += tree.predict_proba(rest.astype(np.float32), check_input=False)
    return total / TREES


def find_issues(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Which labels are suspected: those off the diagonal of the confident joint (clips,).

    labels: (clips,) integers. probabilities: (clips, classes) of a model that was not fitted on the clip. A clip counts
    as of the most probable of those classes whose probability reaches the mean that the class has among the clips
    labelled with it (eq. 1 and 2 of the paper); one that reaches none counts as nothing. It is suspected if
    that class is not its label, and its label is not the most probable of all.
    """
    clips = np.arange(len(labels))
    thresholds = np.array(
        [probabilities[labels == k, k].mean() if (labels == k).any() else np.inf for k in range(probabilities.shape[1])]
    )
    confident = probabilities >= thresholds - TIE
    counted = np.where(confident, probabilities, -1.0).argmax(axis=1)
    named = probabilities[clips, labels] < probabilities.max(axis=1)
    return confident.any(axis=1) & (counted != labels) & named


def self_confidence(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Probability of the label that each clip has: (clips,)."""
    return probabilities[np.arange(len(labels)), labels]


def normalized_margin(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Probability of the label less that of the most probable other class, from -1 to 1: (clips,)."""
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    return self_confidence(labels, probabilities) - others.max(axis=1)


def mislabel(labels: np.ndarray, share: float, seed: int) -> np.ndarray:
    """A copy of `labels` in which a random `share` of the clips has another class, drawn from those that there are."""
    rng = np.random.default_rng(seed)
    changed = labels.copy()
    chosen = rng.choice(len(labels), max(1, round(share * len(labels))), replace=False)
    classes = labels.max() + 1
    changed[chosen] = (labels[chosen] + rng.integers(1, classes, len(chosen))) % classes
    return changed
