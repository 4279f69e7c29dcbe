import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from genrebench.common.cli import InputError
from genrebench.tagging import rewriting


def append(text):
    def change(path):
        with path.open("a") as file:
            file.write(text)

    return change


def nothing():
    pass


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "a song.mp3"
    path.write_text("sound")
    path.chmod(0o640)
    os.utime(path, (1e9, 1e9))
    return path


def test_mode_attributes_and_owner_stay_and_the_time_is_new(song):
    try:
        os.setxattr(song, "user.rating", b"5")
    except OSError:
        pytest.skip("no extended attributes here")
    if os.geteuid() == 0:
        os.chown(song, 12345, 23456)
    before = song.stat()
    rewriting.rewrite(song, rewriting.look(song), append(" tag"), nothing)
    after = song.stat()
    assert song.read_text() == "sound tag" and os.getxattr(song, "user.rating") == b"5"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert after.st_mtime > before.st_mtime and after.st_ino != before.st_ino
    assert list(song.parent.iterdir()) == [song]


def test_the_file_is_whole_when_the_journal_is_told(song):
    seen = []
    rewriting.rewrite(song, rewriting.look(song), append(" tag"), lambda: seen.append(song.read_text()))
    assert seen == ["sound"] and song.read_text() == "sound tag"


@pytest.mark.parametrize("error", [InputError, OSError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("when", ["change", "record"])
def test_after_any_error_the_file_is_as_it_was(song, error, when):
    def fail(*_):
        raise error("no")

    with pytest.raises(error):
        rewriting.rewrite(song, rewriting.look(song), *((fail, nothing) if when == "change" else (append("x"), fail)))
    assert song.read_text() == "sound" and list(song.parent.iterdir()) == [song]


def test_errors_of_the_change_name_the_file_and_not_its_copy(song):
    def fail(path):
        raise InputError(f"{path} is broken")

    with pytest.raises(InputError, match=f"^{song} is broken$"):
        rewriting.rewrite(song, rewriting.look(song), fail, nothing)


def test_a_file_that_changed_is_left_alone(song):
    seen = rewriting.look(song)
    song.write_text("noise")
    with pytest.raises(InputError, match=str(song)):
        rewriting.rewrite(song, seen, append("x"), nothing)
    seen = rewriting.look(song)

    def meanwhile(path):
        other = song.with_name("other")
        other.write_text("other")
        other.replace(song)

    with pytest.raises(InputError, match=str(song)):
        rewriting.rewrite(song, seen, meanwhile, nothing)
    assert song.read_text() == "other" and list(song.parent.iterdir()) == [song]


def test_two_processes_do_not_write_one_file(song):
    seen = rewriting.look(song)
    with song.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match=str(song)):
            rewriting.rewrite(song, seen, append("x"), nothing)
    rewriting.rewrite(song, seen, append("x"), nothing)


def test_links_folders_and_what_may_not_be_written_are_not(song):
    (song.parent / "link.mp3").symlink_to(song)
    (song.parent / "broken.mp3").symlink_to("nowhere")
    os.mkfifo(song.parent / "pipe.mp3")
    for name in ("link.mp3", "broken.mp3", "pipe.mp3", "."):
        with pytest.raises(InputError):
            rewriting.look(song.parent / name)
    with pytest.raises(FileNotFoundError):
        rewriting.look(song.parent / "nothing.mp3")
    song.chmod(0o444)
    with pytest.raises(InputError):
        rewriting.look(song)
    song.chmod(0o644)
    os.link(song, song.parent / "second name.mp3")
    with pytest.raises(InputError, match="2 names"):
        rewriting.look(song)


def test_a_name_that_is_no_text_or_as_long_as_can_be(tmp_path):
    for name in (b"n\xff.mp3", ("ä" * 125 + "a.mp3").encode()):
        path = tmp_path / os.fsdecode(name)
        path.write_text("sound")
        rewriting.rewrite(path, rewriting.look(path), append(" tag"), nothing)
        assert path.read_text() == "sound tag"


def test_a_full_disk_leaves_the_file(small_disk):
    path = small_disk / "a.mp3"
    path.write_bytes(bytes(700_000))
    with pytest.raises(OSError, match="No space left"):
        rewriting.rewrite(path, rewriting.look(path), append("x"), nothing)
    assert path.read_bytes() == bytes(700_000) and list(small_disk.iterdir()) == [path]


ENDLESS = """
import sys
from pathlib import Path
from genrebench.tagging import rewriting

path = Path(sys.argv[1])
def swap(copy):
    data = copy.read_bytes()
    with copy.open("r+b") as file:
        for start in range(0, len(data), 4096):
            file.write(bytes([data[0] ^ 1]) * 4096)
            file.flush()
print("started", flush=True)
while True:
    rewriting.rewrite(path, rewriting.look(path), swap, lambda: None)
"""


def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path):
    path = tmp_path / "a.mp3"
    path.write_bytes(bytes(1 << 20))
    for number in range(12):
        with subprocess.Popen([sys.executable, "-c", ENDLESS, path], stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(0.003 * number)
            process.send_signal(signal.SIGKILL)
        assert len(set(data := path.read_bytes())) == 1 and len(data) == 1 << 20
    left = {one.name for one in tmp_path.iterdir()} - {path.name}
    assert left <= {f".{path.name}{rewriting.SUFFIX}"}
    rewriting.rewrite(path, rewriting.look(path), append("x"), nothing)
    assert list(tmp_path.iterdir()) == [Path(path)]
