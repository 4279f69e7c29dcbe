"""Frequency below which most of the amplitude spectrum lies (paper 004)."""

import numpy as np

from genrebench.audio import filters, framing
from genrebench.audio.spectra import Clip

SETTINGS = {
    **framing.SPECTRUM,
    "roll_percent": {
        "description": "Share of the sum of the amplitudes that lies below.",
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
    },
}
AXES = ("value", "frame")
UNIT = "Hz"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, roll_percent: float) -> np.ndarray:
    """(1, 1 + samples // hop_length) in Hz, as `librosa.feature.spectral_rolloff`; 0 in silence.

    The first bin up to which the amplitudes sum to the share `roll_percent` (Scheirer and Slaney 1997). They are
    summed in float32 and in the order of the bins as in librosa: another rounding would at times give the next bin.
    """
    hz = filters.frequencies(clip.sample_rate, n_fft)

    def rolloff(amplitude: np.ndarray) -> list[np.ndarray]:
        sums = np.cumsum(amplitude, axis=1)
        return [hz[np.argmax(sums >= np.float32(roll_percent) * sums[:, -1:], axis=1)]]

    return clip.by_block(n_fft, hop_length, rolloff)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, roll_percent: float) -> np.ndarray:
    """The same by `librosa.feature.spectral_rolloff`."""
    import librosa

    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    return librosa.feature.spectral_rolloff(y=clip.samples, sr=clip.sample_rate, roll_percent=roll_percent, **spectrum)
