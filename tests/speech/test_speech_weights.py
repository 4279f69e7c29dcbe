"""Fetching models from the hub: from its own cache, offline, since tests have no network."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import tiny_encoders  # noqa: E402
from test_speech import TINY  # noqa: E402

from genrebench.common import files  # noqa: E402
from genrebench.encoders import hub, speech  # noqa: E402
from genrebench.workflow import pretrained  # noqa: E402 (it imports them)

pytestmark = pytest.mark.long
REVISION = "0123456789abcdef0123456789abcdef01234567"
HANDLE = f"https://huggingface.co/somebody/tiny-hubert/tree/{REVISION}"


@pytest.fixture
def fetch(tmp_path):
    """Fetch `tiny-hubert` as a person does; what was printed, and the exit status."""
    params = yaml.safe_load(Path("params.yaml").read_text())
    params["models"]["hubert"]["handle"] = HANDLE
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    environment = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(tmp_path / "cache")}

    def run(name="tiny-hubert"):
        options = ["--params", tmp_path / "params.yaml", "--folder", tmp_path / "weights"]
        command = [sys.executable, "scripts/fetch_weights.py", name, *options]
        return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)

    return run


@pytest.mark.parametrize("published", ["model.safetensors", "pytorch_model.bin"])
def test_a_published_model_becomes_safetensors_with_the_same_numbers(fetch, tmp_path, published):
    page = tmp_path / "cache/models--somebody--tiny-hubert/snapshots" / REVISION
    processor, encoder = speech.new(TINY["hubert"])
    processor.save_pretrained(page)
    encoder.save_pretrained(page)
    if published.endswith("bin"):
        (page / "model.safetensors").unlink()
        torch.save(encoder.state_dict(), page / published)
    process = fetch()
    assert process.returncode == 0, process.stderr
    folder = tmp_path / "weights/tiny-hubert"
    assert sorted(path.name for path in folder.iterdir()) == [
        *("config.json", "model.safetensors", "preprocessor_config.json", "source.json")
    ]
    _, found = speech.load(folder)
    for name, value in encoder.state_dict().items():
        np.testing.assert_array_equal(found.state_dict()[name], value)


def test_a_model_that_shares_a_space_with_texts_comes_with_its_tokenizer(fetch, tmp_path):
    page = tiny_encoders.clap(tmp_path / "cache/models--somebody--tiny-hubert/snapshots" / REVISION)
    (page / "tokenizer.pickle").write_bytes(b"never read")
    torch.save(hub.load(page)[1].state_dict(), page / "pytorch_model.bin")
    (page / "model.safetensors").unlink()
    process = fetch(HANDLE)  # by its page, which params.yaml need not name
    assert process.returncode == 0, process.stderr
    folder = tmp_path / "weights/tiny-hubert"
    assert {path.name for path in folder.iterdir()} == {
        *("config.json", "model.safetensors", "preprocessor_config.json", "source.json"),
        *("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt"),
    }
    assert hub.frozen(folder, {}).sample_rate == tiny_encoders.CLAP_RATE


def test_a_model_that_is_not_at_hand_offline_is_told_in_one_line(fetch, tmp_path):
    process = fetch()
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith(f"error: {HANDLE} cannot be fetched")
    assert not (tmp_path / "weights").exists() or not list((tmp_path / "weights").glob("tiny*"))


def test_missing_weights_are_named_with_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    handle = HANDLE.replace("somebody/tiny-hubert", "facebook/hubert-base-ls960")
    said = pretrained.unavailable("speech_transformer", {"handle": handle})
    assert "378 MB" in said and "`python scripts/fetch_weights.py hubert-base-ls960`" in said
    assert "data/weights/hubert-base-ls960" in said and "Apache 2.0" in said
    assert pretrained.unavailable("speech_transformer", {"handle": "none"}) is None
    assert f"`python scripts/fetch_weights.py {HANDLE}`" in pretrained.unavailable("hub_embedding", {"handle": HANDLE})


def test_weights_of_another_revision_are_not_taken_for_those_of_this(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/weights/tiny-hubert"
    folder.mkdir(parents=True)
    files.write_json(folder / "source.json", {"handle": HANDLE})
    assert pretrained.unavailable("speech_transformer", {"handle": HANDLE}) is None
    other = HANDLE.replace("0123", "4567", 1)
    assert "remove the folder" in pretrained.unavailable("speech_transformer", {"handle": other})
