"""What an accuracy loses from protocol to protocol, as steps."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genrebench.datasets.splits import SEGMENT_PROTOCOL
from genrebench.evaluation import leakage
from genrebench.plots import style

COLOURS = {"segments": "#d55e00", "size": "#56b4e9", "artists": "#e69f00", leakage.TOTAL: "#777777"}
INK = "#1a1a1a"
SOFT = "#555555"


@mpl.rc_context(style.STYLE)
def draw_leakage(rows: Sequence[Mapping[str, Any]], parts: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw the rows of leakage.csv and leakage_parts.csv, a panel per model, its protocols from top to bottom.

    A dot is the accuracy of segments, or of clips for a model that has none, with its 95% interval; a diamond that of
    clips by the mean of their segments. A bar between two protocols is what the accuracy loses from one to the other.
    """
    models = list(dict.fromkeys(row["model"] for row in rows))
    if not any(row["accuracy"] is not None for row in rows):
        return style.empty("None of the models of the leakage study could be run.")
    figure = Figure(figsize=(9.5, 0.9 + 3.3 * len(models)), layout="constrained")
    grid = figure.subplots(len(models), 1, sharex=True, squeeze=False)
    for axes, model in zip(grid[:, 0], models, strict=True):
        own = {part["part"]: part for part in parts if part["model"] == model}
        honest = own[leakage.TOTAL]["other"]
        ordered = sorted((row for row in rows if row["model"] == model), key=lambda row: _place(row, honest))
        _draw_panel(axes, ordered, own)
        axes.set_title(model)
    grid[-1, 0].set_xlabel("accuracy on the test subset")
    handles = [
        Line2D([], [], ls="", marker="o", ms=7, color=INK, label="what the model predicts: segments, if it has any"),
        Line2D([], [], ls="", marker="D", ms=6, mfc="white", color=INK, label="clips, by the mean of their segments"),
        Line2D([], [], lw=5, alpha=0.3, color=INK, label="95% interval"),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=9)
    return figure


def _draw_panel(axes: Axes, rows: Sequence[Mapping[str, Any]], parts: Mapping[str, Mapping[str, Any]]) -> None:
    place = {row["protocol"]: y for y, row in enumerate(rows)}
    for y, row in enumerate(rows):
        if row["accuracy"] is None:
            text = textwrap.shorten(f"not run: {row['reason']}", 110, placeholder=" ...")
            axes.text(0.01, y, text, va="center", fontsize=8.5, color=SOFT)
            continue
        ink = style.WARNING if row["protocol"] == SEGMENT_PROTOCOL else INK
        axes.plot([row["accuracy_low"], row["accuracy_high"]], [y, y], color=ink, lw=6, alpha=0.25,
                  solid_capstyle="butt")  # fmt: skip
        axes.plot(row["accuracy"], y, "o", ms=7, color=ink)
        axes.text(row["accuracy_low"] - 0.012, y, f"{100 * row['accuracy']:.1f}%", ha="right", va="center",
                  fontsize=9, color=ink, weight="bold")  # fmt: skip
        if row["unit"] == "segment" and row["clip_accuracy"] is not None:
            axes.plot(row["clip_accuracy"], y, "D", ms=6, mfc="white", mec=ink)
            right = max(row["accuracy_high"], row["clip_accuracy"])
            axes.text(
                right + 0.012, y, f"clips {100 * row['clip_accuracy']:.1f}%", va="center", fontsize=8.5, color=SOFT
            )
    steps = [part for name, part in parts.items() if name != leakage.TOTAL and part["difference"] is not None]
    for part in steps or [parts[leakage.TOTAL]]:
        if part["difference"] is not None and part["protocol"] != part["other"]:
            _draw_step(axes, part, (place[part["protocol"]] + place[part["other"]]) / 2)
    names = [
        f"{row['protocol']}\n(a mistake)" if row["protocol"] == SEGMENT_PROTOCOL else row["protocol"] for row in rows
    ]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.set_xlim(0, 1.1)  # there is room for words behind 100%
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.xaxis.set_major_formatter(style.percent)
    axes.grid(axis="x", color="#e5e5e5", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _draw_step(axes: Axes, part: Mapping[str, Any], y: float) -> None:
    """What is lost between the two, as a bar; the words stand where there is more room."""
    ends = sorted((part["accuracy"], part["other_accuracy"]))
    axes.barh(y, ends[1] - ends[0], left=ends[0], height=0.3, color=COLOURS[part["part"]], ec="white", lw=0.5)
    text = f"{leakage.PARTS.get(part['part'], 'all of it')}: {_points(part['difference'])} points"
    if part["low"] is not None:
        text += f" ({_points(part['low'])} to {_points(part['high'])})"
    left = ends[0] > 1 - ends[1]
    axes.text(*((ends[0] - 0.012, y) if left else (ends[1] + 0.012, y)), text, ha="right" if left else "left",
              va="center", fontsize=8.5, color=INK)  # fmt: skip


def _points(difference: float) -> str:
    return f"{100 * difference:.1f}".replace("-", "−")


def _place(row: Mapping[str, Any], honest: str) -> tuple[bool, int]:
    """Protocols in the order in which they leak less, those that are no step of it last."""
    protocol = row["protocol"]
    return protocol in leakage.HONEST and protocol != honest, leakage.PROTOCOLS.index(protocol)
