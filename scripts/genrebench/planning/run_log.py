"""What `make demo` prints of a run: one line of progress, and every error in full. A logger plugin of Snakemake.

`snakemake --logger genrebench` uses it. Without it Snakemake prints as usual; its own log in .snakemake/log is complete
either way.
"""

import logging
import shutil
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from statistics import median, median_low
from typing import Any, TextIO

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from genrebench.planning import costs

REFERENCE = Path(__file__).parents[3] / "data/reference_costs.csv"
INTERRUPTED = "died with <Signals.SIGINT"  # what Snakemake says of a job that Ctrl-C ended
SHOWN = 20  # lines of the log of a job that failed
STEP = 0.1  # share of the jobs between two lines where a line cannot be replaced


class Progress:
    """How far a run is, by the jobs that Snakemake announces and ends.

    A job counts as many seconds as one of its rule usually takes on the reference machine: the training of a network as
    many tables that are copied. The time left is at first what the jobs take there. The more is done, the more it is
    what this machine needs for the rest at its speed so far.
    """

    cores = 1

    def __init__(self, weights: Mapping[str, float]):
        self.weights, self.usual = weights, median(weights.values()) if weights else 1.0
        self.total, self.work = 0, 0.0
        self.done: Counter[str] = Counter()
        self.running: dict[int, tuple[str, str]] = {}  # rule and message by the number of the job

    def begin(self, counts: Mapping[str, int]) -> None:
        """Take the number of jobs by rule."""
        self.total = sum(counts.values())
        self.work = sum(self._weight(rule) * count for rule, count in counts.items())

    def start(self, job: int, rule: str, message: str) -> None:
        """Note that a job runs."""
        self.running[job] = rule, message

    def finish(self, job: int) -> None:
        """Note that a job is done."""
        rule, _ = self.running.pop(job, ("", ""))
        self.done[rule] += 1

    def line(self, seconds: float) -> str:
        """State the progress after so many seconds."""
        jobs = self.done.total()
        share = sum(self._weight(rule) * count for rule, count in self.done.items()) / self.work if self.work else 0.0
        there, here = self.work * (1 - share) / self.cores, seconds * (1 - share) / (share or 1)
        left = f", {in_words((1 - share) * there + share * here)} left" if jobs < self.total else ""
        what = next(reversed(self.running.values()), ("", ""))[1]
        return f"{jobs} of {self.total} jobs, {jobs / max(1, self.total):.0%}{left}" + (f": {what}" if what else "")

    def _weight(self, rule: str) -> float:
        return self.weights.get(rule, self.usual)


def in_words(seconds: float) -> str:
    """Round a duration: about 40 s, about 3 min, about 1.5 h."""
    if seconds < 55:
        return f"about {max(10, 10 * round(seconds / 10))} s"
    if seconds < 90 * 60:
        return f"about {max(1, round(seconds / 60))} min"
    return f"about {seconds / 3600:.1f} h"


def reference_seconds(path: Path = REFERENCE) -> dict[str, float]:
    """The usual seconds of a job by rule, on the reference machine; empty where the table is not there."""
    seconds: dict[str, list[float]] = {}
    for one in costs.read_reference(path) if path.is_file() else ():
        rule = one.kind.split()[0]  # "extract_shard again", which most jobs of this rule are
        seconds.setdefault(rule, []).append(one.seconds)
    return {rule: median_low(values) for rule, values in seconds.items()}


def last_lines(path: str, count: int = SHOWN) -> list[str]:
    """The last lines of the log of a job."""
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip() for line in deque(file, count)]
    except OSError:
        return []


class LogHandler(LogHandlerBase):
    """Prints progress and errors."""

    writes_to_stream, writes_to_file, has_filter, has_formatter, needs_rulegraph = True, False, True, True, False

    def __post_init__(self) -> None:
        """Begin to count the time."""
        self.stream: TextIO = sys.stderr
        self.progress = Progress(reference_seconds())
        self.began, self.printed, self.open_line = time.monotonic(), -STEP, False
        self.failed: set[int] = set()
        self.interrupted = False

    def emit(self, record: logging.LogRecord) -> None:
        """Print what a record says, if it is for people."""
        facts = record.__dict__
        event = facts.get("event")
        if event == LogEvent.RUN_INFO:
            self.progress.begin({rule: int(n) for rule, n in facts["stats"].items() if rule != "total"})
        elif event == LogEvent.RESOURCES_INFO:
            self.progress.cores = facts.get("cores") or self.progress.cores
        elif event == LogEvent.JOB_INFO:
            message = facts["rule_msg"] or facts["rule_name"]
            self.progress.start(facts["jobid"], facts["rule_name"], message)
            self._show()
        elif event == LogEvent.JOB_FINISHED:
            self.progress.finish(facts["job_id"])
            self._show()
        elif self.interrupted:
            return  # each job that the interruption ended is an error to Snakemake
        elif INTERRUPTED in record.getMessage():
            self.interrupted = True
            self._say("Interrupted: the same command continues, and nothing that is done is done again.")
        elif event == LogEvent.JOB_ERROR:
            self._fail(facts)
        elif record.levelno >= logging.WARNING or (self.failed and record.getMessage().startswith("Complete log")):
            self._say(record.getMessage())

    def close(self) -> None:
        """End the line that is open."""
        self._end_line()
        super().close()

    def _fail(self, facts: Mapping[str, Any]) -> None:
        """Print once which job failed and the end of its log: Snakemake repeats its errors when it ends."""
        if facts["jobid"] in self.failed:
            return
        self.failed.add(facts["jobid"])
        _, message = self.progress.running.get(facts["jobid"], ("", facts["rule_name"]))
        self._say(f"Failed: {message} (rule {facts['rule_name']})")
        for path in facts["log"] or ():
            lines = last_lines(path)
            self._say("\n    ".join([f"  {path} ends with" if lines else f"  {path} is empty", *lines]))

    def _show(self) -> None:
        line = self.progress.line(time.monotonic() - self.began)
        if self.stream.isatty():
            width = shutil.get_terminal_size().columns  # a full line: what a job prints stands on the next one
            self.stream.write(f"\r{line[:width]:<{width}}")
            self.open_line = True
        else:
            share = self.progress.done.total() / max(1, self.progress.total)
            if share < min(1.0, self.printed + STEP):
                return
            self.printed = share
            self.stream.write(f"{line}\n")
        self.stream.flush()

    def _say(self, text: str) -> None:
        self._end_line()
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def _end_line(self) -> None:
        if self.open_line:
            self.stream.write("\n")
            self.open_line = False
