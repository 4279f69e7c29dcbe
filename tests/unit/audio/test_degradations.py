"""Degraded clips, against what their recipes say."""

import numpy as np
import pytest
from pydantic import ValidationError

from genrebench.audio import degradations
from genrebench.audio.degradations import degrade, seed_of
from genrebench.audio.recipes import CONDITIONS, Recipe

RATE = 22050
NOISE = (0.1 * np.random.default_rng(0).standard_normal(4 * RATE)).astype(np.float32)
TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.float32)


def db(ratio: float) -> float:
    return 10 * np.log10(ratio)


def power(samples: np.ndarray) -> float:
    return np.square(samples, dtype=np.float64).mean()


def band_power(samples: np.ndarray, low: float, high: float, rate: int = RATE) -> float:
    spectrum = np.square(np.abs(np.fft.rfft(samples)))
    hz = np.fft.rfftfreq(len(samples), 1 / rate)
    return spectrum[(hz >= low) & (hz < high)].sum()


def loudest_hz(samples: np.ndarray) -> float:
    return np.fft.rfftfreq(len(samples), 1 / RATE)[np.abs(np.fft.rfft(samples * np.hanning(len(samples)))).argmax()]


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_is_deterministic_and_leaves_its_input_alone(name):
    before = NOISE.copy()
    found = degrade(NOISE, RATE, CONDITIONS[name], 3)
    np.testing.assert_array_equal(found, degrade(NOISE, RATE, CONDITIONS[name], 3))
    np.testing.assert_array_equal(NOISE, before)
    assert found.dtype == np.float32 and np.isfinite(found).all()
    speed = CONDITIONS[name].speed or 1
    assert len(found) == pytest.approx(len(NOISE) / speed, abs=1)
    assert found.shape != NOISE.shape or not np.array_equal(found, NOISE)


@pytest.mark.parametrize("name", CONDITIONS)
def test_silence_and_nothing_come_through_every_condition(name):
    assert len(degrade(np.zeros(0, np.float32), RATE, CONDITIONS[name], 0)) == 0
    assert np.abs(degrade(np.zeros(RATE, np.float32), RATE, CONDITIONS[name], 0)).max() < 1e-4


def test_an_empty_recipe_changes_nothing():
    np.testing.assert_array_equal(degrade(NOISE, RATE, Recipe(), 0), NOISE)


def test_gain_and_clipping():
    np.testing.assert_allclose(degrade(NOISE, RATE, Recipe(gain_db=-20), 0), NOISE / 10, rtol=1e-6)
    loud = degrade(TONE, RATE, Recipe(gain_db=12), 0)
    assert np.abs(loud).max() == pytest.approx(0.3 * 10**0.6, rel=1e-3)
    np.testing.assert_array_equal(degrade(TONE, RATE, Recipe(gain_db=12, clip=True), 0), np.clip(loud, -1, 1))


@pytest.mark.parametrize("snr_db", [20, 10])
def test_noise_has_the_power_that_is_asked_for(snr_db):
    noise = degrade(TONE, RATE, Recipe(snr_db=snr_db), 1) - TONE
    assert db(power(TONE) / power(noise)) == pytest.approx(snr_db, abs=0.1)
    assert band_power(noise, 0, RATE / 4) == pytest.approx(band_power(noise, RATE / 4, RATE / 2), rel=0.1)  # white


def test_low_pass():
    found = degrade(NOISE, RATE, CONDITIONS["low_pass"], 0)
    assert db(band_power(found, 0, 3000) / band_power(NOISE, 0, 3000)) == pytest.approx(0, abs=0.2)
    assert db(band_power(found, 6000, 11000) / band_power(NOISE, 6000, 11000)) < -25
    np.testing.assert_array_equal(degrade(NOISE, RATE, Recipe(low_pass_hz=20_000), 0), NOISE)  # above half the rate


@pytest.mark.parametrize("rate", [RATE, 44100, 16000])
def test_telephone_band(rate):
    found = degrade(NOISE, rate, CONDITIONS["telephone"], 0)
    kept = db(band_power(found, 400, 3000, rate) / band_power(NOISE, 400, 3000, rate))
    assert kept == pytest.approx(0, abs=0.2)
    assert db(band_power(found, 20, 150, rate) / band_power(NOISE, 20, 150, rate)) < -40
    assert db(band_power(found, 4100, 7900, rate) / band_power(NOISE, 4100, 7900, rate)) < -50


