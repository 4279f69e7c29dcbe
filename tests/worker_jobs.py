"""What the processes of test_workers.py do: they import this by its name."""

import os
import signal
import time

from genrebench.audio.plausibility import Limits
from genrebench.common.cli import InputError
from genrebench.datasets import manifest


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
        case "slow":
            time.sleep(1)
            return "slow"
        case "error":
            raise ZeroDivisionError("of the decoder")
        case "memory":
            raise MemoryError
    if isinstance(item, float):
        time.sleep(item)
    if isinstance(item, int):
        time.sleep(0.05 if item % 3 else 0)
        return item * item
    return None


def refusing(message):
    raise InputError(message)


def dying():
    os._exit(9)


def check_that_dies(*_):
    """As `manifest._checking`, where one file ends the process that decodes it."""
    return _die_of_one


def _die_of_one(path):
    if path.name == "deadly.wav":
        os.abort()
    return manifest.check(path, 8000, Limits(0.5, 600.0, 0.0001))


def answer_by_name(*_):
    """As `answers.start`: what is done with a file depends on its name."""
    from genrebench.app import answers  # as there: its imports are no part of the time of a file

    assert answers
    return _answer


def _answer(question):
    work(question.path.stem)
    return {"file": question.path.name}
