import os
from pathlib import Path

import numpy as np
import pytest

from exported_models import RATE, sure_logistic, tone
from genrebench.common.cli import InputError
from genrebench.tagging import batch, tags
from genrebench.tagging.choice import Choice
from genrebench.tagging.journal import Entries, Journal
from tagged_audio import SUFFIXES, describe, genre_of, make, samples_of, tags_of

NAMES = {"bass": "Dub", "middle": "Middle", "treble": "Polka"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return sure_logistic(tmp_path_factory.mktemp("tones"))


@pytest.fixture
def songs(tmp_path):
    """A file of each format, with tags but for the genre."""
    folder = tmp_path / "songs"
    folder.mkdir()
    return [describe(make(folder / f"song{suffix}", tone("bass", 90, 1.4), RATE)) for suffix in SUFFIXES]


def tag(model, songs, journal=None, choice=None, **options):
    return list(batch.tag(model, "logistic", songs, choice or Choice(NAMES), journal, jobs=1, **options))


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


def test_every_format_is_written_and_restored(model, songs, tmp_path):
    before, sounds = [tags_of(song) for song in songs], [samples_of(song) for song in songs]
    shown = tag(model, songs)
    assert [tags_of(song) for song in songs] == before
    with Journal(tmp_path / "journal") as journal:
        written = tag(model, songs, journal)
    assert written == shown
    assert [list(outcome.genres) for outcome in written] == [["Dub"]] * len(songs)
    assert [genre_of(song) for song in songs] == [["Dub"]] * len(songs)
    assert [samples_of(song) for song in songs] == sounds
    assert kinds(tag(model, songs)) == ["kept"] * len(songs)

    entries = Entries(tmp_path / "journal")
    assert [entry["path"] for entry in entries] == [str(song) for song in reversed(songs)]
    assert kinds(batch.undo(entries)) == ["written"] * len(songs)
    assert [tags_of(song) for song in songs] == before and [samples_of(song) for song in songs] == sounds
    assert kinds(batch.undo(entries)) == ["kept"] * len(songs)


def test_a_genre_is_replaced_if_asked_and_restored(model, songs, tmp_path):
    for song in songs:
        describe(song, "Enka")
    before = [tags_of(song) for song in songs]
    with Journal(tmp_path / "journal") as journal:
        assert kinds(tag(model, songs, journal)) == ["kept"] * len(songs)
        assert kinds(tag(model, songs, journal, overwrite=True)) == ["written"] * len(songs)
        again = Choice(NAMES | {"bass": "Bass"})
        assert kinds(tag(model, songs, journal, again, overwrite=True)) == ["written"] * len(songs)
    assert [genre_of(song) for song in songs] == [["Bass"]] * len(songs)
    assert kinds(batch.undo(Entries(tmp_path / "journal"))) == ["written"] * (2 * len(songs))
    assert [tags_of(song) for song in songs] == before


def test_a_file_that_cannot_be_written_costs_no_other(model, songs, tmp_path):
    folder = songs[0].parent
    bad = [folder / name for name in ("text.mp3", "link.flac", "names.flac", "closed.flac", "none.flac", "raw.aac")]
    bad[0].write_text("no music")
    bad[1].symlink_to(songs[1])
    make(bad[2])
    os.link(bad[2], folder / "second name.flac")
    make(bad[3]).chmod(0o444)
    make(folder / "x.flac").rename(bad[5])
    bad.append(make(folder / "silent.wav", np.zeros(RATE), RATE))
    good = make(folder / "x.wav", tone("treble", 91, 1.4), RATE).rename(folder / "n\udcff.wav")
    with Journal(tmp_path / "journal") as journal:
        outcomes = tag(model, [*bad, good], journal)
    assert kinds(outcomes) == ["refused"] * 5 + ["written", "refused", "written"]  # a FLAC by another name is one
    for outcome in outcomes:
        assert outcome.kind == "written" or outcome.reason.startswith(str(outcome.path))
    assert genre_of(good) == ["Polka"]
    assert kinds(batch.undo(Entries(tmp_path / "journal"))) == ["written"] * 2 and genre_of(good) == []


def test_what_has_a_genre_may_be_read_only_or_a_link(model, songs):
    folder = songs[0].parent
    for song in songs[:3]:
        describe(song, "Enka")
    songs[0].chmod(0o444)
    (folder / "link.flac").symlink_to(songs[1])
    os.link(songs[2], folder / "second name.ogg")
    (folder / "broken.ogg").symlink_to("nowhere")
    (folder / "more.flac").mkdir()
    found = [songs[0], folder / "link.flac", songs[2], folder / "broken.ogg", folder / "more.flac"]
    assert kinds(tag(model, found)) == ["kept"] * 3 + ["refused"] * 2
    assert kinds(tag(model, found, overwrite=True)) == ["refused"] * 5


def test_a_file_that_changes_meanwhile_stays(model, songs, tmp_path):
    class Slow(Choice):
        def of(self, prediction):
            with prediction.path.open("ab") as file:
                file.write(b"x")
            return super().of(prediction)

    with Journal(tmp_path / "journal") as journal:
        (outcome,) = tag(model, songs[:1], journal, Slow(NAMES))
    assert outcome.kind == "refused" and genre_of(songs[0]) == []
    assert not (tmp_path / "journal").exists()


def test_without_a_sure_genre_nothing_is_written(model, songs, tmp_path):
    with Journal(tmp_path / "journal") as journal:
        outcomes = tag(model, songs, journal, Choice(NAMES, at_least=1.0))
    assert kinds(outcomes) == ["abstained"] * len(songs) and all(outcome.reason for outcome in outcomes)
    assert not any(genre_of(song) for song in songs)


def test_without_a_journal_nothing_is_written(model, songs):
    with Journal(Path("/dev/full")) as journal, pytest.raises(InputError, match="/dev/full"):
        tag(model, songs, journal)
    assert genre_of(songs[0]) == []


def test_what_somebody_changed_since_is_not_undone(model, songs, tmp_path):
    with Journal(tmp_path / "journal") as journal:
        tag(model, songs, journal)
    describe(songs[0], "Enka")
    songs[1].unlink()
    songs[2].write_bytes(songs[5].read_bytes())
    outcomes = list(batch.undo(Entries(tmp_path / "journal")))[::-1]
    assert kinds(outcomes) == ["refused"] * 3 + ["written"] * (len(songs) - 3)
    assert genre_of(songs[0]) == ["Enka"]


@pytest.mark.parametrize("old", [{}, {"genre": 3}, {"id3v2": 3, "genre": {"text": 5}, "id3v1": None}])
def test_a_journal_that_is_damaged_changes_nothing(songs, tmp_path, old):
    for song in songs:
        describe(song, "Dub")
    before = [tags_of(song) for song in songs]
    with Journal(tmp_path / "journal") as journal:
        for song in songs:
            found = tags.read(song)
            journal.add(song, found.format, old, found.state, {})
        journal.add(Path("/nul\0.mp3"), "MP3", {}, {}, {})
    assert kinds(batch.undo(Entries(tmp_path / "journal"))) == ["refused"] * (len(songs) + 1)
    assert [tags_of(song) for song in songs] == before
