"""How the project's figures look: colours, sizes, and writing them so that the same data give the same bytes.

Figures are drawn without pyplot, so there is no display and no global state; `figure.savefig` uses Agg for PNG.
"""

import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from genrebench.common import files
from genrebench.datasets.split_leakage import MEANINGLESS

# Both palettes are safe for the common kinds of colour blindness: Paul Tol's "muted" and Okabe and Ito's.
TOL_MUTED = (
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499", "#777777",
)  # fmt: skip
OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#7a6a00", "#000000")

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
MODELS = ("logistic", "sgd", "random_forest", "cnn", "rnn", "hybrid", "random_forest_vggish", "vgg16")

MARKERS = "osD^vP*X"
WARNING = "#8a3c00"
HEAT = mpl.colormaps["Blues"]
STYLE = {
    "axes.edgecolor": "#555555",
    "axes.grid": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs on every machine
    "font.size": 10,
    "savefig.dpi": 160,
    "svg.fonttype": "path",
    "svg.hashsalt": "genrebench",
    "text.parse_math": False,  # a genre may be called R$B$
}


def colours(names: Iterable[str]) -> dict[str, str]:
    """Give each name its colour (#rrggbb): the same in every figure of a dataset.

    The genres of GTZAN and the papers' main models have colours of their own in every dataset. Other names
    take what is left, in alphabetical order; beyond the palette's length colours come again, which is why no
    figure tells two things apart by colour alone.
    """
    names = sorted(set(names))
    palette, known = (TOL_MUTED, GENRES) if set(names) & set(GENRES) else (OKABE_ITO, MODELS)
    fixed = {name: palette[known.index(name)] for name in names if name in known}
    free = [colour for colour in palette if colour not in fixed.values()] or list(palette)
    others = [name for name in names if name not in fixed]
    return fixed | {name: free[i % len(free)] for i, name in enumerate(others)}


def shade(fraction: float) -> tuple[str, str]:
    """Background and text colour (#rrggbb) of a heat map's cell, for a fraction from 0 to 1."""
    red, green, blue, _ = HEAT(0.85 * float(np.clip(fraction, 0, 1)))
    linear = np.power([red, green, blue], 2.2)
    # At a relative luminance of 0.2 white and near-black text have about the same contrast (WCAG 2.2).
    text = "#ffffff" if linear @ [0.2126, 0.7152, 0.0722] < 0.2 else "#1a1a1a"
    return mpl.colors.to_hex((red, green, blue)), text


def row_fractions(counts: np.ndarray) -> np.ndarray:
    """Divide each row of `counts` (true, predicted) by its sum; a row without clips is all 0."""
    counts = np.asarray(counts, dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)


