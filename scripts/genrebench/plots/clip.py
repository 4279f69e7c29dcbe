"""One clip over time: waveform, spectra and features above a common axis in seconds."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke

from genrebench.audio import decode, filters
from genrebench.audio.clip import Clip, decibels
from genrebench.audio.lengths import given_seconds
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.file_names import shortened
from genrebench.common.formatting import printable
from genrebench.extraction import store
from genrebench.extraction.engine import FAST
from genrebench.plots import FEATURES_OF_CLIP as FEATURES
from genrebench.plots import style
from genrebench.training.data import Feature

LINES = {  # over the spectrum: colour and line style
    "spectral_rolloff": (style.OKABE_ITO[5], "-"),
    "spectral_centroid": ("#ffffff", "-"),
    "spectral_bandwidth": ("#ffffff", ":"),
}
# Li's Figure 1, from bottom to top.
STANDARDISED = {
    "mfcc": "MFCC",
    "spectral_centroid": "centroid",
    "chroma": "chroma",
    "spectral_contrast": "contrast",
    "zero_crossing_rate": "ZCR",
    "rms": "RMS",
}
DEVIATIONS = 3.0  # standard deviations where its colours end
LOWEST, PER_OCTAVE = 50.0, 18  # Hz; rows of the spectrum per octave
OCTAVES = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)  # Hz, labels of the axes
WIDTH, LEFT, RIGHT, TOP, BOTTOM, GAP = 7.5, 0.62, 0.58, 0.3, 0.45, 0.28  # inches
SPECTRUM = mpl.colormaps["magma"]
DEVIATION = mpl.colormaps["RdBu_r"]
LINE = style.OKABE_ITO[0]
# Small pictures for a page, about 60 kB each.
SMALL: dict[str, Any] = {"columns": 200, "shades": 20}
SMALL_DPI, SMALL_PALETTE = 96, 64


@dataclass
class View:
    """What is drawn of a clip.

    Attributes
    ----------
    samples : array (samples,)
        float32, full scale is 1.
    sample_rate : int
        In Hz.
    settings, arrays : dict
        Settings and values (..., frames) of the features, by name.
    columns : int
        Most pixels side by side; longer arrays are averaged. Fewer make a smaller file.
    shades : int
        Most colours of an image. Fewer make a smaller file.
    """

    samples: np.ndarray
    sample_rate: int
    settings: dict[str, dict[str, Any]]
    arrays: dict[str, np.ndarray]
    columns: int = 1500
    shades: int = 256

    @property
    def seconds(self) -> float:
        """Duration of the clip."""
        return len(self.samples) / self.sample_rate

    def hop(self, feature: str) -> float:
        """Seconds between frames of a feature."""
        return self.settings[feature]["hop_length"] / self.sample_rate

    def times(self, feature: str) -> np.ndarray:
        """Centre of each frame of a feature in seconds."""
        return np.arange(self.arrays[feature].shape[-1]) * self.hop(feature)


def look(
    path: str | Path,
    settings: dict[str, Any],
    audio_settings: dict[str, Any],
    cached: Mapping[str, np.ndarray] | None = None,
) -> View:
    """Read an audio file and get its features, from `cached` or, where they are missing there, from the audio.

    Parameters
    ----------
    path : path
    settings : dict
        Section `features` of the configuration; those of `FEATURES` that it has are drawn.
    audio_settings : dict
        Section `audio`. A file that is cut to a duration is drawn up to there.
    cached : dict, optional
        Values by feature, computed with the same settings (see `Caches`).

    Raises
    ------
    InputError
        If the file cannot be read or has no samples.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} is not a file; give the path of a recording")
    rate, duration = audio_settings["sample_rate"], given_seconds(audio_settings["duration"])
    samples = decode.load(path, rate)
    if not len(samples):
        raise InputError(f"{path} holds no samples; there is nothing to draw")
    if duration is not None:
        samples = samples[: round(duration * rate)]
    drawn = {name: settings[name] for name in FEATURES if _is_computed(name, settings.get(name))}
    arrays = {name: values for name, values in (cached or {}).items() if name in drawn}
    missing = {name: entry for name, entry in drawn.items() if name not in arrays}
    if missing:
        engine, loudness = audio_settings.get("engine", FAST), audio_settings.get("loudness")
        arrays |= store.extract(path, rate, missing, duration, engine=engine, loudness=loudness)
    return View(samples, rate, drawn, arrays)


