"""Speech transformers and encoders of spectrograms: without their packages, when these come, and with them."""

import csv
import json
from importlib.util import find_spec

import pytest

MODELS = ("hubert", "wavlm", "wav2vec2")
HERE = all(find_spec(package) for package in ("torch", "transformers", "safetensors"))
SMALL = {"segments": {"length_s": 0.6, "hop_s": 0.6}, "epochs": 2, "seeds": [0], "protocols": ["artist"]}
# what the preset of the demo has for them
MODULE = {
    **{"module": "speech_transformer", "handle": "none", "batch_size": 16, "learning_rate": 0.003, "trained": "all"},
    "projection": 32,
}
SPECTROGRAM = {
    **{"model_type": "audio-spectrogram-transformer", "hidden_size": 16, "num_hidden_layers": 2},
    **{"num_attention_heads": 2, "intermediate_size": 32, "time_stride": 64, "frequency_stride": 64},
}


@pytest.fixture
def with_speech(tiny, tmp_path):
    """The tiny project with the three of them and probes of two encoders, random weights, and nothing else."""
    project = tiny.copy(tmp_path / "project")
    project.change("features.waveform", {})
    project.change("features.hubert_embedding", {"module": "hub_embedding", "handle": "none", "window_s": 0.6})
    for model in MODELS:
        project.change(f"models.{model}", MODULE | {"config": {"model_type": model}} | SMALL)
    project.change(
        "models.linear_probe_hubert",
        {"module": "linear_probe", "features": ["hubert_embedding"], "pooling": ["mean"], "protocols": ["artist"]},
    )
    project.change("features.ast", {"module": "hub_embedding", "handle": "none", "config": SPECTROGRAM})
    project.change("models.linear_probe", {"features": ["ast"], "pooling": ["mean"], "protocols": ["artist"]})
    project.change("models.logistic.features", ["mel"])
    project.change("leakage.models", ["logistic"])
    project.remove("ablation")
    for name in ("models.sgd", "protocols.stratified", "protocols.fault_filtered"):
        project.remove(name)
    for feature in ("mfcc", "chroma", "wavelet", "yamnet"):
        project.remove(f"features.{feature}")
    project.run("python", "scripts/write_dvc_yaml.py")
    project.run("git", "commit", "--quiet", "--all", "-m", "speech")
    return project


def statuses(project):
    with (project.folder / "results/demo/statuses.csv").open() as file:
        return {(row["model"], row["protocol"]): row for row in csv.DictReader(file)}


@pytest.mark.long
@pytest.mark.skipif(HERE, reason="the packages are installed")
def test_without_the_packages_they_are_listed_and_are_run_when_these_come(with_speech, tmp_path):
    project = with_speech
    project.snakemake()
    for model in MODELS:
        row = statuses(project)[model, "artist"]
        assert row["status"] == "unavailable"
        assert "`make speech` installs them" in row["reason"]
    assert "make speech" in (project.folder / "results/demo/report/index.html").read_text()
    assert project.jobs() == {}
    for package in ("torch", "transformers", "safetensors"):  # all that is looked at before a job starts
        (tmp_path / f"site/{package}-9.0.dist-info").mkdir(parents=True)
        (tmp_path / f"site/{package}-9.0.dist-info/METADATA").write_text(f"Name: {package}\nVersion: 9.0\n")
    output = project.snakemake("--dry-run", env={"PYTHONPATH": str(tmp_path / "site")})
    for model in MODELS:
        assert f"Training {model} on artist" in output
    assert statuses(project)["logistic", "artist"]["status"] == "done"
    assert "Training logistic" not in output


@pytest.mark.long
@pytest.mark.skipif(not HERE, reason="the packages of the speech transformers are not installed: `make speech`")
@pytest.mark.parametrize("engine", ["snakemake", "dvc"])
def test_with_them_they_train_and_predict_under_both_engines(with_speech, engine):
    project = with_speech
    project.snakemake() if engine == "snakemake" else project.run("dvc", "repro")
    for model in (*MODELS, "linear_probe_hubert", "linear_probe"):
        row = statuses(project)[model, "artist"]
        assert row["status"] == "done", row["reason"]
        folder = project.folder / "results/demo/runs" / model / "artist/repeat0/seed0"
        with (folder / "predictions.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert {row["subset"] for row in rows} == {"train", "valid", "test"}
        assert all(abs(sum(float(row[g]) for g in list(row)[4:]) - 1) < 1e-6 for row in rows)
        assert "random weights, not pretrained" in row["caveats"]
    page = (project.folder / "results/demo/report/index.html").read_text()
    assert "random weights, not pretrained" in page
    cost = json.loads((project.folder / "results/demo/costs/hubert/artist/repeat0/seed0.json").read_text())
    assert cost["parameters"] > 10_000 and cost["backend"].startswith("torch ")
    assert project.jobs() == {}
