import struct

import numpy as np
import pytest
from mutagen import apev2, id3
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4

from genrebench.common.cli import InputError
from genrebench.tagging import tags
from tagged_audio import SUFFIXES, describe, genre_of, make, samples_of, tags_of, tone

every_format = pytest.mark.parametrize("suffix", SUFFIXES)


def give(path, *genres):
    """Write genres into a file; returns the old state."""
    old = tags.read(path)
    tags.write(path, old.format, old.with_genres(genres))
    return old.state


def restore(path, state):
    tags.write(path, tags.read(path).format, state)


@every_format
def test_a_file_without_tags_gets_a_genre_and_loses_it_again(tmp_path, suffix):
    path = make(tmp_path / f"a{suffix}")
    sound, before = samples_of(path), tags_of(path)
    assert tags.read(path).empty
    old = give(path, "Jazz")
    assert genre_of(path) == ["Jazz"] == tags.read(path).genres
    assert samples_of(path) == sound
    restore(path, old)
    assert tags_of(path) == before and genre_of(path) == []
    assert samples_of(path) == sound and tags.read(path).state == old


@every_format
@pytest.mark.parametrize("genre", [None, "Bossa nova"])
def test_nothing_but_the_genre_changes(tmp_path, suffix, genre):
    path = describe(make(tmp_path / f"a{suffix}"), genre)
    other = describe(make(tmp_path / f"b{suffix}"), "Jazz")
    sound, before = samples_of(path), tags_of(path)
    assert tags.read(path).genres == ([genre] if genre else [])
    old = give(path, "Jazz")
    assert genre_of(path) == ["Jazz"] and samples_of(path) == sound
    if genre:  # in the order, and by the key, that were there
        assert tags_of(path) == tags_of(other)
    restore(path, old)
    assert tags_of(path) == before and samples_of(path) == sound


@every_format
def test_several_genres_and_any_script(tmp_path, suffix):
    path = describe(make(tmp_path / f"a{suffix}"))
    before = tags_of(path)
    old = give(path, "Jazz", "演歌")
    assert genre_of(path) == ["Jazz", "演歌"]
    restore(path, old)
    assert tags_of(path) == before


def id3_of(path, version, genre=None, v1=0):
    """Give an MP3 a tag of an older version."""
    made = id3.ID3()
    made.add(id3.TIT2(encoding=1, text="Title"))
    made.add(id3.TPE1(encoding=1, text=["One", "Two"]))
    made.add(id3.TYER(encoding=0, text="1959"))
    made.add(id3.RVAD(adjustments=[1, 2]))  # which 2.4 does not have
    if genre:
        made.add(id3.TCON(encoding=0, text=genre))
    made.save(path, v2_version=version, v1=v1, v23_sep=None)
    return path


@pytest.mark.parametrize("version", [3, 4])
def test_the_version_of_id3_stays_and_so_do_frames_of_another(tmp_path, version):
    path = id3_of(make(tmp_path / "a.mp3"), version)
    before = tags_of(path)
    old = give(path, "Jazz", "Blues")
    (found, frames, _), _ = tags_of(path)
    assert found == (2, version, 0) and {"TYER", "RVAD", "TPE1"} <= frames.keys()
    assert tags.read(path).genres == (["Jazz; Blues"] if version == 3 else ["Jazz", "Blues"])
    restore(path, old)
    assert tags_of(path) == before


@pytest.mark.parametrize("genre", ["(8)", "8", "(8)(0)", "Jazz"])
def test_numbers_of_genres_are_read_and_restored(tmp_path, genre):
    path = id3_of(make(tmp_path / "a.mp3"), 3, genre)
    before = tags_of(path)
    assert tags.read(path).genres[0] == "Jazz"
    old = give(path, "Rock")
    assert genre_of(path) == ["Rock"]
    restore(path, old)
    assert tags_of(path) == before


