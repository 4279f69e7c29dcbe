"""Confusion matrices, a panel per protocol."""

from collections.abc import Mapping, Sequence

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
def draw_confusions(
    counts: Mapping[str, np.ndarray], genres: Sequence[str], title: str, meaningless: Sequence[str] = ()
) -> Figure:
    """Draw counts of test clips, coloured by the share of the true genre's clips.

    Parameters
    ----------
    counts : dict
        Arrays (true genre, predicted genre) by protocol, both in the order of `genres`.
    genres : sequence of str
    title : str
    meaningless : sequence of str
        Protocols whose training and test share clips.
    """
    side = max(2.6, 0.42 * len(genres))
    figure = Figure(figsize=(side * len(counts) + 1, side + 1.6), layout="constrained")
    grid = figure.subplots(1, len(counts), squeeze=False, sharey=True)
    for axes, (protocol, panel) in zip(grid[0], counts.items(), strict=True):
        fractions = row_fractions(panel)
        axes.imshow(0.85 * fractions, cmap=style.HEAT, vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(panel):
            if count:
                axes.text(column, row, f"{count:g}", ha="center", va="center", fontsize=9,
                          color=style.shade(float(fractions[row, column]))[1])  # fmt: skip
        axes.set_xticks(range(len(genres)), genres, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(genres)), genres)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("predicted genre")
        axes.set_title(protocol)
        if protocol in meaningless:
            style.mark_meaningless(axes, protocol, width=35)
    grid[0, 0].set_ylabel("true genre")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    return figure
