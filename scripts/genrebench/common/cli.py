"""What every script of the workflow does around its one function."""

import ctypes
import errno
import os
import pwd
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from genrebench.common.formatting import printable

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
SCHEDULER = "GENREBENCH_SCHEDULER"  # environment variable: process id and namespace of the Snakemake that starts jobs


# What the machine refuses a program, however right it is, and what a person can do.
REFUSED = {
    errno.ENOSPC: "The disk is full: make room, and give the command again.",
    errno.EDQUOT: "Your share of the disk is used up: make room, and give the command again.",
    errno.EFBIG: "A file may not be as large here.",
    errno.EROFS: "The file system is read-only.",
    errno.EACCES: "Its permissions forbid it.",
    errno.EPERM: "Its permissions forbid it.",
    errno.EIO: "The disk or the network behind it failed.",
    errno.ESTALE: "The network behind it failed.",
    errno.EMFILE: "More files are open than are allowed (`ulimit -n`).",
    errno.ENFILE: "More files are open than are allowed on this machine.",
    errno.ENAMETOOLONG: "The name is too long for the file system.",
    errno.EISDIR: "It is a folder.",
    errno.ENOTDIR: "What should be a folder in its path is a file.",
}


class InputError(Exception):
    """Something that a person can mend: the message says what was found, where, and what to do."""


def run(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Call `function(**arguments)` as a job of the workflow.

    An `InputError`, and what the machine refuses (`refusal`), ends the process with a message as the last line and
    exit status 1; any other exception keeps its traceback, because it is a fault of the program.
    """
    _end_with_scheduler()
    try:
        function(**arguments)
    except InputError as error:
        _fail(str(error))
    except OSError as error:
        sentence = refusal(error)
        if sentence is None:
            raise
        _fail(sentence)


def refusal(error: OSError) -> str | None:
    """What the machine refused, where, and what to do, in one sentence; None if `error` is none of `REFUSED`."""
    if error.errno not in REFUSED:
        return None
    if not error.filename:
        return f"In {Path.cwd()}: {error.strerror}. {REFUSED[error.errno]}"
    path = Path(os.fsdecode(error.filename))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        folder = next(one for one in path.absolute().parents if os.path.lexists(one))
        # pathlib raises for what lies in a folder that is closed to this user
        if not os.path.exists(path) and not os.access(folder, os.W_OK | os.X_OK):  # noqa: PTH110
            return f"{path}: {error.strerror}. {why_not_writable(folder)}"
    return f"{path}: {error.strerror}. {REFUSED[error.errno]}"


def why_not_writable(path: Path) -> str:
    """Why this user cannot write to a file or folder, and what to do."""
    path = path.absolute()
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return f"{path} is on a file system that is read-only: work in a copy elsewhere, or mount it otherwise."
    return (
        f"{path} belongs to {_user(path.stat().st_uid)}, and {_user(os.geteuid())} may not write to it: work in a copy "
        "of your own (git clone), or have its permissions changed."
    )


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _fail(sentence: str) -> None:
    print(f"error: {printable(sentence, lines=True)}", file=sys.stderr, flush=True)
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
