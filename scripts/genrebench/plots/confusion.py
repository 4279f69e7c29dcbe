"""Confusion matrices."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from genrebench.plots import style


def row_fractions(counts: np.ndarray) -> np.ndarray:
    """Divide each row of `counts` (true, predicted) by its sum; a row without clips is all 0."""
    counts = np.asarray(counts, dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)


@mpl.rc_context(style.STYLE)
def draw_confusion(counts: np.ndarray, genres: Sequence[str], title: str) -> Figure:
    """Draw clip counts (true genre, predicted genre), coloured by the share of the true genre's clips."""
    fractions = row_fractions(counts)
    side = max(3.6, 0.46 * len(genres) + 1.6)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(0.85 * fractions, cmap=style.HEAT, vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, f"{count:g}", ha="center", va="center", fontsize=9,
                      color=style.shade(fractions[row, column])[1])  # fmt: skip
    axes.set_xticks(range(len(genres)), genres, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(genres)), genres)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted genre")
    axes.set_ylabel("true genre")
    axes.set_title(title)
    return figure
