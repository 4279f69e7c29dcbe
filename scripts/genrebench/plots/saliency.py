"""Spectrograms, and over them what networks go by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genrebench.plots import style

EFFECT = mpl.colormaps["RdBu"]  # blue speaks for the genre, red against it
SPECTRUM = mpl.colormaps["Greys"]


@dataclass
class Map:
    """What a network makes of one clip.

    `plane` is the spectrogram that it reads (bands from low to high, time), `genre` the one it names, with its
    `probability`, `evidence` how much each part speaks for it (parts in frequency, in time; bits, see
    `genrebench.evaluation.occlusion`), and `seconds` the clip's length, 0 if nobody knows it.
    """

    plane: np.ndarray
    genre: str
    probability: float
    evidence: np.ndarray
    seconds: float


@mpl.rc_context(style.STYLE)
def draw(clips: Sequence[Mapping[str, str]], maps: Mapping[str, Mapping[str, Map]]) -> Figure:
    """Draw a row per clip (rows of errors.csv): its spectrogram, and what each model, of `maps`, goes by in it."""
    width = 3.1
    figure = Figure(figsize=(width * (1 + len(maps)), 1.75 * len(clips) + 0.6), layout="constrained")
    grid = figure.subplots(len(clips), 1 + len(maps), squeeze=False)
    for line, clip in zip(grid, clips, strict=True):
        name = clip["clip_id"]
        first = next((found[name] for found in maps.values() if name in found), None)
        for axes in line:
            _prepare(axes)
        line[0].set_title(f"{name}\n{clip['genre']}, {clip['wrong']} of {clip['models']} models wrong", fontsize=8.5)
        if first:
            _spectrogram(line[0], first, mpl.colormaps["magma"])
        for axes, (model, found) in zip(line[1:], maps.items(), strict=True):
            if name in found:
                _effect(axes, model, found[name], clip["genre"])
            else:
                axes.set_title(f"{model}\nwas not tested on this clip", fontsize=8.5)
    grid[-1, 0].set_xlabel("time (s)" if first and first.seconds else "time")
    grid[-1, 0].set_ylabel("frequency →")
    return figure


def _prepare(axes: Axes) -> None:
    axes.set_yticks([])
    axes.tick_params(labelsize=7.5, length=2)
    axes.spines[:].set_visible(False)


def _spectrogram(axes: Axes, found: Map, cmap: mpl.colors.Colormap) -> None:
    extent = (0, found.seconds or 1, 0, 1)
    axes.imshow(found.plane, cmap, origin="lower", aspect="auto", interpolation="antialiased", extent=extent)
    if not found.seconds:
        axes.set_xticks([])


def _effect(axes: Axes, model: str, found: Map, genre: str) -> None:
    _spectrogram(axes, found, SPECTRUM)
    largest = float(np.abs(found.evidence).max())
    scaled = found.evidence / largest if largest else found.evidence
    axes.imshow(
        scaled, EFFECT, vmin=-1, vmax=1, alpha=0.75 * np.abs(scaled), origin="lower", aspect="auto",
        interpolation="nearest", extent=(0, found.seconds or 1, 0, 1),
    )  # fmt: skip
    named = f"{found.genre} {100 * found.probability:.0f}%"
    verdict = "right" if found.genre == genre else "wrong"
    axes.set_title(f"{model}: {named}, {verdict}\nodds change up to {2**largest:.2f}-fold", fontsize=8.5,
                   color="#1a1a1a" if found.genre == genre else style.WARNING)  # fmt: skip
