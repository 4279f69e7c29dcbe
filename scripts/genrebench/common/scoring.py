"""Predicted probabilities of segments and clips: their mean, the most probable genre, their loss."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

SMALLEST_PROBABILITY = 1e-15  # one certain mistake would otherwise make the log loss infinite


def average_segments(clip_ids: Sequence[Hashable], probabilities: np.ndarray) -> tuple[list[Any], np.ndarray]:
    """Average the probabilities of a clip's segments.

    `clip_ids` has one entry per segment, `probabilities` the shape (segments, genres). Returns the distinct
    clips in the order of their first segment and an array (clips, genres). Raises `ValueError` if the lengths
    differ.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    if len(clip_ids) != len(probabilities):
        raise ValueError(f"{len(clip_ids)} clip_ids for {len(probabilities)} rows of probabilities")
    position = {clip: i for i, clip in enumerate(dict.fromkeys(clip_ids))}
    rows = np.array([position[clip] for clip in clip_ids], dtype=np.intp)
    sums = np.zeros((len(position), probabilities.shape[1]))
    np.add.at(sums, rows, probabilities)
    return list(position), sums / np.bincount(rows, minlength=len(position))[:, None]


def most_probable(probabilities: np.ndarray, genres: Sequence[str]) -> list[str]:
    """Name the most probable genre of each row of `probabilities` (clips, genres); of equals the first."""
    return [genres[i] for i in np.argmax(probabilities, axis=1)] if len(probabilities) else []


def log_loss(true: Sequence[str], probabilities: np.ndarray, genres: Sequence[str]) -> float:
    """The mean log loss in nats of `probabilities` (clips, genres), each at least 1e-15.

    `true` has one genre per clip.
    """
    from sklearn.metrics import log_loss as loss  # takes a second to import

    # scikit-learn reads columns in sorted order whatever `labels` says.
    order = np.argsort(np.array(genres, dtype=str))
    clipped = np.clip(probabilities[:, order], SMALLEST_PROBABILITY, None)
    if len(genres) == 1:
        return 0.0
    return float(loss(true, clipped / clipped.sum(axis=1, keepdims=True), labels=[genres[i] for i in order]))
