"""The features as a plain script computes them: librosa's functions, PyWavelets and NumPy, called one by one."""

import itertools
from functools import partial
from typing import Any

import librosa
import numpy as np
import pywt
import scipy.signal
import scipy.stats
from PIL import Image

from genrebench.workflow.entries import arguments, module_of


def mel(y, sr, **settings):
    return librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=sr, **settings), ref=np.max)


def wavelet(y, sr, wavelet, levels):
    """The coefficients in the order of PyWavelets, flat."""
    padded = np.pad(y, (0, -len(y) % 2**levels))
    return np.concatenate(pywt.wavedec(padded, wavelet, mode="periodization", level=levels))


def without_rate(function, y, sr, **settings):
    return function(y=y, **settings)


def amplitude_statistics(y, sr, **settings):
    amplitude = np.abs(librosa.stft(y, **settings))
    return np.stack([function(amplitude, axis=0) for function in (np.mean, np.std, np.min, np.max)])


def tonnetz(y, sr, **settings):
    return librosa.feature.tonnetz(chroma=librosa.feature.chroma_stft(y=y, sr=sr, n_chroma=12, **settings))


def onset_strength(y, sr, **settings):
    return librosa.onset.onset_strength(y=y, sr=sr, **settings)[None]


def tempogram(y, sr, win_length, **settings):
    return librosa.feature.tempogram(
        onset_envelope=onset_strength(y, sr, **settings)[0],
        sr=sr,
        hop_length=settings["hop_length"],
        win_length=win_length,
    )


def tempo(y, sr, win_length, start_bpm, **settings):
    return librosa.feature.tempo(
        onset_envelope=onset_strength(y, sr, **settings)[0],
        sr=sr,
        hop_length=settings["hop_length"],
        ac_size=(win_length + 0.5) * settings["hop_length"] / sr,
        start_bpm=start_bpm,
    )


def hpss(y, n_fft, hop_length):
    """Harmonic and percussive part: `librosa.effects.hpss`, but where SciPy is wrong.

    `scipy.ndimage.median_filter` (1.17) of 31 values along an axis of a few, with another axis beside it, reads what is
    not there; such a spectrum is reflected beforehand.
    """
    if len(y) // hop_length > 30:
        return librosa.effects.hpss(y, n_fft=n_fft, hop_length=hop_length)
    spectrum = np.pad(librosa.stft(y, n_fft=n_fft, hop_length=hop_length), ((0, 0), (15, 15)), mode="symmetric")
    return [
        librosa.istft(part[:, 15:-15], n_fft=n_fft, hop_length=hop_length, length=len(y))
        for part in librosa.decompose.hpss(spectrum)
    ]


def tabular_values(y, sr, family, n_fft, hop_length, n_mfcc, n_chroma):
    """The numbers whose statistics are a family's columns, (rows, numbers)."""
    frames = {"y": y, "hop_length": hop_length}
    spectrum = {"sr": sr, "n_fft": n_fft, **frames}
    feature = librosa.feature
    return {
        "chroma_stft": lambda: feature.chroma_stft(**spectrum, n_chroma=n_chroma).reshape(1, -1),
        "rms": lambda: feature.rms(**frames, frame_length=n_fft),
        "spectral_centroid": lambda: feature.spectral_centroid(**spectrum),
        "spectral_bandwidth": lambda: feature.spectral_bandwidth(**spectrum),
        "rolloff": lambda: feature.spectral_rolloff(**spectrum),
        "zero_crossing_rate": lambda: feature.zero_crossing_rate(**frames, frame_length=n_fft),
        "harmony": lambda: hpss(y, n_fft, hop_length)[0][None],
        "perceptr": lambda: hpss(y, n_fft, hop_length)[1][None],
        "tempo": lambda: np.reshape(librosa.beat.beat_track(y=y, sr=sr, hop_length=hop_length)[0], (1, 1)),
        "mfcc": lambda: feature.mfcc(**spectrum, n_mfcc=n_mfcc),
        "spectral_contrast": lambda: feature.spectral_contrast(**spectrum),
        "tonnetz": lambda: tonnetz(y, sr, n_fft=n_fft, hop_length=hop_length),
        "onset_strength": lambda: onset_strength(y, sr, n_fft=n_fft, hop_length=hop_length),
    }[family]()


def tabular(y, sr, columns, statistics, **settings):
    row = []
    for family in columns:
        for values in tabular_values(y, sr, family, **settings):
            row += [getattr(np, name)(values) for name in (statistics if family != "tempo" else ["mean"])]
    return np.array(row)


