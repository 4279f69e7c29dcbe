"""Differences between all pairs of models, as a heat map per protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genrebench.common.formatting import signed
from genrebench.evaluation.significance import LEVEL
from genrebench.plots import style

DIFFERENCE = mpl.colormaps["RdBu"]  # safe for all kinds of colour blindness
LARGEST = 0.5  # differences beyond it have one colour


@mpl.rc_context(style.STYLE)
def draw_comparisons(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the rows of comparisons.csv, a panel per protocol.

    A cell is the accuracy of the model of the row minus that of the column, in points: blue where it is positive, red
    where it is negative, bold and framed where the difference is significant.
    """
    protocols = list(dict.fromkeys(row["protocol"] for row in rows))
    if not protocols:
        return style.empty("No protocol has two models with results.")
    models = {p: _models([row for row in rows if row["protocol"] == p]) for p in protocols}
    heights = [0.34 * len(names) + 1.3 for names in models.values()]
    width = 3.4 + 0.42 * max(map(len, models.values()))
    figure = Figure(figsize=(max(7, width), sum(heights) + 0.4), layout="constrained")
    grid = figure.subplots(len(protocols), 1, squeeze=False, height_ratios=heights)
    for axes, protocol in zip(grid[:, 0], protocols, strict=True):
        _draw_panel(axes, protocol, models[protocol], [row for row in rows if row["protocol"] == protocol])
    return figure


def _models(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys([*(row["model"] for row in rows), *(row["other"] for row in rows)]))


def _draw_panel(axes: Axes, protocol: str, models: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    place = {model: i for i, model in enumerate(models)}
    values = np.full((len(models), len(models)), np.nan)
    for row in rows:
        if row["difference"] is None:
            continue
        for one, other, sign in ((row["model"], row["other"], 1), (row["other"], row["model"], -1)):
            y, x, difference = place[one], place[other], sign * row["difference"]
            values[y, x] = difference
            real = row["different"]
            ink = "white" if abs(difference) > 0.35 else style.INK
            axes.text(x, y, signed(difference, 0), ha="center", va="center",
                      fontsize=8, weight="bold" if real else "normal", color=ink)  # fmt: skip
            if real:
                frame = mpl.patches.Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, ec=style.INK, lw=1.4)
                axes.add_patch(frame)
    axes.imshow(values, cmap=DIFFERENCE, vmin=-LARGEST, vmax=LARGEST)
    axes.set_anchor("W")  # cells are of one size in all panels
    axes.set_xticks(range(len(models)), models, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(models)), models, fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    real = sum(bool(row["different"]) for row in rows)
    tested = sum(row["p_holm"] is not None for row in rows)
    axes.set_title(
        f"{protocol}: {real} of {tested} pairs differ significantly (McNemar, Holm, {LEVEL:.0%})", fontsize=10
    )
