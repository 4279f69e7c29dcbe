"""`genrebench tag`, from a folder outside the checkout: what it shows, writes and undoes, and after a kill."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exported_models import RATE, sure_logistic, tone
from tagged_audio import SUFFIXES, describe, genre_of, make, samples_of, tags_of


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return sure_logistic(tmp_path_factory.mktemp("tones"))


@pytest.fixture
def music(tmp_path, monkeypatch):
    """A folder with two files without a genre, one with one, and one that is no music."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "music"
    (folder / "more").mkdir(parents=True)
    make(folder / "a.mp3", tone("bass", 90, 1.4), RATE)
    make(folder / "more/b.flac", tone("treble", 91, 1.4), RATE)
    describe(make(folder / "c.ogg", tone("middle", 91, 1.4), RATE), "Enka")
    (folder / "d.wav").write_text("no music")
    (folder / "names.yaml").write_text("bass: Dub\ntreble: Polka\n")
    return folder


def tag(folder, *arguments):
    """Run the command in a folder."""
    command = [sys.executable, "-m", "genrebench", "tag", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_it_shows_writes_and_undoes(model, music):
    files = [music / "a.mp3", music / "more/b.flac", music / "c.ogg"]
    before = [tags_of(file) for file in files]
    shown = tag(music, ".", "--model", model, "--names", "names.yaml")
    assert shown.returncode == 1  # of d.wav
    assert [(line.split()[0], line.split()[-1]) for line in shown.stdout.splitlines()] == [
        ("Dub", "a.mp3"),
        ("Polka", "more/b.flac"),
    ]
    (error,) = [line for line in shown.stderr.splitlines() if line.startswith("error: ")]
    assert error.startswith("error: d.wav ") and "--write" in shown.stderr
    totals = {" ".join(line.replace(";", "").split()[:2]) for line in shown.stderr.splitlines()}
    assert {"2 would", "1 had", "1 refused"} <= totals
    assert [tags_of(file) for file in files] == before and not (music.parent / "state").exists()

    written = tag(music, ".", "--model", model, "--names", "names.yaml", "--write")
    assert written.stdout == shown.stdout and "tag --undo" in written.stderr
    assert [genre_of(file) for file in files] == [["Dub"], ["Polka"], ["Enka"]]

    undone = tag(music, "--undo")
    assert undone.returncode == 0 and len(undone.stdout.splitlines()) == 2
    assert [tags_of(file) for file in files] == before


def test_what_cannot_be_done_is_one_sentence(model, music):
    (music / "wrong.yaml").write_text("enka: Enka\n")
    for arguments in (
        [],
        ["--undo"],
        ["--undo", "a.mp3"],
        [".", "--undo", "x"],
        ["more/none*"],
        [".", "--model", model, "--names", "wrong.yaml"],
        [".", "--model", model, "--write", "--journal", "."],
    ):
        result = tag(music, *arguments)
        assert result.returncode == 1 and "Traceback" not in result.stderr
        assert [line for line in result.stderr.splitlines() if line.startswith("error: ")][-1:] == [
            result.stderr.splitlines()[-1]
        ]
    assert tag(music, ".", "--at-least", "1.5").returncode == 2
    assert genre_of(music / "a.mp3") == []


@pytest.mark.long
def test_a_kill_at_any_moment_leaves_whole_files_and_can_be_undone(model, music):
    """After each kill every file sounds as before and can be tagged; the journals restore all."""
    files = [
        describe(make(music / f"{number}{suffix}", tone("bass", number, 1.4), RATE))
        for number in range(4)
        for suffix in SUFFIXES
    ]
    sounds, before = [samples_of(file) for file in files], [tags_of(file) for file in files]
    journals = [Path(f"journal {number}") for number in range(4)]
    for number, journal in enumerate(journals[:-1]):
        command = [sys.executable, "-m", "genrebench", "tag", ".", "--model", model, "--write", "--journal", journal]
        with subprocess.Popen(command, cwd=music, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            wanted, end = 3 + 2 * number, time.monotonic() + 60
            while _lines(music / journal) < wanted and process.poll() is None and time.monotonic() < end:
                time.sleep(0.001)
            time.sleep(0.002 * number)
            assert process.poll() is None
            process.send_signal(signal.SIGKILL)
        assert [samples_of(file) for file in files] == sounds
        assert {path.suffix for path in music.rglob(".*")} <= {".genrebench-tmp"}
    tag(music, ".", "--model", model, "--write", "--journal", journals[-1])
    assert all(map(genre_of, files)) and [samples_of(file) for file in files] == sounds
    assert not list(music.rglob(".*"))
    for journal in reversed(journals):
        assert tag(music, "--undo", journal).returncode == 0
    assert [tags_of(file) for file in files] == before


def _lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_any_name_of_a_file_is_shown_and_written(model, music):
    for name in ("a\rb\x1b[2J.wav", "new\nline.wav", "n\udcff.wav", "-i.wav"):
        make(music / "x.wav", tone("bass", 90, 1.0), RATE).rename(music / name)
    result = tag(music, ".", "--model", model, "--write")
    assert "Traceback" not in result.stderr and result.stdout.replace("\n", "").isprintable()
    assert len(result.stdout.splitlines()) == 6
    assert genre_of(music / "n\udcff.wav") == ["Bass"]
    assert tag(music, "--undo").returncode == 0