@mpl.rc_context(STYLE)
def draw_confusions(
    counts: Mapping[str, np.ndarray], genres: Sequence[str], title: str, meaningless: Sequence[str] = ()
) -> Figure:
    """Draw counts of test clips (true genre, predicted genre), a panel per protocol.

    Cells are coloured by the share of the true genre's clips. `meaningless` names the protocols whose numbers say
    nothing.
    """
    side = max(2.6, 0.42 * len(genres))
    figure = Figure(figsize=(side * len(counts) + 1, side + 1.6), layout="constrained")
    grid = figure.subplots(1, len(counts), squeeze=False, sharey=True)
    for axes, (protocol, panel) in zip(grid[0], counts.items(), strict=True):
        fractions = row_fractions(panel)
        axes.imshow(0.85 * fractions, cmap=HEAT, vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(panel):
            if count:
                axes.text(column, row, f"{count:g}", ha="center", va="center", fontsize=9,
                          color=shade(fractions[row, column])[1])  # fmt: skip
        axes.set_xticks(range(len(genres)), genres, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(len(genres)), genres)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("predicted genre")
        axes.set_title(protocol)
        if protocol in meaningless:
            mark_meaningless(axes, protocol, width=35)
    grid[0, 0].set_ylabel("true genre")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold")
    return figure


@mpl.rc_context(STYLE)
def draw_leaderboard(
    rows: Sequence[Mapping[str, Any]], runs: Mapping[tuple[str, str], Sequence[float]], show_published: bool
) -> Figure:
    """Draw the accuracy of each model, one panel per protocol.

    `rows` are those of leaderboard.csv with numbers as floats or None; `runs` gives, per (model, protocol),
    the accuracies of the single runs. The thick line is the 95% interval, a small point one run, a diamond
    the published figure (if `show_published`), the dashed line what always naming the most frequent genre
    scores. A panel whose unit is the segment is drawn as meaningless.
    """
    done = [row for row in rows if row["accuracy_mean"] is not None]
    protocols = list(dict.fromkeys(row["protocol"] for row in done))
    if not done:
        return empty("No model could be run.")
    colour = colours(row["model"] for row in rows)
    panels = {p: sorted((r for r in done if r["protocol"] == p), key=_worst_first) for p in protocols}
    heights = [len(panel) for panel in panels.values()]
    figure = Figure(figsize=(8, 1.2 + 0.36 * sum(heights) + 0.42 * len(heights)), layout="constrained")
    grid = figure.subplots(len(protocols), 1, sharex=True, squeeze=False, height_ratios=[n + 0.4 for n in heights])
    for axes, (protocol, panel) in zip(grid[:, 0], panels.items(), strict=True):
        for y, row in enumerate(panel):
            c = colour[row["model"]] if row["unit"] == "clip" else "#999999"
            axes.plot([row["accuracy_low"], row["accuracy_high"]], [y, y], color=c, lw=7, alpha=0.3,
                      solid_capstyle="butt")  # fmt: skip
            points = runs[row["model"], protocol]
            axes.plot(points, np.full(len(points), y), "o", color=c, ms=4, alpha=0.7, mew=0, clip_on=False)
            axes.plot([row["accuracy_mean"]] * 2, [y - 0.3, y + 0.3], color=c, lw=2.2)
            if show_published and row["published_accuracy"] is not None:
                axes.plot(row["published_accuracy"], y, "D", mfc="white", mec="#1a1a1a", ms=6)
        chance = np.mean([row["majority_accuracy"] for row in panel])
        axes.axvline(chance, color="#777777", lw=1, ls="--", zorder=1.5)
        axes.set_yticks(range(len(panel)), [_name(row) for row in panel])
        axes.set_ylim(-0.6, len(panel) - 0.4)
        axes.set_xlim(0, 1)
        axes.xaxis.set_major_formatter(percent)
        axes.grid(axis="x", color="#e5e5e5", lw=0.8)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.set_title(protocol)
        if panel[0]["unit"] == "segment":
            mark_meaningless(axes, protocol)
    grid[-1, 0].set_xlabel("accuracy on the test subset")
    grey = {"color": "#555555"}
    handles = [
        mpl.lines.Line2D([], [], lw=2.2, marker="none", **grey, label="mean"),
        mpl.lines.Line2D([], [], lw=7, alpha=0.3, **grey, label="95% interval"),
        mpl.lines.Line2D([], [], ls="", marker="o", ms=4, **grey, label="one run"),
        mpl.lines.Line2D([], [], lw=1, ls="--", color="#777777", label="most frequent genre"),
    ]
    if show_published and any(row["published_accuracy"] is not None for row in done):
        handles.append(mpl.lines.Line2D([], [], ls="", marker="D", mfc="white", mec="#1a1a1a", ms=6,
                                        label="published"))  # fmt: skip
    figure.legend(handles=handles, loc="outside lower left", ncols=5, frameon=False, fontsize=9)
    return figure


@mpl.rc_context(STYLE)
def draw_genre_scores(
    scores: Mapping[str, Mapping[str, float | None]], genres: Sequence[str], models: Iterable[str]
) -> Figure:
    """Draw `scores` (model -> genre -> F1, None where there is none), one row per genre, a point per model.

    `models` are all those of the dataset: they fix each one's colour and marker, whichever are drawn.
    """
    drawn = [[s[g] for s in scores.values() if s.get(g) is not None] for g in genres]
    if not any(drawn):
        return empty("No scores per genre.")
    colour = colours(models)
    marker = {model: MARKERS[i % len(MARKERS)] for i, model in enumerate(sorted(colour))}
    figure = Figure(figsize=(8, 1.3 + 0.34 * len(genres)), layout="constrained")
    axes = figure.add_subplot()
    for y, values in enumerate(drawn):
        if values:
            axes.plot([min(values), max(values)], [y, y], color="#d0d0d0", lw=2, zorder=1)
    for model, by_genre in scores.items():
        points = [(by_genre[g], y) for y, g in enumerate(genres) if by_genre.get(g) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), marker[model], ms=7, color=colour[model],
                      mec="white", mew=0.6, label=model)  # fmt: skip
    axes.set_yticks(range(len(genres)), genres)
    axes.set_ylim(len(genres) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(percent)
    axes.set_xlabel("F1 (mean over runs)")
    axes.grid(color="#e5e5e5", lw=0.8)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower left", ncols=4, frameon=False, fontsize=9)
    return figure


def mark_meaningless(axes: Axes, protocol: str, width: int = 50) -> None:
    """Say in the title, of lines of `width` characters, that segments of one clip are on both sides; and `hatch`."""
    axes.set_title("\n".join(textwrap.wrap(f"{protocol}: {MEANINGLESS}", width)), color=WARNING)
    hatch(axes)


def hatch(axes: Axes) -> None:
    """Hatch the ground of `axes`, whose numbers are not to be read as results."""
    axes.add_patch(
        Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, lw=0, ec="#eadfd6", hatch="//", zorder=0)
    )


