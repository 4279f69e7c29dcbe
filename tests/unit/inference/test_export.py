"""Exported models predict for a file what the trained ones predicted for the clip; which run is exported."""

import csv
import io
import json
import shutil

import numpy as np
import pytest

import saved_models
from exported_models import CLASSICAL, CLIPS, NETWORKS, SECONDS, Corpus
from genrebench.app import page
from genrebench.common import files, packages
from genrebench.common.cli import InputError
from genrebench.common.formatting import percent
from genrebench.datasets.synthetic import NOTE
from genrebench.features import musicnn_tags
from genrebench.inference import description, export
from genrebench.inference.predictor import Predictor
from genrebench.inference.writers import WRITERS
from genrebench.workflow import pretrained

TRAINING = {
    **{"scaler_fit_on": "train", "epochs": 1, "batch_size": 4, "optimizer": "adam", "learning_rate": 0.01},
    **{
        "warmup_epochs": 0,
        "schedule": "constant",
        "early_stopping": 0,
        "keep": "best",
        "class_weights": "balanced",
        "augmentation": {},
    },
    **{"dropout": 0.1, "units": [8], "summary": "mean", "max_steps": 0},
}
NEURAL = {
    # a network of segments, and one whose clips are cut to a percentile of their lengths
    "mel_lstm": {**TRAINING, "features": ["mel"], "dense": [], "segments": {"length_s": 0.5, "hop_s": 0.25}},
    "rnn": {
        **TRAINING,
        "features": ["rms", "mel"],
        "dense": 8,
        "max_steps": 30,
        "cut": {"percentile": 40, "at_least": 10},
    },
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return Corpus(tmp_path_factory.mktemp("tones"))


@pytest.mark.parametrize("model", [*CLASSICAL, *NEURAL])
def test_an_exported_model_predicts_what_the_trained_one_predicted(corpus, model):
    settings = CLASSICAL.get(model) or NEURAL[model]
    run = corpus.train(model, settings, NETWORKS if model in NEURAL else {"threads": 1})
    folder = corpus.export(model)
    for elsewhere in ("runs", "features"):
        assert str(corpus.folder / elsewhere) not in (folder / "export.json").read_text()
    predictor = corpus.says_the_same(folder, run)
    assert predictor.description["check"]["clips"] == 6
    assert predictor.description["check"]["deviation"] < 1e-5


def test_the_best_on_the_validation_clips_is_exported(corpus):
    def run(model, seed, valid, test, protocol="artist", unit="clip", status="done"):
        return {
            **{"model": model, "protocol": protocol, "split": "repeat0", "seed": seed, "status": status, "unit": unit},
            **{"accuracy": test, "valid_accuracy": valid, "reason": "why"},
        }

    splits = corpus.folder / "splits"
    runs = [
        run("a", 0, 0.5, 0.9),
        run("b", 0, 0.5, 0.1),
        run("b", 1, 0.7, 0.1),
        run("c", 0, 0.9, 1, status="unavailable"),
    ]
    chosen = export.choose_run(runs, ["a", "b", "c"], splits)
    assert (chosen["model"], chosen["seed"]) == ("b", 1)
    equal = [run("a", 0, 0.5, 0.1), run("b", 0, 0.5, 0.9)]  # the test clips do not decide
    assert export.choose_run(equal, ["a", "b"], splits)["model"] == "a"
    assert export.choose_run(equal, ["b", "a"], splits)["model"] == "b"
    with pytest.raises(export.NotExportableError, match=r"No run of c .*why"):
        export.choose_run(runs[-1:], ["c"], splits)


def test_what_cannot_be_exported_says_why(corpus):
    corpus.train("logistic", CLASSICAL["logistic"])
    manifest = corpus.folder / "manifest.csv"
    kept = manifest.read_bytes()
    rows = files.read_rows(manifest)
    try:
        files.write_rows(manifest, rows[0], [row | {"path": ""} for row in rows])
        folder = corpus.export("logistic", name="precomputed")
    finally:
        manifest.write_bytes(kept)
    assert [path.name for path in folder.iterdir()] == ["export.json"]
    with pytest.raises(InputError, match=r"holds no model: logistic .* precomputed"):
        Predictor(folder)


def test_weights_that_are_not_those_of_the_training_are_refused(corpus):
    run = corpus.train("logistic", CLASSICAL["logistic"])
    with np.load(run / "model/weights.npz") as saved:
        weights = dict(saved)
    np.savez(run / "model/weights.npz", **weights | {"coef": weights["coef"] * 1.1})
    corpus.train("sgd", CLASSICAL["sgd"])
    before = corpus.export("sgd", name="kept")
    with pytest.raises(InputError, match="probabilities differ"):
        corpus.export("logistic", name="kept")
    assert Predictor(before).description["model"] == "sgd"  # what was there stays


def test_the_model_card_states_accuracy_protocol_and_caveats(corpus):
    corpus.train("logistic", CLASSICAL["logistic"] | {"scaler_fit_on": "all"})
    folder = corpus.export("logistic")
    described = files.read_json(folder / "export.json")
    card = (folder / "README.md").read_text()
    figures = described["metrics"]
    assert percent(figures["accuracy"]) in card
    assert figures["accuracy_low"] < figures["accuracy"] <= figures["accuracy_high"] <= 1
    assert "`artist`" in card and "`repeat0`" in card
    assert described["caveats"]
    assert all(caveat in card for caveat in described["caveats"])
    assert described["audio"]["window_s"] == SECONDS
    assert described["clips"] == {"train": CLIPS // 2 * 3, "valid": CLIPS // 4 * 3, "test": CLIPS // 4 * 3}


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_model_of_synthetic_music_says_so_wherever_its_accuracy_stands(corpus, synthetic):
    corpus.train("logistic", CLASSICAL["logistic"])
    folder = corpus.export("logistic", name=f"synthetic-{synthetic}", synthetic=synthetic)
    described = files.read_json(folder / "export.json")
    assert described["synthetic"] is synthetic
    shown = page.describe(str(folder), described)
    assert (NOTE in shown["caveats"]) is synthetic
    for text in ((folder / "README.md").read_text(), description.summary(described), shown["name"], shown["test"]):
        assert ("synthetic" in text) is synthetic
    prediction = Predictor(folder).predict(corpus.clips[0]["path"])
    written = {kind: io.StringIO() for kind in WRITERS}
    for kind, file in written.items():
        WRITERS[kind](file, described, 1).write(prediction.path, prediction)
        file.seek(0)
    assert (NOTE in written["table"].read()) is synthetic
    assert json.load(written["json"])["synthetic"] is synthetic
    assert next(csv.DictReader(written["csv"]))["synthetic"] == str(synthetic)


@pytest.mark.parametrize("feature", ["yamnet", "vggish"])
def test_a_pretrained_network_is_exported_as_onnx(tmp_path, feature):
    make = {"yamnet": saved_models.yamnet_like, "vggish": saved_models.vggish_like}[feature]
    entries = {feature: {"handle": str(make(tmp_path / "weights")), **({"pca": False} if feature == "vggish" else {})}}
    corpus = Corpus(tmp_path / "tones", entries)
    settings = {name: value for name, value in CLASSICAL["linear_probe"].items() if name != "segments"}
    run = corpus.train("linear_probe", settings | {"features": [feature]})
    folder = corpus.export("linear_probe")
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {name for name in names if name.startswith("weights/")} == {f"weights/{feature}/model.onnx"}
    shutil.rmtree(tmp_path / "weights")  # it is not needed any more
    corpus.says_the_same(folder, run, 1e-3)
    assert str(tmp_path).encode() not in (folder / f"weights/{feature}/model.onnx").read_bytes()


def test_weights_of_an_installed_package_are_named_and_checked(tmp_path, monkeypatch):
    tags = musicnn_tags.Settings().model_dump(exclude={"module"})
    corpus = Corpus(tmp_path / "tones", {"musicnn_tags": tags})
    settings = CLASSICAL["logistic"] | {"features": ["musicnn_tags"]}
    run = corpus.train("logistic", settings)
    folder = corpus.export("logistic")
    assert not (folder / "weights").exists()
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 50_000
    predictor = corpus.says_the_same(folder, run)
    feature = predictor.description["features"]["musicnn_tags"]
    assert feature["entry"] == tags and feature["weights"] == pretrained.digest_of_package(tags)
    monkeypatch.setattr(pretrained, "digest_of_package", lambda entry: "0" * 64)
    with pytest.raises(InputError, match=r"other weights of musicnn_tags than package:musicnn==.*`make setup`"):
        Predictor(folder)
    monkeypatch.undo()
    monkeypatch.setattr(packages, "folder", lambda name: None)
    with pytest.raises(InputError, match=r"not installed: `make setup`"):
        Predictor(folder)


def test_an_exported_model_needs_nothing_else(corpus, tmp_path):
    corpus.train("logistic", CLASSICAL["logistic"])
    moved = shutil.copytree(corpus.export("logistic"), tmp_path / "elsewhere")
    clip = corpus.clips[0]["path"]
    assert (
        Predictor(moved).predict(clip).ranked() == Predictor(corpus.folder / "export/logistic").predict(clip).ranked()
    )
