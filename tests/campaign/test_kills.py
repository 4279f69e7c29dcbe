"""Kills at twenty moments: nothing works on, nothing half-written stays, and the same command gives the same bytes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from exported_models import PITCHES, RATE, tone
from project import eventually

pytestmark = pytest.mark.exhaustive

KILLS = 20
FILES = 24  # of each genre, so that predict starts several processes
COMMAND = Path(sys.executable).with_name("genrebench")


@pytest.fixture(scope="module")
def songs(corpus, tmp_path_factory):
    """A folder of labelled songs that the exported model does not know."""
    folder = tmp_path_factory.mktemp("songs")
    for genre in PITCHES:
        (folder / genre).mkdir()
        for number in range(FILES):
            soundfile.write(folder / genre / f"{number}.wav", tone(genre, 100 + number, 2), RATE)
    return folder


@pytest.fixture(scope="module")
def commands(exported, songs):
    """What is killed: the arguments, and what they write."""
    return {
        "predict": (
            ["predict", "--model", exported, songs, "--csv", "--jobs", "2", "--output", "answers.csv"],
            "answers.csv",
        ),
        "update": (["update", exported, songs, "--jobs", "2", "--output", "updated"], "updated"),
    }


def start(folder, arguments):
    return subprocess.Popen(
        [COMMAND, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def members(session):
    """Processes of a session that have not ended."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def contents(path):
    """Bytes of a file, or of all files below a folder, without the moment at which an update was made."""
    if path.is_file():
        return path.read_bytes()
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("name", ["predict", "update"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])
def test_a_kill_leaves_nothing_behind(commands, name, how, tmp_path):
    arguments, output = commands[name]
    whole = tmp_path / "whole"
    whole.mkdir()
    started = time.monotonic()
    assert start(whole, arguments).wait() == 0
    lasts = time.monotonic() - started
    expected = contents(whole / output)
    interrupted = 0
    for number in range(KILLS // 4):
        folder = tmp_path / f"kill {number}"
        folder.mkdir()
        process = start(folder, arguments)
        time.sleep(lasts * (number + 0.5) / (KILLS // 4))
        interrupted += process.poll() is None
        process.send_signal(how)
        process.wait()
        eventually(lambda session=process.pid: not members(session), seconds=20)
        if (folder / output).exists():
            assert contents(folder / output) == expected
        elif how == signal.SIGTERM:
            assert not list(folder.iterdir())
        if (folder / output).is_dir():
            continue  # an update is never written over another
        assert start(folder, arguments).wait() == 0
        assert contents(folder / output) == expected
        assert [path.name for path in folder.iterdir()] == [output]
    assert interrupted > KILLS // 8
    print(f"{name}, {how.name}: {interrupted} of {KILLS // 4} came before the end")
