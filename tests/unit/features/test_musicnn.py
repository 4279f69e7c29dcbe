"""Tags and embeddings of MusiCNN as features.

Real clips are tested where the environment names them: GENREBENCH_CLIPS, a folder of GTZAN's, and GENREBENCH_MUSICNN,
a dataset of the tags that were published of them (manifest.csv, features/musicnn.npy).
"""

import csv
import os
from pathlib import Path

import librosa
import numpy as np
import pytest
from pydantic import ValidationError

from genrebench.audio import decode
from genrebench.audio.clip import Clip
from genrebench.common.cli import InputError
from genrebench.encoders import musicnn as encoder
from genrebench.features import musicnn, musicnn_tags
from genrebench.workflow.entries import arguments

RATE = musicnn.SAMPLE_RATE
HANDLE = musicnn.Settings().handle
CLIPS = Path(os.environ.get("GENREBENCH_CLIPS") or os.devnull)
PUBLISHED = Path(os.environ.get("GENREBENCH_MUSICNN") or os.devnull)
PUBLISHED_HOP = 61  # frames


def clip_of(seconds, seed=0):
    random = np.random.default_rng(seed)
    return Clip((0.1 * random.standard_normal(round(seconds * RATE))).astype(np.float32), RATE, [])


def extract(clip, hop_frames=187, layer="tags", network="MSD_musicnn"):
    return musicnn.extract(clip, HANDLE, network, hop_frames, layer)


def test_windows_are_those_of_the_log_mel_spectrogram_of_librosa():
    clip = clip_of(8)
    mel = librosa.feature.melspectrogram(y=clip.samples, sr=RATE, n_fft=512, hop_length=256, n_mels=96)
    expected = np.log10(10000 * mel + 1).T
    found = musicnn.windows(clip, 61)
    assert found.shape == (1 + (len(expected) - 187) // 61, 187, 96) and found.dtype == np.float32
    for number, window in enumerate(found):
        np.testing.assert_allclose(window, expected[61 * number : 61 * number + 187], atol=1e-4)


@pytest.mark.parametrize(("seconds", "hop", "expected"), [(0.5, 187, 1), (3, 187, 1), (6, 187, 2), (30, 61, 28)])
def test_windows_are_full_and_a_short_clip_is_one(seconds, hop, expected):
    assert len(musicnn.windows(clip_of(seconds), hop)) == expected


def test_a_short_clip_is_padded_with_silence():
    short = clip_of(1)
    padded = Clip(np.pad(short.samples, (0, 3 * RATE)), RATE, [])
    np.testing.assert_allclose(extract(short), extract(padded)[:, :1], atol=1e-6)


def test_a_layer_is_of_all_windows():
    clip = clip_of(6.5)
    for network in ("MSD_musicnn", "MTT_vgg"):
        for layer, size in encoder.layers(network).items():
            found = extract(clip, 100, layer, network)
            assert found.shape == (size, 3)
            of_second = Clip(clip.samples[100 * 256 :], RATE, [])
            # but where a frame at the edge reaches beyond
            assert np.corrcoef(found[:, 1], extract(of_second, 100, layer, network)[:, 0])[0, 1] > 0.99


def test_the_table_has_the_mean_of_each_tag():
    settings = arguments(musicnn_tags.Settings().model_dump())
    clip = clip_of(7)
    assert musicnn_tags.columns(**settings)[:2] == ["rock", "pop"]
    means = extract(clip).mean(axis=1)
    np.testing.assert_allclose(musicnn_tags.extract(clip, **settings), means)
    both = settings | {"scales": ["logit", "probability"]}
    found = musicnn_tags.extract(clip, **both)
    assert found.dtype == np.float32 and musicnn_tags.columns(**both)[0] == "logit of rock"
    np.testing.assert_allclose(found[50:], means)
    np.testing.assert_allclose(found[:50], np.log(means / (1 - means)), rtol=1e-4)
    assert np.isfinite(musicnn_tags.logit(np.array([0.0, 1.0]))).all()


def test_silent_windows_do_not_count_in_the_table():
    settings = arguments(musicnn_tags.Settings(hop_frames=187).model_dump())
    music = clip_of(6.1).samples
    pause = 1e-5 * np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32)
    windows = extract(Clip(np.concatenate([music, pause]), RATE, []))
    assert windows.shape[1] == 3
    found = musicnn_tags.extract(Clip(np.concatenate([music, pause, pause]), RATE, []), **settings)
    np.testing.assert_allclose(found, windows.mean(axis=1), rtol=1e-4)
    silence = musicnn_tags.extract(Clip(np.zeros(4 * RATE, np.float32), RATE, []), **settings)
    assert np.isfinite(silence).all()


def test_what_cannot_be_is_refused():
    with pytest.raises(ValidationError, match="MSD_vgg has no layer mean_pool, but tags and penultimate"):
        musicnn.Settings(network="MSD_vgg", layer="mean_pool")
    with pytest.raises(ValidationError, match="pattern"):
        musicnn.Settings(handle="package:numpy==2.4.6")
    with pytest.raises(InputError, match=r"musicnn 0\.9, which is not installed: `make setup`"):
        musicnn.extract(clip_of(3), "package:musicnn==0.9", "MSD_musicnn", 187, "tags")
    with pytest.raises(ValueError, match="not at 22050 Hz"):
        musicnn.windows(Clip(np.zeros(22050, np.float32), 22050, []), 187)


@pytest.mark.skipif(not (CLIPS.is_dir() and PUBLISHED.is_dir()), reason="the real clips or their tags are not here")
def test_tags_of_real_clips_are_those_that_were_published():
    published = np.load(PUBLISHED / "features/musicnn.npy", mmap_mode="r")
    with (PUBLISHED / "manifest.csv").open() as file:
        row_of = {row["clip_id"]: number for number, row in enumerate(csv.DictReader(file))}
    paths = [path for path in sorted(CLIPS.rglob("*.wav")) if path.stem in row_of]
    differences = [
        np.abs(extract(Clip(decode.load(path, RATE), RATE, []), PUBLISHED_HOP).T - published[row_of[path.stem]]).mean()
        for path in paths[:: max(1, len(paths) // 10)]
    ]
    assert np.mean(differences) <= 0.004
