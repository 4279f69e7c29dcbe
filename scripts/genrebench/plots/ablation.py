"""Ablation of features: each one alone, all but it, and its permutation importance."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genrebench.common.formatting import percent_value
from genrebench.plots import style
from genrebench.workflow.ablation import ALL

ALONE, WITHOUT, PERMUTED = style.OKABE_ITO[0], style.OKABE_ITO[1], style.OKABE_ITO[2]
PANELS = (
    ("alone", "this feature alone", ALONE),
    ("without", "all but this feature", WITHOUT),
    ("permutation", "lost when it is permuted", PERMUTED),
)


@mpl.rc_context(style.STYLE)
def draw_ablation(variants: Sequence[Mapping[str, Any]], ranking: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw a row of panels per model: accuracies on the validation clips, features in the order of their rank.

    Thin lines are standard deviations. The dashed line, with its own deviation, is the model with all features.

    Parameters
    ----------
    variants, ranking : sequence of dict
        Rows of ablation.csv and ranking.csv, numbers as floats or None.
    """
    reference = {row["model"]: row for row in variants if row["kind"] == ALL and row["valid_mean"] is not None}
    drawn = [row for row in ranking if row["rank"] is not None and row["model"] in reference]
    models = list(dict.fromkeys(row["model"] for row in drawn))
    if not models:
        return style.empty("No variant could be run.")
    panels = {model: [row for row in drawn if row["model"] == model] for model in models}
    heights = [0.34 * len(rows) + 0.9 for rows in panels.values()]
    figure = Figure(figsize=(10.5, sum(heights) + 0.5), layout="constrained")
    grid = figure.subplots(len(models), 3, squeeze=False, sharex="col", height_ratios=heights)
    for line, (model, rows) in zip(grid, panels.items(), strict=True):
        for axes, (measure, title, colour) in zip(line, PANELS, strict=True):
            _draw_bars(axes, rows, measure, colour)
            axes.set_title(f"{model}: {title}" if measure == "alone" else title, fontsize=10)
            if measure == "permutation":
                axes.axvline(0, color=style.SOFT, lw=0.8)
            else:
                _draw_reference(axes, reference[model])
                axes.set_xlim(0, 1)
                style.percent_axis(axes.xaxis)
        line[0].set_yticks(range(len(rows)), [f"{row['feature']}  {row['rank']}" for row in rows])
    for axes, label in zip(grid[-1], ("validation accuracy", "validation accuracy", "points"), strict=True):
        axes.set_xlabel(label)
    grid[-1, 2].xaxis.set_major_formatter(lambda value, _: percent_value(value, 0))
    return figure


def _draw_bars(axes: Axes, rows: Sequence[Mapping[str, Any]], measure: str, colour: str) -> None:
    values = [row[measure] for row in rows]
    spread = [row[f"{measure}_std"] or 0 for row in rows]
    axes.barh(range(len(rows)), values, height=0.62, color=colour, alpha=0.75)
    for y, (value, std) in enumerate(zip(values, spread, strict=True)):
        if std:
            axes.plot([value - std, value + std], [y, y], color=style.INK, lw=1.3, marker="|", ms=6)
    axes.set_yticks([])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    style.named_rows(axes)


def _draw_reference(axes: Axes, row: Mapping[str, Any]) -> None:
    mean, std = row["valid_mean"], row["valid_std"] or 0
    axes.axvspan(mean - std, mean + std, color=style.SOFT, alpha=0.15, lw=0)
    axes.axvline(mean, color=style.SOFT, lw=1.2, ls="--")
