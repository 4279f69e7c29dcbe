"""The prediction for one file over time, below its spectrogram."""

from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from genrebench.audio import decode, filters
from genrebench.audio.clip import Clip, decibels
from genrebench.audio.samples import Samples
from genrebench.common.formatting import percent, printable
from genrebench.common.prediction import Prediction
from genrebench.plots import style
from genrebench.plots.clip import SPECTRUM

SAMPLE_RATE, N_FFT, N_MELS = 22050, 2048, 96
COLUMNS = 1200  # of the spectrogram, at most
TICKS = (256, 1024, 4096)  # Hz
ROW = 0.24  # inches, of a genre
LETTER = 0.085  # inches, of a genre's name
PERCENTAGE = 0.3  # inches, of the number in a window
CLOCK = 100  # seconds: files longer than that have minutes on the axis


def write(prediction: Prediction, path: str | Path) -> None:
    """Read the audio file again and write its plot (.png or .svg)."""
    style.write(draw(prediction, read(prediction)), path, dpi=110)


def read(prediction: Prediction) -> Samples:
    """The whole file in mono at `SAMPLE_RATE`, with the silence at its ends."""
    recording = decode.read(prediction.path, with_silence=True)
    return decode.resample(recording.samples, recording.sample_rate, SAMPLE_RATE)


@mpl.rc_context(style.STYLE)
def draw(prediction: Prediction, samples: Samples, width: float = 9.0, over_time_only: bool = False) -> Figure:
    """Draw the spectrogram, and below it the probabilities over time, genres by their probability for the whole file.

    Where windows overlap, one is drawn until the next one starts. The first two axes of the figure are those over time.

    Parameters
    ----------
    prediction : Prediction
    samples : array (samples,), or LongSamples
        The file, mono at `SAMPLE_RATE` Hz.
    width : float
        In inches.
    over_time_only : bool
        Whether to leave out the headline, and the bars for the whole file.
    """
    ranked = prediction.ranked()
    rows = ROW * len(ranked)
    labels = min(0.25 + LETTER * max(map(len, prediction.genres)), width / 3)
    left, right = labels, 0.15 if over_time_only else min(2.2, width / 4)
    top, bottom, gap, spectrum = 0.28 if over_time_only else _headline(prediction), 0.5, 0.42, 1.5
    height = top + spectrum + gap + rows + bottom
    figure = Figure(figsize=(width, height))

    def place(x: float, y: float, w: float, h: float, **options: Axes) -> Axes:
        return figure.add_axes((x / width, y / height, w / width, h / height), **options)

    wide = width - left - right
    above = place(left, bottom + rows + gap, wide, spectrum)
    below = place(left, bottom, wide, rows, sharex=above)
    _draw_spectrogram(above, samples)
    _draw_curve(below, prediction)
    if not over_time_only:
        _draw_bars(place(width - right + 0.15, bottom, right - 0.3, rows, sharey=below), prediction)
        figure.text(0.12 / width, 1 - 0.1 / height, _title(prediction), va="top", fontsize=12, fontweight="bold")
        if prediction.low_confidence:
            note = f"low confidence: {prediction.low_confidence}"
            figure.text(0.12 / width, 1 - 0.36 / height, note, va="top", color=style.WARNING)
    return figure


def _title(prediction: Prediction) -> str:
    return f"{printable(prediction.path.name)}: {prediction.genre}, {percent(prediction.probabilities.max(), 0)}"


def _headline(prediction: Prediction) -> float:
    """Inches above the spectrogram."""
    return 0.9 if prediction.low_confidence else 0.65


