"""The accuracy of all models, a panel per protocol."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genrebench.datasets.synthetic import NOTE
from genrebench.evaluation.tables import SEPARATOR
from genrebench.plots import style

PUBLISHED = {"marker": "D", "ls": "", "mfc": "white", "mec": style.INK, "ms": 6}


@mpl.rc_context(style.STYLE)
def draw_leaderboard(
    rows: Sequence[Mapping[str, Any]], runs: Mapping[tuple[str, str], Sequence[float]], show_published: bool
) -> Figure:
    """Draw the accuracy of each model, one panel per protocol.

    The thick line is the 95% interval, a small point one run, a diamond the published accuracy, the dashed line the
    accuracy of always predicting the most frequent genre. A protocol whose training and test share clips is grey. The
    numbers after a model's name are those of its caveats, which the last lines state.

    Parameters
    ----------
    rows : sequence of dict
        Rows of leaderboard.csv, numbers as floats or None.
    runs : dict
        Accuracies of the single runs by (model, protocol).
    show_published : bool
        Whether the published accuracies are of this dataset.
    """
    done = [row for row in rows if row["accuracy_mean"] is not None]
    protocols = list(dict.fromkeys(row["protocol"] for row in done))
    if not done:
        return style.empty("No model could be run.")
    colour = style.colours(row["model"] for row in rows)
    panels = {p: sorted((r for r in done if r["protocol"] == p), key=_worst_first) for p in protocols}
    heights = [len(panel) for panel in panels.values()]
    notes = {note: number for number, note in enumerate(dict.fromkeys(n for row in done for n in _caveats(row)), 1)}
    height = 1.2 + 0.3 * sum(heights) + 0.42 * len(heights) + 0.2 * len(notes)
    figure = Figure(figsize=(8, height), layout="constrained")
    if done[0]["synthetic"]:
        figure.suptitle(NOTE.capitalize(), x=0.01, ha="left", fontsize=11, weight="bold", color=style.WARNING)
    grid = figure.subplots(len(protocols), 1, sharex=True, squeeze=False, height_ratios=[n + 0.4 for n in heights])
    for axes, (protocol, panel) in zip(grid[:, 0], panels.items(), strict=True):
        for y, row in enumerate(panel):
            c = colour[row["model"]] if row["unit"] == "clip" else style.GREY
            axes.plot([row["accuracy_low"], row["accuracy_high"]], [y, y], color=c, lw=7, alpha=0.3,
                      solid_capstyle="butt")  # fmt: skip
            points = runs[row["model"], protocol]
            axes.plot(points, np.full(len(points), y), "o", color=c, ms=4, alpha=0.7, mew=0, clip_on=False)
            axes.plot([row["accuracy_mean"]] * 2, [y - 0.3, y + 0.3], color=c, lw=2.2)
            if show_published and row["published_accuracy"] is not None:
                axes.plot(row["published_accuracy"], y, **PUBLISHED)
        chance = np.mean([row["majority_accuracy"] for row in panel])
        axes.axvline(chance, color="#777777", lw=1, ls="--", zorder=1.5)
        style.named_rows(axes)
        axes.set_yticks(range(len(panel)), [_label(row, notes) for row in panel])
        axes.set_ylim(-0.6, len(panel) - 0.4)
        axes.set_xlim(0, 1)
        style.percent_axis(axes.xaxis)
        axes.set_title(protocol)
        if panel[0]["unit"] == "segment":
            style.mark_meaningless(axes, protocol)
    explained = "".join(f"\n[{number}] {note}" for note, number in notes.items())
    grid[-1, 0].set_xlabel(f"accuracy on the test subset{explained}", loc="left")
    handles = [
        Line2D([], [], lw=2.2, color=style.SOFT, label="mean"),
        Line2D([], [], lw=7, alpha=0.3, color=style.SOFT, label="95% interval"),
        Line2D([], [], ls="", marker="o", ms=4, color=style.SOFT, label="one run"),
        Line2D([], [], lw=1, ls="--", color="#777777", label="most frequent genre"),
    ]
    if show_published and any(row["published_accuracy"] is not None for row in done):
        handles.append(Line2D([], [], **PUBLISHED, label="published"))
    figure.legend(handles=handles, loc="outside lower left", ncols=5, frameon=False, fontsize=9)
    return figure


def _caveats(row: Mapping[str, Any]) -> list[str]:
    """The caveats of a model; of segments the panel's title has it."""
    return row["caveats"].split(SEPARATOR) if row["caveats"] and row["unit"] == "clip" else []


def _label(row: Mapping[str, Any], notes: Mapping[str, int]) -> str:
    """The model, and the numbers of its caveats."""
    return " ".join([row["model"], *(f"[{notes[note]}]" for note in _caveats(row))])


def _worst_first(row: Mapping[str, Any]) -> tuple[float, str]:
    return row["accuracy_mean"], row["model"]
