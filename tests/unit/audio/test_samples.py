"""Samples of long recordings: what lies in a file is what would be in memory."""

import errno
from pathlib import Path

import numpy as np
import pytest

from genrebench.audio import samples
from genrebench.audio.samples import Collector, LongSamples

NOISE = np.random.default_rng(0).standard_normal(1000).astype(np.float32)


def collected(block=64):
    collector = Collector()
    for start in range(0, len(NOISE), block):
        collector.add(NOISE[start : start + block])
    return collector.samples()


@pytest.mark.parametrize("in_memory", [10_000, 1000, 999, 63, 0])
def test_samples_are_the_same_in_memory_and_in_a_file(monkeypatch, in_memory):
    monkeypatch.setattr(samples, "IN_MEMORY", in_memory)
    found = collected()
    assert isinstance(found, np.ndarray) == (in_memory >= len(NOISE))
    assert len(found) == len(NOISE)
    np.testing.assert_array_equal(np.asarray(found), NOISE)


@pytest.mark.parametrize("part", [np.s_[:], np.s_[10:20], np.s_[-5:], np.s_[990:2000], np.s_[50:40], np.s_[2000:]])
def test_slices_are_those_of_an_array(monkeypatch, part):
    monkeypatch.setattr(samples, "IN_MEMORY", 0)
    found = collected()[part]
    assert isinstance(found, LongSamples) and len(found) == len(NOISE[part])
    np.testing.assert_array_equal(np.asarray(found), NOISE[part])
    np.testing.assert_array_equal(np.asarray(found[1:3]), NOISE[part][1:3])


def test_steps_are_refused(monkeypatch):
    monkeypatch.setattr(samples, "IN_MEMORY", 0)
    with pytest.raises(ValueError, match="step"):
        collected()[::2]


def test_no_samples():
    assert np.asarray(Collector().samples()).shape == (0,)


def test_no_room_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(samples, "IN_MEMORY", 0)
    monkeypatch.setattr(samples.tempfile, "TemporaryFile", lambda: Path("/dev/full").open("wb"))
    monkeypatch.setattr(samples.tempfile, "gettempdir", lambda: str(tmp_path))
    with pytest.raises(OSError, match="TMPDIR") as raised:
        collected()
    assert raised.value.errno == errno.ENOSPC and str(tmp_path) in raised.value.strerror
