"""The style of all figures: colours, axes, and files that have the same bytes for the same data.

Figures are drawn without pyplot, so there is no display and no global state; `figure.savefig` uses Agg for PNG.
"""

import io
import textwrap
from collections import Counter
from collections.abc import Iterable
from itertools import chain, cycle
from pathlib import Path
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from scipy.spatial import cKDTree

from genrebench.common import files
from genrebench.common.formatting import percent_tick
from genrebench.datasets.split_leakage import MEANINGLESS

# Both palettes are safe for the common kinds of colour blindness: Paul Tol's "muted" and Okabe and Ito's.
TOL_MUTED = (
    "#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499", "#777777",
)  # fmt: skip
OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#7a6a00", "#000000")
# For more models than that: each is told from Okabe and Ito's by its lightness, too.
MORE = ("#332288", "#ddcc77", "#882255", "#999999", "#44aa99", "#aa4499", "#8b4513", "#99cc33")

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
MODELS = ("logistic", "sgd", "random_forest", "cnn", "rnn", "hybrid", "random_forest_vggish", "vgg16")

MARKERS = "osD^vP*X<>ph"
INK = "#1a1a1a"  # text, and lines that matter
SOFT = "#555555"  # text beside the matter, and legends
GREY = "#999999"  # what is no result
GRID = "#e5e5e5"
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
    """Choose a colour (#rrggbb) for each name, the same in every figure of a dataset.

    The genres of GTZAN and the papers' main models have the same colour in every dataset. Other names take the
    remaining colours in alphabetical order. Beyond the palette's length colours repeat, so no figure tells two things
    apart by colour alone: genres are named where they stand, and models of one colour have different `markers`.
    """
    names = sorted(set(names))
    palette, known = (TOL_MUTED, GENRES) if set(names) & set(GENRES) else (OKABE_ITO + MORE, MODELS)
    fixed = {name: palette[known.index(name)] for name in names if name in known}
    free = [colour for colour in palette if colour not in fixed.values()]
    others = [name for name in names if name not in fixed]
    return fixed | dict(zip(others, chain(free, cycle(palette)), strict=False))


def markers(models: Iterable[str]) -> dict[str, str]:
    """Choose a marker for each model of a dataset, the same in every figure; models of one colour have different ones.

    That holds for as many of one colour as there are markers.
    """
    first: dict[str, int] = {}  # the marker of the first model of a colour
    seen: Counter[str] = Counter()
    result = {}
    for model, colour in colours(models).items():
        result[model] = MARKERS[(first.setdefault(colour, len(first)) + seen[colour]) % len(MARKERS)]
        seen[colour] += 1
    return result


def marker_size(marker: str) -> float:
    """Choose the size of a marker in points: the arms of a star are thin."""
    return 11 if marker == "*" else 7


def shade(fraction: float) -> tuple[str, str]:
    """Background and text colour (#rrggbb) of a heat map's cell, for a fraction from 0 to 1."""
    red, green, blue, _ = HEAT(0.85 * float(np.clip(fraction, 0, 1)))
    linear = np.power([red, green, blue], 2.2)
    # At a relative luminance of 0.2 white and near-black text have about the same contrast (WCAG 2.2).
    text = "#ffffff" if linear @ [0.2126, 0.7152, 0.0722] < 0.2 else INK
    return mpl.colors.to_hex((red, green, blue)), text


def light_grid(axes: Axes, which: Literal["x", "y", "both"] = "both") -> None:
    """Draw thin lines behind the data."""
    axes.grid(axis=which, color=GRID, lw=0.8)
    axes.set_axisbelow(True)


def named_rows(axes: Axes) -> None:
    """Style axes whose rows have names instead of a scale: vertical lines only, no left border, no ticks."""
    light_grid(axes, "x")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)


def percent_axis(axis: Axis) -> None:
    """Label an axis of fractions in percent."""
    axis.set_major_formatter(percent_tick)


def mark_meaningless(axes: Axes, protocol: str, width: int = 50) -> None:
    """Say in the title, in lines of `width` characters, that training and test share clips; and `hatch`."""
    axes.set_title("\n".join(textwrap.wrap(f"{protocol}: {MEANINGLESS}", width)), color=WARNING)
    hatch(axes)


def hatch(axes: Axes) -> None:
    """Hatch the background of `axes` whose numbers are not results."""
    axes.add_patch(
        Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, lw=0, ec="#eadfd6", hatch="//", zorder=0)
    )


def to_svg(figure: Figure) -> bytes:
    """Render the figure as SVG, without a date."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def write(figure: Figure, path: str | Path, dpi: int | None = None, palette: int | None = None) -> None:
    """Write the figure as .png or .svg, by the suffix of `path`, without dates or versions.

    Parameters
    ----------
    figure : Figure
    path : path
        File to write.
    dpi : int, optional
        Dots per inch of a .png; fewer make a smaller file.
    palette : int, optional
        Number of colours of a .png, at most 256; fewer make a smaller file.
    """
    with files.atomic(path) as temporary:
        temporary.write_bytes(to_svg(figure) if Path(path).suffix == ".svg" else to_png(figure, dpi, palette))


def to_png(figure: Figure, dpi: int | None = None, palette: int | None = None) -> bytes:
    """Render the figure as PNG, without the version of matplotlib; see `write`."""
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        dots = dpi or STYLE["savefig.dpi"]
        figure.savefig(buffer, format="png", dpi=dots, metadata={"Software": None})
    if palette:
        image = reduce_colours(Image.open(buffer).convert("RGB"), palette)
        buffer = io.BytesIO()
        image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def reduce_colours(image: Image.Image, count: int) -> Image.Image:
    """Reduce an RGB image to a palette of at most `count` colours.

    The palette has colours of the image, the most frequent one first, and then always the one whose distance from the
    palette so far, times the root of its pixels, is the largest. So the colours of areas stay exactly what they are
    (the neutral colour of a scale gets no tint), and rare ones stay near to theirs. The quantisers of Pillow ensure
    neither.
    """
    pixels = np.asarray(image, dtype=np.int64)
    codes, place, often = np.unique(pixels @ np.array([256**2, 256, 1]), return_inverse=True, return_counts=True)
    colours = np.stack([codes // 256**2, codes // 256 % 256, codes % 256], axis=1)
    chosen = [often.argmax()]
    distance = np.full(len(colours), np.inf)
    while len(chosen) < min(count, len(colours)):
        distance = np.minimum(distance, np.linalg.norm(colours - colours[chosen[-1]], axis=1))
        chosen.append((distance * np.sqrt(often)).argmax())
    palette = colours[chosen]
    entries = cKDTree(palette).query(colours)[1]
    reduced = Image.fromarray(entries[place].astype(np.uint8).reshape(pixels.shape[:2]))
    reduced.putpalette(palette.astype(np.uint8).tobytes())
    return reduced


@mpl.rc_context(STYLE)
def empty(message: str) -> Figure:
    """Draw a figure that says why there is nothing to see."""
    figure = Figure(figsize=(8, 1.2))
    figure.text(0.5, 0.5, textwrap.fill(message, 100), ha="center", va="center")
    return figure
