"""Tempo of the whole clip, (1,), in beats per minute.

Ellis, "Beat tracking by dynamic programming", 2007.
"""

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip
from genrebench.features import onset_strength, tempogram
from genrebench.features._settings import OnsetSettings


class Settings(OnsetSettings):
    """Settings of the feature."""

    win_length: int = Field(344, ge=2, description="Frames of the tempogram; 344 are 8 s at a hop of 512.")
    start_bpm: float = Field(120.0, gt=0, description="What is most likely before listening, in beats per minute.")


AXES = ("column",)
UNIT = "beats per minute"
PAD_VALUE = 0.0

HIGHEST = 320.0  # bpm


def columns(**_: float) -> list[str]:
    """The name of the only column."""
    return ["tempo"]


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int, win_length: int, start_bpm: float) -> np.ndarray:
    """Find the strongest lag of the mean tempogram under a log-normal prior that is an octave wide.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length, n_mels, win_length : int
        See `Settings`.
    start_bpm : float
        Beats per minute, the centre of the prior.

    Returns
    -------
    array of shape (1,)
        Beats per minute, as `librosa.feature.tempo`.
    """
    onsets = onset_strength.extract(clip, n_fft, hop_length, n_mels)[0]
    return of_onsets(onsets, clip.sample_rate / hop_length, win_length, start_bpm)


def extract_librosa(
    clip: Clip, n_fft: int, hop_length: int, n_mels: int, win_length: int, start_bpm: float
) -> np.ndarray:
    """The same by `librosa.feature.tempo`."""
    import librosa

    onsets = onset_strength.extract_librosa(clip, n_fft, hop_length, n_mels)[0]
    return librosa.feature.tempo(
        onset_envelope=onsets,
        sr=clip.sample_rate,
        hop_length=hop_length,
        ac_size=(win_length + 0.5) * hop_length / clip.sample_rate,  # in seconds, which librosa rounds down to frames
        start_bpm=start_bpm,
    )


def of_onsets(onsets: np.ndarray, frame_rate: float, win_length: int, start_bpm: float) -> np.ndarray:
    """(1,) in bpm of an onset strength (frames,) with `frame_rate` frames a second."""
    strength = tempogram.of_onsets(onsets, win_length).mean(axis=1)
    bpm = 60 * frame_rate / np.arange(1, win_length)
    likely = np.log1p(1e6 * strength[1:]) - 0.5 * np.log2(bpm / start_bpm) ** 2
    likely[bpm >= HIGHEST] = -np.inf
    return bpm[likely.argmax(keepdims=True)]
