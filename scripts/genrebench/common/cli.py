"""What every script of the workflow does around its one function."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from genrebench.common.formatting import printable

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
SCHEDULER = "GENREBENCH_SCHEDULER"  # environment variable: process id and namespace of the Snakemake that starts jobs


class InputError(Exception):
    """Something that a person can mend: the message says what was found, where, and what to do."""


def run(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Call `function(**arguments)` as a job of the workflow.

    An `InputError` ends the process with its message as the last line and exit status 1; any other
    exception keeps its traceback, because it is a fault of the program.
    """
    _end_with_scheduler()
    try:
        function(**arguments)
    except InputError as error:
        print(f"error: {printable(str(error), lines=True)}", file=sys.stderr, flush=True)
        sys.exit(1)


def silence_stdout() -> None:
    """Write nothing more to standard output, which cannot be written: the end of Python would complain of it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell_faults(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Do as Python does with an exception that nothing catches, but say nothing of an interruption (Ctrl-C)."""
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)


# From the first import on: most interruptions come while a job still imports.
sys.excepthook = _tell_faults


def start_worker(parent: int) -> None:
    """Begin a process of a pool, as its initializer: it ends with `parent`, and without a traceback on Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_parent(parent)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent (a process id) dies; Linux only, elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call
            os.kill(os.getpid(), signal.SIGKILL)


def pid_namespace() -> str:
    """The namespace in which this process's id means something ("" where there is no such thing)."""
    path = Path("/proc/self/ns/pid")
    return path.readlink().name if path.is_symlink() else ""


def _end_with_scheduler() -> None:
    """End when the Snakemake process dies that started this job: an orphan would write beside its successor.

    In a container the scheduler's process id says nothing; the container ends with its own parent.
    """
    pid, _, namespace = os.environ.get(SCHEDULER, "").partition(" ")
    if pid and namespace == pid_namespace():
        if os.getppid() == int(pid):
            end_with_parent(int(pid))
        elif not Path("/proc", pid).exists():  # it died while this process started
            os.kill(os.getpid(), signal.SIGKILL)
