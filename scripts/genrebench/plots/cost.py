"""What a person sees of training: how the models learned over the epochs, and what their accuracy cost."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from genrebench.plots import style as plots
from genrebench.training.data import best_row

TRAINING, VALIDATION = "#0072b2", "#d55e00"  # of Okabe and Ito, as plots.OKABE_ITO
CURVES = {"accuracy": ("accuracy", "val_accuracy"), "loss": ("loss", "val_loss")}
# what a model costs: column, axis label
COSTS = {
    "parameters": "trained parameters",
    "training_seconds": "seconds of training",
    "inference_ms_per_clip": "milliseconds of inference per clip",
}
# where the label of a point may stand: directions around it (degrees), and distances (points), the nearest first
DIRECTIONS = (0, 180, 25, 155, -25, -155, 60, 120, -60, -120, 90, -90)
DISTANCES = (7, 15, 26, 40, 58, 80, 105)


@mpl.rc_context(plots.STYLE)
def draw_curves(
    title: str, histories: Mapping[str, Sequence[Sequence[Mapping[str, str]]]], meaningless: Sequence[str] = ()
) -> Figure:
    """Draw accuracy, loss (nats) and learning rate over the epochs, one column per protocol; `title` names the model.

    `histories` gives, per protocol, the rows of each run's history.csv; `meaningless` names the protocols whose numbers
    say nothing, which come last. A thin line is a run, the bold one their mean over the epochs that all of them
    reached, a dot a run's best epoch on validation. A loss that runs away is cut off, so that the others can be seen.
    """
    order = sorted(histories, key=lambda protocol: protocol in meaningless)
    columns = {protocol: [_columns(rows) for rows in histories[protocol]] for protocol in order}
    figure = Figure(figsize=(max(5.0, 0.9 + 2.5 * len(columns)), 5.6), layout="constrained")
    grid = figure.subplots(3, len(columns), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 3, 1])
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    for (accuracy, loss, rate), (protocol, runs) in zip(grid.T, columns.items(), strict=True):
        for axes, name in ((accuracy, "accuracy"), (loss, "loss")):
            for column, colour, style in zip(CURVES[name], (TRAINING, VALIDATION), ("--", "-"), strict=True):
                _draw_runs(axes, [(run["epoch"], run[column]) for run in runs], colour, style)
            for run in runs:
                best = best_row([dict(zip(run, row, strict=True)) for row in zip(*run.values(), strict=True)])
                axes.plot(run["epoch"][best], run[CURVES[name][1]][best], "o", ms=6, color=VALIDATION,
                          mec="white", mew=0.8, zorder=5)  # fmt: skip
        for run in runs:
            rate.plot(run["epoch"], run["learning_rate"], color="#777777", lw=1)
        accuracy.set_title(protocol)
        rate.set_xlabel("epoch")
        for axes in (accuracy, loss, rate):
            axes.grid(color="#e5e5e5", lw=0.8)
            axes.set_axisbelow(True)
        if protocol in meaningless:
            plots.mark_meaningless(accuracy, protocol, width=25)
            plots.hatch(loss)
            plots.hatch(rate)
    accuracy, loss, rate = grid[:, 0]
    accuracy.set_ylim(0, 1.02)
    accuracy.yaxis.set_major_formatter(plots.percent)
    accuracy.set_ylabel("accuracy")
    loss.set_ylim(0, _highest_loss(columns.values()))
    loss.set_ylabel("loss (nats)")
    rate.set_ylim(bottom=0)
    rate.yaxis.set_major_locator(MaxNLocator(2))
    rate.set_ylabel("learning\nrate")
    for axes in grid[-1]:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    line = mpl.lines.Line2D
    handles = [
        line([], [], color=TRAINING, lw=2.2, ls="--", label="training"),
        line([], [], color=VALIDATION, lw=2.2, label="validation"),
        line([], [], color="#777777", lw=0.7, label="one run"),
        line([], [], ls="", marker="o", ms=6, color=VALIDATION, mec="white", label="best epoch of a run"),
    ]
    figure.legend(
        handles=handles, loc="outside lower left", ncols=4 if len(columns) > 1 else 2, frameon=False, fontsize=9
    )
    return figure


@mpl.rc_context(plots.STYLE)
def draw_costs(rows: Sequence[Mapping[str, Any]], models: Sequence[str], protocol: str | None) -> Figure:
    """Draw accuracy against the costs of `COSTS`, one panel each, as paper 003 sets its two networks side by side.

    `rows` have model, caveats, accuracy_mean, accuracy_low and accuracy_high (fractions) and the costs, None or 0 where
    they are not known; `models` are all those of the dataset, which fix the colours. A vertical line is the 95%
    interval. A model with caveats has a number after its name, which the last lines explain.
    """
    if not rows:
        return plots.empty("No cost is known of a model that has an accuracy.")
    colour = plots.colours(models)
    marker = {model: plots.MARKERS[i % len(plots.MARKERS)] for i, model in enumerate(sorted(colour))}
    notes = list(dict.fromkeys(row["caveats"] for row in rows if row["caveats"]))
    numbers = {note: f" [{number}]" for number, note in enumerate(notes, 1)}
    names = {row["model"]: row["model"] + numbers.get(row["caveats"], "") for row in rows}
    panels, foot = 4.2 * len(COSTS), 0.2 * len(notes)  # inches
    height = panels + foot
    figure = Figure(figsize=(9, height))
    # labels are placed by what they measure on the canvas, so the axes may not move any more
    top, bottom = 1 - 0.03 * panels / height, (0.05 * panels + foot) / height
    figure.subplots_adjust(left=0.075, right=0.97, top=top, bottom=bottom, hspace=0.24)
    legend = "\n".join(f"{number.strip()} {note}" for note, number in numbers.items())
    figure.text(0.075, 0.1 / height, legend, fontsize=9, va="bottom", color="#555555")
    FigureCanvasAgg(figure)
    low = min(row["accuracy_low"] for row in rows)
    high = max(row["accuracy_high"] for row in rows)
    for axes, (cost, label) in zip(figure.subplots(len(COSTS), 1), COSTS.items(), strict=True):
        known = [row for row in rows if row[cost]]
        axes.set_ylim(max(0, low - 0.04), min(1.02, high + 0.04))
        axes.yaxis.set_major_formatter(plots.percent)
        axes.set_ylabel(f"accuracy, {protocol}")
        axes.set_xlabel(label)
        axes.set_xscale("log")
        axes.grid(color="#e5e5e5", lw=0.8)
        axes.set_axisbelow(True)
        if not known:
            axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes, color="#555555")
            continue
        _set_logarithmic(axes, [row[cost] for row in known])
        for row in known:
            name = row["model"]
            axes.plot([row[cost]] * 2, [row["accuracy_low"], row["accuracy_high"]], color=colour[name], lw=4, alpha=0.2,
                      solid_capstyle="butt", zorder=2)  # fmt: skip
            size = 11 if marker[name] == "*" else 7  # the arms of a star are thin
            axes.plot(row[cost], row["accuracy_mean"], marker[name], color=colour[name], ms=size, mec="white", mew=0.7,
                      zorder=4)  # fmt: skip
        _label(axes, [(names[row["model"]], row[cost], row["accuracy_mean"], colour[row["model"]]) for row in known])
    return figure


def _columns(rows: Sequence[Mapping[str, str]]) -> dict[str, np.ndarray]:
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def _highest_loss(columns: Iterable[Sequence[Mapping[str, np.ndarray]]]) -> float:
    """Where the axis of the loss ends: at the highest, but not above thrice what training began with."""
    runs = [run for runs in columns for run in runs]
    first = np.nanmedian([run["loss"][0] for run in runs])
    highest = np.nanmax([np.nanmax([*run["loss"], *run["val_loss"]]) for run in runs])
    return 1.05 * float(min(highest, 3 * first))


def _draw_runs(axes: Axes, runs: Sequence[tuple[np.ndarray, np.ndarray]], colour: str, style: str) -> None:
    """A thin line for each run's (epochs, values), and their mean over the epochs that all of them have."""
    for epochs, values in runs:
        axes.plot(epochs, values, color=colour, lw=0.7, ls=style, alpha=0.5)
    shared = min(len(epochs) for epochs, _ in runs)
    mean = np.mean([values[:shared] for _, values in runs], axis=0)
    axes.plot(runs[0][0][:shared], mean, color=colour, lw=2.2, ls=style)


