"""How sure a model may be believed to be."""

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from genrebench.plots import style


@mpl.rc_context(style.STYLE)
def draw_reliability(title: str, panels: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw how often a model was right where it was so sure, a panel per protocol.

    `panels` has what `metrics.calibration` returns. The dashed line is a model that is as often right as it says; bars
    below it are too sure of themselves. The darker a bar, the more cases it stands for.
    """
    figure = Figure(figsize=(max(4.2, 2.9 * len(panels)), 3.5), layout="constrained")
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)
    for axes, (protocol, found) in zip(grid[0], panels.items(), strict=True):
        largest = max(row["count"] for row in found["bins"])
        for row in found["bins"]:
            axes.bar(
                *(row["low"], row["accuracy"], row["high"] - row["low"]),
                align="edge", color="#0072b2", alpha=0.25 + 0.75 * row["count"] / largest, ec="white", lw=0.8,
            )  # fmt: skip
        axes.plot([0, 1], [0, 1], color="#777777", lw=1, ls="--")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_aspect("equal")
        axes.xaxis.set_major_formatter(style.percent)
        axes.yaxis.set_major_formatter(style.percent)
        axes.set_xlabel("probability of the genre it named")
        axes.set_title(f"{protocol}\nerror {100 * found['error']:.1f} points, {found['cases']} cases", fontsize=9)
    grid[0, 0].set_ylabel("how often it was right")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    return figure
