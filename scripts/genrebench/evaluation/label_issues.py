"""Which labels look wrong: confident learning, on probabilities of clips that the model was not fitted on.

This is for listening, not for training: the check looks at all clips and their genres, test clips included, and no
model, no setting and no other number comes from it.

References
----------
C. Northcutt, L. Jiang and I. Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels, Journal of
Artificial Intelligence Research 70, arXiv:1911.00068.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from genrebench.training.data import Feature, Values

LOOKS_AT = "all clips, test clips included"  # stands in the description of the result
CHANGED = 0.05  # share of the labels that are changed on purpose, to see what the check is worth
TREES = 100
TREES_AT_ONCE = 10  # in memory: a tree of 100,000 clips takes some 20 MB
TIE = 1e-6  # probabilities this near to a threshold reach it (as in the authors' library, cleanlab)


def check_labels(
    manifest: Path, features: Sequence[Path], settings: dict[str, Any]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of labels.csv, one per clip that was judged, the least believable label first, and their description.

    Clips of one recording are in one fold; those of one artist need not be, because an artist's other clips say much
    about a clip, and nothing is measured here that they could flatter. (On 639 clips of GTZAN with the widespread table
    of features, 32 of them mislabelled on purpose, 17 of these were among 62 suspects; with artists kept apart 27 were,
    among 255.) So an artist who stands as a whole in a wrong genre is not found. Where the check cannot be made there
    are no rows, and the description says why.

    Parameters
    ----------
    manifest
        manifest.csv.
    features
        JSON descriptions of the caches that are looked at.
    settings
        Section study.labels of params.yaml: `folds` and `seed`.
    """
    clips = pd.read_csv(manifest, dtype="str", keep_default_na=False)
    caches = [Feature.open(feature) for feature in features]
    genres, labels = np.unique(clips["genre"], return_inverse=True)
    folds, seed = settings["folds"], settings["seed"]
    facts: dict[str, Any] = {"features": [cache.name for cache in caches], "folds": folds, "clips": len(clips)}
    facts["looks_at"] = LOOKS_AT
    if reason := reason_not_to_check(caches, labels, folds):
        return pd.DataFrame(), facts | {"reason": reason}
    recordings = clips["duplicate_of"].where(clips["duplicate_of"] != "", clips["clip_id"]).tolist()
    with threadpool_limits(1):  # sums in another order are other numbers
        values = np.hstack([pool(cache.values[:], cache.has_time) for cache in caches])
        probabilities, judged = out_of_fold(values, labels, recordings, folds, seed)
        changed = mislabel(labels, CHANGED, seed)
        trial, tried = out_of_fold(values, changed, recordings, folds, seed)
    rows = judge(clips["clip_id"][judged].to_numpy(), labels[judged], genres, probabilities[judged])
    suspected = find_issues(changed[tried], trial[tried])
    wrong = (changed != labels)[tried]
    facts |= {
        "reason": None,
        "judged": int(judged.sum()),
        "accuracy": float((probabilities.argmax(axis=1) == labels)[judged].mean()),
        "suspected": int(rows["suspected"].sum()),
        "trial": {
            "changed": int(wrong.sum()),
            "found": int((suspected & wrong).sum()),
            "suspected": int(suspected.sum()),
        },
    }
    return rows, facts


def reason_not_to_check(caches: Sequence[Feature], labels: np.ndarray, folds: int) -> str | None:
    """Why labels cannot be checked by these features: a sentence for people; None if they can."""
    if not caches:
        return "None of the features that study.labels names in params.yaml is configured."
    missing = [cache for cache in caches if not cache.description["available"]]
    if missing:
        return "; ".join(f"{cache.name} is not available: {cache.description['reason']}" for cache in missing)
    if len(set(labels)) < 2:
        return "All clips are of one genre."
    fewest = int(np.bincount(labels).min())
    if fewest < folds:
        return f"A genre has {fewest} clip{'s' if fewest > 1 else ''}, fewer than the {folds} folds of the check."
    return None


def judge(clip_ids: np.ndarray, labels: np.ndarray, genres: np.ndarray, probabilities: np.ndarray) -> pd.DataFrame:
    """The rows of labels.csv: suspected ones first, then by the probability of the label that they have.

    `labels` (clips,) index `genres`, `probabilities` has the shape (clips, genres).
    """
    rows = pd.DataFrame(
        {
            "clip_id": clip_ids,
            "genre": genres[labels],
            "suggested": genres[probabilities.argmax(axis=1)],
            "probability": probabilities.max(axis=1),
            "self_confidence": self_confidence(labels, probabilities),
            "normalized_margin": normalized_margin(labels, probabilities),
            "suspected": find_issues(labels, probabilities),
        }
    )
    order = ["suspected", "self_confidence", "normalized_margin", "clip_id"]
    return rows.sort_values(order, ascending=[False, True, True, True], ignore_index=True)


def pool(values: Values, has_time: bool) -> np.ndarray:
    """One row of numbers per clip of a feature (clips, ...): mean and standard deviation over time where it has time.

    Returns float64 (clips, columns).
    """
    if not has_time:
        return np.asarray(values, np.float64).reshape(len(values), -1)
    clips = (values[row] for row in range(len(values)))  # one at a time in memory
    rows = [(clip.mean(axis=-1, dtype=np.float64), clip.std(axis=-1, dtype=np.float64)) for clip in clips]
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
    improbable = probabilities[clips, labels] < probabilities.max(axis=1)
    return confident.any(axis=1) & (counted != labels) & improbable


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
