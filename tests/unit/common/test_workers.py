"""Processes that work: what dies or hangs costs one item, nothing outlives its parent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import worker_jobs
from genrebench.common.cli import InputError
from genrebench.common.workers import Failure, Workers
from worker_jobs import dying, refusing, starting


def running(folder):
    """The processes of the marks in a folder that have not ended."""

    def lives(pid):
        try:
            return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return [path.name for path in folder.iterdir() if lives(path.name)]


def eventually(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("jobs", [1, 3])
def test_results_come_in_the_order_of_the_items(tmp_path, jobs):
    with Workers(starting, [tmp_path], jobs) as workers:
        assert list(workers.map(range(20))) == [n * n for n in range(20)]
        assert list(workers.map([7])) == [49]
        assert list(workers.map([])) == []
    assert len(list(tmp_path.iterdir())) == jobs
    assert running(tmp_path) == []


def test_nothing_is_left_out_behind_a_slow_item(tmp_path):
    with Workers(starting, [tmp_path], 2) as workers:
        assert list(workers.map([1.5, *([3] * 20)])) == [None, *([9] * 20)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_fails_costs_its_item_and_no_other(tmp_path, jobs, capfd):
    items = [1, "kill", 2, "abort", 3, "exit", "error", "memory", 4, "hang", 5]
    with Workers(starting, [tmp_path], jobs, limit_s=1) as workers:
        found = list(workers.map(items))
    reasons = {item: result.reason for item, result in zip(items, found, strict=True) if isinstance(result, Failure)}
    assert [result for result in found if not isinstance(result, Failure)] == [1, 4, 9, 16, 25]
    expected = {
        **{"kill": "memory?", "abort": "SIGABRT", "exit": "status 3", "error": "ZeroDivisionError: of the decoder"},
        **{"memory": "needs more memory", "hang": "longer than 1 s"},
    }
    assert reasons.keys() == expected.keys()
    assert all(text in reasons[item] for item, text in expected.items())
    assert running(tmp_path) == []


def test_what_prevents_the_start_is_raised():
    with Workers(refusing, ["no model there"], 2) as workers, pytest.raises(InputError, match=r"^no model there$"):
        list(workers.map([1, 2]))
    with Workers(dying, [], 2) as workers, pytest.raises(InputError, match=r"status 9"):
        list(workers.map([1, 2]))


def test_a_process_that_died_while_idle_is_replaced(tmp_path):
    with Workers(starting, [tmp_path], 1) as workers:
        assert list(workers.map([2])) == [4]
        os.kill(int(next(tmp_path.iterdir()).name), signal.SIGKILL)
        eventually(lambda: running(tmp_path) == [])
        assert list(workers.map([3, 4])) == [9, 16]


TESTS = Path(worker_jobs.__file__).parent
PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import worker_jobs
from genrebench.common.workers import Workers
if __name__ == "__main__":
    with Workers(worker_jobs.starting, [Path(sys.argv[2])], 2) as workers:
        list(workers.map([1, "hang", "hang"]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_no_process_outlives_the_one_that_started_it(tmp_path, how):
    (tmp_path / "parent.py").write_text(PARENT)
    (tmp_path / "marks").mkdir()
    command = [sys.executable, tmp_path / "parent.py", TESTS, tmp_path / "marks"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as parent:
        try:
            eventually(lambda: len(running(tmp_path / "marks")) == 2, 30)
            time.sleep(0.3)  # they work
        finally:
            parent.send_signal(how)
        parent.wait(10)
    eventually(lambda: running(tmp_path / "marks") == [])