def _draw_spectrogram(axes: Axes, samples: Samples) -> None:
    hop = max(512, -(-len(samples) // COLUMNS))
    seconds = len(samples) / SAMPLE_RATE
    if hop > N_FFT:  # most samples lie between the frames
        samples, hop = _frames(samples, hop), N_FFT
    power = Clip(np.asarray(samples), SAMPLE_RATE, [(N_FFT, hop)]).mel_power(N_FFT, hop, N_MELS)
    axes.imshow(
        decibels(power, reference=power.max()), origin="lower", aspect="auto", cmap=SPECTRUM,
        extent=(0, seconds, 0, N_MELS),
    )  # fmt: skip
    peaks = filters.frequencies(SAMPLE_RATE, N_FFT)[filters.mel(SAMPLE_RATE, N_FFT, N_MELS).argmax(axis=1)]
    axes.set_yticks(np.interp(TICKS, peaks, np.arange(N_MELS) + 0.5), [f"{hz} Hz" for hz in TICKS])
    axes.tick_params(labelsize=8, length=2.5, labelbottom=False)
    axes.set_title("spectrogram (mel scale)", fontsize=9, pad=4)


def _frames(samples: Samples, hop: int) -> np.ndarray:
    """The samples of the frames of `N_FFT` samples around every `hop`-th sample, without those between them."""
    half = N_FFT // 2
    places = range(0, len(samples) + 1, hop)
    frames = [np.asarray(samples[max(0, place - half) : place + half]) for place in places]
    frames[-1] = np.pad(frames[-1], (0, N_FFT - len(frames[-1])))
    return np.concatenate(frames)


def _draw_curve(axes: Axes, prediction: Prediction) -> None:
    """Draw a row for each genre, darker where it is more probable; the most probable one of a window has its number."""
    order = [prediction.genres.index(genre) for genre, _ in prediction.ranked()]
    roomy = axes.get_position().width * axes.figure.get_figwidth() / prediction.seconds  # inches per second
    edges, columns = [0.0], []
    for start, end, probabilities in _visible(prediction):
        if start > edges[-1]:  # a gap
            edges.append(start)
            columns.append(np.full(len(order), np.nan))
        edges.append(end)
        columns.append(probabilities[order])
        best = int(columns[-1].argmax())
        if (end - start) * roomy > PERCENTAGE:
            axes.text((start + end) / 2, best, percent(columns[-1][best], 0), ha="center", va="center", fontsize=8,
                      color=style.shade(columns[-1][best] / 0.85)[1])  # fmt: skip
    rows = np.arange(len(order) + 1) - 0.5
    axes.pcolormesh(edges, rows, np.stack(columns, axis=1), cmap=style.HEAT, vmin=0, vmax=1)
    axes.set_yticks(range(len(order)), [prediction.genres[k] for k in order], fontsize=9)
    axes.set_yticks(np.arange(0.5, len(order) - 1), minor=True)
    axes.grid(axis="y", which="minor", color="white", lw=1.5)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_xlim(0, prediction.seconds)
    axes.tick_params(axis="y", which="both", length=0)
    axes.tick_params(axis="x", labelsize=8, length=2.5)
    axes.spines[["left", "top", "right"]].set_visible(False)
    if prediction.seconds > CLOCK:
        axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 1.5, 2, 3, 6, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda s, _: f"{int(s) // 60}:{int(s) % 60:02}"))
        axes.set_xlabel("time (min:s)", fontsize=9)
    else:
        axes.set_xlabel("time (s)", fontsize=9)
    windows = len(prediction.windows)
    what = f"probability over time, {windows} windows" if windows > 1 else "probability, one window"
    axes.set_title(what, fontsize=9, pad=4)


def _visible(prediction: Prediction) -> list[tuple[float, float, np.ndarray]]:
    """The windows by time, each until the next one starts: (start, end, probabilities)."""
    found = sorted(zip(prediction.windows, prediction.curve, strict=True), key=lambda window: window[0])
    ends = [min(end, start) for ((_, end), _), ((start, _), _) in pairwise(found)] + [found[-1][0][1]]
    return [(start, end, curve) for ((start, _), curve), end in zip(found, ends, strict=True) if end > start]


def _draw_bars(axes: Axes, prediction: Prediction) -> None:
    """Draw the probabilities for the whole file."""
    colour = style.colours(prediction.genres)
    for y, (genre, p) in enumerate(prediction.ranked()):
        axes.barh(y, p, color=colour[genre], height=0.7)
        axes.text(p + 0.03, y, percent(p, 0), va="center", fontsize=8)
    axes.set_xlim(0, 1.25)
    axes.set_xticks([])
    axes.tick_params(axis="y", which="both", labelleft=False, length=0)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.set_title("whole file", fontsize=9, pad=4)
