"""Files, folders and patterns are found."""

import os

import numpy as np
import pytest

from genrebench.common.prediction import Prediction
from genrebench.inference import batch
from genrebench.inference.batch import find_files
from genrebench.plots import prediction as prediction_plot


@pytest.fixture
def music(tmp_path, monkeypatch):
    """A folder with audio files, by their suffix, and two that are none."""
    (tmp_path / "more").mkdir()
    for name in ("a.wav", "more/b.flac", "more/c.MP3", "more/._c.MP3", "notes.txt", "more/[d].wav"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["."], ["a.wav", "more/[d].wav", "more/b.flac", "more/c.MP3"]),
        (["**/*.flac", "notes.txt"], ["more/b.flac", "notes.txt"]),
        (["more", "*.MP3"], ["more/c.MP3"]),  # in the folder
        (["*.MP3", "more"], ["more/c.MP3"]),
        (["{here}/more/*.flac", "more"], ["{here}/more/b.flac"]),
        (["~/more/*.flac"], ["{here}/more/b.flac"]),
        (["more/[d].wav"], ["more/[d].wav"]),  # a file of that name
        (["missing.wav"], ["missing.wav"]),  # it gets an error of its own
        (["more/._c.MP3"], ["more/._c.MP3"]),
    ],
)
def test_files_folders_and_patterns(music, tmp_path, monkeypatch, paths, expected):
    monkeypatch.setenv("HOME", str(tmp_path))
    found = find_files([path.format(here=tmp_path) for path in paths])
    assert [path.as_posix() for path in found.files] == [path.format(here=tmp_path) for path in expected]
    assert found.unreadable == []


def test_what_macos_adds_is_passed_over_and_counted(music):
    assert find_files(["."]).passed_over == 1


def test_a_pattern_that_nothing_matches_is_told(music, tmp_path):
    found = find_files(["a.wav", "more/none*", "more"])
    assert [path.as_posix() for path in found.files] == ["a.wav"]
    assert len(found.unreadable) == 1 and "more/none* matches no file in more" in found.unreadable[0]


def test_a_folder_that_cannot_be_read_is_told(music, monkeypatch):
    listing = os.scandir

    def refuse(place):
        if str(place).endswith("more"):
            raise PermissionError(13, "Permission denied", str(place))
        return listing(place)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_files(["."])
    assert [path.as_posix() for path in found.files] == ["a.wav"]
    assert found.unreadable == ["./more cannot be listed: Permission denied"]


@pytest.mark.parametrize(
    ("error", "said"),
    [(OSError(28, "No space left"), "No space left"), (MemoryError(), "memory"), (ValueError("odd"), "odd")],
)
def test_a_plot_that_fails_costs_no_prediction(tmp_path, monkeypatch, error, said):
    class Predictor:
        def predict(self, path):
            return Prediction(path, 1.0, ["jazz", "rock"], np.array([0.3, 0.7]), [], np.zeros((0, 2)), "")

    def fail(*_):
        raise error

    path = tmp_path / "a.wav"
    path.touch()
    monkeypatch.setattr(prediction_plot, "write", fail)
    found = batch.predict(Predictor(), (path, tmp_path / "a.png"))
    assert found.genre == "rock" and "a." in found.no_plot and said in found.no_plot
    monkeypatch.setattr(prediction_plot, "write", lambda *_: None)
    assert batch.predict(Predictor(), (path, tmp_path / "a.png")).no_plot == ""
