"""Published accuracies and F1 scores beside our own: a row per system, and a row per genre."""

import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from genrebench.datasets.published import paper_of
from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.evaluation.paper_comparison import comparable
from genrebench.plots import style

# from the middle of a row, so that the two intervals do not overlap in the plot
OFFSET = {"closest": -0.13, "disjoint": 0.13}
PUBLISHED = {"marker": "D", "ls": "", "mfc": "white", "mec": style.INK, "ms": 6.5}
FAINT = "#b5b5b5"  # published, but not comparable
ROW = 0.36  # inches
OURS = {"closest": "ours, closest protocol", "disjoint": "ours, artist-disjoint split"}


@mpl.rc_context(style.STYLE)
def draw_papers(
    rows: Sequence[Mapping[str, Any]], dataset: str, models: Iterable[str], segments: Collection[str]
) -> Figure:
    """Draw the published accuracy of each system, and ours with the closest protocol and with an artist-disjoint split.

    A light bar is a 95% interval. Published accuracies of another dataset are grey.

    Parameters
    ----------
    rows : sequence of dict
        Rows of papers.csv, numbers as floats or None.
    dataset : str
        Name of our dataset.
    models : iterable of str
        All models of the dataset, which determine the colours.
    segments : collection of str
        Protocols whose training and test share clips; their accuracies are grey.
    """
    if not rows:
        return style.empty("No published accuracy is of a configured system.")
    colour = style.colours(models)
    figure = Figure(figsize=(8.6, ROW * len(rows) + 1.7), layout="constrained")
    axes = figure.add_subplot()
    for y, row in enumerate(rows):
        c = colour.get(row["model"], style.GREY)
        own = _own_points(row)
        values = [*own.values(), *([row["published"]] if comparable(row, dataset) else [])]
        axes.plot([min(values, default=0), max(values, default=0)], [y, y], color="#d0d0d0", lw=1.5, zorder=1)
        for name, value in own.items():
            ink = style.GREY if row[f"{name}_protocol"] in segments else c
            at = y + OFFSET[name]
            axes.plot([row[f"{name}_low"], row[f"{name}_high"]], [at, at], color=ink, lw=4, alpha=0.28,
                      solid_capstyle="butt", zorder=2)  # fmt: skip
            axes.plot(value, at, **_own_marker(name, ink), zorder=4)
        edge = style.INK if comparable(row, dataset) else FAINT
        axes.plot(row["published"], y, **PUBLISHED | {"mec": edge}, zorder=3)
        if not own:
            axes.text(0, y, "unavailable", color="#777777", fontsize=9, va="center")
    papers = [paper_of(row["source"]) for row in rows]
    _separate(axes, papers)
    axes.set_yticks(range(len(rows)), [row["model"] for row in rows])
    for first in [y for y, paper in enumerate(papers) if y == 0 or paper != papers[y - 1]]:
        axes.text(1.04, first, papers[first], fontsize=8, color=style.SOFT, va="center", clip_on=False)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(style.INK if _own_points(row) else "#777777")
    axes.set_ylim(len(rows) - 0.4, -0.6)
    _percent_axis(axes, "accuracy on the test subset")
    caveats = sorted(
        {caveat for row in rows for caveat in (row["caveats"] or "").split("; ") if caveat and caveat != MEANINGLESS}
    )
    if not any(comparable(row, dataset) for row in rows):
        axes.set_title(f"Published on {_others(rows, dataset)}: not comparable with results on {dataset}",
                       color=style.WARNING)  # fmt: skip
    if caveats:
        names = "; ".join(
            f"{one} ({', '.join(r['model'] for r in rows if one in (r['caveats'] or ''))})" for one in caveats
        )
        axes.set_xlabel(f"{axes.get_xlabel()}\n{textwrap.fill(names, 90)}", fontsize=9)
    handles = [
        Line2D([], [], **PUBLISHED, label="published"),
        *(Line2D([], [], **_own_marker(which, style.SOFT), label=label) for which, label in OURS.items()),
        Line2D([], [], color=style.SOFT, lw=4, alpha=0.28, label="95% interval"),
        *([Line2D([], [], **_own_marker("closest", style.GREY), label=MEANINGLESS)]
          if any(row["closest_protocol"] in segments for row in rows) else []),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=9)
    return figure


