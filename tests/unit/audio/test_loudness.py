"""Loudness, against the standard's figures, and clips that are brought to one."""

import numpy as np
import pytest
import scipy.signal

from genrebench.audio import loudness

RATE = 22050
NOISE = (0.1 * np.random.default_rng(0).standard_normal(20 * RATE)).astype(np.float32)


def sine(hz, dbfs, seconds, rate=48000):
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * np.arange(seconds * rate) / rate)).astype(np.float32)


def test_k_weighting_at_48_khz_is_that_of_the_standard():
    """ITU-R BS.1770-4, tables 1 and 2."""
    hz = np.geomspace(10, 23000, 200)
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585]
    high_pass = [1, -2, 1], [1, -1.99004745483398, 0.99007225036621]
    expected = np.prod([scipy.signal.freqz(*stage, worN=hz, fs=48000)[1] for stage in (shelf, high_pass)], axis=0)
    np.testing.assert_allclose(loudness.k_weighting(hz, 48000), expected, rtol=1e-9)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_full_scale_at_997_hz_is_3_01_below(rate):
    """ITU-R BS.1770-4, annex 1: "a 0 dB FS, 997 Hz sine wave [...] will give -3.01 LKFS"."""
    tolerance = 0.005 if rate > 40000 else 0.05  # the shelf is a little lower where the rate is
    assert loudness.loudness(sine(997, 0, 20, rate), rate) == pytest.approx(-3.01, abs=tolerance)


@pytest.mark.parametrize(
    "parts, lufs",
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
    ],
)
def test_gates_of_ebu_tech_3341(parts, lufs):
    """Its cases 1 to 4: 1000 Hz in two channels; one channel is 3.01 dB quieter."""
    samples = np.concatenate([sine(1000, dbfs, seconds) for dbfs, seconds in parts])
    assert loudness.loudness(samples, 48000) == pytest.approx(lufs - 3.01, abs=0.1)


def test_loudness_of_parts_is_that_of_the_whole(monkeypatch):
    whole = loudness.loudness(NOISE, RATE)
    monkeypatch.setattr(loudness, "OVERLAP_S", 2.0)
    assert loudness.loudness(NOISE, RATE) == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("gain", [0.01, 1, 5])
def test_a_clip_gets_the_loudness_that_is_asked_for(gain):
    brought = loudness.normalise(gain * NOISE, RATE, -18)
    assert brought.dtype == np.float32
    assert loudness.loudness(brought, RATE) == pytest.approx(-18, abs=1e-4)
    np.testing.assert_allclose(brought, loudness.normalise(NOISE, RATE, -18), rtol=1e-5)


def test_silence_stays_silence():
    for samples in (np.zeros(RATE, np.float32), 1e-6 * NOISE, np.zeros(3, np.float32)):
        np.testing.assert_array_equal(loudness.normalise(samples, RATE, -18), samples)
