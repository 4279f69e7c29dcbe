"""Energy per pitch class, tuned to the clip (paper 001: 24 classes)."""

import librosa
import numpy as np

from genrebench.clip import Clip

SETTINGS = {
    "n_fft": {"description": "Samples of the analysis window (Hann).", "type": "integer", "minimum": 16},
    "hop_length": {"description": "Samples from one frame to the next.", "type": "integer", "minimum": 1},
    "n_chroma": {"description": "Classes per octave.", "type": "integer", "minimum": 1},
}
AXES = ("pitch class", "frame")
UNIT = "share of the frame's strongest class"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_chroma: int) -> np.ndarray:
    """(n_chroma, 1 + samples // hop_length) in 0..1, as `librosa.feature.chroma_stft` with its estimate of tuning."""
    return librosa.feature.chroma_stft(
        S=clip.power(n_fft, hop_length),
        sr=clip.sample_rate,
        n_fft=n_fft,
        hop_length=hop_length,
        n_chroma=n_chroma,
    )
