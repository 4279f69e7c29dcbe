"""Overfitting and variation of all models: gaps, spread of the runs, and rise of the loss."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genrebench.common import formatting
from genrebench.evaluation.stability import RISE
from genrebench.plots import style

ROW = 0.32  # inches
SUBSETS = {"train": ("training", "^"), "valid": ("validation", "D"), "test": ("test", "o")}


@mpl.rc_context(style.STYLE)
def draw_stability(
    rows: Sequence[Mapping[str, Any]],
    accuracies: Mapping[str, Sequence[float]],
    models: Iterable[str],
    protocol: str | None,
) -> Figure:
    """Draw the gaps, the spread of the runs, and the rise of the loss; the most accurate model comes first.

    Parameters
    ----------
    rows : sequence of dict
        Rows of stability.csv of one protocol, numbers as floats or None.
    accuracies : dict
        Test accuracies of each model's single runs.
    models : iterable of str
        All models of the dataset, which determine the colours.
    protocol : str or None
    """
    if not rows:
        return style.empty("No model could be run.")
    rows = sorted(rows, key=lambda row: (-row["test_accuracy"], row["model"]))
    colour = style.colours(models)
    figure = Figure(figsize=(11, ROW * len(rows) + 1.5), layout="constrained")
    gaps, spread, rise = figure.subplots(1, 3, sharey=True, width_ratios=[3, 1.9, 1.3])
    for y, row in enumerate(rows):
        c = colour[row["model"]]
        points = {name: row[f"{name}_accuracy"] for name in SUBSETS if row[f"{name}_accuracy"] is not None}
        gaps.plot([min(points.values()), max(points.values())], [y, y], color=c, lw=4, alpha=0.25, zorder=2)
        for name, value in points.items():
            gaps.plot(value, y, **_marker(name, c), zorder=3)
        own = np.asarray(accuracies[row["model"]]) - row["test_accuracy"]
        if len(own) > 1:
            spread.plot(own, np.full(len(own), y), "o", color=c, ms=4.5, alpha=0.6, mew=0, zorder=3)
        if row["loss_rise"] is not None:
            rise.barh(y, min(row["loss_rise"], 1), height=0.55, color=c, zorder=2)
            at = max(min(row["loss_rise"], 1), RISE) + 0.03
            rise.text(at, y, formatting.percent(row["loss_rise"], 0), va="center", fontsize=8)
    gaps.set_xlim(-0.02, 1.02)
    style.percent_axis(gaps.xaxis)
    gaps.set_title(f"Accuracy, {protocol}")
    widest = max(0.05, *(float(np.abs(np.asarray(a) - np.mean(a)).max()) for a in accuracies.values()))
    spread.set_xlim(-1.1 * widest, 1.1 * widest)
    spread.axvline(0, color="#999999", lw=0.8, zorder=1)
    spread.xaxis.set_major_formatter(lambda value, _: formatting.signed(value, 0))
    spread.set_title("Single runs around their mean")
    if all(len(own) < 2 for own in accuracies.values()):
        spread.text(0.5, 0.5, "each model has one run", ha="center", transform=spread.transAxes, color=style.SOFT)
    spread.set_xlabel("points of test accuracy")
    rise.set_xlim(0, 1.25)
    rise.axvline(RISE, color="#777777", lw=1, ls="--", zorder=1)
    style.percent_axis(rise.xaxis)
    rise.set_title("Overfitting")
    rise.set_xlabel("rise of the validation loss\nafter its lowest epoch")
    gaps.set_yticks(range(len(rows)), [row["model"] for row in rows])
    gaps.set_ylim(len(rows) - 0.4, -0.6)
    for axes in (gaps, spread, rise):
        style.named_rows(axes)
    handles = [Line2D([], [], **_marker(name, style.SOFT), label=label) for name, (label, _) in SUBSETS.items()]
    handles.append(Line2D([], [], color="#777777", lw=1, ls="--", label=f"overfitting above {RISE:.0%}"))
    figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False, fontsize=9)
    return figure


def _marker(subset: str, colour: str) -> dict[str, Any]:
    filled = subset == "test"
    return {
        "marker": SUBSETS[subset][1],
        "ls": "",
        "mfc": colour if filled else "white",
        "mec": "white" if filled else colour,
        "mew": 0.6 if filled else 1.4,
        "ms": 7 if filled else 5.5,
    }
