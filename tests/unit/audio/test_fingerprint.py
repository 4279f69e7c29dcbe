"""The fingerprint finds one recording in two forms, and nothing in common between different sounds."""

import io
import itertools
from pathlib import Path

import av
import numpy as np
import pytest
import scipy.signal
import soundfile
import soxr

from genrebench.audio.fingerprint import fingerprint, near_duplicates

RATE = 22050  # Hz
REAL = Path("../shared/data/gtzan_audio")


def music(seed: int, seconds: float = 8.0) -> np.ndarray:
    """Random notes of a quarter of a second, each with five partials, over a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(RATE // 4) / RATE
    partials = np.arange(1, 6)[:, None]
    notes = [
        (np.sin(2 * np.pi * pitch * partials * time) / partials).sum(axis=0) * np.exp(-6 * time)
        for pitch in 220 * 2 ** (rng.integers(0, 24, int(seconds * 4)) / 12)
    ]
    samples = np.resize(np.concatenate(notes), int(seconds * RATE))
    return (0.1 * samples + 0.002 * rng.standard_normal(len(samples))).astype(np.float32)


def sine(pitch: float, seconds: float = 8.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def mp3(samples: np.ndarray) -> np.ndarray:
    """Samples after 16 bits at full scale and MP3 of 64 kb/s."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE, layout="mono")
        stream.bit_rate = 64000
        integers = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(integers, format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


def shifted(samples: np.ndarray, seconds: float) -> np.ndarray:
    """Samples from that second on, or, if negative, after so many seconds of silence."""
    count = round(seconds * RATE)
    return samples[count:] if count >= 0 else np.concatenate([np.zeros(-count, np.float32), samples])


def altered(samples: np.ndarray, seconds: float, decibels: float) -> np.ndarray:
    return mp3(shifted(samples, seconds) * 10 ** (decibels / 20))


def found(clips: list[np.ndarray]) -> list[tuple[int, int, float, float]]:
    return near_duplicates([fingerprint(clip, RATE) for clip in clips])


def test_fingerprint_is_32_bits_each_64_samples_of_the_published_rate():
    """Haitsma and Kalker: 0.37 s frames each 11.6 ms."""
    prints = fingerprint(music(0), RATE)
    assert prints.dtype == np.uint32
    assert len(prints) == (8 * 5512.5 - 2048) // 64  # a first frame, which has no predecessor, gives none


def test_bits_follow_the_published_formula(monkeypatch):
    """Equation 1: bit m of frame n is 1 where E(n,m) - E(n,m+1) - (E(n-1,m) - E(n-1,m+1)) > 0, for m = 0..31."""
    monkeypatch.setattr("genrebench.audio.fingerprint.NOISE_FLOOR", 0)
    clip = music(0)
    frequencies, _, power = scipy.signal.spectrogram(
        soxr.resample(clip.astype(float), RATE, 5512.5), 5512.5, "hann", 2048, 2048 - 64, detrend=False
    )
    bin_width = frequencies[1]
    edges = [300 * (2000 / 300) ** (m / 33) for m in range(34)]
    energy = np.stack(
        [
            power[(frequencies >= low - bin_width / 2) & (frequencies < high - bin_width / 2)].sum(axis=0)
            for low, high in itertools.pairwise(edges)
        ]
    )
    expected = [
        sum(
            1 << (31 - m)
            for m in range(32)
            if energy[m, n] - energy[m + 1, n] - (energy[m, n - 1] - energy[m + 1, n - 1]) > 0
        )
        for n in range(1, energy.shape[1])
    ]
    different = np.bitwise_count(fingerprint(clip, RATE) ^ np.array(expected, np.uint32))
    assert different.mean() / 32 < 0.01  # the window's sampling, and float32


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_the_sample_rate_hardly_matters(rate):
    clip = music(1)
    pairs = near_duplicates(
        [fingerprint(clip, RATE), fingerprint(soxr.resample(clip, RATE, rate, quality="VHQ"), rate)]
    )
    assert [(i, j) for i, j, *_ in pairs] == [(0, 1)]
    assert pairs[0][2] == 0
    assert pairs[0][3] < 0.1


def test_the_same_clip_has_the_same_fingerprint_at_any_level():
    clip = music(2)
    np.testing.assert_array_equal(fingerprint(clip, RATE), fingerprint(clip, RATE))
    [(*_, offset, rate)] = found([clip, clip / 100])
    assert offset == 0
    assert rate < 0.1  # not 0: the noise floor is that of the content


@pytest.mark.parametrize("decibels", [6, -6])
@pytest.mark.parametrize("seconds", [1, -3.3])
def test_a_reencoded_shifted_clip_is_found_among_others(seconds, decibels):
    clips = [music(seed) for seed in range(4)]
    [(i, j, offset, rate)] = found([*clips, altered(clips[2], seconds, decibels)])
    assert (i, j) == (2, 4)
    assert offset == pytest.approx(seconds, abs=0.02)
    assert 0 < rate < 0.2


def test_the_offset_is_that_of_the_first_clip_whichever_comes_first():
    clip = music(3)
    [(*_, ahead, _)] = found([clip, shifted(clip, 2)])
    [(*_, behind, _)] = found([shifted(clip, 2), clip])
    assert ahead == pytest.approx(2, abs=0.02)
    assert behind == pytest.approx(-2, abs=0.02)


def test_a_clip_of_four_seconds_shifted_by_half_a_second_is_found():
    clip = music(4, seconds=4)
    assert [(i, j) for i, j, *_ in found([clip, altered(clip, 0.5, -3)])] == [(0, 1)]


def test_many_copies_are_connected():
    clip = music(5)
    pairs = found([clip] * 40 + [music(6)])
    reached = {0}
    for i, j, *_ in pairs:
        assert i in reached
        reached.add(j)
    assert reached == set(range(40))


def test_the_result_is_the_same_when_compared_in_parts(monkeypatch):
    clips = [music(seed) for seed in range(4)]
    prints = [fingerprint(clip, RATE) for clip in [*clips, shifted(clips[1], 1.5), shifted(clips[3], -1)]]
    whole = near_duplicates(prints)
    monkeypatch.setattr("genrebench.audio.fingerprint.PART", 500)
    assert near_duplicates(prints) == whole
    assert len(whole) == 2


BEAT = (np.arange(8 * RATE) % (RATE // 2)) < RATE // 4
DIFFERENT = {
    "silence": [np.zeros(8 * RATE, np.float32)] * 3,
    "noise": [np.random.default_rng(seed).normal(0, 0.1, 8 * RATE) for seed in range(3)],
    "sines": [sine(pitch) for pitch in (440, 442, 466, 880, 1000, 100)],
    "16-bit sines": [np.round(sine(pitch) * 32767) / 32768 for pitch in (440, 442, 880)],
    "beeps": [sine(pitch) * BEAT for pitch in (440, 466, 880, 1000)],
    "padded noise": [np.pad(np.random.default_rng(seed).normal(0, 0.1, 3 * RATE), 3 * RATE) for seed in range(3)],
    "one beat under other melodies": [
        music(seed) + 0.03 * np.random.default_rng(9).standard_normal(8 * RATE) * BEAT for seed in range(3)
    ],
    "a short sound and silence in common": [
        np.concatenate([music(9, 0.5), np.zeros(6 * RATE), music(seed, 2)]) for seed in range(3)
    ],
    "music": [music(seed) for seed in range(8)],
    "too short": [music(0, 0.25), music(0, 0.25)],
    "overlap of a second": [music(0), shifted(music(0), 7)],
}


@pytest.mark.parametrize("clips", DIFFERENT.values(), ids=DIFFERENT)
def test_no_alarm_between(clips):
    assert found(clips) == []


def test_beeps_of_other_pitch_differ_by_more_than_the_leakage_of_the_window(monkeypatch):
    """What the noise floor is for: without it only the bits of the two tones' own bands differ."""
    first, second = (sine(pitch) * BEAT for pitch in (440, 466))

    def different_bits() -> float:
        return np.bitwise_count(fingerprint(first, RATE) ^ fingerprint(second, RATE)).mean() / 32

    assert different_bits() > 0.3
    monkeypatch.setattr("genrebench.audio.fingerprint.NOISE_FLOOR", 0)
    assert different_bits() < 0.1


@pytest.mark.parametrize("clips", [[], [music(0)], [np.zeros(0, np.float32)] * 2])
def test_nothing_to_compare(clips):
    assert found(clips) == []


@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real clips in {REAL}")
def test_real_clips_are_found_again_and_not_confused():
    forms = [(1, 6), (-2, -6), (3.3, -6), (-5, 6), (5, -6), (-1, 6)]
    paths = sorted(REAL.glob("*/*.wav"))[::3]
    clips = [soundfile.read(path, dtype="float32")[0] for path in paths]
    changes = [forms[k % len(forms)] for k in range(len(clips))]
    pairs = found([*clips, *(altered(clip, *change) for clip, change in zip(clips, changes, strict=True))])
    assert [(i, j) for i, j, *_ in pairs] == [(k, k + len(clips)) for k in range(len(clips))]
    for (*_, offset, rate), (seconds, _) in zip(pairs, changes, strict=True):
        assert offset == pytest.approx(seconds, abs=0.02)
        assert rate < 0.2