class Caches:
    """The feature caches of a dataset, for the plots of single clips.

    Parameters
    ----------
    manifest : sequence of dict
        Rows of manifest.csv, the order of the caches.
    descriptions : iterable of path
        JSON files of the caches, the .npy beside them. Those that are not available are left out.
    """

    def __init__(self, manifest: Sequence[Mapping[str, str]], descriptions: Iterable[str | Path]):
        self.rows = {clip["clip_id"]: row for row, clip in enumerate(manifest)}
        self.features = [feature for feature in map(Feature.open, descriptions) if feature.description["available"]]

    def arrays(self, clip_id: str) -> dict[str, np.ndarray]:
        """Read the values of a clip by feature, without the padding at the end."""
        row = self.rows[clip_id]
        return {one.name: np.asarray(one.values[row][..., : _length(one, row)]) for one in self.features}


def _length(feature: Feature, row: int) -> int:
    lengths = feature.description.get("lengths")
    return lengths[row] if lengths else feature.values.shape[-1]


def draw_clip(
    settings: dict[str, Any],
    audio_settings: dict[str, Any],
    output: Path,
    audio: Path | None = None,
    manifest: Path | None = None,
    clip_id: str | None = None,
    title: str | None = None,
) -> None:
    """Draw the file `audio`, or the clip `clip_id` of `manifest`, to `output` (.png or .svg); see `look`.

    Raises
    ------
    InputError
        If there is no such clip or it has no audio.
    """
    if manifest:
        clip = _find(manifest, clip_id)
        audio, title = Path(clip["path"]), title or title_of(clip["clip_id"], clip["genre"], clip["artist"])
    assert audio is not None
    style.write(draw(look(audio, settings, audio_settings), title or audio.name), output)


def _find(manifest: Path, clip_id: str | None) -> dict[str, str]:
    rows = files.read_rows(manifest)
    # a long id is asked for by the name of its picture
    clip = next((row for row in rows if clip_id in (row["clip_id"], shortened(row["clip_id"]))), None)
    if clip is None:
        raise InputError(f"{manifest} has no clip {clip_id}; its first column has the names")
    if not clip["path"]:
        raise InputError(
            f"{manifest}: {clip_id} has no audio, because its features are precomputed; choose a recording"
        )
    return clip


def draw_genres(
    manifest: Path, descriptions: Sequence[Path], settings: dict[str, Any], audio_settings: dict[str, Any], output: Path
) -> None:
    """Write `output`/<genre>.png: the first clip of each genre that has audio, small enough for many on a page.

    See `Caches` for `descriptions` and `look` for the settings.
    """
    clips = files.read_rows(manifest)
    caches = Caches(clips, descriptions)
    first: dict[str, dict[str, str]] = {}
    for clip in clips:
        if clip["path"]:
            first.setdefault(clip["genre"], clip)
    with files.atomic(output) as folder:
        folder.mkdir()
        for genre, clip in sorted(first.items()):
            view = replace(look(clip["path"], settings, audio_settings, caches.arrays(clip["clip_id"])), **SMALL)
            figure = draw(view, title_of(clip["clip_id"], genre, clip["artist"]))
            style.write(figure, folder / shortened(genre, ".png"), SMALL_DPI, SMALL_PALETTE)


def _is_computed(name: str, entry: Any) -> bool:
    """Whether an entry is the feature of its own name: not precomputed, and not of another module."""
    return isinstance(entry, dict) and entry.get("module", name) == name


@mpl.rc_context(style.STYLE)
def draw(view: View, title: str) -> Figure:
    """Draw the panels one above the other, with a common axis in seconds."""
    panels = [panel for panel in PANELS if not panel.needs or set(panel.needs) & set(view.arrays)]
    height = TOP + sum(panel.height + GAP for panel in panels) + BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    figure.text(0.1 / WIDTH, 1 - 0.1 / height, printable(title), va="top", fontsize=12, fontweight="bold")
    bottom, first = height - TOP, None
    for panel in panels:
        bottom -= panel.height + GAP
        # placed by hand: a layout engine would take twice the time of everything else
        place = np.array([LEFT, bottom, WIDTH - LEFT - RIGHT, panel.height]) / [WIDTH, height, WIDTH, height]
        axes = figure.add_axes(place, sharex=first)
        first = first or axes
        image = panel.draw(view, axes)
        if image:
            _scale(image, figure.add_axes([1 - (RIGHT - 0.12) / WIDTH, place[1], 0.1 / WIDTH, place[3]]))
        axes.set_title(panel.name, fontsize=9, pad=3)
        axes.set_title(panel.unit, loc="right", fontsize=8, fontweight="normal", color=style.SOFT, pad=3)
        axes.tick_params(labelsize=8, length=2.5, labelbottom=panel is panels[-1])
    axes.set_xlim(0, view.seconds)
    axes.set_xlabel("time (s)", fontsize=9)
    return figure


