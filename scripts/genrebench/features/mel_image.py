"""The mel spectrogram as a picture: for networks that were made for images (paper 002: 224 x 224 pixels)."""

import numpy as np

from genrebench.audio import framing
from genrebench.audio.spectra import Clip
from genrebench.features import mel

SETTINGS = {
    **framing.SPECTRUM,
    "n_mels": {"description": "Mel bands.", "type": "integer", "minimum": 1},
    "size": {
        "description": "Rows and columns of the picture.",
        "type": "array",
        "items": {"type": "integer", "minimum": 1},
        "minItems": 2,
        "maxItems": 2,
    },
    "scale": {"description": "What is shown: dB from -80 to 0 (log) or power (linear).", "enum": ["log", "linear"]},
}
AXES = ("row", "pixel")
UNIT = "share of the range: log -80 to 0 dB re the clip's maximum, linear 0 to the maximum"
PAD_VALUE = 0.0


def extract(clip: Clip, n_fft: int, hop_length: int, n_mels: int, size: list[int], scale: str) -> np.ndarray:
    """(rows, columns) in 0..1, high frequencies above, the whole clip from left to right.

    Resized by Pillow's bilinear filter, which is stretched where the picture shrinks, so that nothing is passed over.
    """
    if scale == "log":
        return _resized(mel.extract(clip, n_fft, hop_length, n_mels) / 80 + 1, size)
    return _resized(_share_of_maximum(clip.mel_power(n_fft, hop_length, n_mels)), size)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int, n_mels: int, size: list[int], scale: str) -> np.ndarray:
    """The same from the mel spectrogram of librosa."""
    import librosa

    if scale == "log":
        return _resized(mel.extract_librosa(clip, n_fft, hop_length, n_mels) / 80 + 1, size)
    spectrum = {"n_fft": n_fft, "hop_length": hop_length}
    power = librosa.feature.melspectrogram(y=clip.samples, sr=clip.sample_rate, n_mels=n_mels, **spectrum)
    return _resized(_share_of_maximum(power), size)


def _share_of_maximum(power: np.ndarray) -> np.ndarray:
    return power / max(power.max(), np.finfo(np.float32).tiny)


def _resized(shown: np.ndarray, size: list[int]) -> np.ndarray:
    """`shown` (bands, frames), low bands first, as a picture of this size, high bands first."""
    from PIL import Image  # only this feature needs it

    rows, columns = size
    picture = Image.fromarray(np.ascontiguousarray(shown[::-1], dtype=np.float32))
    return np.clip(np.asarray(picture.resize((columns, rows), Image.Resampling.BILINEAR)), 0, 1)
