"""Files, folders and patterns are found."""

import os

import pytest

from genrebench.inference.batch import find_files


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
