"""What the processes of test_workers.py do: they import this by its name."""

import os
import signal
import time

from genrebench.common.cli import InputError


def starting(folder):
    """A function that does what its item says, and leaves a mark of each process."""
    (folder / str(os.getpid())).touch()
    return work


def work(item):
    match item:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "abort":
            os.abort()
        case "exit":
            os._exit(3)
        case "hang":
            time.sleep(600)
        case "error":
            raise ZeroDivisionError("of the decoder")
        case "memory":
            raise MemoryError
    time.sleep(0.05 if item % 3 else 0)
    return item * item


def refusing(message):
    raise InputError(message)


def dying():
    os._exit(9)
