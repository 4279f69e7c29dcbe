"""Statistics of a clip's features, one row of a table per clip: the columns of GTZAN's widespread features_30_sec.csv.

That table (Kaggle, "GTZAN dataset - music genre classification") was made with librosa's functions at their defaults.
`harmony` and `perceptr` are the samples of the harmonic and the percussive part of the clip. Paper 004 wrote such a
table too, with five families and no word on the statistic.
"""

from functools import cache
from typing import Literal

import numpy as np
from pydantic import Field

from genrebench.audio import hpss
from genrebench.audio.spectra import Clip
from genrebench.common.settings import Distinct
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
    """(columns,): statistics over the frames, or over the samples of `harmony` and `perceptr`; NumPy's, of all values.

    `tempo` is that of `librosa.beat.beat_track`, whose onsets are medians over the bands, not means as in the feature
    of that name: it is what stands in the published table. It is 0 where nothing begins.
    """
    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    frames = {"frame_length": n_fft, "hop_length": hop_length}
    harmony = cache(lambda: hpss.harmonic(clip, n_fft, hop_length)[None])
    families = {
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
            values = families[family]().astype(np.float64)
            row.append(np.stack([getattr(np, name)(values, axis=1) for name in statistics], axis=1).ravel())
    return np.concatenate(row)


def _tempo(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    onsets = onset_strength.flux(clip, n_fft, hop_length, N_MELS, np.median)
    if not onsets.any():
        return np.zeros(1)
    frame_rate = clip.sample_rate / hop_length
    return tempo.of_onsets(onsets, frame_rate, int(TEMPO_WINDOW_S * frame_rate), START_BPM)
