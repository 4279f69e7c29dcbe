"""What the process that runs Snakemake does for its jobs and its successors."""

import atexit
import contextlib
import fcntl
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from snakemake.persistence import PersistenceBase

from genrebench.common import cli
from genrebench.workflow.code_closure import ROOT

ALIVE = Path(".snakemake", "genrebench.alive")
ROOM = 100 * 2**20  # bytes, beside which compiled modules are little
CANCELLED_S = 60  # how long jobs may take to end; Slurm itself kills them after KillWait, commonly 30 s

_locked_files: list[TextIO] = []  # open: closed, and their locks released, when the process ends


def set_environment() -> None:
    """Set what all jobs inherit: the Python of this process, compiled modules kept, and that they are jobs."""
    os.environ[cli.SCHEDULER] = f"{os.getpid()} {cli.pid_namespace()}"
    # `python` is the one that runs Snakemake, whether or not its environment is active; conda puts its own before it
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ.pop("CONDA_SHLVL", None)  # ... unless one of its environments is active, whose place that of a job takes
    # Sums in another order are other numbers: one thread, however many cores there are, unless a script sets its own.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    if shutil.disk_usage(ROOT).free > ROOM:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # every import would pay for compilation
    else:  # on a disk that gets full, Python leaves half a compiled module, which no later job can import
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


def end_with_dvc() -> None:
    """End when the DVC that started this scheduler is killed: the next one would find it at work in the same folder."""
    if "DVC_STAGE" not in os.environ or sys.platform != "linux":
        return
    parent = os.getppid()
    if parent == 1 and b"dvc" not in Path("/proc/1/cmdline").read_bytes():
        os.kill(os.getpid(), signal.SIGKILL)  # it died while this process started
    cli.end_with_parent(parent)


def require_writable(*places: str | Path) -> None:
    """Raise InputError where this user cannot write to one of the files and folders, or in the latter, or make them.

    Of folders in a folder, those two levels down are looked at: what another user has made here is found.
    """
    for place in map(Path, places):
        there = next(path for path in (place, *place.parents) if path.exists())
        for path in (there, *place.glob("*/"), *place.glob("*/*/")):
            if not os.access(path, os.W_OK | (os.X_OK if path.is_dir() else 0)):
                raise cli.InputError(cli.why_not_writable(path))


def before_jobs(workflow: Any, function: Callable[[bool], None]) -> None:
    """Call `function(writes)` when Snakemake is about to derive the jobs, with which it also chooses those to run.

    `writes` is true where it is going to run or touch them, and false in a dry run and for all that only looks at them.
    Snakemake itself has `onstart`, which comes when the jobs are chosen, and the Snakefile, which is read before
    anything says whether this is a dry run.
    """
    build = workflow._build_dag

    def prepare_and_build() -> None:
        function(workflow.executor_plugin is not None and not workflow.dryrun)
        _choose_anew_after_checkpoints(workflow.dag)
        build()

    workflow._build_dag = prepare_and_build


def _choose_anew_after_checkpoints(dag: Any) -> None:
    """Have the jobs to run chosen anew when a checkpoint is done, as if the run began then.

    Snakemake does so itself, but keeps why a job was chosen at first: that the checkpoint was to run. So all but those
    that read its output would run, whatever it made.
    """
    update = dag.update_checkpoint_dependencies

    async def forget_and_update(jobs: Any = None) -> bool:
        if any(job.is_checkpoint for job in jobs or ()):
            for job in dag.jobs:
                if not dag.finished(job) and not dag.is_running(job):
                    dag.reason(job).clear()
        return bool(await update(jobs))

    dag.update_checkpoint_dependencies = forget_and_update


def clear_stale_lock() -> None:
    """Remove the lock of a scheduler that was killed."""
    if _is_alone():
        for lock in Path(".snakemake", "locks").glob("*.lock"):
            lock.unlink()
    elif host := _other_host():
        print(
            f"The last Snakemake of this folder, on {host}, has not said that it ended. If it is no more, remove "
            f"{ALIVE}: what it left, a lock and jobs in a queue, is then cleared away.",
            file=sys.stderr,
        )
    # else another one is alive: if it holds a lock, Snakemake says so


