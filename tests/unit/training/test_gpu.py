"""Several GPUs get one process each."""

import os
import subprocess
import sys

import pytest

from genrebench.training import gpu

CLAIM = """
import os, sys
from pathlib import Path
sys.path.insert(0, "scripts")
from genrebench.training import gpu
gpu.claim(Path(sys.argv[1]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start(tmp_path):
    """Start a process that claims a GPU of `devices` and holds it: the process, and which it got."""
    processes = []

    def one(devices):
        process = subprocess.Popen(
            [sys.executable, "-c", CLAIM, tmp_path],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": devices},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process, process.stdout.readline().strip()

    yield one
    for process in processes:
        process.kill()
        process.communicate()


def test_processes_get_a_gpu_each_until_they_end(start):
    (first, _), *_ = started = [start("0,1,GPU-7f") for _ in range(3)]
    assert [device for _, device in started] == ["0", "1", "GPU-7f"]
    first.kill()
    first.wait()
    assert start("0,1,GPU-7f")[1] == "0"


def test_more_processes_than_gpus_share(start):
    assert [start("0,1")[1] for _ in range(2)] == ["0", "1"]
    assert start("0,1")[1] in ("0", "1")


def test_without_a_place_for_locks_they_share(monkeypatch, tmp_path):
    (tmp_path / "taken").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    gpu.claim(tmp_path / "taken")
    assert os.environ["CUDA_VISIBLE_DEVICES"] in ("0", "1")


@pytest.mark.parametrize("devices", ["3", "", "-1"])
def test_what_a_scheduler_has_chosen_stays(devices, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
    gpu.claim(tmp_path)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == devices
    assert not list(tmp_path.iterdir())


def test_gpus_are_counted_where_nothing_names_them(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert gpu.visible(tmp_path) == []
    for name in ("nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    assert gpu.visible(tmp_path) == ["0", "1"]
