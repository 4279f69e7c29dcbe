"""Root mean square of the signal: its loudness without a model of the ear (paper 003)."""

import numpy as np

from genrebench.audio import framing
from genrebench.audio.spectra import Clip

SETTINGS = {
    **framing.FRAMES,
}
AXES = ("value", "frame")
UNIT = "amplitude re full scale"
PAD_VALUE = 0.0


def extract(clip: Clip, frame_length: int, hop_length: int) -> np.ndarray:
    """(1, 1 + samples // hop_length), as `librosa.feature.rms` of the signal: √(mean of the squares of a frame)."""
    frames = clip.frames(frame_length, hop_length)
    return np.sqrt(np.einsum("ts,ts->t", frames, frames) / frame_length)[None]


def extract_librosa(clip: Clip, frame_length: int, hop_length: int) -> np.ndarray:
    """The same by `librosa.feature.rms`."""
    import librosa

    return librosa.feature.rms(y=clip.samples, frame_length=frame_length, hop_length=hop_length)
