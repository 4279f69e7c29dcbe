"""Files, folders and patterns are found."""

import pytest

from genrebench.inference.batch import find_files


@pytest.fixture
def music(tmp_path, monkeypatch):
    """A folder with audio files, by their suffix, and one that is none."""
    (tmp_path / "more").mkdir()
    for name in ("a.wav", "more/b.flac", "more/c.MP3", "notes.txt"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["."], ["a.wav", "more/b.flac", "more/c.MP3"]),
        (["**/*.flac", "notes.txt"], ["more/b.flac", "notes.txt"]),
        (["missing.wav"], ["missing.wav"]),  # it gets an error of its own
        (["more/none*"], []),
    ],
)
def test_files_folders_and_patterns(music, paths, expected):
    assert [path.as_posix() for path in find_files(paths)] == expected
