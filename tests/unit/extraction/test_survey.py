"""Sizes and lengths before anything is extracted."""

import numpy as np
import pytest
import soundfile

from genrebench.audio import decode
from genrebench.extraction import store as extraction
from genrebench.extraction import survey


def test_sizes_of_features_are_those_of_the_caches(tmp_path):
    seconds, rate = 1.3, 22_050
    features = {
        "mel": {"n_fft": 512, "hop_length": 256, "n_mels": 16},
        "mfcc": {"n_fft": 512, "hop_length": 128, "n_mels": 16, "n_mfcc": 8},
        "chroma": {"n_fft": 2048, "hop_length": 512, "n_chroma": 12},
        "wavelet": {"wavelet": "haar", "levels": 5},
    }
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(tmp_path / "tone.wav", tone, rate)
    clip = {"clip_id": "a", "path": str(tmp_path / "tone.wav"), "md5": "0" * 32}
    store = extraction.Store(tmp_path / "store", features, {"sample_rate": rate, "duration": "longest"})
    store.fill([clip], 0, 1)
    caches = {name: next(store.read(name, [clip], 1))[1].size for name in features}
    assert survey.feature_sizes({**features, "tabular": "precomputed"}, rate, seconds) == {**caches, "tabular": 0}
    assert decode.reckon_seconds(tmp_path / "tone.wav") == pytest.approx(seconds, abs=1e-4)


def test_features_of_long_clips_grow_with_the_length():
    features = {"rms": {"frame_length": 2048, "hop_length": 512}, "zero": "precomputed"}
    minute, hour = (survey.feature_sizes(features, 22_050, seconds)["rms"] for seconds in (60.0, 3600.0))
    assert hour == pytest.approx(60 * minute, rel=0.01)


def test_a_file_that_is_no_audio_has_no_seconds(tmp_path):
    (tmp_path / "noise.mp3").write_bytes(b"not audio")
    assert decode.reckon_seconds(tmp_path / "noise.mp3") == 0