def cancel_orphans(on_cluster: bool) -> None:
    """Cancel the jobs that a scheduler which was killed left with Slurm: they are done again, beside them.

    `on_cluster` says whether this one has a cluster run its jobs; elsewhere nobody waits for an answer of Slurm's that
    does not come. Raises InputError where they may be those of a scheduler of another host, and where they do not end.
    """
    if not shutil.which("squeue"):
        return
    alone, jobs = _is_alone(), _queued()
    if jobs is None:
        if on_cluster:
            print("squeue does not answer: if a killed Snakemake left jobs in the queue, they run on.", file=sys.stderr)
    elif jobs and alone:
        print(f"Cancelling {len(jobs)} jobs that a Snakemake which is no more left in the queue.", file=sys.stderr)
        subprocess.run(["scancel", *jobs], check=True)
        ends = time.monotonic() + CANCELLED_S
        while (jobs := _queued()) != []:
            if time.monotonic() > ends:
                raise cli.InputError(
                    f"Slurm's jobs {' '.join(jobs or [])} are cancelled, but still there after {CANCELLED_S} s: their "
                    "successors would write beside them. Wait until squeue does not list them, and try again."
                )
            time.sleep(1)
    elif jobs and (host := _other_host()):
        raise cli.InputError(
            f"Slurm's jobs {' '.join(jobs)} are of this folder, and of a Snakemake on {host}. If that is no more, "
            f"remove {ALIVE}, and they are cancelled next time; what it made is kept."
        )
    elif jobs:
        print(
            f"Slurm's jobs {' '.join(jobs)} are of this folder: of another Snakemake that is at work, or else of one "
            "that is no more; then `scancel` them.",
            file=sys.stderr,
        )


def record_where_it_runs() -> None:
    """Have a job of a cluster recorded by the Snakemake that runs it, beside the one that waits for it.

    That one may have been killed by the time the job ends. Then the results would be there, and nothing would say of
    which parameters: that they are changed would not be noticed.
    """
    finished = PersistenceBase.finished

    async def recorded(self: Any, finished_job: Any) -> None:
        settings = self.dag.workflow.remote_execution_settings
        before, settings.immediate_submit = settings.immediate_submit, True  # with which Snakemake does so itself
        try:
            await finished(self, finished_job)
        finally:
            settings.immediate_submit = before

    PersistenceBase.finished = recorded


def _is_alone() -> bool:
    """Whether no other scheduler of this folder is alive.

    Each holds a shared lock on one file for as long as it lives. Who can hold it alone knows that there is no other,
    and that what is still there of another, its lock and its jobs, has no owner. Some file systems of clusters have
    locks that the same host sees only: so the file names the host, until the Snakemake ends by itself.
    """
    if not _locked_files:
        ALIVE.parent.mkdir(exist_ok=True)
        _locked_files.append(ALIVE.open("a+"))
    file = _locked_files[0]
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(file, fcntl.LOCK_SH)
        return False
    except OSError:  # a file system without locks
        return False
    alone = not _other_host()
    if alone:
        file.truncate(0)
        file.write(f"{platform.node()}\n{_boot()}")
        file.flush()
        atexit.register(_say_that_it_ended)
    fcntl.flock(file, fcntl.LOCK_SH)
    return alone


def _say_that_it_ended() -> None:
    with contextlib.suppress(OSError):  # another one lives, of this host too
        fcntl.flock(_locked_files[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
        _locked_files[0].truncate(0)


def _other_host() -> str:
    """The host of the last scheduler of this folder, if that is another one, and it has not said that it ended."""
    there = ALIVE.read_text().splitlines()
    return there[0] if there and not {platform.node(), _boot()} & set(there) else ""


def _boot() -> str:
    """What a machine and its containers, whose names differ, have in common, until it starts anew; Linux only."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.is_file() else platform.node()


def _queued() -> list[str] | None:
    """The numbers of the jobs that Slurm has of this user and folder; None if it does not answer."""
    command = ["squeue", "--me", "--noheader", "--format=%A|%k|%Z"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode:
        return None
    here = str(Path.cwd())
    rows = [line.split("|", 2) for line in listed.stdout.splitlines()]
    # comments of the executor plugin; a Snakemake that is a job of Slurm's itself has none
    return [number for number, comment, folder in rows if comment.startswith("rule_") and folder == here]
