"""From predicted probabilities to the numbers of one run, by scikit-learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from genrebench.common.scoring import log_loss, most_probable

CALIBRATION_BINS = 15


def score_run(cases: pd.DataFrame, genres: Sequence[str]) -> tuple[dict[str, float | int | None], pd.DataFrame]:
    """The numbers of one run, and precision, recall, F1 and support of each genre.

    `cases` are its rows of `tables.PREDICTIONS`. All figures are of the test subset, but for the accuracies in training
    and validation, which are None where nothing was predicted there.
    """
    test = cases[cases["subset"] == "test"]
    figures = score(test["genre"].tolist(), test[list(genres)].to_numpy(), genres)
    of_genres = pd.DataFrame.from_dict(figures.pop("genres"), orient="index").rename_axis("genre").reset_index()
    right = (cases["predicted"] == cases["genre"]).groupby(cases["subset"]).mean()
    seen = {f"{subset}_accuracy": float(right[subset]) if subset in right else None for subset in ("train", "valid")}
    return {"n_test": figures.pop("n"), **figures, **seen}, of_genres


def score(true: Sequence[str], probabilities: np.ndarray, genres: Sequence[str]) -> dict[str, Any]:
    """Score clip predictions: the most probable genre (the first of equals) against the true one.

    `true` has one genre per clip, `probabilities` the shape (clips, genres), its columns in the order of
    `genres`. All figures are fractions (0 to 1), the log loss is in nats with probabilities of at least 1e-15.
    Macro averages are over the genres that have clips; a genre without clips has None for its scores, because
    a recall of 0 out of 0 is not a failure. `majority_accuracy` is what always answering the genre most
    frequent among these clips would score, `calibration_error` the expected one (`calibration`). Raises `ValueError`
    without clips, for a genre that has no column, and for probabilities that are not finite.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    unknown = sorted(set(true) - set(genres))
    if not len(true):
        raise ValueError("no clips to score")
    if unknown:
        raise ValueError(f"no probability column for the genre {', '.join(unknown)}")
    if not np.isfinite(probabilities).all():
        raise ValueError(f"{(~np.isfinite(probabilities)).any(axis=1).sum()} rows have probabilities not finite")
    predicted = most_probable(probabilities, genres)
    right = np.array(true) == np.array(predicted)
    present = [genre for genre in genres if genre in set(true)]
    each = precision_recall_fscore_support(true, predicted, labels=present, zero_division=0)
    by_genre = dict(zip(present, zip(*each, strict=True), strict=True))
    macro = np.mean(each[:3], axis=1)
    return {
        "n": len(true),
        "accuracy": float(np.mean(right)),
        "macro_precision": float(macro[0]),
        "macro_recall": float(macro[1]),
        "macro_f1": float(macro[2]),
        "log_loss": log_loss(true, probabilities, genres),
        "calibration_error": calibration(right, probabilities.max(axis=1))["error"],
        "majority_accuracy": float(max(each[3]) / len(true)),
        "genres": {genre: _genre_scores(by_genre.get(genre)) for genre in genres},
    }


def calibration(right: Sequence[bool], probabilities: Sequence[float], bins: int = CALIBRATION_BINS) -> dict[str, Any]:
    """How well the probability of the predicted genre says how often it is the right one.

    `right` and `probabilities` have one entry per case. Returns the number of `cases`, the expected calibration `error`
    (the mean distance between probability and accuracy over `bins` of equal width: Guo et al. 2017, On calibration of
    modern neural networks, arXiv:1706.04599) and the `bins` that have cases: low, high, count, accuracy, probability.
    """
    edges = np.linspace(0, 1, bins + 1)
    confidence = np.asarray(probabilities, dtype=np.float64)
    hit = np.asarray(right, dtype=np.float64)
    place = np.clip(np.searchsorted(edges, confidence) - 1, 0, bins - 1)  # an edge belongs to the bin below it
    counts = np.bincount(place, minlength=bins)
    found = [
        {
            "low": float(edges[i]),
            "high": float(edges[i + 1]),
            "count": int(counts[i]),
            "accuracy": float(hit[place == i].mean()),
            "probability": float(confidence[place == i].mean()),
        }
        for i in np.flatnonzero(counts)
    ]
    error = sum(one["count"] * abs(one["accuracy"] - one["probability"]) for one in found) / len(confidence)
    return {"cases": len(confidence), "error": float(error), "bins": found}


def confusion(true: Sequence[str], predicted: Sequence[str], genres: Sequence[str]) -> np.ndarray:
    """Count clips as an integer array (true genre, predicted genre), both in the order of `genres`."""
    return confusion_matrix(true, predicted, labels=list(genres))


def _genre_scores(scores: tuple[float, float, float, int] | None) -> dict[str, Any]:
    if scores is None:
        return {"precision": None, "recall": None, "f1": None, "support": 0}
    precision, recall, f1, support = scores
    return {"precision": float(precision), "recall": float(recall), "f1": float(f1), "support": int(support)}