def test_a_file_with_id3v1_alone_keeps_what_players_show(tmp_path):
    path = make(tmp_path / "a.mp3")
    end = (
        b"TAG"
        + b"Title".ljust(30, b"\0")
        + "Dävis".encode("latin-1").ljust(30, b"\0")
        + bytes(30)
        + b"1959"
        + bytes(30)
    )
    path.write_bytes(path.read_bytes() + end + b"\xff")
    data, sound = path.read_bytes(), samples_of(path)
    assert tags.read(path).empty
    old = give(path, "Jazz")
    file = MP3(path)
    assert (str(file["TIT2"]), str(file["TPE1"]), str(file["TCON"])) == ("Title", "Dävis", "Jazz")
    assert path.read_bytes()[-128:] == end + b"\x08"  # ID3v1 knows jazz
    assert samples_of(path) == sound
    restore(path, old)
    assert path.read_bytes() == data
    # after somebody corrected the title, the tag stays
    old = give(path, "Jazz")
    file = MP3(path)
    file.tags.add(id3.TIT2(encoding=3, text="So What"))
    file.save()
    restore(path, old | {"id3v1": 255})
    assert str(MP3(path)["TIT2"]) == "So What" and genre_of(path) == []


def test_a_genre_in_id3v1_is_a_genre_and_both_change(tmp_path):
    path = id3_of(make(tmp_path / "a.mp3"), 3, v1=2)
    path.write_bytes(path.read_bytes()[:-1] + b"\x11")
    assert tags.read(path).genres == ["Rock"]
    before = tags_of(path)
    old = give(path, "Enka")  # which it does not have
    assert path.read_bytes()[-128:-125] == b"TAG" and path.read_bytes()[-1] == 255
    restore(path, old)
    assert tags_of(path) == before


def test_what_is_no_frame_that_is_known_stays_to_the_byte(tmp_path):
    path = id3_of(make(tmp_path / "a.mp3"), 3)
    junk = b"TDAT\x00\x00\x00\x02\x00\x00\x09x" + b"XYZW\x00\x00\x00\x04\x00\x00abcd"  # no encoding; of nobody
    header, rest = path.read_bytes()[:10], path.read_bytes()[10:]
    size = sum(byte << 7 * place for place, byte in enumerate(reversed(header[6:])))
    grown = bytes((size + len(junk)) >> 7 * place & 127 for place in (3, 2, 1, 0))
    path.write_bytes(header[:6] + grown + junk + rest)
    old = give(path, "Jazz")
    assert genre_of(path) == ["Jazz"] and junk in path.read_bytes()
    restore(path, old)
    assert junk in path.read_bytes() and genre_of(path) == []


@pytest.mark.parametrize("version", [3, 4])
def test_frames_that_avoid_what_looks_like_sound_stay(tmp_path, version):
    """Unsynchronisation: after 0xff there is a 0, of the whole tag in 2.3, of each frame in 2.4."""
    content = b"me\0" + b"\xff\xe0\xff\0\xff"
    apart = b"me\0" + b"\xff\0\xe0\xff\0\0\xff\0"
    size = len(apart if version == 4 else content)
    body = b"PRIV\0\0\0" + bytes([size, 0, 0]) + apart
    path = make(tmp_path / "a.mp3")
    path.write_bytes(b"ID3" + bytes([version, 0, 0x80, 0, 0, 0, len(body)]) + body + path.read_bytes())
    sound = samples_of(path)

    def private():
        (frame,) = MP3(path).tags.getall("PRIV")
        return frame.owner, frame.data

    assert private() == ("me", content[3:])
    old = give(path, "Jazz")
    assert private() == ("me", content[3:]) and genre_of(path) == ["Jazz"] and samples_of(path) == sound
    restore(path, old)
    assert private() == ("me", content[3:]) and genre_of(path) == []


@pytest.mark.parametrize("value", ["", " ", "Unknown", "unknown", "(255)"])
def test_a_genre_that_is_none(tmp_path, value):
    path = id3_of(make(tmp_path / "a.mp3"), 3, value or None)
    assert tags.read(path).empty


