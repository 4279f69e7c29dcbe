"""Statistics of a clip's features, one row of a table per clip: the columns of GTZAN's widespread features_30_sec.csv.

That table (Kaggle, "GTZAN dataset - music genre classification") was made with librosa's functions at their defaults.
`harmony` and `perceptr` are the samples of the harmonic and the percussive part of the clip. Cao made such a table too,
with five families and no word on the statistic.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal

import numpy as np
from pydantic import Field

from genrebench.audio import hpss
from genrebench.audio.clip import Clip
from genrebench.common.strict_model import Distinct
from genrebench.features import (
    chroma,
    mfcc,
    onset_strength,
    rms,
    spectral_bandwidth,
    spectral_centroid,
    spectral_contrast,
    spectral_rolloff,
    tempo,
    tonnetz,
    zero_crossing_rate,
)
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""

    n_mfcc: int = Field(20, ge=1, le=128, description="Coefficients, from the zeroth.")
    n_chroma: int = Field(12, ge=1, description="Classes per octave; one statistic of all.")
    columns: Distinct[
        Literal[
            "chroma_stft",
            "rms",
            "spectral_centroid",
            "spectral_bandwidth",
            "rolloff",
            "zero_crossing_rate",
            "harmony",
            "perceptr",
            "tempo",
            "mfcc",
            "spectral_contrast",
            "tonnetz",
            "onset_strength",
        ]
    ] = Field(
        [
            "chroma_stft",
            "rms",
            "spectral_centroid",
            "spectral_bandwidth",
            "rolloff",
            "zero_crossing_rate",
            "harmony",
            "perceptr",
            "tempo",
            "mfcc",
        ],
        min_length=1,
        description="Families of columns, in the table's order; by default those of GTZAN's widespread table.",
    )
    statistics: Distinct[Literal["mean", "var", "std", "min", "max", "median"]] = Field(
        ["mean", "var"],
        min_length=1,
        description="Of each family over time; the tempo is one number and has none.",
    )


AXES = ("column",)
UNIT = "that of each column"
PAD_VALUE = 0.0

# What librosa takes where the table's script says nothing.
N_MELS = 128
ROLL_PERCENT = 0.85
N_BANDS, FMIN, QUANTILE = 6, 200.0, 0.02
TEMPO_WINDOW_S, START_BPM = 8.0, 120.0


def unfit(settings: Mapping[str, Any], sample_rate: int) -> str | None:
    """Why these settings cannot be those of a feature at a sample rate in Hz; None if they can."""
    bands = {"n_bands": N_BANDS, "fmin": FMIN}
    return spectral_contrast.unfit(bands, sample_rate) if "spectral_contrast" in settings["columns"] else None


def columns(
    n_fft: int, hop_length: int, n_mfcc: int, n_chroma: int, columns: list[str], statistics: list[str]
) -> list[str]:
    """Names of the columns: `rms_mean`, `mfcc1_var` (counted from 1) ..., `tempo`."""
    rows = {"mfcc": n_mfcc, "spectral_contrast": 1 + N_BANDS, "tonnetz": 6}
    names = []
    for family in columns:
        numbers = range(1, rows[family] + 1) if family in rows else [""]
        endings = [f"_{statistic}" for statistic in statistics] if family != "tempo" else [""]
        names += [f"{family}{number}{ending}" for number in numbers for ending in endings]
    return names


def extract(
    clip: Clip, n_fft: int, hop_length: int, n_mfcc: int, n_chroma: int, columns: list[str], statistics: list[str]
) -> np.ndarray:
    """Compute statistics over the frames, or over the samples of `harmony` and `perceptr`.

    `tempo` is that of `librosa.beat.beat_track`, whose onsets are medians over the bands, not means as in the feature
    of that name: it is what stands in the published table. It is 0 where nothing begins.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_mfcc, n_chroma : int
        See `Settings`.
    columns : list of str
        Families of columns, in the table's order.
    statistics : list of str
        Of each family: names of NumPy's functions.

    Returns
    -------
    array of shape (columns,)
        One row of the table; `columns` names them.
    """
    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    frames = {"frame_length": n_fft, "hop_length": hop_length}
    harmony = cache(lambda: hpss.harmonic(clip, n_fft, hop_length)[None])
    families: dict[str, Callable[[], np.ndarray]] = {
        "chroma_stft": lambda: chroma.extract(clip, **spectrum, n_chroma=n_chroma).reshape(1, -1),
        "rms": lambda: rms.extract(clip, **frames),
        "spectral_centroid": lambda: spectral_centroid.extract(clip, **spectrum),
        "spectral_bandwidth": lambda: spectral_bandwidth.extract(clip, **spectrum),
        "rolloff": lambda: spectral_rolloff.extract(clip, **spectrum, roll_percent=ROLL_PERCENT),
        "zero_crossing_rate": lambda: zero_crossing_rate.extract(clip, **frames),
        "harmony": harmony,
        "perceptr": lambda: clip.samples - harmony(),
        "mfcc": lambda: mfcc.extract(clip, **spectrum, n_mels=N_MELS, n_mfcc=n_mfcc),
        "spectral_contrast": lambda: spectral_contrast.extract(
            clip, **spectrum, n_bands=N_BANDS, fmin=FMIN, quantile=QUANTILE
        ),
        "tonnetz": lambda: tonnetz.extract(clip, **spectrum),
        "onset_strength": lambda: onset_strength.extract(clip, **spectrum, n_mels=N_MELS),
    }
    row = []
    for family in columns:
        if family == "tempo":
            row.append(_tempo(clip, n_fft, hop_length))
        else:
            row.append(_over_time(families[family](), statistics))
    return np.concatenate(row)


def extract_librosa(
    clip: Clip, n_fft: int, hop_length: int, n_mfcc: int, n_chroma: int, columns: list[str], statistics: list[str]
) -> np.ndarray:
    """The same by librosa's functions, at their defaults."""
    row = []
    for family in columns:
        values = librosa_values(clip, family, n_fft, hop_length, n_mfcc, n_chroma)
        row.append(values.ravel() if family == "tempo" else _over_time(values, statistics))
    return np.concatenate(row)


