"""Caches from extracted arrays, and from those that a dataset brings."""

import json

import numpy as np
import pandas as pd
import pytest
import soundfile

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.datasets import tables
from genrebench.extraction import store
from genrebench.extraction.collect import collect_feature

MEL = {"n_fft": 512, "hop_length": 256, "n_mels": 8}
SECONDS = [1.0, 2.0, 3.0, 4.0, 10.0]


@pytest.fixture
def collect(tmp_path):
    """Collect mel of clips of 1, 2, 3, 4 and 10 s under a setting of `audio.duration`; array and description."""
    clips = []
    for number, seconds in enumerate(SECONDS):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, np.random.default_rng(number).uniform(-0.5, 0.5, round(seconds * 8000)), 8000)
        clips.append({"clip_id": str(number), "path": str(path), "md5": f"{number:08x}", "duration_s": seconds})
    tables.MANIFEST.write(tmp_path / "manifest.csv", pd.DataFrame(clips))

    def run(duration, settings=MEL, feature="mel"):
        values, description = tmp_path / "x.npy", tmp_path / "x.json"
        audio = {"sample_rate": 8000, "duration": duration}
        collect_feature(
            feature, settings, audio, tmp_path / "manifest.csv", 2, tmp_path / "store", None, values, description
        )
        return np.load(values), files.read_json(description)

    return run


def frames(seconds):
    return 1 + round(seconds * 8000) // 256


@pytest.mark.parametrize(
    "duration, seconds",
    [
        ("longest", 10),
        ({"percentile": 60, "at_least_s": 1}, 4),
        ({"percentile": 60, "at_least_s": 6}, 6),
        ({"percentile": 0, "at_least_s": 0}, 1),
        (2.5, 2.5),
        (0.5, 0.5),
        (15, 15),
    ],
)
def test_clips_are_padded_and_cut_to_one_length(collect, duration, seconds):
    values, description = collect(duration)
    assert values.shape == (5, 8, frames(seconds))
    own = [frames(s) for s in SECONDS] if isinstance(duration, (str, dict)) else [frames(seconds)] * 5
    assert description["lengths"] == [min(length, frames(seconds)) for length in own]
    for row, length in enumerate(description["lengths"]):
        assert (values[row, :, length:] == -80).all()
        assert (values[row, :, :length] > -80).any()


def test_a_floor_pads_beyond_the_longest(collect):
    values, _ = collect({"percentile": 50, "at_least_s": 20})
    assert values.shape[-1] == pytest.approx(frames(20), abs=1)


def test_cutting_afterwards_changes_no_frame(collect):
    whole, _ = collect("longest")
    cut, _ = collect({"percentile": 60, "at_least_s": 1})
    np.testing.assert_array_equal(cut, whole[..., : cut.shape[-1]])


def test_one_value_per_clip_is_never_cut(collect):
    tempo = {"n_fft": 512, "hop_length": 256, "n_mels": 8, "win_length": 100, "start_bpm": 120.0}
    values, description = collect({"percentile": 20, "at_least_s": 1}, tempo, "tempo")
    assert values.shape == (5, 1)
    assert description["axes"] == ["column"]


@pytest.mark.parametrize("duration", ["longest", 15, {"percentile": 20, "at_least_s": 20}])
def test_a_picture_keeps_its_size(collect, duration):
    picture = {**MEL, "size": [6, 5], "scale": "log"}
    assert collect(duration, picture, "mel_image")[0].shape == (5, 6, 5)


def test_the_description_has_the_figures_of_the_array(collect, monkeypatch):
    monkeypatch.setattr("genrebench.extraction.collect.BLOCK_BYTES", 3000)  # several blocks
    values, description = collect("longest")
    exact = values.astype(np.float64)
    for figure in ("mean", "std", "min", "max"):
        assert description[figure] == pytest.approx(getattr(exact, figure)(), rel=1e-9)


def bring(folder, feature, array):
    rows = [{"clip_id": str(i), "genre": "a", "path": "", "md5": ""} for i in range(len(array))]
    tables.MANIFEST.write(folder / "manifest.csv", pd.DataFrame(rows))
    (folder / "features").mkdir(exist_ok=True)
    np.save(folder / "features" / f"{feature}.npy", array)


def collect_precomputed(folder, feature, entry="precomputed"):
    values, description = folder / "out.npy", folder / "out.json"
    audio = {"sample_rate": 22050, "duration": "longest"}
    collect_feature(feature, entry, audio, folder / "manifest.csv", 1, folder, str(folder), values, description)
    return np.load(values), json.loads(description.read_text())


def test_time_is_the_last_axis_of_what_a_dataset_brings(tmp_path):
    array = np.random.default_rng(0).random((3, 28, 5)).astype(np.float32)
    bring(tmp_path, "musicnn", array)
    values, description = collect_precomputed(tmp_path, "musicnn", {"precomputed": ["frame", "tag"]})
    np.testing.assert_array_equal(values, array.transpose(0, 2, 1))
    assert description["axes"] == ["tag", "frame"]
    values, description = collect_precomputed(tmp_path, "musicnn")
    np.testing.assert_array_equal(values, array)
    assert description["axes"] == ["band", "frame"]


def test_axes_of_what_is_brought_in_place_of_a_feature_are_those_of_its_module(tmp_path):
    bring(tmp_path, "tabular_segments", np.zeros((3, 4, 2)))
    assert collect_precomputed(tmp_path, "tabular_segments", {"segment_s": 3.0})[1]["axes"] == ["column", "segment"]
    bring(tmp_path, "wavelet", np.zeros((3, 4)))
    assert collect_precomputed(tmp_path, "wavelet", {"levels": 5})[1]["axes"] == ["column"]


def test_axes_that_do_not_fit_are_refused(tmp_path):
    bring(tmp_path, "musicnn", np.zeros((3, 28, 5)))
    with pytest.raises(InputError, match=r"features\.musicnn names 1 axes"):
        collect_precomputed(tmp_path, "musicnn", {"precomputed": ["frame"]})


def test_names_of_brought_columns(tmp_path):
    bring(tmp_path, "tabular", np.eye(3)[:, :2])
    names = tmp_path / "features" / "tabular.columns.txt"
    assert "columns" not in collect_precomputed(tmp_path, "tabular")[1]
    names.write_text("a\nb\n")
    assert collect_precomputed(tmp_path, "tabular")[1]["columns"] == ["a", "b"]
    names.write_text("a\n")
    with pytest.raises(InputError, match="1 names"):
        collect_precomputed(tmp_path, "tabular")


def test_a_row_that_is_not_finite_is_named(tmp_path):
    array = np.ones((5, 4, 3))
    array[3, 1, 1] = np.nan
    bring(tmp_path, "mel", array)
    with pytest.raises(InputError, match="row 3 "):
        collect_precomputed(tmp_path, "mel")


def test_what_is_in_the_store_needs_no_audio(collect, monkeypatch):
    collect("longest")
    monkeypatch.setattr(store.decode, "load", None)
    collect({"percentile": 50, "at_least_s": 1})
