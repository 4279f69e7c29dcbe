import json
import os
from pathlib import Path

import pytest

from genrebench.common.cli import InputError
from genrebench.tagging import journal


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state/genrebench"


def add(opened, name):
    opened.add(Path(name), "MP3", {"genre": None}, {"genre": ["Jazz"]}, {"model": "logistic"})


def test_entries_come_back_last_first_with_any_name(tmp_path):
    path = tmp_path / "own.jsonl"
    for names in (["/a.mp3", os.fsdecode(b"/n\xff.mp3")], ["/new\nline.mp3"]):  # opened twice: it is added to
        with journal.Journal(path) as opened:
            for name in names:
                add(opened, name)
    entries = journal.Entries(path)
    assert len(entries) == 3
    assert [entry["path"] for entry in entries] == ["/new\nline.mp3", "/n\udcff.mp3", "/a.mp3"]
    assert {key: next(iter(entries))[key] for key in ("format", "old", "new", "model")} == {
        **{"format": "MP3", "old": {"genre": None}, "new": {"genre": ["Jazz"]}, "model": "logistic"}
    }


def test_an_entry_is_on_the_disk_at_once(tmp_path):
    with journal.Journal(tmp_path / "own.jsonl") as opened:
        add(opened, "a.mp3")
        (line,) = (tmp_path / "own.jsonl").read_text().splitlines()
        assert json.loads(line)["path"] == str(Path("a.mp3").absolute())


def test_the_last_journal_is_found_and_an_empty_one_does_not_stay(state):
    with pytest.raises(InputError, match="--undo"):
        journal.last()
    with journal.Journal() as opened:
        add(opened, "a.mp3")
    (state / "tags-99990101-000000-1.jsonl").touch()  # of a process that was killed
    assert journal.last() == opened.path
    with journal.Journal(state / "own.jsonl"):
        assert (state / "own.jsonl").is_file()
    assert not (state / "own.jsonl").exists()


def test_an_entry_that_was_cut_off_is_none_and_the_next_is_one(tmp_path):
    path = tmp_path / "own.jsonl"
    with journal.Journal(path) as opened:
        add(opened, "/a.mp3")
        add(opened, "/b.mp3")
    path.write_bytes(path.read_bytes()[:-9])
    assert [entry["path"] for entry in journal.Entries(path)] == ["/a.mp3"]
    with journal.Journal(path) as opened:
        add(opened, "/c.mp3")
    with pytest.raises(InputError, match=str(path)):
        list(journal.Entries(path))


def test_a_full_disk_is_said_and_a_device_stays():
    with journal.Journal(Path("/dev/full")) as opened:
        with pytest.raises(OSError, match="No space left"):
            add(opened, "a.mp3")
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize("text", ["no json\n", '{"path": "a"}\n', "3\n", '"path format old new"\n'])
def test_what_is_no_journal_is_refused(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(InputError, match=str(tmp_path / "x")):
        list(journal.Entries(tmp_path / "x"))
    with pytest.raises(InputError, match="none"):
        journal.Entries(tmp_path / "none")
