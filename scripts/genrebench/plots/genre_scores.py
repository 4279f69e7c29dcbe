"""F1 per genre of several models."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from genrebench.plots import style


@mpl.rc_context(style.STYLE)
def draw_genre_scores(
    scores: Mapping[str, Mapping[str, float | None]], genres: Sequence[str], models: Iterable[str]
) -> Figure:
    """Draw one row per genre and a point per model.

    Parameters
    ----------
    scores : dict
        F1 by model and genre, None where there is none.
    genres : sequence of str
    models : iterable of str
        All models of the dataset, drawn or not: they determine each one's colour and marker.
    """
    drawn = [[f1 for by_genre in scores.values() if (f1 := by_genre.get(genre)) is not None] for genre in genres]
    if not any(drawn):
        return style.empty("No scores per genre.")
    colour = style.colours(models)
    marker = style.markers(colour)
    figure = Figure(figsize=(8, 1.3 + 0.34 * len(genres)), layout="constrained")
    axes = figure.add_subplot()
    for y, values in enumerate(drawn):
        if values:
            axes.plot([min(values), max(values)], [y, y], color="#d0d0d0", lw=2, zorder=1)
    for model, by_genre in scores.items():
        points = [(by_genre[genre], y) for y, genre in enumerate(genres) if by_genre.get(genre) is not None]
        if points:
            size = style.marker_size(marker[model])
            axes.plot(*zip(*points, strict=True), marker[model], ms=size, color=colour[model], mec="white", mew=0.6,
                      label=model)  # fmt: skip
    style.named_rows(axes)
    style.light_grid(axes)
    axes.set_yticks(range(len(genres)), genres)
    axes.set_ylim(len(genres) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    style.percent_axis(axes.xaxis)
    axes.set_xlabel("F1 (mean over runs)")
    figure.legend(loc="outside lower left", ncols=4, frameon=False, fontsize=9)
    return figure