def title_of(clip_id: str, genre: str = "", artist: str = "") -> str:
    """The title of a plot, from what is known."""
    return "  ·  ".join(part for part in (clip_id, genre, artist) if part)


@dataclass(frozen=True)
class Panel:
    """A panel of the plot, left out if none of the features `needs` is there; without any needs it is always drawn."""

    name: str
    unit: str
    height: float  # inches
    draw: Callable[[View, Axes], AxesImage | None]
    needs: tuple[str, ...]


def _waveform(view: View, axes: Axes) -> None:
    """Draw minimum and maximum of each column of pixels, so that no peak is lost."""
    starts = _starts(len(view.samples), view.columns)
    least, greatest = (which.reduceat(view.samples, starts) for which in (np.minimum, np.maximum))
    times = np.append(starts, len(view.samples)) / view.sample_rate
    axes.fill_between(times, np.append(least, least[-1]), np.append(greatest, greatest[-1]), color=LINE, lw=0.4)
    limit = max(1.05 * np.abs(view.samples).max(), 1e-3)
    axes.set_ylim(-limit, limit)


def _mel(view: View, axes: Axes) -> AxesImage:
    setting = view.settings["mel"]
    bank = filters.mel(view.sample_rate, setting["n_fft"], setting["n_mels"])
    areas = bank.sum(axis=1)
    bands = np.flatnonzero(areas)  # narrow bands may hold no bin
    centres = (bank @ filters.frequencies(view.sample_rate, setting["n_fft"]))[bands] / areas[bands]
    ticks = [hz for hz in OCTAVES[3:] if hz <= centres[-1]]
    axes.set_yticks(np.interp(ticks, centres, bands), ticks)
    return _image(view, axes, "mel", view.arrays["mel"])


def _spectrum(view: View, axes: Axes) -> AxesImage:
    """Draw decibels on a logarithmic axis of frequency; a row shows the strongest of its bins."""
    feature = next(name for name in LINES if name in view.arrays)
    n_fft, hop = view.settings[feature]["n_fft"], view.settings[feature]["hop_length"]
    amplitude = Clip(view.samples, view.sample_rate, [(n_fft, hop)]).amplitude(n_fft, hop)
    highest = view.sample_rate / 2
    rows = max(1, round(PER_OCTAVE * np.log2(highest / LOWEST)))
    edges = np.geomspace(LOWEST, highest, rows, endpoint=False)
    starts = np.searchsorted(filters.frequencies(view.sample_rate, n_fft), edges)
    strongest = np.maximum.reduceat(amplitude, starts, axis=1).T
    power = decibels(strongest**2, strongest.max() ** 2)
    image = _image(view, axes, feature, power, y=(math.log2(LOWEST), math.log2(highest)))
    ticks = [hz for hz in OCTAVES[::2] if hz <= highest]
    axes.set_yticks(np.log2(ticks), ticks)
    _frequency_lines(view, axes)
    axes.set_ylim(np.log2([LOWEST, highest]))
    return image


def _frequency_lines(view: View, axes: Axes) -> None:
    shadow = [withStroke(linewidth=2.6, foreground=style.INK)]  # a line stays visible on bright and dark alike
    for name, (colour, dashes) in LINES.items():
        if name in view.arrays:
            octaves = np.log2(np.maximum(view.arrays[name][0], 1))  # 0 Hz in silence
            label = name.removeprefix("spectral_")
            axes.plot(view.times(name), octaves, dashes, color=colour, lw=1.2, path_effects=shadow, label=label)
    axes.legend(loc="lower right", ncols=3, fontsize=7.5, frameon=True, facecolor=style.INK, labelcolor="white",
                edgecolor="none", framealpha=0.7, borderpad=0.4, handlelength=1.6)  # fmt: skip