def librosa_values(clip: Clip, family: str, n_fft: int, hop_length: int, n_mfcc: int, n_chroma: int) -> np.ndarray:
    """The numbers (rows, numbers) of a family of columns, whose statistics stand in the table, by librosa."""
    import librosa

    y, sr = clip.samples, clip.sample_rate
    frames = {"y": y, "hop_length": hop_length}
    spectrum = {"sr": sr, "n_fft": n_fft, **frames}
    match family:
        case "chroma_stft":
            return librosa.feature.chroma_stft(**spectrum, n_chroma=n_chroma).reshape(1, -1)
        case "rms":
            return librosa.feature.rms(**frames, frame_length=n_fft)
        case "spectral_centroid":
            return librosa.feature.spectral_centroid(**spectrum)
        case "spectral_bandwidth":
            return librosa.feature.spectral_bandwidth(**spectrum)
        case "rolloff":
            return librosa.feature.spectral_rolloff(**spectrum)
        case "zero_crossing_rate":
            return librosa.feature.zero_crossing_rate(**frames, frame_length=n_fft)
        case "harmony":
            return librosa_hpss(y, n_fft, hop_length)[0][None]
        case "perceptr":
            return librosa_hpss(y, n_fft, hop_length)[1][None]
        case "tempo":
            return np.reshape(librosa.beat.beat_track(y=y, sr=sr, hop_length=hop_length)[0], (1, 1))
        case "mfcc":
            return librosa.feature.mfcc(**spectrum, n_mfcc=n_mfcc)
        case "spectral_contrast":
            return librosa.feature.spectral_contrast(**spectrum)
        case "tonnetz":
            return tonnetz.extract_librosa(clip, n_fft, hop_length)
        case "onset_strength":
            return onset_strength.extract_librosa(clip, n_fft, hop_length, N_MELS)
    raise ValueError(f"no family of columns is named {family}")


def librosa_hpss(y: np.ndarray, n_fft: int, hop_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Harmonic and percussive part (samples,) of a signal: `librosa.effects.hpss`, but where SciPy is wrong.

    `scipy.ndimage.median_filter` (1.17) of 31 values along an axis of a few, with another axis beside it, reads what is
    not there. The spectrum of a short signal is therefore mirrored at its ends before, as that filter does.
    """
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    if len(y) // hop_length > 30:
        return librosa.effects.hpss(y, **spectrum)
    mirrored = np.pad(librosa.stft(y, **spectrum), ((0, 0), (15, 15)), mode="symmetric")
    harmonic, percussive = (
        librosa.istft(part[:, 15:-15], **spectrum, length=len(y)) for part in librosa.decompose.hpss(mirrored)
    )
    return harmonic, percussive


def _over_time(values: np.ndarray, statistics: list[str]) -> np.ndarray:
    """Statistics of each row of `values` (rows, numbers): (rows * statistics,), those of a row side by side."""
    exact = values.astype(np.float64)
    return np.stack([getattr(np, name)(exact, axis=1) for name in statistics], axis=1).ravel()


def _tempo(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    onsets = onset_strength.flux(clip, n_fft, hop_length, N_MELS, np.median)
    if not onsets.any():
        return np.zeros(1)
    frame_rate = clip.sample_rate / hop_length
    return tempo.of_onsets(onsets, frame_rate, int(TEMPO_WINDOW_S * frame_rate), START_BPM)