def to_svg(figure: Figure) -> bytes:
    """The figure as SVG, without a date."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def write(figure: Figure, path: str | Path, dpi: int | None = None, palette: int | None = None) -> None:
    """Write the figure as .png or .svg, by the suffix of `path`, without dates or versions.

    A .png is small with few dots per inch (`dpi`) and no more than `palette` colours, at most 256.
    """
    with files.atomic(path) as temporary:
        temporary.write_bytes(to_svg(figure) if Path(path).suffix == ".svg" else to_png(figure, dpi, palette))


def to_png(figure: Figure, dpi: int | None = None, palette: int | None = None) -> bytes:
    """The figure as PNG, without the version that wrote it; see `write`."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        dots = dpi or STYLE["savefig.dpi"]
        figure.savefig(buffer, format="png", dpi=dots, metadata={"Software": None})
    if palette:
        image = Image.open(buffer).convert("RGB")
        buffer = io.BytesIO()
        # this method also keeps colours that few pixels have, such as the ends of a scale
        few = image.quantize(palette, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def percent(fraction: float, _position: int | None = None) -> str:
    """A fraction as the label of a tick."""
    return f"{100 * fraction:.0f}%"


def _name(row: Mapping[str, Any]) -> str:
    """The model, and under it what is to be said wherever its numbers appear."""
    caveats = row["caveats"] if row["unit"] == "clip" else ""  # of segments the panel's title says it
    return "\n".join([row["model"], *textwrap.wrap(caveats or "", 48)])


def _worst_first(row: Mapping[str, Any]) -> tuple[float, str]:
    return row["accuracy_mean"], row["model"]


@mpl.rc_context(STYLE)
def empty(message: str) -> Figure:
    """A figure that says why there is nothing to see."""
    figure = Figure(figsize=(8, 1.2))
    figure.text(0.5, 0.5, textwrap.fill(message, 100), ha="center", va="center")
    return figure
