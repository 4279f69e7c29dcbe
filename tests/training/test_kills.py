"""A training that is killed, anywhere, ends with the same bytes as one that never was."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest

from genrebench.common import files
from genrebench.workflow import config
from genrebench.workflow.entries import features_of
from parameters import PARAMS

pytestmark = pytest.mark.long

CLIPS, EPOCHS = 40, 5
OWN = {
    "cnn": {
        "filters": [64, 128, 256],
        "segments": {"length_s": 2.0, "hop_s": 1.0},
        "augmentation": {
            "crop": True,
            "time_masks": [2, 0.1],
            "band_masks": [1, 0.2],
            "mixup": 0.3,
            "gain": 0.1,
            "noise": 0.1,
        },
    },
    "wavlm": {
        "handle": "none",
        "config": {
            **{"model_type": "wavlm", "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2},
            "conv_dim": [16] * 7,
        },
        "segments": {"length_s": 2.0, "hop_s": 2.0},
        "micro_batch": 2,
    },
}
HERE = all(find_spec(package) for package in ("torch", "transformers", "safetensors"))
needs_speech = pytest.mark.skipif(not HERE, reason="its packages are not installed: `make speech`")


@pytest.fixture
def corpus(tmp_path):
    random = np.random.default_rng(0)
    genre = np.arange(CLIPS) % 4
    clips = [{"clip_id": f"c{i}", "genre": f"g{g}", "duration_s": 4.0} for i, g in enumerate(genre)]
    files.write_rows(tmp_path / "manifest.csv", ("clip_id", "genre", "duration_s"), clips)
    subsets = np.array(["train", "train", "train", "valid", "test"])[np.arange(CLIPS) // 4 % 5]
    split = [{"clip_id": f"c{i}", "subset": subset} for i, subset in enumerate(subsets)]
    files.write_rows(tmp_path / "split.csv", ("clip_id", "subset"), split)
    counts = {f"g{g}": {"train": 6} for g in range(4)}
    described = {"protocol": "artist", "split": "repeat0", "genres": counts, "available": True, "reason": None}
    files.write_json(tmp_path / "split.json", described)
    axes = {"mel": ["band", "frame"], "chroma": ["pitch class", "frame"], "waveform": ["sample"]}
    for name, shape in {"mel": (24, 160), "chroma": (12, 320), "waveform": (64000,)}.items():
        np.save(tmp_path / f"{name}.npy", random.standard_normal((CLIPS, *shape)).astype(np.float32))
        about = {"axes": axes[name], "available": True, "lengths": None, "seconds": 4.0, "sha256": name}
        files.write_json(tmp_path / f"{name}.json", about)
    return tmp_path


def start(corpus, model, run):
    """Start a training whose checkpoints are some megabytes, with everything at random that there is."""
    settings = (
        config.resolve(PARAMS | {"dataset": "gtzan"}).sections["models"][model]
        | {"epochs": EPOCHS, "batch_size": 4}
        | OWN[model]
    )
    compute = {"threads": 1, "backend": "tensorflow", "precision": "float32"}
    command = [sys.executable, "scripts/train_model.py", "--model", model, "--settings", json.dumps(settings)]
    command += ["--compute", json.dumps(compute), "--seed", "0", "--manifest", corpus / "manifest.csv"]
    command += ["--split", corpus / "split.csv", "--features"]
    command += [corpus / f"{feature}.json" for feature in features_of(settings)]
    command += ["--checkpoints", run / "checkpoints", "--cost", run / "cost.json", "--folder", run / "run"]
    run.mkdir(exist_ok=True)
    with (run / "log").open("a") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(happened, process):
    while not happened():
        assert process.poll() is None, "the training ended before it could be killed"
        time.sleep(0.0005)


def outputs(run):
    return {str(path.relative_to(run)): path.read_bytes() for path in (run / "run").rglob("*") if path.is_file()}


@pytest.mark.parametrize("model", ["cnn", pytest.param("wavlm", marks=needs_speech)])
def test_a_killed_training_ends_with_the_same_bytes(model, corpus):
    whole, killed = corpus / "whole", corpus / "killed"
    assert start(corpus, model, whole).wait() == 0
    expected = outputs(whole)

    log = killed / "log"
    process = start(corpus, model, killed)
    wait_until(lambda: "epoch   2 of" in log.read_text(), process)
    time.sleep(0.3)  # into the third epoch
    kill(process)
    assert not (killed / "run" / "status.json").exists()

    half = killed / "checkpoints" / ".last.tmp.npz"
    for _ in range(20):  # until it is killed while it writes
        process = start(corpus, model, killed)
        wait_until(half.exists, process)
        kill(process)
        if half.exists():
            break
    assert half.exists()

    assert start(corpus, model, killed).wait() == 0
    assert outputs(killed) == expected
    assert not (killed / "checkpoints").exists()
    text = log.read_text()
    for resumed, epoch in re.findall(r"going on after epoch (\d+), .*\nepoch +(\d+) of", text):
        assert int(epoch) == int(resumed) + 1
    assert "going on after epoch 2" in text
    assert len(set(re.findall(r"^epoch +(\d+) of", text, re.M))) == EPOCHS
