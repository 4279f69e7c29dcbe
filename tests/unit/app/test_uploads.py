"""Uploaded files: their names, and the samples that are in them."""

import numpy as np
import pytest
import soundfile

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


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_samples_are_counted_without_decoding(tmp_path, suffix):
    path = tmp_path / f"stereo.{suffix}"
    soundfile.write(path, np.zeros((44_100, 2)), 44_100)
    assert uploads.stored_samples(path) == pytest.approx(88_200, rel=0.01)


def test_what_is_no_audio_has_none(tmp_path):
    (tmp_path / "text.mp3").write_text("no music")
    assert uploads.stored_samples(tmp_path / "text.mp3") == 0