def _contrast(view: View, axes: Axes) -> AxesImage:
    setting = view.settings["spectral_contrast"]
    lower = [0, *(setting["fmin"] * 2**octave for octave in range(setting["n_bands"]))]
    axes.set_yticks(np.arange(0, len(lower), 2), [f"{hz:g}" for hz in lower[::2]])
    return _image(view, axes, "spectral_contrast", view.arrays["spectral_contrast"])


def _chroma(view: View, axes: Axes) -> AxesImage:
    per_semitone = view.settings["chroma"]["n_chroma"] / 12
    axes.set_yticks([s * per_semitone for s in range(0, 12, 2)], ["C", "D", "E", "F♯", "G♯", "A♯"])
    return _image(view, axes, "chroma", view.arrays["chroma"], style.HEAT, vmin=0, vmax=1)


def _standardised(view: View, axes: Axes) -> AxesImage:
    """Draw the features of `STANDARDISED`, each row with mean 0 and variance 1 over the clip; a constant row is 0.

    The height of a feature is the root of the number of its rows, so that single rows can be seen.
    """
    bottom, places, image = 0.0, {}, None
    for feature, label in STANDARDISED.items():
        if feature not in view.arrays:
            continue
        values = view.arrays[feature]
        spread = values.std(axis=1, keepdims=True)
        scaled = (values - values.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
        top = bottom + math.sqrt(len(values))
        image = _image(view, axes, feature, scaled, DEVIATION, (bottom, top), vmin=-DEVIATIONS, vmax=DEVIATIONS)
        axes.axhline(top, color="white", lw=1.5)
        places[label] = (bottom + top) / 2
        bottom = top
    axes.set_yticks(list(places.values()), list(places))
    axes.set_ylim(0, bottom)
    assert image is not None  # the panel is drawn where one of the features is there
    return image


def _line(feature: str) -> Callable[[View, Axes], None]:
    def draw(view: View, axes: Axes) -> None:
        values = view.arrays[feature][0]
        axes.fill_between(view.times(feature), values, color=LINE, alpha=0.2, lw=0)
        axes.plot(view.times(feature), values, color=LINE, lw=1)
        axes.set_ylim(0, max(1.1 * values.max(), 1e-6))
        axes.yaxis.set_major_locator(mpl.ticker.MaxNLocator(2))

    return draw


def _scale(image: AxesImage, axes: Axes) -> None:
    bar = image.figure.colorbar(image, cax=axes)
    bar.outline.set_visible(False)
    bar.locator = mpl.ticker.MaxNLocator(3)
    axes.tick_params(length=2, labelsize=7)


def _image(
    view: View,
    axes: Axes,
    feature: str,
    values: np.ndarray,
    cmap: mpl.colors.Colormap = SPECTRUM,
    y: Sequence[float] | None = None,
    **limits: float,
) -> AxesImage:
    bottom, top = y if y is not None else (-0.5, len(values) - 0.5)
    starts = _starts(values.shape[1], view.columns)
    means = np.add.reduceat(values, starts, axis=1) / np.diff([*starts, values.shape[1]])
    hop = view.hop(feature)
    axes.spines[:].set_visible(False)
    return axes.imshow(
        means,
        cmap.resampled(view.shades),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(-hop / 2, (values.shape[1] - 0.5) * hop, bottom, top),  # a frame is centred on its time
        **limits,
    )


def _starts(length: int, columns: int) -> np.ndarray:
    """First index of each of at most `columns` parts of about the same length."""
    return np.unique(np.linspace(0, length, columns, endpoint=False).astype(int))


PANELS = (
    Panel("Waveform", "amplitude re full scale", 0.7, _waveform, ()),
    Panel("Mel spectrogram", "dB below the loudest point, by frequency in Hz", 1.2, _mel, ("mel",)),
    Panel("Spectrum", "dB, by frequency in Hz on a logarithmic scale", 1.2, _spectrum, tuple(LINES)),
    Panel("Spectral contrast", "dB, by octave from Hz", 0.7, _contrast, ("spectral_contrast",)),
    Panel("Chroma", "share of the strongest pitch class", 0.8, _chroma, ("chroma",)),
    Panel("Zero-crossing rate", "changes per sample", 0.5, _line("zero_crossing_rate"), ("zero_crossing_rate",)),
    Panel("RMS", "amplitude re full scale", 0.5, _line("rms"), ("rms",)),
    Panel("Standardised features", "standard deviations from the row's mean", 1.8, _standardised, tuple(STANDARDISED)),
)
