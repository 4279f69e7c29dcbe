"""What is accepted as a recording of music."""

import numpy as np
import pytest

from genrebench.audio import plausibility
from genrebench.audio.plausibility import Channels, Limits, RejectedError, check_content, check_header

RATE = 8000
MUSIC = (0.2 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)
LIMITS = Limits(min_duration_s=1.0, max_duration_s=60.0, min_rms=1e-4)


def mono_of(*channels):
    """Mono samples of these channels, and what `decode` knows of them."""
    values = np.stack(channels)
    peak, rms = float(np.abs(values).max(initial=0)), float(np.sqrt(np.square(values, dtype=np.float64).mean()))
    return values.mean(axis=0), Channels(len(channels), peak, rms, int((~np.isfinite(values)).sum()))


def reason_of(*channels):
    samples, known = mono_of(*channels)
    with pytest.raises(RejectedError) as refused:
        check_content("song.wav", samples, RATE, known, LIMITS)
    assert str(refused.value) == f"song.wav is {refused.value.reason}: {refused.value.detail}"
    return refused.value.reason, refused.value.detail


def warnings_of(*channels):
    samples, known = mono_of(*channels)
    return check_content("song.wav", samples, RATE, known, LIMITS)


@pytest.mark.parametrize(("rate", "channels"), [(4000, 1), (8000, 2), (44100, 64), (768_000, 1)])
def test_plausible_headers(rate, channels):
    check_header("song.wav", rate, channels, 10.0 * rate, LIMITS)


@pytest.mark.parametrize(
    ("rate", "channels", "seconds", "reason"),
    [
        (0, 1, None, "implausible"),
        (44, 1, None, "implausible"),
        (-1, 1, None, "implausible"),
        (2**31, 1, None, "implausible"),
        (44100, 0, None, "implausible"),
        (44100, 65, None, "implausible"),
        (44100, 1, 61, "too long"),
        (44100, 1, float("inf"), "too long"),
    ],
)
def test_implausible_headers(rate, channels, seconds, reason):
    with pytest.raises(RejectedError) as refused:
        check_header("song.wav", rate, channels, seconds and seconds * rate, LIMITS)
    assert refused.value.reason == reason


def test_without_limits_memory_is_bounded():
    with pytest.raises(RejectedError, match="too long"):
        check_header("song.wav", 44100, 1, plausibility.MOST_SAMPLES + 1, Limits())


def test_reasons():
    assert reason_of(np.where(np.arange(len(MUSIC)) == 5, np.nan, MUSIC)) == (
        "not finite", "1 samples are NaN or infinite"
    )  # fmt: skip
    assert reason_of(MUSIC[:7999])[0] == "too short"
    assert reason_of(0 * MUSIC)[0] == "silent"
    assert reason_of(1e-5 * MUSIC)[0] == "silent"
    assert reason_of(0 * MUSIC + 0.5) == ("silent", "RMS 0 around a constant of 0.5; at least 0.0001 is needed")
    assert reason_of(32768 * MUSIC)[0] == "implausible"
    assert reason_of(1e37 * MUSIC)[0] == "implausible"
    assert reason_of(MUSIC, -MUSIC)[0] == "silent in mono"
    assert reason_of(MUSIC, -0.99 * MUSIC)[0] == "silent in mono"
    assert reason_of(0 * MUSIC, 0 * MUSIC)[0] == "silent"


def test_warnings():
    assert warnings_of(MUSIC) == warnings_of(3 * MUSIC) == warnings_of(MUSIC, 0 * MUSIC) == []
    assert "cancel in part" in warnings_of(MUSIC, -0.9 * MUSIC)[0]
    assert "offset" in warnings_of(MUSIC + 0.3)[0]
    assert warnings_of(MUSIC[RATE:], -np.roll(MUSIC, 99)[RATE:]) == []


@pytest.mark.parametrize("value", [0.0, 3e-5, -1 / 128, 0.5])
def test_silence_may_be_any_constant(value):
    silence = np.full(2 * RATE, value, np.float32)
    samples = np.concatenate([silence, MUSIC, silence, silence])
    start, stop = plausibility.audible(samples, RATE)
    assert start == pytest.approx(2 * RATE, abs=3) and stop == pytest.approx(4 * RATE, abs=3)


def test_what_is_silent_as_a_whole_is_left_as_it_is(monkeypatch):
    assert plausibility.audible(np.zeros(5 * RATE, np.float32), RATE) == (0, 5 * RATE)
    assert plausibility.audible(MUSIC, RATE) == (0, len(MUSIC))
    monkeypatch.setattr(plausibility, "BLOCK", 1000)  # of many blocks
    samples = np.concatenate([np.zeros(2 * RATE, np.float32), MUSIC])
    assert plausibility.audible(samples, RATE)[0] == pytest.approx(2 * RATE, abs=3)
    assert plausibility.offset_and_rms(MUSIC) == (pytest.approx(MUSIC.mean(), abs=1e-6), pytest.approx(MUSIC.std()))
