"""Processes that work on one item after the other: one that dies, or takes too long, costs its item and no other.

`concurrent.futures` gives up all items when a process dies, cannot end one that hangs, and leaves its processes behind
when this one is killed.
"""

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from genrebench.common.cli import InputError

AHEAD = 4  # items per process that are handed out before the first result is fetched
START_S = 600  # until a process is ready
LIMIT_S = 600.0  # of one item, by default

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class Failure:
    """Why an item has no result: `reason` is the end of a sentence about it."""

    reason: str


class Workers:
    """Processes that apply a function to items; to be used in a `with` statement.

    Parameters
    ----------
    start : callable
        `start(*arguments)` is called in each process, and returns the function. It may raise InputError.
    arguments : sequence
        For `start`; they are pickled.
    jobs : int
        Processes. They are started when they are needed, and replaced when they end.
    limit_s : float
        Seconds after which a process that works on an item is killed.
    """

    def __init__(self, start: Callable[..., Function], arguments: Sequence[Any], jobs: int, limit_s: float = LIMIT_S):
        self.start, self.arguments, self.jobs, self.limit_s = start, arguments, jobs, limit_s
        self._workers: list[_Worker] = []

    def __enter__(self) -> "Workers":
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill all processes."""
        self.close()

    def close(self) -> None:
        """Kill all processes."""
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def map(self, items: Iterable[Any]) -> Iterator[Any]:
        """Apply the function to each item; yields results, or a `Failure`, in the order of the items.

        Raises
        ------
        InputError
            If a process cannot be made ready: what `start` raised, or that it died.
        """
        coming = iter(items)
        tasks: deque[_Task] = deque()  # taken, and not yet yielded
        exhausted = False
        while tasks or not exhausted:
            self._workers = [worker for worker in self._workers if worker.alive]
            idle = [worker for worker in self._workers if worker.task is None]
            waiting = deque(task for task in tasks if not task.done and not any(w.task is task for w in self._workers))
            while idle or len(self._workers) < self.jobs:
                if waiting:
                    task = waiting.popleft()
                elif exhausted or len(tasks) >= AHEAD * self.jobs:
                    break
                else:
                    try:
                        task = _Task(next(coming))
                    except StopIteration:
                        exhausted = True
                        break
                    tasks.append(task)
                (idle.pop() if idle else self._new_worker()).take(task)
            while tasks and tasks[0].done:
                yield tasks.popleft().result
            if any(not task.done for task in tasks):
                self._wait()

    def _new_worker(self) -> "_Worker":
        worker = _Worker(self.start, self.arguments, self.limit_s)
        self._workers.append(worker)
        return worker

    def _wait(self) -> None:
        """Wait until a process that works has something to say, has died, or has taken too long."""
        busy = [worker for worker in self._workers if worker.task]
        earliest = min(worker.deadline for worker in busy)
        ready = wait([worker.connection for worker in busy], max(0.0, earliest - time.monotonic()))
        for worker in busy:
            if worker.connection in ready:
                worker.receive()
            elif time.monotonic() >= worker.deadline:
                worker.fail(f"took longer than {self.limit_s:g} s")


@dataclass
class _Task:
    """An item and, once it is `done`, its result."""

    item: Any
    done: bool = False
    result: Any = field(default=None)

    def finish(self, result: Any) -> None:
        self.done, self.result = True, result


class _Worker:
    """One process, and the task that it works on."""

    def __init__(self, start: Callable[..., Function], arguments: Sequence[Any], limit_s: float):
        # new processes, not copies of this one: threads of the libraries that compute do not survive a fork
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, start, tuple(arguments)), daemon=True)
        self.process.start()
        theirs.close()
        self.limit_s = limit_s
        self.task: _Task | None = None
        self.ready = self.began = False
        self.deadline = time.monotonic() + START_S

    @property
    def alive(self) -> bool:
        """Whether the process can take an item, or has one: what became of that is for `receive` to say.

        An idle process says nothing, so what can be read of it is that it ended.
        """
        if self.connection.closed:
            return False
        return self.task is not None or (self.process.is_alive() and not self.connection.poll())

    def take(self, task: _Task) -> None:
        """Work on a task from now on."""
        self.task, self.began = task, False
        if self.ready:
            self.deadline = time.monotonic() + self.limit_s
        with suppress(OSError):  # it died just now: `receive` finds it
            self.connection.send(task.item)

    def receive(self) -> None:
        """Take what the process says: that it is ready, or why it is not, or the result of its task."""
        assert self.task
        try:
            kind, value = self.connection.recv()
        except (EOFError, OSError):
            if self.ready and not self.began:  # it died while it was idle: the task waits for another
                self.kill()
                self.task = None
            else:
                self.fail(self._how_it_ended())
            return
        if kind == "ready":
            self.ready = True
            self.deadline = time.monotonic() + self.limit_s
        elif kind == "not ready":
            raise InputError(value)
        elif kind == "began":
            self.began = True
        else:
            self.task.finish(value)
            self.task = None

    def fail(self, reason: str) -> None:
        """Give the task up, and the process with it."""
        self.kill()
        if not self.ready:
            raise InputError(f"Loading what is needed {reason}")
        assert self.task
        self.task.finish(Failure(reason))
        self.task = None

    def kill(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.join()
        self.connection.close()

    def _how_it_ended(self) -> str:
        self.process.join(1)
        code = self.process.exitcode
        if code == -signal.SIGKILL:
            return "ended the process (killed; was there too little memory?)"
        name = signal.Signals(-code).name if code is not None and code < 0 else f"status {code}"
        return f"ended the process ({name})"


def _serve(connection: Connection, start: Callable[..., Function], arguments: tuple[Any, ...]) -> None:
    """What a process does: it applies the function to the items that come, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the process that started this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        function = start(*arguments)
    except InputError as error:
        connection.send(("not ready", str(error)))
        return
    connection.send(("ready", None))
    while True:
        try:
            item = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(("began", None))
        connection.send(("result", attempt(function, item)))


def attempt(function: Function, item: Any) -> Any:
    """Apply a function to an item; where it fails, the result is a `Failure`."""
    try:
        return function(item)
    except MemoryError:
        return Failure("needs more memory than there is")
    except Exception as error:
        traceback.print_exc()
        return Failure(f"made the program fail, which is a bug: {type(error).__name__}: {error}")


def _end_with_parent() -> None:
    """End this process when the one that started it ends, however it does, and whatever this one is doing."""
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)
