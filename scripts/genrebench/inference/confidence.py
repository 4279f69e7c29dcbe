"""When a prediction has low confidence: the limits of a model, and the reason for one file."""

from collections.abc import Mapping

import numpy as np

from genrebench.common import scoring
from genrebench.common.formatting import percent
from genrebench.inference.loader import Model
from genrebench.training.data import Data

SHARE = 0.05  # of the validation clips that each of the two limits would mark

Limits = dict[str, float | None]


def limits(model: Model, data: Data, rows: np.ndarray, probabilities: np.ndarray) -> Limits:
    """Set the limits of a model so that each of them marks 5% of the validation clips.

    Parameters
    ----------
    model : Model
    data : Data
    rows : ndarray of shape (n_rows,)
        The validation examples.
    probabilities : ndarray of shape (n_rows, n_genres)
        What the model predicts for them.

    Returns
    -------
    dict
        `min_probability`, for the most probable genre, the usual measure of confidence [1]_, and `max_ood_score`, for
        `Model.ood_scores` (None where the model has no scaler).

    References
    ----------
    .. [1] Hendrycks and Gimpel (2017), A baseline for detecting misclassified and out-of-distribution examples in
       neural networks, ICLR.
    """
    clips = data.clips[rows].tolist()
    _, of_clips = scoring.average_segments(clips, probabilities)
    _, scores = scoring.average_segments(clips, model.ood_scores(data, rows)[:, None])
    return {
        "min_probability": float(np.quantile(of_clips.max(axis=1), SHARE)),
        "max_ood_score": float(np.quantile(scores, 1 - SHARE)) if model.scaler else None,
    }


def reason(probability: float, ood_score: float, limits: Mapping[str, float | None]) -> str:
    """Say why a file's prediction has low confidence; blank if it is within the limits.

    `probability` is that of the most probable genre.
    """
    found = []
    if probability < (limits["min_probability"] or 0):
        found.append(f"no genre reaches {percent(limits['min_probability'], 0)}")
    if limits["max_ood_score"] is not None and ood_score > limits["max_ood_score"]:
        found.append("it is unlike the training clips (out of distribution)")
    return " and ".join(found)
