"""Every feature against librosa or PyWavelets called the plain way."""

import itertools

import librosa
import numpy as np
import pytest
import pywt

from genrebench import config, extraction
from genrebench.clip import Clip

RATE = 22050
SETTINGS = config.load("params.yaml")["features"]
SPECTRA = [(s["n_fft"], s["hop_length"]) for s in SETTINGS.values() if "n_fft" in s]
NOISE = np.random.default_rng(0).standard_normal(2 * RATE + 17).astype(np.float32) * 0.1
TIME = np.arange(len(NOISE)) / RATE
SIGNALS = {
    "noise": NOISE,
    "sine": np.sin(2 * np.pi * 440 * TIME).astype(np.float32),
    "silence": np.zeros_like(NOISE),
    "clipped": np.clip(20 * NOISE, -1, 1),
}
PLAIN = {
    "mel": lambda y: librosa.power_to_db(
        librosa.feature.melspectrogram(y=y, sr=RATE, n_fft=2048, hop_length=512, n_mels=128), ref=np.max
    ),
    "mfcc": lambda y: librosa.feature.mfcc(y=y, sr=RATE, n_mfcc=40, n_fft=2048, hop_length=256),
    "chroma": lambda y: librosa.feature.chroma_stft(y=y, sr=RATE, n_fft=2048, hop_length=256, n_chroma=24),
}


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("feature", PLAIN)
def test_equals_librosa(feature, signal):
    samples = SIGNALS[signal]
    ours = extraction.module(feature).extract(Clip(samples, RATE, SPECTRA), **SETTINGS[feature])
    theirs = PLAIN[feature](samples)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-5 * max(np.abs(theirs).max(), 1e-9)


def test_flattened_shapes_of_paper_001_on_the_longest_clip_of_gtzan():
    clip = Clip(np.resize(NOISE, 675808), RATE, SPECTRA)
    sizes = {name: extraction.module(name).extract(clip, **settings).size for name, settings in SETTINGS.items()}
    assert sizes == {"mel": 168960, "mfcc": 105600, "chroma": 63360, "wavelet": 675808}


@pytest.mark.parametrize("wavelet", ["haar", "db4"])
def test_wavelet_holds_the_coefficients_of_pywavelets_and_gives_the_signal_back(wavelet):
    samples = NOISE[: 32 * 500]
    ours = extraction.module("wavelet").extract(Clip(samples, RATE, []), wavelet=wavelet, levels=5)
    assert ours.shape == (32, 500)
    bands = pywt.wavedec(samples, wavelet, mode="periodization", level=5)
    starts = np.cumsum([0, 1, 1, 2, 4, 8, 16])
    ours_by_band = [ours[a:b].T.ravel() for a, b in itertools.pairwise(starts)]
    for ours_band, band in zip(ours_by_band, bands, strict=True):
        np.testing.assert_array_equal(ours_band, band)
    back = pywt.waverec(ours_by_band, wavelet, mode="periodization")
    np.testing.assert_allclose(back, samples, atol=1e-6)


def test_a_haar_transform_padded_at_the_end_is_that_of_the_padded_clip():
    samples = NOISE[:1000]
    extract = extraction.module("wavelet").extract
    short = extract(Clip(samples, RATE, []), wavelet="haar", levels=5)
    long = extract(Clip(np.pad(samples, (0, 600)), RATE, []), wavelet="haar", levels=5)
    np.testing.assert_array_equal(np.pad(short, ((0, 0), (0, long.shape[1] - short.shape[1]))), long)


def test_one_transform_serves_both_hops(monkeypatch):
    calls = []
    stft = librosa.stft
    monkeypatch.setattr(librosa, "stft", lambda *args, **kwargs: calls.append(kwargs) or stft(*args, **kwargs))
    clip = Clip(NOISE, RATE, SPECTRA)
    for name in PLAIN:
        extraction.module(name).extract(clip, **SETTINGS[name])
    assert [call["hop_length"] for call in calls] == [256]


def test_hops_without_a_common_divisor_do_not_multiply_the_memory():
    clip = Clip(NOISE, RATE, [(2048, 441), (2048, 256), (2048, 512)])
    assert clip.power(2048, 441).shape[1] == 1 + len(NOISE) // 441
    np.testing.assert_array_equal(clip.power(2048, 512), Clip(NOISE, RATE, [(2048, 512)]).power(2048, 512))
    assert sum(values.shape[1] for values in clip._power.values()) == 2 + len(NOISE) // 441 + len(NOISE) // 256
