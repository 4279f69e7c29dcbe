"""Who is alone in a folder clears away what is left there; who may not be leaves it."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from genrebench.common import cli
from genrebench.workflow import scheduler
from genrebench.workflow.scheduler import ALIVE
from project import ROOT

LOCK = ".snakemake/locks/0.output.lock"
SQUEUE = """
if [ -e down ]; then rm down; exit 1; fi
while read -r job; do echo "$job|rule_mel|$PWD"; done < queue
cat others
"""
SCANCEL = """
echo "$@" >> cancelled
[ -e stuck ] || : > queue
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scheduler, "_locked_files", [])
    monkeypatch.setattr(scheduler.atexit, "register", lambda *_: None)
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    (tmp_path / LOCK).touch()
    return tmp_path


@pytest.fixture
def slurm(folder, monkeypatch):
    """A queue of two jobs of this folder, among others."""
    for name, script in (("squeue", SQUEUE), ("scancel", SCANCEL)):
        (folder / name).write_text(f"#!/bin/bash\n{script}")
        (folder / name).chmod(0o755)
    (folder / "queue").write_text("11\n12\n")
    (folder / "others").write_text(f"13|rule_mel|{folder}2\n14||{folder}\n15|my_own|{folder}\n")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    return folder


@pytest.fixture
def other(folder):
    """Another scheduler of this folder, alive."""
    code = "from genrebench.workflow import scheduler; scheduler.clear_stale_lock(); print(flush=True); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
    )
    process.stdout.readline()
    (folder / LOCK).touch()
    yield process
    process.kill()
    process.communicate()


def cleared():
    scheduler.clear_stale_lock()
    return not Path(LOCK).exists()


def test_a_lock_of_nobody_is_removed():
    assert cleared()
    assert cleared()  # it stays alone


def test_a_lock_of_somebody_stays(other, slurm, capsys):
    assert not cleared()
    scheduler.cancel_orphans(on_cluster=True)
    assert not (slurm / "cancelled").exists()
    assert "jobs 11 12 are of this folder: of another Snakemake" in capsys.readouterr().err


def test_who_was_killed_is_no_more(other):
    assert not cleared()
    other.kill()
    other.wait()
    assert ALIVE.read_text()  # it had no time to say so
    assert cleared()


def test_who_ends_says_so(other):
    other.communicate(b"\n")
    assert ALIVE.read_text() == ""
    assert cleared()


@pytest.mark.parametrize("there", ["login1\nanother boot", "login2\nboot of this machine"])
def test_the_same_machine_is_known_by_its_name_or_its_boot(monkeypatch, there):
    monkeypatch.setattr(scheduler.platform, "node", lambda: "login1")
    monkeypatch.setattr(scheduler, "_boot", lambda: "boot of this machine")
    ALIVE.write_text(there)
    assert cleared()
    assert ALIVE.read_text() == "login1\nboot of this machine"


def test_a_lock_of_another_machine_stays_though_the_file_system_does_not_know_of_it(capsys, slurm):
    ALIVE.write_text("login7\nits boot")
    assert not cleared()
    with pytest.raises(cli.InputError, match=r"jobs 11 12 are of this folder, and of a Snakemake on login7\. If that"):
        scheduler.cancel_orphans(on_cluster=True)
    assert not (slurm / "cancelled").exists()
    assert ALIVE.read_text() == "login7\nits boot"
    said = capsys.readouterr().err
    assert said.count("on login7, has not said that it ended") == 1 and "remove .snakemake/genrebench.alive" in said
    ALIVE.unlink()
    scheduler._locked_files.clear()
    assert cleared()


def test_without_locks_of_the_file_system_nothing_is_cleared(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert not cleared()


def test_jobs_of_nobody_are_cancelled_and_waited_for(slurm, capsys):
    scheduler.cancel_orphans(on_cluster=True)
    assert (slurm / "cancelled").read_text() == "11 12\n"
    assert "Cancelling 2 jobs" in capsys.readouterr().err
    assert scheduler._queued() == []
    scheduler.cancel_orphans(on_cluster=True)
    assert (slurm / "cancelled").read_text() == "11 12\n"


def test_a_job_that_does_not_end_stops_its_successor(slurm, monkeypatch):
    (slurm / "stuck").touch()
    monkeypatch.setattr(scheduler, "CANCELLED_S", 0)
    with pytest.raises(cli.InputError, match="Slurm's jobs 11 12 are cancelled, but still there after 0 s"):
        scheduler.cancel_orphans(on_cluster=True)


def test_who_ends_says_nothing_while_another_of_this_host_lives(other, folder):
    assert not cleared()  # this process, the other
    other.communicate(b"\n")
    assert ALIVE.read_text() != ""
    scheduler._say_that_it_ended()
    assert ALIVE.read_text() == ""


def test_no_answer_does_not_say_that_jobs_have_ended(slurm, monkeypatch):
    (slurm / "scancel").write_text((slurm / "scancel").read_text() + "touch down\n")  # squeue fails once after it
    (slurm / "stuck").touch()
    seen = []

    def wait(_):
        seen.append(scheduler._queued())
        (slurm / "queue").write_text("")

    monkeypatch.setattr(scheduler.time, "sleep", wait)
    scheduler.cancel_orphans(on_cluster=True)
    assert seen == [["11", "12"]]  # there was time to ask: they were there still


def test_that_squeue_does_not_answer_is_said(slurm, capsys):
    (slurm / "down").touch()
    scheduler.cancel_orphans(on_cluster=True)
    assert "squeue does not answer" in capsys.readouterr().err
    (slurm / "down").touch()
    scheduler.cancel_orphans(on_cluster=False)
    assert capsys.readouterr().err == ""
    assert not (slurm / "cancelled").exists()


@pytest.mark.parametrize(
    "place", [".snakemake", ".snakemake/metadata", ".snakemake/genrebench.alive", "results/demo/runs"]
)
def test_a_folder_of_another_user_is_named_before_anything_is_done(place, monkeypatch):
    (Path(place).parent if place == str(ALIVE) else Path(place)).mkdir(parents=True, exist_ok=True)
    if place == str(ALIVE):
        ALIVE.touch()
    scheduler.require_writable(".snakemake", ALIVE, "results")
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != Path(place) and access(path, mode))
    with pytest.raises(cli.InputError, match=f"{place} .*may not write"):
        scheduler.require_writable(".snakemake", ALIVE, "results")


def test_a_folder_that_is_not_there_needs_one_in_which_it_can_be_made(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(cli.InputError, match="may not write"):
        scheduler.require_writable("results/demo")
