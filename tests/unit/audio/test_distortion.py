from pathlib import Path

import numpy as np
import pytest

from genrebench.audio import decode, distortion

RATE = 22050
REAL = Path("../shared/data/gtzan_audio")


def music(seconds: float = 10.0, seed: int = 0) -> np.ndarray:
    """Notes with partials that fade out, in mono."""
    random = np.random.default_rng(seed)
    time = np.arange(int(0.5 * RATE)) / RATE
    notes = []
    for _ in range(int(seconds / 0.5)):
        partials = random.uniform(100, 400) * np.arange(1, 9)
        note = sum(np.sin(2 * np.pi * f * time) / k for k, f in enumerate(partials, 1))
        notes.append(0.2 * note * np.exp(-12 * time))
    return np.concatenate(notes)


def kinds(samples: np.ndarray) -> list[str]:
    return [text.partition(":")[0] for text in distortion.warnings(samples.astype(np.float32), RATE)]


def static(seconds: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE))


def test_music_has_no_warning():
    assert kinds(music()) == []


def test_static_and_digital_clipping_after_some_seconds_of_music_are_found():
    """As in reggae.00086, of which 5 s can be used."""
    broken = np.concatenate([music(5), np.clip(30 * static(5), -1, 1)])
    assert kinds(broken) == ["clipping", "static"]
    assert kinds(np.concatenate([music(5), static(5)])) == ["static"]


def test_clipped_peaks_are_found_at_any_level():
    assert kinds(np.clip(8 * music(), -1, 1)) == ["clipping"]
    assert kinds(0.7 * np.clip(8 * music(), -1, 1)) == ["clipping"]
    assert kinds(np.clip(8 * music(), None, 1) / 8) == []  # quiet: a limiter, or a wave that is square


def test_dropouts_are_found_and_pauses_are_not():
    torn = music()
    for second in (1.02, 3.02, 5.02):
        torn[int(second * RATE) : int((second + 0.03) * RATE)] = 0
    assert kinds(torn) == ["drop-outs"]
    held = music()
    for second in (1.02, 3.02, 5.02):
        held[int(second * RATE) : int((second + 0.03) * RATE)] = held[int(second * RATE)]
    assert kinds(held) == ["drop-outs"]
    pauses = np.concatenate([np.append(part, np.zeros(RATE // 2)) for part in np.split(music(), 10)])
    assert kinds(pauses) == []


def test_quiet_noise_and_a_short_burst_are_no_static():
    assert kinds(0.01 * static(10)) == []
    assert kinds(np.concatenate([music(10), static(0.5)])) == []


def test_short_and_silent_sounds_have_no_warning():
    assert kinds(np.zeros(RATE)) == []
    assert kinds(np.zeros(1)) == []
    assert kinds(music(0.5)[:300]) == []


@pytest.mark.skipif(not REAL.is_dir(), reason=f"needs the real clips in {REAL}")
def test_real_clips_have_no_warning():
    paths = sorted(REAL.glob("*/*.wav"))[::3]
    found = {path.name: distortion.warnings(decode.load(path, RATE), RATE) for path in paths}
    assert {name: warnings for name, warnings in found.items() if warnings} == {}