def _set_logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis with some room around the values, and a few labels on it however small their range."""
    low, high = min(values) / 1.6, max(values) * 1.6
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,), numticks=30))
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _label(axes: Axes, points: Sequence[tuple[str, float, float, str]]) -> None:
    """Write the name of each point (name, x, y, colour) at the nearest place where it covers no name and no point.

    The crowded points choose first. Where no place is free, the least covered one is taken.
    """
    pixels = axes.figure.dpi / 72  # of a typographic point
    centres = axes.transData.transform([(x, y) for _, x, y, _ in points])
    taken = [np.concatenate([centre - 5 * pixels, centre + 5 * pixels]) for centre in centres]
    neighbours = (np.linalg.norm(centres[:, None] - centres, axis=-1) < 60 * pixels).sum(axis=1)
    for i in np.argsort(-neighbours, kind="stable"):
        name, x, y, colour = points[i]
        text = axes.annotate(
            name,
            (x, y),
            (0, 0),
            textcoords="offset points",
            fontsize=8.5,
            va="center",
            zorder=6,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            arrowprops={"arrowstyle": "-", "lw": 0.7, "color": colour, "shrinkA": 0, "shrinkB": 3},
        )
        width, height = text.get_window_extent().size + 2 * pixels  # a saved figure is rounded otherwise
        places = [
            _place(centres[i], distance * pixels, np.radians(direction), width, height)
            for distance in DISTANCES
            for direction in DIRECTIONS
        ]
        covered = _covered(np.array([box for *_, box in places]), np.array(taken), axes.bbox.extents)
        offset, side, box = places[np.argmin(covered)]
        text.set_position(offset / pixels)
        text.set_ha(side)
        taken.append(box)


def _place(
    centre: np.ndarray, distance: float, direction: float, width: float, height: float
) -> tuple[np.ndarray, str, np.ndarray]:
    """Offset from the point, horizontal alignment and box (left, bottom, right, top) of a label there, in pixels."""
    offset = distance * np.array([np.cos(direction), np.sin(direction)])
    side = "center" if abs(offset[0]) < distance / 10 else "left" if offset[0] > 0 else "right"
    start = centre + offset - [{"left": 0, "center": width / 2, "right": width}[side], height / 2]
    return offset, side, np.concatenate([start, [start[0] + width, start[1] + height]])


def _covered(boxes: np.ndarray, taken: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Pixels of each of `boxes` (n, 4) that lie on the boxes `taken` (m, 4), or outside the box `inside` (4,)."""
    size = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    result = _shared(boxes[:, None], taken).sum(axis=1) + size - _shared(boxes, inside)
    return result.round(3)  # so that of equals the first is taken


def _shared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Area that boxes (..., 4) have in common."""
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    return sides.clip(min=0).prod(axis=-1)


def _plain(value: float, _position: int | None = None) -> str:
    """A number as people write it: 0.02, 500, 20 k, 1.5 M."""
    for factor, letter in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if value >= factor:
            return f"{value / (1e3 if letter == ' k' else factor):g}{letter}"
    return f"{value:g}"
