"""Uploaded files: their names."""

import pytest

from genrebench.app import uploads


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("song.mp3", "song.mp3"),
        ("../../etc/song.mp3", "song.mp3"),
        ("C:\\music\\song.mp3", "song.mp3"),
        ("so\0ng\n.mp3", "song.mp3"),
        ("", "file"),
        ("..", "file"),
    ],
)
def test_a_name_is_one_of_a_file_in_a_folder(name, expected):
    assert uploads.file_name(name) == expected


def test_a_long_name_keeps_its_suffix():
    name = uploads.file_name("ä" * 500 + ".flac")
    assert name.endswith("ä.flac") and len(name.encode()) <= uploads.LONGEST
