"""What the process that runs Snakemake does for its jobs and its successors."""

import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path

from genrebench import job

_held = []  # open files: closed, and their locks released, when the process ends


def set_environment() -> None:
    """Set what all jobs inherit: the Python of this process, compiled modules kept, and that they are jobs."""
    os.environ[job.SCHEDULER] = f"{os.getpid()} {job.pid_namespace()}"
    # `python` is the one that runs Snakemake, whether or not its environment is active; conda puts its own before it
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Sums in another order are other numbers: one thread, however many cores there are, unless a script sets its own.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # every import would pay for compilation


def end_with_dvc() -> None:
    """End when the DVC that started this scheduler is killed: the next one would find it at work in the same folder."""
    if "DVC_STAGE" not in os.environ or sys.platform != "linux":
        return
    parent = os.getppid()
    if parent == 1 and b"dvc" not in Path("/proc/1/cmdline").read_bytes():
        os.kill(os.getpid(), signal.SIGKILL)  # it died while this process started
    job.end_with_parent(parent)


def clear_stale_lock() -> None:
    """Remove the lock of a scheduler that was killed.

    Every scheduler of this folder holds a shared lock on one file for as long as it lives. Who can hold it alone knows
    that there is no other, and that a lock of Snakemake's that is still there has no owner.
    """
    folder = Path(".snakemake")
    folder.mkdir(exist_ok=True)
    alive = (folder / "genrebench.alive").open("w")
    _held.append(alive)
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder / "locks", ignore_errors=True)
    except OSError:
        pass  # another one is alive: if it holds a lock, Snakemake says so
    fcntl.flock(alive, fcntl.LOCK_SH)
