"""What a model says of one audio file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass
class Prediction:
    """What a model says of one file.

    `probabilities` (genres,) add up to 1; `spans` are the stretches that were heard on their own, (start, end) in
    seconds, and `curve` (spans, genres) their probabilities. `doubts` says why no genre of the training may fit (blank
    where one does).
    """

    path: Path
    seconds: float
    genres: list[str]
    probabilities: np.ndarray
    spans: list[tuple[float, float]]
    curve: np.ndarray
    doubts: str

    @property
    def genre(self) -> str:
        """The most probable genre, the first of equals."""
        return self.genres[int(self.probabilities.argmax())]

    def ranked(self) -> list[tuple[str, float]]:
        """Genres and probabilities, the most probable first."""
        pairs = zip(self.genres, self.probabilities.tolist(), strict=True)
        return sorted(pairs, key=lambda pair: -pair[1])
