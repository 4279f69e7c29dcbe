"""What a model says of one file over time, under its spectrogram."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from genrebench import audio, plots
from genrebench.clip import Clip, decibels
from genrebench.clip_plot import SPECTRUM
from genrebench.predictor import Prediction

SAMPLE_RATE, N_FFT, N_MELS = 22050, 2048, 96
COLUMNS = 1200  # of the spectrogram, at most


def write(prediction: Prediction, path: str | Path) -> None:
    """Read the file again and write its plot (.png or .svg)."""
    plots.write(draw(prediction, audio.load(prediction.path, SAMPLE_RATE)), path, dpi=110, palette=256)


@mpl.rc_context(plots.STYLE)
def draw(prediction: Prediction, samples: np.ndarray) -> Figure:
    """Spectrogram of mono `samples` at `SAMPLE_RATE` Hz, probabilities over time, and their means as bars.

    Genres stand in the order of their probability. Where stretches that were heard overlap, the later one is drawn over
    the earlier.
    """
    ranked = prediction.ranked()
    figure = Figure(figsize=(9, 3.4 + 0.26 * len(ranked)), layout="constrained")
    grid = figure.add_gridspec(2, 2, height_ratios=[2, 0.26 * len(ranked) + 0.4], width_ratios=[4, 1])
    above = figure.add_subplot(grid[0, 0])
    _draw_spectrogram(above, samples)
    over_time = figure.add_subplot(grid[1, 0], sharex=above)
    order = [prediction.genres.index(genre) for genre, _ in ranked]
    for (start, end), probabilities in zip(prediction.spans, prediction.curve, strict=True):
        over_time.imshow(
            probabilities[order, None], extent=(start, end, len(order) - 0.5, -0.5), aspect="auto", cmap=plots.HEAT,
            vmin=0, vmax=1, interpolation="nearest",
        )  # fmt: skip
    over_time.set_yticks(range(len(ranked)), [genre for genre, _ in ranked])
    over_time.set_ylim(len(ranked) - 0.5, -0.5)
    over_time.set_xlim(0, prediction.seconds)
    over_time.set_xlabel("time (s)")
    bars = figure.add_subplot(grid[1, 1], sharey=over_time)
    colour = plots.colours(prediction.genres)
    bars.barh(range(len(ranked)), [p for _, p in ranked], color=[colour[genre] for genre, _ in ranked], height=0.7)
    for y, (_, p) in enumerate(ranked):
        bars.text(min(p, 0.98) + 0.02, y, f"{p:.0%}", va="center", fontsize=8)
    bars.set_xlim(0, 1.25)
    bars.set_xticks([])
    bars.tick_params(axis="y", labelleft=False, length=0)
    bars.spines[["bottom", "left"]].set_visible(False)
    bars.set_title("whole file", fontsize=9)
    heard = "each stretch" if len(prediction.spans) > 1 else "heard as one stretch"
    over_time.set_title(f"probability, {heard}", fontsize=9)
    headline = f"{prediction.path.name}: {prediction.genre}, {ranked[0][1]:.0%}"
    doubts = f"\nunsure: {prediction.doubts}" if prediction.doubts else ""
    figure.suptitle(headline + doubts, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def _draw_spectrogram(axes: mpl.axes.Axes, samples: np.ndarray) -> None:
    hop = max(512, -(-len(samples) // COLUMNS))
    power = Clip(samples, SAMPLE_RATE, [(N_FFT, hop)]).mel_power(N_FFT, hop, N_MELS)
    seconds = len(samples) / SAMPLE_RATE
    axes.imshow(
        decibels(power, reference=power.max()),
        origin="lower",
        aspect="auto",
        cmap=SPECTRUM,
        extent=(0, seconds, 0, N_MELS),
    )
    axes.set_yticks([])
    axes.set_ylabel("mel bands")
    axes.tick_params(labelbottom=False)