@mpl.rc_context(style.STYLE)
def draw_genres(rows: Sequence[Mapping[str, Any]], dataset: str, models: Iterable[str]) -> Figure:
    """Draw the F1 per genre of papers_genres.csv, a panel per model; see `draw_papers`."""
    shown = [row for row in rows if row["metric"] == "f1" and not row["genre"].endswith(" avg")]
    names = list(dict.fromkeys(row["model"] for row in shown))
    if not names:
        return style.empty("No scores per genre are published.")
    colour = style.colours(models)
    count = max(sum(row["model"] == name for row in shown) for name in names)
    lines = -(-len(names) // 2)
    figure = Figure(figsize=(8.6, lines * (0.25 * count + 1.0) + 0.6), layout="constrained")
    grid = figure.subplots(lines, 2, sharex=True, squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(grid.flat, names, strict=False):
        own = [row for row in shown if row["model"] == name]
        for y, row in enumerate(own):
            found = _own_points(row, "score")
            values = [*found.values(), *([row["published"]] if comparable(row, dataset) else [])]
            axes.plot([min(values, default=0), max(values, default=0)], [y, y], color="#d0d0d0", lw=1.5, zorder=1)
            for reading, value in found.items():
                axes.plot(value, y + OFFSET[reading], **_own_marker(reading, colour.get(name, style.GREY)), zorder=3)
            edge = style.INK if comparable(row, dataset) else FAINT
            axes.plot(row["published"], y, **PUBLISHED | {"mec": edge}, zorder=2)
        axes.set_yticks(range(len(own)), [row["genre"] for row in own])
        axes.set_ylim(len(own) - 0.5, -0.5)
        _percent_axis(axes, "F1")
        axes.set_title(f"{name}\n{own[0]['source']}", fontsize=10)
        under = [own[0][f"{reading}_protocol"] for reading in OFFSET if own[0][f"{reading}_protocol"]]
        axes.set_xlabel(f"F1, ours with {' and '.join(dict.fromkeys(under))}" if under else "F1, ours unavailable")
        axes.xaxis.set_tick_params(labelbottom=True)
    if not any(comparable(row, dataset) for row in shown):
        figure.suptitle(f"Published on {_others(shown, dataset)}: not comparable with results on {dataset}",
                        color=style.WARNING, x=0.01, ha="left", fontsize=11, weight="bold")  # fmt: skip
    handles = [
        Line2D([], [], **PUBLISHED, label="published"),
        *(Line2D([], [], **_own_marker(which, style.SOFT), label=label) for which, label in OURS.items()),
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=3, frameon=False, fontsize=9)
    return figure


def _own_points(row: Mapping[str, Any], value: str = "accuracy") -> dict[str, float]:
    """What we have of a row: with the closest protocol, with an artist-disjoint split."""
    return {name: row[f"{name}_{value}"] for name in OFFSET if row[f"{name}_{value}"] is not None}


def _own_marker(reading: str, colour: str) -> dict[str, Any]:
    disjoint = reading == "disjoint"
    return {"marker": "s" if disjoint else "o", "ls": "", "color": colour, "mec": "white", "mew": 0.6, "ms": 6.5}


def _separate(axes: Axes, groups: Sequence[str]) -> None:
    """A thin line between rows of different groups."""
    for y in range(1, len(groups)):
        if groups[y] != groups[y - 1]:
            axes.axhline(y - 0.5, color="#c8c8c8", lw=0.8)


def _percent_axis(axes: Axes, label: str) -> None:
    axes.set_xlim(-0.02, 1.02)
    style.percent_axis(axes.xaxis)
    axes.set_xlabel(label)
    style.named_rows(axes)


def _others(rows: Sequence[Mapping[str, Any]], dataset: str) -> str:
    return ", ".join(sorted({row["dataset"] for row in rows if not comparable(row, dataset)}))