def tabular_segments(y, sr, segment_s, **settings):
    length = round(segment_s * sr)
    starts = range(0, max(1, len(y) - length + 1), length)
    return np.stack([tabular(y[start : start + length], sr, **settings) for start in starts], axis=1)


def mel_image(y, sr, size, scale, **settings):
    power = librosa.feature.melspectrogram(y=y, sr=sr, **settings)
    shown = 1 + librosa.power_to_db(power, ref=np.max) / 80 if scale == "log" else power / (power.max() or 1)
    return np.asarray(Image.fromarray(np.flipud(shown)).resize(size[::-1], Image.Resampling.BILINEAR))


def loudness(y, sr):
    """ITU-R BS.1770-4 step by step, with its filters in SciPy."""
    k, q, gain = np.tan(np.pi * 1681.974450955533 / sr), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    b = [gain + gain**0.4996667741545416 * k / q + k * k, 2 * (k * k - gain)]
    b.append(gain - gain**0.4996667741545416 * k / q + k * k)
    y = scipy.signal.lfilter(b, [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k], y.astype(float))
    k, q = np.tan(np.pi * 38.13547087602444 / sr), 0.5003270373238773
    a = np.array([1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k])
    y = scipy.signal.lfilter([1, -2, 1], a / a[0], y)
    ends = [round(0.1 * sr * i) for i in range(4, 1 + int(10 * len(y) / sr))]
    powers = [np.mean(y[end - round(0.4 * sr) : end] ** 2) for end in ends] or [np.mean(y**2)]
    levels = -0.691 + 10 * np.log10(np.maximum(powers, 1e-20))
    above = [power for power, level in zip(powers, levels, strict=True) if level > -70]
    if not above:
        return -70.0
    gate = -0.691 + 10 * np.log10(np.mean(above)) - 10
    loud = [power for power, level in zip(powers, levels, strict=True) if level > max(gate, -70)]
    return -0.691 + 10 * np.log10(np.mean(loud))


def danceability(y, sr):
    """Streich and Herrera (2005) with straight lines fitted by NumPy."""
    frame = int(0.01 * sr)
    envelope = np.array([np.std(y[i : i + frame].astype(float)) for i in range(0, len(y) - frame + 1, frame)])
    spans, span = [], 31.0
    while span <= 880 and int(span) < len(envelope):
        spans.append(int(span))
        span *= 1.1
    if len(spans) < 2 or not envelope.any():
        return 0.0
    profile, fluctuation = np.cumsum(envelope - envelope.mean()), []
    for span in spans:
        parts = np.array([profile[i : i + span] for i in range(0, len(profile) - span, max(1, span // 50))]).T
        residuals = np.polyfit(np.arange(span), parts, 1, full=True)[1]
        fluctuation.append(np.sqrt(np.mean(residuals) / span))
    steps = [np.log((b + 3) / (a + 3)) for a, b in itertools.pairwise(spans)]
    return 1 / np.mean(np.diff(np.log(fluctuation)) / steps)


def descriptors(y, sr, **settings):
    major = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
    minor = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]
    classes = librosa.feature.chroma_stft(y=y, sr=sr, **settings).mean(axis=1)
    best = [0, 0]
    if classes.any():
        best = [max(scipy.stats.pearsonr(np.roll(key, i), classes)[0] for i in range(12)) for key in (major, minor)]
    return np.array([loudness(y, sr), danceability(y, sr), best[0] - best[1], max(best)])


FUNCTIONS = {
    "mel": mel,
    "mfcc": librosa.feature.mfcc,
    "chroma": librosa.feature.chroma_stft,
    "wavelet": wavelet,
    "spectral_centroid": librosa.feature.spectral_centroid,
    "spectral_bandwidth": librosa.feature.spectral_bandwidth,
    "spectral_rolloff": librosa.feature.spectral_rolloff,
    "spectral_contrast": librosa.feature.spectral_contrast,
    "zero_crossing_rate": partial(without_rate, librosa.feature.zero_crossing_rate),
    "rms": partial(without_rate, librosa.feature.rms),
    "amplitude_statistics": amplitude_statistics,
    "tonnetz": tonnetz,
    "onset_strength": onset_strength,
    "tempogram": tempogram,
    "tempo": tempo,
    "tabular": tabular,
    "tabular_segments": tabular_segments,
    "mel_image": mel_image,
    "descriptors": descriptors,
    "waveform": lambda y, sr: y,  # at its own rate it is resampled when it is read
}


def extract(feature: str, samples: np.ndarray, sample_rate: int, settings: dict[str, Any]) -> np.ndarray:
    """One clip's array of a feature with its settings of params.yaml."""
    return FUNCTIONS[module_of(feature, settings)](y=samples, sr=sample_rate, **arguments(settings))
