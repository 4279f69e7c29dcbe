"""Robustness: the accuracy of each model under each condition."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from genrebench.common.formatting import percent_value, signed
from genrebench.evaluation.robustness import CLEAN
from genrebench.plots import style


@mpl.rc_context(style.STYLE)
def draw_robustness(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a heat map: models from the most accurate to the least, conditions from left to right.

    A cell has the accuracy in percent, and the difference to the clips as they are in points, which is bold where its
    95% interval is without 0.

    Parameters
    ----------
    rows : sequence of dict
        Rows of robustness.csv, numbers as floats or None.
    """
    if not rows:
        return style.empty("No model of the robustness study is available.")
    conditions = list(dict.fromkeys(row["condition"] for row in rows))
    clean = {row["model"]: row["accuracy"] for row in rows if row["condition"] == CLEAN}
    models = sorted(clean, key=lambda model: -clean[model])
    figure = Figure(figsize=(2.6 + 0.72 * len(conditions), 1.5 + 0.42 * len(models)), layout="constrained")
    axes = figure.add_subplot()
    for row in rows:
        x, y = conditions.index(row["condition"]), models.index(row["model"])
        background, ink = style.shade(row["accuracy"])
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, color=background, lw=0))
        low, high = row.get("difference_low"), row.get("difference_high")
        above = "" if row["condition"] == CLEAN else signed(row["difference"], 0)
        axes.text(x, y - (0.16 if above else 0), percent_value(row["accuracy"], 0), ha="center", va="center", color=ink)
        axes.text(
            *(x, y + 0.24, above),
            **{"ha": "center", "va": "center", "color": ink, "fontsize": 7.5},
            weight="bold" if low is not None and high is not None and not low <= 0 <= high else "normal",
        )
    axes.axvline(0.5, color="white", lw=4)
    axes.set_xlim(-0.5, len(conditions) - 0.5)
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set_xticks(range(len(conditions)), conditions, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(models)), models)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    title = "Test accuracy (%)\nsmall: difference to clean (points)"  # two lines, for a figure of few conditions
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    return figure