@pytest.mark.parametrize("rate", [RATE, 44100, 18000, 96000])
def test_mp3_is_lossy_and_aligned(rate):
    tone = TONE.copy()
    tone[: RATE // 2] = 0
    found = degrade(tone, rate, CONDITIONS["mp3_64"], 0)
    error = power(found - tone)
    assert 20 < db(power(tone) / error) < 80
    coarse = degrade(NOISE, rate, Recipe(mp3_kbit_s=32), 0)
    assert power(coarse - NOISE) > 1.5 * power(degrade(NOISE, rate, Recipe(mp3_kbit_s=128), 0) - NOISE)


@pytest.mark.parametrize("rt60_s, ratio_db", [(0.8, 0.0), (0.3, -6.0), (1.5, 10.0)])
def test_room_has_its_decay_and_its_direct_sound(rt60_s, ratio_db):
    room = degradations.impulse_response(RATE, rt60_s, ratio_db, np.random.default_rng(0))
    tail = np.square(room[1:])
    assert db(room[0] ** 2 / tail.sum()) == pytest.approx(ratio_db, abs=1e-9)
    left = db(np.cumsum(tail[::-1])[::-1] / tail.sum())  # Schroeder's backward integration
    t5, t25 = (np.argmax(left < level) / RATE for level in (-5, -25))
    assert 3 * (t25 - t5) == pytest.approx(rt60_s, rel=0.1)


def test_reverberation_keeps_the_level_and_fills_pauses():
    clip = np.concatenate([TONE[:RATE], np.zeros(RATE, np.float32)])
    found = degrade(clip, RATE, CONDITIONS["reverberation"], 5)
    assert power(found) == pytest.approx(power(clip), rel=1e-4)
    assert power(found[RATE : RATE + 2000]) > 0.05 * power(found[:RATE])
    assert power(found[-RATE // 8 :]) < 1e-4 * power(found[:RATE])
    assert not np.allclose(found, degrade(clip, RATE, CONDITIONS["reverberation"], 6), atol=1e-3)  # another room


def test_noise_does_not_change_the_room():
    room = degrade(TONE, RATE, Recipe(rt60_s=0.5), 7)
    both = degrade(TONE, RATE, Recipe(rt60_s=0.5, snr_db=80), 7)
    assert db(power(room) / power(both - room)) == pytest.approx(80, abs=0.2)


def test_the_microphone_is_room_noise_and_band_together():
    parts = CONDITIONS["microphone"].model_dump(exclude_defaults=True)
    found = TONE
    for keys in (["rt60_s"], ["snr_db"], ["high_pass_hz", "low_pass_hz"]):
        found = degrade(found, RATE, Recipe(**{key: parts.pop(key) for key in keys}), 9)
    assert not parts
    np.testing.assert_allclose(degrade(TONE, RATE, CONDITIONS["microphone"], 9), found, atol=1e-5)


@pytest.mark.parametrize("change", [1.03, 0.97])
def test_speed_keeps_the_pitch_and_pitch_the_length(change):
    faster = degrade(TONE, RATE, Recipe(speed=change), 0)
    assert len(faster) == pytest.approx(len(TONE) / change, abs=1)
    assert loudest_hz(faster) == pytest.approx(440, abs=1)
    higher = degrade(TONE, RATE, Recipe(pitch=change), 0)
    assert len(higher) == len(TONE)
    assert loudest_hz(higher) == pytest.approx(440 * change, abs=1)


def test_seeds_differ_by_clip_condition_and_seed():
    seeds = {seed_of(clip, name, seed) for clip in ("a", "b") for name in ("x", "y") for seed in (0, 1)}
    assert len(seeds) == 8
    assert seed_of("a", "x") == seed_of("a", "x", 0)


@pytest.mark.parametrize(
    "recipe", [{"speed": 0}, {"rt60_s": 0}, {"snr_db": "20"}, {"high_pass_hz": 500, "low_pass_hz": 400}, {"echo": 1}]
)
def test_impossible_recipes_are_refused(recipe):
    with pytest.raises(ValidationError):
        Recipe(**recipe)
