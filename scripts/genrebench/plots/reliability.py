"""Reliability diagrams: accuracy against predicted probability."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from genrebench.common.formatting import counted, points
from genrebench.plots import style


@mpl.rc_context(style.STYLE)
def draw_reliability(title: str, panels: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw the accuracy of predictions by their probability, a panel per protocol.

    The dashed line is perfect calibration; bars below it are overconfident. The darker a bar, the more predictions are
    in it.

    Parameters
    ----------
    title : str
        Names the model.
    panels : dict
        Results of `metrics.calibration` by protocol.
    """
    figure = Figure(figsize=(max(4.2, 2.9 * len(panels)), 3.5), layout="constrained")
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)
    for axes, (protocol, found) in zip(grid[0], panels.items(), strict=True):
        largest = max(row["count"] for row in found["bins"])
        for row in found["bins"]:
            axes.bar(
                *(row["low"], row["accuracy"], row["high"] - row["low"]),
                align="edge", color=style.OKABE_ITO[0], alpha=0.25 + 0.75 * row["count"] / largest, ec="white", lw=0.8,
            )  # fmt: skip
        axes.plot([0, 1], [0, 1], color="#777777", lw=1, ls="--")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_aspect("equal")
        style.percent_axis(axes.xaxis)
        style.percent_axis(axes.yaxis)
        axes.set_xlabel("predicted probability")
        title_of_panel = f"{protocol}\nerror {points(found['error'])}, {counted(found['cases'], 'prediction')}"
        axes.set_title(title_of_panel, fontsize=9)
    grid[0, 0].set_ylabel("accuracy")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    return figure
