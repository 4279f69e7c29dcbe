import os
import sys
import unicodedata

import pytest

from genrebench.common.cli import InputError
from genrebench.workflow import dataset_folder

NFC, NFD = (unicodedata.normalize(form, "Forró") for form in ("NFC", "NFD"))


@pytest.fixture
def make(tmp_path):
    """Make a folder with empty files of these names, and read it."""

    def run(*names, **kwargs):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return dataset_folder.read(tmp_path, **kwargs)

    return run


def inside(contents):
    return [file.inside for file in contents.audio]


def noted(contents):
    """The number of files and the example of each note, by a word of it."""
    return {
        note.note.removeprefix("passed over: ").split(" ")[0]: (note.files, note.example) for note in contents.notes
    }


def test_names_that_begin_with_a_dot_and_suffixes_of_ffmpeg_are_taken(make):
    names = ["rock/.38 Special/a.wav", "rock/...And Justice for All.wav"]
    names += [f"rock/x.{suffix}" for suffix in ("mp2", "tta", "m4b", "mka", "mkv", "mov", "webm", "WMA")]
    contents = make(*names)
    assert inside(contents) == sorted(names) and contents.notes == ()
    assert contents.audio[1].folders == (".38 Special",)


@pytest.mark.parametrize(
    "name",
    [
        "#recycle/rock/a.wav",
        "$RECYCLE.BIN/S-1-5-21/$I03Z8LN.wav",
        "rock/@eaDir/a.wav/SYNOAUDIO.mp3",
        "lost+found/a.wav",
        ".Trash-1000/files/a.wav",
        "System Volume Information/a.wav",
        "__MACOSX/rock/a.wav",
        ".stfolder/a.wav",
        "rock/._a.wav",
        "rock/Thumbs.db",
        "rock/cover.JPG",
        "rock/a\rb.wav",
        "rock/LICENSE",
        "clips.csv",
    ],
)
def test_what_is_no_music_is_counted_with_the_reason(make, name):
    contents = make("jazz/a.wav", name)
    assert inside(contents) == ["jazz/a.wav"]
    (note,) = contents.notes
    assert note.note.startswith("passed over: ") and note.files == 1
    assert note.example == name.replace("\r", "\\r")


def test_what_snakemake_leaves_is_nothing_to_be_told(make):
    assert make("jazz/a.wav", ".snakemake_timestamp").notes == ()


def test_every_file_is_audio_or_counted(make, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    make("jazz/a.wav", "jazz/b.txt", "jazz/c.txt", "rock/d.flac", "rock/#recycle/e.wav", "x/y/z", ".h/i.wav")
    (tmp_path / "jazz" / "gone.wav").symlink_to("nowhere.wav")
    os.rename(tmp_path / "pipe", tmp_path / "jazz" / "pipe.wav")  # noqa: PTH104
    contents = dataset_folder.read(tmp_path)
    assert inside(contents) == ["jazz/a.wav", "jazz/gone.wav", "rock/d.flac"]
    assert len(contents.audio) + sum(note.files for note in contents.notes) == len(list(dataset_folder.walk(tmp_path)))


def test_a_name_that_is_not_utf8_is_counted(make, tmp_path):
    (tmp_path / "jazz").mkdir()
    (tmp_path / "jazz" / "a\udcff.wav").touch()
    contents = make("jazz/b.wav")
    assert inside(contents) == ["jazz/b.wav"] and contents.notes[0].example == "jazz/a\\xff.wav"


def test_spellings_of_one_genre_are_joined_and_this_is_said(make):
    contents = make(
        "Rock/a.wav", "rock/a.wav", "Jazz /b.wav", "Jazz/b.wav", f"{NFC}/c.wav", f"{NFD}/d.wav", "pop/e.wav"
    )
    assert {file.genre for file in contents.audio} == {"Rock", "Jazz", NFC, "pop"}
    assert [note.files for note in contents.notes] == [2, 2, 2]


def test_the_spelling_of_known_genres_goes_before(make):
    contents = make("Rock/a.wav", "jazz/b.wav", known_genres=["rock", "Jazz", "pop"])
    assert [file.genre for file in contents.audio] == ["rock", "Jazz"]


def test_parts_of_a_dataset_are_no_genres(make):
    contents = make("train/rock/a.wav", "train/jazz/Trio/b.wav", "Test/rock/a.wav")
    found = {(file.genre, file.name, file.folders) for file in contents.audio}
    assert found == {
        ("rock", "train/a.wav", ()),
        ("jazz", "train/Trio/b.wav", ("Trio",)),
        ("rock", "Test/a.wav", ()),
    }
    assert "Test, train" in contents.notes[0].note


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["song.wav"], "song.wav lies in no genre's folder"),
        (["genres/jazz/a.wav", "genres/rock/b.wav"], "only the folder genres"),
        (["jazz/a.wav", "manifest.csv"], "audio and manifest.csv"),
        (["jazz/notes.txt"], "one subfolder per genre"),
        (["train/a.wav", "test/b.wav"], "test, train, which are parts"),
        (["train/rock/a.wav", "test/rock/b.wav", "rock/c.wav"], "test, train, which are parts"),
        (["genre/a.wav"], "a genre called genre"),
    ],
)
def test_a_wrong_layout_is_named(make, names, words):
    with pytest.raises(InputError, match=words):
        make(*names)


def test_one_genre_may_be_called_as_a_part(make):
    assert [file.genre for file in make("test/x/a.wav", "rock/y/b.wav").audio] == ["rock", "test"]


@pytest.mark.skipif(sys.platform != "linux", reason="other errors elsewhere")
def test_a_folder_that_cannot_be_read_is_named(make, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith(("rock", "lost+found")):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    make("jazz/a.wav", "lost+found/x")
    monkeypatch.setattr(os, "scandir", refuse)
    assert inside(make("jazz/a.wav")) == ["jazz/a.wav"]
    with pytest.raises(InputError, match=r"rock cannot be read \(Permission denied\)"):
        make("rock/b.wav")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_list_as_spreadsheets_save_it(make, tmp_path, encoding, separator):
    name = unicodedata.normalize("NFD", "Jóga.wav")
    rows = ["path,artist", unicodedata.normalize("NFC", "jazz/Jóga.wav,Björk"), "jazz\\b.wav,Trio", ",", ""]
    (tmp_path / "clips.csv").write_bytes("\r\n".join(rows).replace(",", separator).encode(encoding))
    contents = make(f"jazz/{name}", "jazz/b.wav")
    assert {path: row["artist"] for path, row in contents.listed.items()} == {
        f"jazz/{name}": "Björk",
        "jazz/b.wav": "Trio",
    }
    told = {"cp1252": "Windows-1252", "utf-16": "UTF-16"}.get(encoding)
    assert [told in note.note for note in contents.notes] == ([True] if told else [])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("path,artist\njazz/none.wav,X\n", r"not in .*jazz/none\.wav"),
        ("path,artist\n,X\n", "a blank path"),
        ("file,artist\njazz/a.wav,X\n", "expected are path and artist or group"),
        ("path,artist,gruop\njazz/a.wav,X,tape\n", "gruop; expected are"),
        ("path,artist\njazz/a.wav,X\njazz/a.wav,Y\n", r"jazz/a\.wav more than once"),
        ("path,artist\njazz/a.wav,Earth, Wind & Fire\n", "line 2: 3 values for 2 columns"),
    ],
)
def test_a_wrong_list_is_named(make, tmp_path, table, words):
    (tmp_path / "clips.csv").write_text(table)
    with pytest.raises(InputError, match=words):
        make("jazz/a.wav")
