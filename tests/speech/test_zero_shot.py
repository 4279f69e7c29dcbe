"""Genres by their names: probabilities are those of the library's own CLAP, a tiny one with random weights."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("safetensors")

import tiny_encoders  # noqa: E402
import yaml  # noqa: E402

from genrebench.audio.loudness import normalise  # noqa: E402
from genrebench.commands.predict import PROMPT  # noqa: E402
from genrebench.common.cli import InputError  # noqa: E402
from genrebench.inference import zero_shot  # noqa: E402 (it imports them)
from genrebench.workflow import config  # noqa: E402

pytestmark = pytest.mark.long
RATE, SECONDS = tiny_encoders.CLAP_RATE, tiny_encoders.CLAP_S
GENRES = ["techno", "house music", "ambient"]


@pytest.fixture(scope="module")
def clap(tmp_path_factory):
    return tiny_encoders.clap(tmp_path_factory.mktemp("hub") / "clap")


@pytest.fixture
def song(tmp_path):
    """Two windows that differ."""
    random = np.random.default_rng(0)
    time = np.arange(RATE * SECONDS) / RATE
    parts = [0.3 * np.sin(2 * np.pi * 300 * time), 0.1 * random.standard_normal(len(time))]
    soundfile.write(tmp_path / "song.wav", np.concatenate(parts).astype(np.float32), RATE, subtype="FLOAT")
    return tmp_path / "song.wav"


@torch.inference_mode()
def expected(folder, song, prompt):
    samples, _ = soundfile.read(song, dtype="float32")
    extractor = transformers.ClapFeatureExtractor.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.ClapModel.from_pretrained(folder).eval()
    texts = tokenizer([prompt.format(genre) for genre in GENRES], padding=True, return_tensors="pt")
    found = []
    for window in np.split(samples, 2):
        sound = extractor(normalise(window, RATE, -18.0), sampling_rate=RATE, return_tensors="pt")
        found.append(model(**sound, **texts).logits_per_audio.softmax(-1)[0].numpy())
    return np.array(found)


@pytest.mark.parametrize("prompt", [PROMPT, "{}"])
def test_probabilities_are_those_of_the_librarys_model(clap, song, prompt):
    asked = zero_shot.ask("techno, house music,ambient,", prompt, str(clap))
    found = zero_shot.ZeroShotPredictor(asked).predict(song)
    curve = expected(clap, song, prompt)
    assert np.ptp(curve, axis=1).min() > 0.01  # the names are told apart
    assert np.abs(curve[0] - curve[1]).max() > 1e-4  # and the windows
    assert found.genres == GENRES
    np.testing.assert_allclose(found.curve, curve, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, curve.mean(0), atol=1e-5)
    assert found.windows == [(0.0, SECONDS), (SECONDS, 2.0 * SECONDS)]
    assert found.low_confidence == ""


def run(folder, *arguments):
    command = [sys.executable, "-m", "genrebench", "predict", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_predicts_without_a_model(clap, song, tmp_path):
    (tmp_path / "text.mp3").write_text("no music")
    options = ["--zero-shot", ",".join(GENRES), "--encoder", clap]
    result = run(tmp_path, *options, "--json", song)
    assert result.returncode == 0, result.stderr
    said = json.loads(result.stdout)
    np.testing.assert_allclose(list(said["probabilities"].values()), expected(clap, song, PROMPT).mean(0), atol=1e-5)
    assert (said["model"], said["dataset"], said["synthetic"]) == ("zero-shot", "clap", False)
    assert "the accuracy is not known" in result.stderr
    result = run(tmp_path, *options, "--csv", ".")
    rows = {row["path"]: row for row in csv.DictReader(result.stdout.splitlines())}
    assert set(rows["song.wav"]) >= set(GENRES)
    assert "text.mp3" in rows["text.mp3"]["error"] and result.returncode == 1


def test_names_that_are_not_told_apart_are_told(clap, song, tmp_path):
    """As by published weights whose text part gives the same for all that is written."""
    model = transformers.ClapModel.from_pretrained(clap)
    with torch.no_grad():
        model.text_projection.linear2.weight.mul_(0)
        model.text_projection.linear2.bias.add_(1)
    folder = tmp_path / "broken"
    folder.mkdir()
    for path in clap.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    model.save_pretrained(folder)
    found = zero_shot.ZeroShotPredictor(zero_shot.ask("techno,house", PROMPT, str(folder))).predict(song)
    assert "apart" in found.low_confidence


@pytest.mark.parametrize(
    ("genres", "prompt", "said"),
    [("techno", PROMPT, "two or more"), ("a,a", PROMPT, "different"), ("a,b", "a song", "--prompt"), ("", "{}", "two")],
)
def test_what_cannot_be_asked_is_told(clap, genres, prompt, said):
    with pytest.raises(InputError, match=said):
        zero_shot.ask(genres, prompt, str(clap))


def test_an_encoder_without_texts_or_tokenizer_is_told(clap, tmp_path):
    asked = zero_shot.ask("a,b", PROMPT, str(tiny_encoders.ast(tmp_path / "ast")))
    with pytest.raises(InputError, match="shares no space with texts"):
        zero_shot.ZeroShotPredictor(asked)
    folder = tmp_path / "clap"
    folder.mkdir()
    for path in clap.glob("*.*"):
        if path.name in ("config.json", "preprocessor_config.json", "model.safetensors"):
            (folder / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="no words of a tokenizer"):
        zero_shot.ZeroShotPredictor(zero_shot.ask("a,b", PROMPT, str(folder)))


def test_missing_weights_are_named_with_size_licence_and_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(zero_shot, "ROOT", tmp_path)
    with pytest.raises(InputError) as error:
        zero_shot.ask("a,b", PROMPT, zero_shot.HANDLE)
    for part in ("776 MB", "Apache 2.0", "`python scripts/fetch_weights.py larger_clap_music_and_speech`"):
        assert part in str(error.value)
    with pytest.raises(InputError, match="no folder nowhere"):
        zero_shot.ask("a,b", PROMPT, "nowhere")


def test_the_encoder_is_that_of_the_feature():
    """So that weights are fetched once."""
    shared = yaml.safe_load((config.FOLDER / "variants.yaml").read_text())
    assert shared["features"]["clap"]["handle"] == zero_shot.HANDLE
