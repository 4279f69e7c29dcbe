"""Gaps, spread and learning curves of all models over one another."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.optimize import isotonic_regression

from genrebench.evaluation.stability import RISE, SHARES, History, mean_curve
from genrebench.plots import style

ROW = 0.32  # inches
LABEL = 0.17  # inches that the name of a curve takes
SUBSETS = {"train": ("training", "^"), "valid": ("validation", "D"), "test": ("test", "o")}


@mpl.rc_context(style.STYLE)
def draw_stability(
    rows: Sequence[Mapping[str, Any]],
    accuracies: Mapping[str, Sequence[float]],
    models: Iterable[str],
    protocol: str | None,
) -> Figure:
    """Draw the rows of stability.csv of one `protocol`: gaps, the spread of the runs, and the rise of the loss.

    `accuracies` gives those of each model's single runs on the test clips; `models` are all those of the dataset, which
    fix the colours. The model with the highest accuracy on the test clips is at the top.
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
            rise.text(max(min(row["loss_rise"], 1), RISE) + 0.03, y, f"{row['loss_rise']:.0%}", va="center", fontsize=8)
    gaps.set_xlim(-0.02, 1.02)
    gaps.xaxis.set_major_formatter(style.percent)
    gaps.set_title(f"Accuracy, {protocol}")
    widest = max(0.05, *(float(np.abs(np.asarray(a) - np.mean(a)).max()) for a in accuracies.values()))
    spread.set_xlim(-1.1 * widest, 1.1 * widest)
    spread.axvline(0, color="#999999", lw=0.8, zorder=1)
    spread.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}".replace("-", "−") if value else "0")
    spread.set_title("Several runs around their mean")
    if all(len(own) < 2 for own in accuracies.values()):
        spread.text(0.5, 0.5, "each model has one run", ha="center", transform=spread.transAxes, color="#555555")
    spread.set_xlabel("points of accuracy on test clips")
    rise.set_xlim(0, 1.25)
    rise.axvline(RISE, color="#777777", lw=1, ls="--", zorder=1)
    rise.xaxis.set_major_formatter(style.percent)
    rise.set_title("Overfitting")
    rise.set_xlabel("rise of the validation loss\nafter its lowest epoch")
    gaps.set_yticks(range(len(rows)), [row["model"] for row in rows])
    gaps.set_ylim(len(rows) - 0.4, -0.6)
    for axes in (gaps, spread, rise):
        axes.grid(axis="x", color="#e5e5e5", lw=0.8)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
    handles = [Line2D([], [], **_marker(name, "#555555"), label=label) for name, (label, _) in SUBSETS.items()]
    handles.append(Line2D([], [], color="#777777", lw=1, ls="--", label=f"{RISE:.0%}, more is called overfitting"))
    figure.legend(handles=handles, loc="outside lower left", ncols=4, frameon=False, fontsize=9)
    return figure


@mpl.rc_context(style.STYLE)
def draw_curves(histories: Mapping[str, Sequence[History]], models: Iterable[str], protocol: str | None) -> Figure:
    """Draw validation accuracy and loss (nats) of the models over the share of their epochs.

    `histories` gives the rows of history.csv of each model's runs, of which the mean is drawn. A loss that runs away is
    cut off, so that the others can be seen.
    """
    histories = {
        model: known
        for model, runs in sorted(histories.items())
        if (known := [rows for rows in runs if all(row["val_accuracy"] and row["val_loss"] for row in rows)])
    }
    if not histories:
        return style.empty("No model that was run is trained by epochs.")
    colour = style.colours(models)
    markers = {model: style.MARKERS[i % len(style.MARKERS)] for i, model in enumerate(sorted(colour))}
    height = max(3.2, LABEL * len(histories) + 0.4)
    figure = Figure(figsize=(9, 2 * height + 1.3), layout="constrained")
    grid = figure.subplots(2, 1, sharex=True)
    for axes, column in zip(grid, ("val_accuracy", "val_loss"), strict=True):
        curves = {model: mean_curve(runs, column) for model, runs in histories.items()}
        for i, (model, values) in enumerate(curves.items()):
            axes.plot(SHARES, values, color=colour[model], lw=1.8, marker=markers[model], ms=6, mew=0,
                      markevery=(3 * i % 20, 20))  # fmt: skip
        if column == "val_loss":
            starts = np.median([values[0] for values in curves.values()])
            highest = max(float(values.max()) for values in curves.values())
            axes.set_ylim(0, 1.05 * min(highest, 2 * float(starts)))
        else:
            axes.set_ylim(0, 1)
            axes.yaxis.set_major_formatter(style.percent)
        axes.grid(color="#e5e5e5", lw=0.8)
        axes.set_axisbelow(True)
        names = {model: f"{model} ({_epochs(runs)})" for model, runs in histories.items()}
        _name_curves(axes, {names[model]: (values[-1], colour[model]) for model, values in curves.items()}, height)
    accuracy, loss = grid
    accuracy.set_title(f"Validation accuracy, {protocol} (epochs in brackets)")
    loss.set_title("Validation loss (nats)")
    loss.set_xlabel("share of the epochs that were trained")
    loss.set_xlim(0, 1)
    loss.xaxis.set_major_formatter(style.percent)
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


def _epochs(runs: Sequence[History]) -> str:
    counts = sorted({len(rows) for rows in runs})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _name_curves(axes: Axes, ends: Mapping[str, tuple[float, str]], height: float) -> None:
    """Write the name of each curve (its last value and colour) right of the axes, none over another."""
    low, high = axes.get_ylim()
    order = sorted(ends, key=lambda name: (ends[name][0], name))
    values = [(min(ends[name][0], high) - low) / (high - low) for name in order]
    for name, at in zip(order, spread_out(values, LABEL / height), strict=True):
        value, colour = ends[name]
        axes.annotate(
            name,
            (1, min(value, high)),
            (1.04, at),
            xycoords="data",
            textcoords=axes.transAxes,
            fontsize=8.5,
            va="center",
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "lw": 0.7, "color": colour, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)},
        )


def spread_out(places: Sequence[float], distance: float) -> list[float]:
    """Ascending `places` from 0 to 1, moved by as little (in squares) as keeps them a `distance` apart.

    Less the distances before them they need only ascend: isotonic regression, which bounds are clipped to.
    """
    steps = distance * np.arange(len(places))
    room = max(0.0, 1 - distance * (len(places) - 1))
    return list(np.clip(isotonic_regression(np.asarray(places) - steps).x, 0, room) + steps)
