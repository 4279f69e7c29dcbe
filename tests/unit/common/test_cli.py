"""What the machine refuses is one sentence; a fault of the program keeps its traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrebench.common import cli, files

NOBODY = 65534


def said(function, capsys):
    """The sentence with which a job ends."""
    with pytest.raises(SystemExit) as end:
        cli.run(function, {})
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.EROFS])
def test_what_the_machine_refuses_is_one_sentence_that_names_the_file(number, capsys):
    def job():
        raise OSError(number, os.strerror(number), "results/x.csv")

    assert said(job, capsys).startswith(f"error: results/x.csv: {os.strerror(number)}. ")


def test_a_fault_of_the_program_keeps_its_traceback():
    for error in (FileNotFoundError(errno.ENOENT, "No such file", "x"), ValueError("x"), OSError("x")):

        def job(error=error):
            raise error

        with pytest.raises(type(error)):
            cli.run(job, {})


WRITERS = {
    "text": lambda path: path.write_text("x" * 3_000_000),
    "json": lambda path: files.write_json(path, "x" * 3_000_000),
    "rows": lambda path: files.write_rows(path, ["a"], [{"a": "x" * 3_000_000}]),
    "numpy": lambda path: np.save(path.open("wb"), np.zeros(400_000)),
    "npz": lambda path: np.savez(path, a=np.zeros(400_000)),
    "tofile": lambda path: np.zeros(400_000).tofile(path),
    "wav": lambda path: soundfile.write(path, np.zeros(1_500_000), 44100, format="WAV"),
    "flac": lambda path: soundfile.write(path, np.random.default_rng(1).normal(size=1_500_000), 44100, format="FLAC"),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_one_sentence_and_the_old_file_stays(kind, small_disk, capsys):
    path = small_disk / "a.npz"
    path.write_text("old")

    def job():
        with files.atomic(path) as temporary:
            WRITERS[kind](temporary)

    line = said(job, capsys)
    assert "small disk" in line and "No space left on device" in line and "make room" in line
    assert path.read_text() == "old"
    assert [one.name for one in small_disk.iterdir()] == ["a.npz"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_somebody_elses_folder_is_named_with_its_owner(tmp_path, mode):
    for folder in tmp_path.parents[:3]:
        folder.chmod(0o755)
    tmp_path.chmod(mode)
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); from genrebench.common import cli, files;"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY});"
        "cli.run(files.write_json, {'path': sys.argv[2], 'value': 1})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, "scripts", str(tmp_path / "results/a.json")], capture_output=True, text=True
    )
    assert run.returncode == 1
    line = run.stderr.splitlines()[-1]
    assert "belongs to root" in line and "nobody may not write" in line and str(tmp_path) in line


def test_a_file_system_that_is_read_only_is_named():
    places = [Path(line.split()[1]) for line in Path("/proc/mounts").read_text().splitlines() if " ro," in line]
    there = next((place for place in places if place.is_dir() and "\\" not in str(place)), None)
    if there is None:
        pytest.skip("no file system is read-only here")
    assert "read-only" in cli.why_not_writable(there)
