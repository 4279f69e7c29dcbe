"""The artists of each genre."""

from collections import Counter
from collections.abc import Mapping, Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from genrebench.plots import style

UNKNOWN = "#e5e5e5"
WIDTH, LABELS, LETTER = 9.0, 1.2, 0.056  # inches: the figure, the genres' names, and a letter in a bar
FEWEST_LETTERS = 6  # of a shortened name
ARTISTS_DRAWN = 300  # of a genre, all others as one: thousands take minutes and are thinner than their borders


def count_artists(manifest: Sequence[Mapping[str, str]]) -> dict[str, list[tuple[str, int]]]:
    """Count each genre's clips by artist, the most first; clips of unknown artists come last, as ""."""
    genres: dict[str, Counter[str]] = {}
    for clip in manifest:
        genres.setdefault(clip["genre"], Counter())[clip["artist"]] += 1
    return {
        genre: sorted(artists.items(), key=lambda item: (not item[0], -item[1], item[0]))
        for genre, artists in sorted(genres.items())
    }


@mpl.rc_context(style.STYLE)
def draw_artists(artists: Mapping[str, Sequence[tuple[str, int]]]) -> Figure:
    """Draw the result of `count_artists`: a bar per genre, divided by artist."""
    colour = style.colours(artists)
    most = max((sum(count for _, count in counts) for counts in artists.values()), default=1)
    figure = Figure(figsize=(WIDTH, 0.8 + 0.36 * len(artists)), layout="constrained")
    axes = figure.add_subplot()
    for y, (genre, counts) in enumerate(artists.items()):
        left = 0
        for number, (artist, count) in enumerate(_drawn(counts)):
            alpha = 0.85 if number % 2 else 0.6  # neighbours can be told apart
            fill = mpl.colors.to_rgba(colour[genre], alpha) if artist else UNKNOWN
            axes.barh(y, count, left=left, height=0.78, color=fill, ec="white", lw=0.6)
            if name := _fitting(artist or "unknown", count / most):
                ink = "#1a1a1a" if _is_light(fill) else "white"
                axes.text(left + count / 2, y, name, ha="center", va="center", fontsize=7, color=ink)
            left += count
    axes.set_yticks(range(len(artists)), artists)
    axes.set_ylim(len(artists) - 0.5, -0.5)
    axes.set_xlim(0, most)
    axes.set_xlabel("clips")
    axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(integer=True))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return figure


def _drawn(counts: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """The artists of a genre that have a part of their own, then all others as one, then the unknown ones."""
    known = [one for one in counts if one[0]]
    others = known[ARTISTS_DRAWN:]
    together = [(f"{len(others)} others", sum(count for _, count in others))] if others else []
    return [*known[:ARTISTS_DRAWN], *together, *(one for one in counts if not one[0])]


def _fitting(name: str, share: float) -> str:
    """As much of a name as fits into this share of the longest bar; nothing if that is too short."""
    letters = int(share * (WIDTH - LABELS) / LETTER) - 1
    if len(name) <= letters:
        return name
    return f"{name[: letters - 1].rstrip()}…" if letters >= FEWEST_LETTERS else ""


def _is_light(fill: tuple[float, float, float, float] | str) -> bool:
    red, green, blue, alpha = mpl.colors.to_rgba(fill)
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return alpha * luminance + 1 - alpha > 0.4
