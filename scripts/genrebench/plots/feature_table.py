"""A table of features, one row per clip: distributions of its columns by genre, and correlations between columns."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from threadpoolctl import threadpool_limits

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.plots import style

PALETTE = 256  # colours in the files: a third of the bytes
PANELS, ACROSS = 12, 3
REDUNDANT = 0.9  # columns with a higher |r| are redundant
LABELLED = 90  # columns of a heat map with legible names
CORRELATION = mpl.colormaps["RdBu_r"]


def draw_feature_table(
    manifest: Path, values: Path, description: Path, distributions: Path, correlations: Path
) -> None:
    """Draw a feature cache of columns: `distributions` by genre, and `correlations` (.png or .svg).

    Parameters
    ----------
    manifest : path
        manifest.csv, the rows of the cache.
    values, description : path
        The cache (.npy) and its JSON. If the feature is unavailable, both plots say why.

    Raises
    ------
    InputError
        If the cache is not a table.
    """
    facts = files.read_json(description)
    if not facts["available"]:
        for output in (distributions, correlations):
            style.write(style.empty(f"{facts['feature']} is unavailable: {facts['reason']}"), output)
        return
    table = np.load(values)
    genres = [clip["genre"] for clip in files.read_rows(manifest)]
    if table.ndim != 2 or len(table) != len(genres):
        raise InputError(
            f"{values} has the shape {table.shape}, but must be a table with a row for each of the {len(genres)} "
            f"clips of {manifest}"
        )
    columns = facts.get("columns") or [f"column {i}" for i in range(table.shape[1])]
    with threadpool_limits(1):  # the order of sums changes the last digits
        style.write(draw_distributions(table, columns, genres), distributions, palette=PALETTE)
        style.write(draw_correlations(table, columns), correlations, palette=PALETTE)


def separation(values: np.ndarray, genres: Sequence[str]) -> np.ndarray:
    """Compute η², the share of each column's variance that lies between genres.

    Σ n_g (mean_g - mean)² / Σ (x - mean)² (Pearson's correlation ratio, as in a one-way analysis of variance).

    Parameters
    ----------
    values : array (clips, columns)
    genres : sequence of str
        Genre of each clip.

    Returns
    -------
    array (columns,)
        From 0 to 1; 0 for a constant column.
    """
    deviations = _deviations(values)
    total = np.square(deviations).sum(axis=0)
    _, genre = np.unique(genres, return_inverse=True)
    between = sum((genre == g).sum() * np.square(deviations[genre == g].mean(axis=0)) for g in range(genre.max() + 1))
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)


def correlations(values: np.ndarray) -> np.ndarray:
    """Compute Pearson's r between the columns of `values` (clips, columns): (columns, columns), NaN if constant."""
    deviations = _deviations(values)
    lengths = np.sqrt(np.square(deviations).sum(axis=0))
    unit = np.divide(deviations, lengths, out=np.full_like(deviations, np.nan), where=lengths > 0)
    return np.clip(unit.T @ unit, -1, 1)


def pick_columns(values: np.ndarray, genres: Sequence[str], count: int = PANELS) -> list[int]:
    """Pick the columns that differ most between genres, the most different first, without redundant ones."""
    r = np.abs(correlations(values))
    chosen: list[int] = []
    for column in np.argsort(-separation(values, genres), kind="stable"):
        if len(chosen) < count and r[column, column] > 0 and not (r[column, chosen] > REDUNDANT).any():
            chosen.append(int(column))
    return chosen


def cluster_order(r: np.ndarray) -> list[int]:
    """Order the columns so that correlated ones, of either sign, are neighbours; constant ones come last.

    Average linkage of the distances 1 - |r|, leaves in the order of Bar-Joseph, Gifford and Jaakkola (2001), Fast
    optimal leaf ordering for hierarchical clustering.
    """
    varying = np.flatnonzero(np.isfinite(np.diag(r)))
    constant = [int(i) for i in np.flatnonzero(~np.isfinite(np.diag(r)))]
    if len(varying) < 3:
        return [*map(int, varying), *constant]
    distances = 1 - np.abs(r[np.ix_(varying, varying)])
    tree = hierarchy.linkage(squareform(distances, checks=False), "average", optimal_ordering=True)
    return [*(int(varying[leaf]) for leaf in hierarchy.leaves_list(tree)), *constant]


@mpl.rc_context(style.STYLE)
def draw_distributions(values: np.ndarray, columns: Sequence[str], genres: Sequence[str]) -> Figure:
    """Draw a panel per column of `pick_columns`, with a box per genre; `values` is (clips, columns)."""
    picked = pick_columns(values, genres)
    if not picked:
        return style.empty("No column differs between clips.")
    names = sorted(set(genres))
    colour = style.colours(names)
    members = [np.flatnonzero(np.asarray(genres) == name) for name in names]
    eta = separation(values, genres)
    rows = -(-len(picked) // ACROSS)
    figure = Figure(figsize=(9, rows * (0.75 + 0.17 * len(names)) + 0.3), layout="constrained")
    grid = figure.subplots(rows, ACROSS, sharey=True, squeeze=False)
    for axes, column in zip(grid.flat, picked, strict=False):
        groups = [values[rows_of_genre, column] for rows_of_genre in members]
        boxes = axes.boxplot(
            groups, orientation="horizontal", whis=(5, 95), showfliers=False, patch_artist=True, widths=0.66,
            medianprops={"color": style.INK, "lw": 1.4}, whiskerprops={"color": "#777777"}, showcaps=False,
            boxprops={"lw": 0},
        )  # fmt: skip
        for box, name in zip(boxes["boxes"], names, strict=True):
            box.set_facecolor(mpl.colors.to_rgba(colour[name], 0.75))
        axes.set_title(columns[column], fontsize=9)
        axes.set_title(f"η² {eta[column]:.2f}", loc="right", fontsize=8, fontweight="normal", color=style.SOFT)
        axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
        axes.tick_params(axis="x", labelsize=8, length=2.5)
        axes.xaxis.get_offset_text().set_fontsize(8)
        style.named_rows(axes)
        axes.tick_params(axis="y", labelsize=8)
    for axes in list(grid.flat)[len(picked) :]:
        axes.set_axis_off()
    grid[0, 0].set_yticks(range(1, len(names) + 1), names)
    grid[0, 0].set_ylim(len(names) + 0.6, 0.4)
    return figure


@mpl.rc_context(style.STYLE)
def draw_correlations(values: np.ndarray, columns: Sequence[str]) -> Figure:
    """Draw Pearson's r between all columns of `values` (clips, columns), in the order of `cluster_order`."""
    r = correlations(values)
    order = cluster_order(r)
    side = float(np.clip(0.155 * len(order) + 2, 4, 14))
    figure = Figure(figsize=(side, side - 0.8), layout="constrained")
    axes = figure.add_subplot()
    cmap = CORRELATION.with_extremes(bad="#d0d0d0")
    image = axes.imshow(r[np.ix_(order, order)], cmap, vmin=-1, vmax=1, interpolation="nearest")
    names = [columns[column] for column in order] if len(order) <= LABELLED else []
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(length=0, pad=2)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.4, aspect=24, pad=0.015)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=8, length=2.5)
    bar.set_label("Pearson's r", fontsize=8)
    return figure


def _deviations(values: np.ndarray) -> np.ndarray:
    """Deviations from the mean of each column, in float64; exactly 0 where the column is constant."""
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.ptp(values, axis=0) > 0, values - values.mean(axis=0), 0)
