"""Degraded recordings: what a room, a microphone, a telephone or a codec does to a clip, as `recipes` say it."""

import hashlib
import io
from dataclasses import dataclass

import numpy as np

from genrebench.audio import decode
from genrebench.audio.recipes import Recipe
from genrebench.common import numba_cache

FILTER_ORDER = 8  # of the Butterworth filters
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz


def seed_of(clip_id: str, condition: str, seed: int = 0) -> int:
    """Derive the seed of one clip under one condition from a seed for all of them."""
    return int.from_bytes(hashlib.sha256(f"{seed}\0{condition}\0{clip_id}".encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Condition:
    """A recipe by its name, and the seed of what is drawn for all clips."""

    name: str
    recipe: Recipe
    seed: int

    def degrade(self, samples: np.ndarray, rate: int, clip: str) -> np.ndarray:
        """Degrade a clip, given what tells it from others; see `degrade`."""
        return degrade(samples, rate, self.recipe, seed_of(clip, self.name, self.seed))


def degrade(samples: np.ndarray, rate: int, recipe: Recipe, seed: int) -> np.ndarray:
    """Degrade a clip.

    Parameters
    ----------
    samples : array of shape (samples,)
        Mono, float32, full scale is 1. It is not changed.
    rate : int
        Hz.
    recipe : Recipe
        What happens to the clip.
    seed : int
        Of the noise and of the room; see `seed_of`.

    Returns
    -------
    array of shape (samples,)
        float32, as long as the clip unless its speed changes. Without `clip` it may go beyond full scale.
    """
    found = np.array(samples, np.float32)
    if not len(found):
        return found
    if recipe.speed is not None:
        found = _stretched(found, recipe.speed)
    if recipe.pitch is not None:
        found = _shifted(found, rate, recipe.pitch)
    # a generator for each, so that noise does not change the room
    if recipe.rt60_s is not None:
        room = impulse_response(rate, recipe.rt60_s, recipe.direct_to_reverberant_db, np.random.default_rng((seed, 0)))
        found = _in_room(found, room)
    if recipe.snr_db is not None:
        found = _with_noise(found, recipe.snr_db, np.random.default_rng((seed, 1)))
    found = _filtered(found, rate, recipe.high_pass_hz, recipe.low_pass_hz)
    if recipe.sample_rate is not None and recipe.sample_rate < rate:
        found = _resampled(found, rate, recipe.sample_rate)
    if recipe.gain_db is not None:
        found = found * np.float32(10 ** (recipe.gain_db / 20))
    if recipe.clip:
        found = np.clip(found, -1, 1)
    if recipe.mp3_kbit_s is not None:
        found = _through_mp3(found, rate, recipe.mp3_kbit_s)
    return np.ascontiguousarray(found, np.float32)


def impulse_response(
    rate: int, rt60_s: float, direct_to_reverberant_db: float, random: np.random.Generator
) -> np.ndarray:
    """Make the impulse response of a room: the direct sound, then noise whose level falls by 60 dB in `rt60_s`.

    The model of Moorer (1979), About this reverberation business, Computer Music Journal 3(2). The reverberation is
    the same at all frequencies.

    Returns
    -------
    array of shape (1 + rate x rt60_s,)
        The first sample, 1, is the direct sound.
    """
    time = np.arange(1, 1 + max(1, round(rate * rt60_s))) / rate
    tail = random.standard_normal(len(time)) * 10 ** (-3 * time / rt60_s)
    tail *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt(np.square(tail).sum())
    return np.concatenate([[1.0], tail])


def _stretched(samples: np.ndarray, speed: float) -> np.ndarray:
    numba_cache.take()
    import librosa

    return librosa.effects.time_stretch(samples, rate=speed)


def _shifted(samples: np.ndarray, rate: int, pitch: float) -> np.ndarray:
    numba_cache.take()
    import librosa

    return librosa.effects.pitch_shift(samples, sr=rate, n_steps=12 * np.log2(pitch))


def _in_room(samples: np.ndarray, room: np.ndarray) -> np.ndarray:
    from scipy.signal import oaconvolve

    heard = oaconvolve(samples.astype(np.float64), room)[: len(samples)]
    power = _power(heard)
    return (heard * np.sqrt(_power(samples) / power) if power else heard).astype(np.float32)


def _with_noise(samples: np.ndarray, snr_db: float, random: np.random.Generator) -> np.ndarray:
    amplitude = np.sqrt(_power(samples) * 10 ** (-snr_db / 10))
    return (samples + amplitude * random.standard_normal(len(samples))).astype(np.float32)


def _filtered(samples: np.ndarray, rate: int, high_pass_hz: float | None, low_pass_hz: float | None) -> np.ndarray:
    from scipy.signal import butter, sosfilt

    if low_pass_hz is not None and low_pass_hz < rate / 2:
        samples = sosfilt(butter(FILTER_ORDER, low_pass_hz, "lowpass", fs=rate, output="sos"), samples)
    if high_pass_hz is not None:
        samples = sosfilt(butter(FILTER_ORDER, high_pass_hz, "highpass", fs=rate, output="sos"), samples)
    return samples.astype(np.float32)


def _resampled(samples: np.ndarray, rate: int, through: int) -> np.ndarray:
    """The clip after a resampling to the rate `through` and back, of the same length."""
    back = np.asarray(decode.resample(decode.resample(samples, rate, through), through, rate))
    return _as_long_as(samples, back)


def _through_mp3(samples: np.ndarray, rate: int, kbit_s: int) -> np.ndarray:
    """The clip after MP3, of the same length; at the next sampling rate that MP3 has."""
    import av

    mp3_rate = next((one for one in MP3_RATES if one >= rate), MP3_RATES[-1])
    given = np.asarray(decode.resample(samples, rate, mp3_rate))
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=mp3_rate, layout="mono", format="fltp")
        stream.bit_rate = 1000 * kbit_s
        frame = av.AudioFrame.from_ndarray(given[None], format="fltp", layout="mono")
        frame.sample_rate = mp3_rate
        for packets in (stream.encode(frame), stream.encode(None)):
            container.mux(packets)
    file.seek(0)
    with av.open(file, "r") as container:
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    return _as_long_as(samples, np.asarray(decode.resample(decoded, mp3_rate, rate)))


def _as_long_as(samples: np.ndarray, found: np.ndarray) -> np.ndarray:
    return np.pad(found, (0, max(0, len(samples) - len(found))))[: len(samples)]


def _power(samples: np.ndarray) -> float:
    return float(np.square(samples, dtype=np.float64).mean())
