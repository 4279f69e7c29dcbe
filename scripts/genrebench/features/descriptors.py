"""Loudness, danceability, mode and key clarity of a clip, (4,): measures that go along with energy and valence.

Huang and Minami (2024) name "energy", "danceability" and "valence" as future work. These are ratings: Spotify's come
from unpublished models, listeners' differ from person to person. Here are published measures that are computed from the
signal alone and that studies found to correlate with such ratings. They are not the ratings, and were fitted to none:

- `loudness` for energy, or arousal: integrated loudness in LKFS (ITU-R BS.1770-4).
- `danceability`: how regular the envelope is over 0.3 to 9 s (Streich and Herrera, AES 118th Convention, 2005).
- `mode` (major above 0, minor below) and `key_clarity` for valence: correlations with the key profiles of Krumhansl and
  Kessler (Psychological Review 89, 1982), both among the predictors of valence in Eerola, Lartillot and Toiviainen
  (ISMIR 2009). Their regression is not applied: its coefficients hold for MIRtoolbox's features and film music only.
"""

import numpy as np
from pydantic import Field

from genrebench.audio.clip import Clip
from genrebench.audio.loudness import loudness
from genrebench.features import chroma
from genrebench.features._settings import SpectrumSettings


class Settings(SpectrumSettings):
    """Settings of the feature."""

    n_fft: int = Field(4096, ge=16, description="Samples of the analysis window (Hann).")
    hop_length: int = Field(2048, ge=1, description="Samples from one frame to the next.")


AXES = ("column",)
UNIT = "loudness LKFS; danceability 1 / exponent; mode and key clarity as correlations"
PAD_VALUE = 0.0

ENVELOPE_S = 0.01
LEAST_EXPONENT = 0.001  # of an envelope that repeats itself exactly it would be 0 or less
SPANS_S, GROWTH = (0.31, 8.8), 1.1  # the least and the greatest span of the fluctuation analysis, and their ratio

# How well the pitch classes from the tonic upwards fit a key, 1 to 7.
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def columns(n_fft: int, hop_length: int) -> list[str]:
    """Names of the columns."""
    return ["loudness", "danceability", "mode", "key_clarity"]


def extract(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """Compute the four measures; mode and key clarity from the mean chroma of 12 classes.

    Parameters
    ----------
    clip : Clip
        The samples.
    n_fft, hop_length : int
        Of the chroma.

    Returns
    -------
    array of shape (4,)
        See `genrebench.audio.loudness`, `danceability` and `mode_and_clarity`.
    """
    classes = chroma.extract(clip, n_fft, hop_length, n_chroma=12).mean(axis=1)
    return _describe(clip, classes)


def extract_librosa(clip: Clip, n_fft: int, hop_length: int) -> np.ndarray:
    """The same with the chroma of librosa, which has no function for loudness and danceability."""
    classes = chroma.extract_librosa(clip, n_fft, hop_length, n_chroma=12).mean(axis=1)
    return _describe(clip, classes)


def _describe(clip: Clip, classes: np.ndarray) -> np.ndarray:
    levels = loudness(clip.samples, clip.sample_rate), danceability(clip.samples, clip.sample_rate)
    return np.array([*levels, *mode_and_clarity(classes)])


def danceability(samples: np.ndarray, sample_rate: int) -> float:
    """1 / mean exponent of the detrended fluctuation analysis of the envelope, Essentia's `Danceability` within 0.5%.

    Usually 0 to 3. The exponent is near 1.5 for an envelope that wanders, 0.5 for one without memory, and lower for one
    that repeats itself, as beats do. 0 for silence and for clips shorter than two spans.
    """
    length = int(ENVELOPE_S * sample_rate)
    envelope = samples[: len(samples) // length * length].reshape(-1, length).std(axis=1, dtype=np.float64)
    spans = _spans()
    spans = spans[spans < len(envelope)]
    profile = np.cumsum(envelope - envelope.mean()) if len(spans) > 1 else envelope
    fluctuation = np.array([_fluctuation(profile, span) for span in spans])
    if len(spans) < 2 or fluctuation.min() <= 0:
        return 0.0
    # Short spans fluctuate less than the power law says; the authors' correction is to count 3 more.
    exponents = np.diff(np.log(fluctuation)) / np.diff(np.log(spans + 3))
    return float(1 / max(exponents.mean(), LEAST_EXPONENT))


def mode_and_clarity(classes: np.ndarray) -> tuple[float, float]:
    """Best correlation with a major key less that with a minor one, and the best of all, for pitch classes (12,).

    As MIRtoolbox's `mirmode` and the clarity of `mirkey`. Both are 0 where all classes are equal.
    """
    if np.ptp(classes) == 0:
        return 0.0, 0.0
    major, minor = (
        max(np.corrcoef(classes, np.roll(profile, tonic))[0, 1] for tonic in range(12)) for profile in (MAJOR, MINOR)
    )
    return float(major - minor), float(max(major, minor))


def _spans() -> np.ndarray:
    """Spans of the fluctuation analysis in samples of the envelope."""
    shortest, longest = SPANS_S
    count = 1 + int(np.log(longest / shortest) / np.log(GROWTH))
    return (shortest * GROWTH ** np.arange(count) / ENVELOPE_S).astype(int)


def _fluctuation(profile: np.ndarray, span: int) -> float:
    """Root mean square of the profile around its linear trend in each `span` (every 50th of a span)."""
    parts = np.lib.stride_tricks.sliding_window_view(profile, span)[: -1 : max(1, span // 50)]
    parts = parts - parts.mean(axis=1, keepdims=True)
    time = np.arange(span) - (span - 1) / 2
    residual = np.einsum("ts,ts->t", parts, parts) - (parts @ time) ** 2 / (time @ time)
    return float(np.sqrt(np.maximum(residual, 0).mean() / span))