def test_genres_in_tags_that_are_never_written_are_seen(tmp_path):
    path = make(tmp_path / "a.mp3")
    ape = apev2.APEv2()
    ape["Genre"] = "Polka"
    ape.save(path)
    assert tags.read(path).elsewhere == "Polka" and not tags.read(path).empty
    wav = make(tmp_path / "a.wav")
    info = b"INFO" + b"INAM" + struct.pack("<I", 3) + b"ab\0\0" + b"IGNR" + struct.pack("<I", 6) + b"Polka\0"
    data = wav.read_bytes() + b"LIST" + struct.pack("<I", len(info)) + info
    wav.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert tags.read(wav).elsewhere == "Polka" and not tags.read(wav).empty
    give(wav, "Jazz")
    assert b"Polka" in wav.read_bytes()


@pytest.mark.parametrize("suffix", [".ogg", ".opus", ".mp3"])
def test_files_that_are_joined_sound_the_same(tmp_path, suffix):
    path = make(tmp_path / f"a{suffix}")
    second = make(tmp_path / f"b{suffix}", tone(0.3, 880.0))
    path.write_bytes(path.read_bytes() + second.read_bytes())
    sound = samples_of(path)
    give(path, "Jazz " * 20_000)  # several pages of Ogg
    assert samples_of(path) == sound


def test_an_mp4_whose_tags_come_before_the_sound(tmp_path):
    """Their length is in the tables of where the sound is."""
    path = make(tmp_path / "a.m4a")
    sound = samples_of(path)
    describe(path)
    old = give(path, "Jazz " * 20_000)
    assert samples_of(path) == sound
    restore(path, old)
    assert samples_of(path) == sound and "\xa9gen" not in MP4(path)


def broken(path, change):
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    ("suffix", "change"),
    [
        (".mp3", lambda data: b"ID3\x03\0\0\x7f\x7f\x7f\x7f" + data),  # longer than the file
        (".mp3", lambda data: b"ID3\x03\0\0\xff\xff\xff\xff" + data),  # no length
        (
            ".mp3",
            lambda data: b"ID3\x03\0\0\0\0\0\x20" + b"\xe9\xe8\xe7\xe6\0\0\0\x10\0\0" + bytes(22) + data,
        ),  # no name
        (".mp3", lambda data: b"ID3\x02\0\0\0\0\0\x0bTT2\0\0\x05\0Titl" + data),  # of 2.2
        (".mp3", lambda data: b"ID3\x05\0\0\0\0\0\0" + data),
        (".mp3", lambda data: b"no music"),
        (".flac", lambda data: data[:30]),
        (".flac", lambda data: data[:4] + b"\x84\xff\xff\xff" + data[8:]),
        (".ogg", lambda data: data[:100]),
        (".ogg", lambda data: data.replace(b"\x03vorbis", b"\x07vorbis")),
        (".m4a", lambda data: data[: len(data) // 2]),
        (".m4a", lambda data: data.replace(b"moov", b"moo\0")),
        (".wav", lambda data: data[:20]),
        (".aiff", lambda data: data[:20]),
        (".aiff", lambda data: data.replace(b"COMM", b"OMMC")),
        (".wav", lambda data: b""),
        (".txt", lambda data: b"text"),
    ],
)
def test_what_is_broken_is_one_sentence(tmp_path, suffix, change):
    made = make(tmp_path / ("a.wav" if suffix == ".txt" else f"a{suffix}"))
    path = broken(made, change).rename(tmp_path / f"b{suffix}")
    before = path.read_bytes()
    with pytest.raises(InputError) as error:
        give(path, "Jazz")
    assert str(error.value).startswith(f"{path} ") and "\n" not in str(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_bytes_raise_no_other_error_and_cost_no_samples(tmp_path, suffix):
    """A file that is damaged in any place either refuses a genre, or takes it and sounds as before."""
    random = np.random.default_rng(3)
    whole = describe(make(tmp_path / f"a{suffix}")).read_bytes()
    path = tmp_path / f"b{suffix}"
    refused = 0
    for _ in range(40):
        data = bytearray(whole)
        for place in random.integers(0, min(len(data), 400), 3):
            data[place] = random.integers(256)
        path.write_bytes(data)
        try:
            sound = samples_of(path)
        except Exception:
            sound = None
        try:
            give(path, "Jazz")
        except InputError:
            refused += 1
            continue
        if sound:
            assert samples_of(path) == sound
    assert (refused == 40) == (suffix in (".ogg", ".opus"))  # whose pages have check sums
