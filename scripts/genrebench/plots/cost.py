"""Accuracy against cost: parameters, seconds of training, milliseconds per clip."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from genrebench.common.formatting import short_amount
from genrebench.plots import style

# column: axis label
COSTS = {
    "parameters": "trained parameters",
    "training_seconds": "seconds of training",
    "inference_ms_per_clip": "milliseconds of inference per clip",
}
# where the label of a point may be: directions around it (degrees), and distances (points), the nearest first
DIRECTIONS = (0, 180, 25, 155, -25, -155, 60, 120, -60, -120, 90, -90)
DISTANCES = (7, 15, 26, 40, 58, 80, 105)


@mpl.rc_context(style.STYLE)
def draw_costs(rows: Sequence[Mapping[str, Any]], models: Sequence[str], protocol: str | None) -> Figure:
    """Draw accuracy against each cost of `COSTS`, one panel each.

    A vertical line is the 95% interval. A model with caveats has a number after its name, explained in the last lines.

    Parameters
    ----------
    rows : sequence of dict
        model, caveats, accuracy_mean, accuracy_low and accuracy_high (fractions), and the costs, None or 0 where
        they were not measured.
    models : sequence of str
        All models of the dataset, which determine the colours.
    protocol : str or None
        Protocol of the accuracies.
    """
    if not rows:
        return style.empty("No model has both an accuracy and a measured cost.")
    colour = style.colours(models)
    marker = style.markers(colour)
    notes = list(dict.fromkeys(row["caveats"] for row in rows if row["caveats"]))
    numbers = {note: f" [{number}]" for number, note in enumerate(notes, 1)}
    names = {row["model"]: row["model"] + numbers.get(row["caveats"], "") for row in rows}
    panels, foot = 4.2 * len(COSTS), 0.2 * len(notes)  # inches
    height = panels + foot
    figure = Figure(figsize=(9, height))
    # labels are placed by their size on the canvas, so the axes must not move any more
    top, bottom = 1 - 0.03 * panels / height, (0.05 * panels + foot) / height
    figure.subplots_adjust(left=0.075, right=0.97, top=top, bottom=bottom, hspace=0.24)
    legend = "\n".join(f"{number.strip()} {note}" for note, number in numbers.items())
    figure.text(0.075, 0.1 / height, legend, fontsize=9, va="bottom", color=style.SOFT)
    FigureCanvasAgg(figure)
    low = min(row["accuracy_low"] for row in rows)
    high = max(row["accuracy_high"] for row in rows)
    for axes, (cost, label) in zip(figure.subplots(len(COSTS), 1), COSTS.items(), strict=True):
        known = [row for row in rows if row[cost]]
        axes.set_ylim(max(0, low - 0.04), min(1.02, high + 0.04))
        style.percent_axis(axes.yaxis)
        axes.set_ylabel(f"accuracy, {protocol}")
        axes.set_xlabel(label)
        axes.set_xscale("log")
        style.light_grid(axes)
        if not known:
            axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes, color=style.SOFT)
            continue
        _set_logarithmic(axes, [row[cost] for row in known])
        for row in known:
            name = row["model"]
            axes.plot([row[cost]] * 2, [row["accuracy_low"], row["accuracy_high"]], color=colour[name], lw=4, alpha=0.2,
                      solid_capstyle="butt", zorder=2)  # fmt: skip
            size = style.marker_size(marker[name])
            axes.plot(row[cost], row["accuracy_mean"], marker[name], color=colour[name], ms=size, mec="white", mew=0.7,
                      zorder=4)  # fmt: skip
        _label(axes, [(names[row["model"]], row[cost], row["accuracy_mean"], colour[row["model"]]) for row in known])
    return figure


def _set_logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic axis with some room around the values, and a few labels on it however small their range."""
    low, high = min(values) / 1.6, max(values) * 1.6
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1000 else (1,), numticks=30))
    axes.xaxis.set_major_formatter(FuncFormatter(short_amount))
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
