"""Leakage study: the accuracy of a model from protocol to protocol, with less leakage at each step."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genrebench.common.formatting import interval, percent, points
from genrebench.datasets.splits import SEGMENT_PROTOCOL
from genrebench.evaluation import leakage
from genrebench.plots import style

COLOURS = {"segments": "#d55e00", "size": "#56b4e9", "artists": "#e69f00", leakage.TOTAL: "#777777"}


@mpl.rc_context(style.STYLE)
def draw_leakage(rows: Sequence[Mapping[str, Any]], parts: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a panel per model, its protocols from top to bottom.

    A dot is the accuracy of what the model predicts, segments or clips, with its 95% interval. A diamond is the
    accuracy of clips, by the mean of their segments. A bar between two protocols is the loss of accuracy.

    Parameters
    ----------
    rows, parts : sequence of dict
        Rows of leakage.csv and leakage_parts.csv, numbers as floats or None.
    """
    models = list(dict.fromkeys(row["model"] for row in rows))
    if not any(row["accuracy"] is not None for row in rows):
        return style.empty("No model of the leakage study is available.")
    figure = Figure(figsize=(9.5, 0.9 + 3.3 * len(models)), layout="constrained")
    grid = figure.subplots(len(models), 1, sharex=True, squeeze=False)
    for axes, model in zip(grid[:, 0], models, strict=True):
        own = {part["part"]: part for part in parts if part["model"] == model}
        disjoint = own[leakage.TOTAL]["other"]
        ordered = sorted((row for row in rows if row["model"] == model), key=lambda row: _place(row, disjoint))
        _draw_panel(axes, ordered, own)
        axes.set_title(model)
    grid[-1, 0].set_xlabel("accuracy on the test subset")
    handles = [
        Line2D([], [], ls="", marker="o", ms=7, color=style.INK, label="predictions of the model (segments or clips)"),
        Line2D([], [], ls="", marker="D", ms=6, mfc="white", color=style.INK, label="clips (mean of their segments)"),
        Line2D([], [], lw=5, alpha=0.3, color=style.INK, label="95% interval"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=9)
    return figure


def _draw_panel(axes: Axes, rows: Sequence[Mapping[str, Any]], parts: Mapping[str, Mapping[str, Any]]) -> None:
    place = {row["protocol"]: y for y, row in enumerate(rows)}
    for y, row in enumerate(rows):
        if row["accuracy"] is None:
            text = textwrap.shorten(f"unavailable: {row['reason']}", 110, placeholder=" ...")
            axes.text(0.01, y, text, va="center", fontsize=8.5, color=style.SOFT)
            continue
        ink = style.WARNING if row["protocol"] == SEGMENT_PROTOCOL else style.INK
        axes.plot([row["accuracy_low"], row["accuracy_high"]], [y, y], color=ink, lw=6, alpha=0.25,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot(row["accuracy"], y, "o", ms=7, color=ink)
        axes.text(row["accuracy_low"] - 0.012, y, percent(row["accuracy"]), ha="right", va="center",
                  fontsize=9, color=ink, weight="bold")  # fmt: skip
        if row["unit"] == "segment" and row["clip_accuracy"] is not None:
            axes.plot(row["clip_accuracy"], y, "D", ms=6, mfc="white", mec=ink)
            right = max(row["accuracy_high"], row["clip_accuracy"])
            axes.text(
                right + 0.012, y, f"clips {percent(row['clip_accuracy'])}", va="center", fontsize=8.5, color=style.SOFT
            )
    steps = [part for name, part in parts.items() if name != leakage.TOTAL and part["difference"] is not None]
    for part in steps or [parts[leakage.TOTAL]]:
        if part["difference"] is not None and part["protocol"] != part["other"]:
            _draw_step(axes, part, (place[part["protocol"]] + place[part["other"]]) / 2)
    names = [
        f"{row['protocol']}\n(leaky on purpose)" if row["protocol"] == SEGMENT_PROTOCOL else row["protocol"]
        for row in rows
    ]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.set_xlim(0, 1.1)  # leaves room for text beyond 100%
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    style.percent_axis(axes.xaxis)
    style.named_rows(axes)


def _draw_step(axes: Axes, part: Mapping[str, Any], y: float) -> None:
    """Draw the loss between two protocols as a bar, with its text on the side that has more room."""
    ends = sorted((part["accuracy"], part["other_accuracy"]))
    axes.barh(y, ends[1] - ends[0], left=ends[0], height=0.3, color=COLOURS[part["part"]], ec="white", lw=0.5)
    text = f"{leakage.PARTS.get(part['part'], 'all leakage')}: {points(part['difference'])}"
    if part["low"] is not None:
        text += f" ({interval(part['low'], part['high'])})"
    left = ends[0] > 1 - ends[1]
    axes.text(*((ends[0] - 0.012, y) if left else (ends[1] + 0.012, y)), text, ha="right" if left else "left",
              va="center", fontsize=8.5, color=style.INK)  # fmt: skip


def _place(row: Mapping[str, Any], disjoint: str) -> tuple[bool, int]:
    """Order protocols from most to least leakage, those that are not part of the steps last."""
    protocol = row["protocol"]
    return protocol in leakage.DISJOINT and protocol != disjoint, leakage.PROTOCOLS.index(protocol)
