"""What a model predicts for one audio file."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass
class Prediction:
    """What a model predicts for one file.

    Attributes
    ----------
    path : Path
        The file.
    seconds : float
        Its length.
    genres : list of str
        The genres that the model knows.
    probabilities : ndarray of shape (n_genres,)
        The probability of each genre, the mean over all windows; they sum to 1.
    windows : list of (start, end)
        The windows that the file was split into, in seconds.
    curve : ndarray of shape (n_windows, n_genres)
        The probabilities of each window.
    low_confidence : str
        Why the prediction should not be relied on; blank if there is no reason.
    warnings : list of str
        What a listener might not expect of the file, such as that it is truncated.
    no_plot : str
        Why there is no plot of it, where one was asked for; blank if there is one.
    """

    path: Path
    seconds: float
    genres: list[str]
    probabilities: np.ndarray
    windows: list[tuple[float, float]]
    curve: np.ndarray
    low_confidence: str
    warnings: list[str] = field(default_factory=list)
    no_plot: str = ""

    @property
    def genre(self) -> str:
        """The most probable genre; of equals the first."""
        return self.genres[int(self.probabilities.argmax())]

    def ranked(self) -> list[tuple[str, float]]:
        """Genres and their probabilities, the most probable first."""
        pairs = zip(self.genres, self.probabilities.tolist(), strict=True)
        return sorted(pairs, key=lambda pair: -pair[1])
