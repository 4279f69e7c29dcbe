"""What every script of the workflow does around its one function."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


class InputError(Exception):
    """Something that a person can mend: the message says what was found, where, and what to do."""


def run(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Call `function(**arguments)` as a job of the workflow.

    An `InputError` ends the process with its message as the last line and exit status 1; any other
    exception keeps its traceback, because it is a fault of the program.
    """
    end_with_parent()
    try:
        function(**arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(1)


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent dies (Linux; elsewhere nothing happens).

    After a SIGKILL of the scheduler an orphaned job would go on writing beside its successor.
    """
    if sys.platform != "linux" or os.environ.get("GENREBENCH_SCHEDULER") is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # the parent died before the call
        os.kill(os.getpid(), signal.SIGKILL)
