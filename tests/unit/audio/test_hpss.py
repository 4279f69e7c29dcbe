import tracemalloc

import numpy as np
import pytest
import scipy.ndimage

from genrebench.audio import hpss
from genrebench.audio.clip import Clip
from genrebench.features.tabular import librosa_hpss

RATE = 22050
RANDOM = np.random.default_rng(0)
NOISE = (0.1 * RANDOM.standard_normal(4 * RATE + 17)).astype(np.float32)
TIME = np.arange(len(NOISE)) / RATE
SINE = np.sin(2 * np.pi * 440 * TIME).astype(np.float32)
SIGNALS = {
    "noise": NOISE,
    "sine": SINE,
    "clicks": (0.01 * NOISE + SINE * (TIME % 0.5 < 0.02)).astype(np.float32),
    "silence": np.zeros_like(NOISE),
    "short": NOISE[:700],
}


def make_clip(samples, spectra=((2048, 512),)):
    return Clip(samples, RATE, list(spectra))


@pytest.mark.parametrize("rows", [31, 32, 45, 46, 47, 48, 200])
@pytest.mark.parametrize("columns", [1, 3, 300])
def test_running_median_is_that_of_scipy(rows, columns):
    values = RANDOM.standard_normal((rows, columns)).astype(np.float32).round(1)  # many are equal
    expected = scipy.ndimage.median_filter(values, size=(31, 1))[15 : rows - 15]
    np.testing.assert_array_equal(hpss.running_median(values), expected)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("n_fft, hop_length", [(2048, 512), (1024, 300)])
def test_harmonic_part_is_that_of_librosa(signal, n_fft, hop_length):
    samples = SIGNALS[signal]
    ours = hpss.harmonic(make_clip(samples, [(n_fft, hop_length)]), n_fft, hop_length)
    harmonic, percussive = librosa_hpss(samples, n_fft, hop_length)
    assert ours.dtype == np.float32
    assert np.abs(ours - harmonic).max() <= 1e-5 * np.abs(harmonic).max()
    assert np.abs(samples - ours - percussive).max() <= 1e-5 * np.abs(samples).max()


def test_harmonic_part_does_not_depend_on_the_blocks(monkeypatch):
    whole = hpss.harmonic(make_clip(NOISE), 2048, 512)
    monkeypatch.setattr(hpss, "FRAMES", 40)
    monkeypatch.setattr(hpss, "BINS", 100)
    np.testing.assert_allclose(hpss.harmonic(make_clip(NOISE), 2048, 512), whole, atol=1e-6)


def test_harmonic_part_of_a_long_clip_takes_little_memory_beside_its_spectrum():
    """Beside the blocks some arrays as long as the clip, an eighth of the size of its STFT."""
    peaks = []
    for seconds in (30, 120):
        clip = make_clip(np.resize(NOISE, seconds * RATE))
        clip.amplitude(2048, 512)
        tracemalloc.start()
        hpss.harmonic(clip, 2048, 512)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 8 * 4 * 90 * RATE
