"""`snakemake robustness`, and models with degraded copies of training clips: their jobs, and no others."""

import csv
import json

import pytest
import yaml

from genrebench.audio.recipes import CONDITIONS

MODELS = {"logistic", "sgd"}  # linear_probe lacks the weights of its feature
KEPT = {"same": {}, "noise_10": {}}
PAGE = {"build_report": 1, "all": 1}  # shows params.yaml


@pytest.fixture
def two_conditions(project):
    project.change("robustness", {"conditions": dict.fromkeys(CONDITIONS) | KEPT})
    return project


def test_what_the_study_needs_is_computed_once_per_condition_and_model(two_conditions):
    jobs = {"extract_degraded": 2, "predict_degraded": 2, "study_robustness": 1}
    assert two_conditions.jobs("robustness") == jobs | {"robustness": 1}
    assert two_conditions.jobs() == PAGE
    two_conditions.change("robustness.in_report", True)
    assert two_conditions.jobs() == jobs | PAGE
    two_conditions.change("robustness.models", ["sgd"])
    assert two_conditions.jobs("robustness") == jobs | {"predict_degraded": 1, "robustness": 1}
    two_conditions.change("robustness.protocol", "fault_filtered")
    assert two_conditions.jobs() == PAGE
    assert "robustness.protocol: fault_filtered is unavailable" in two_conditions.snakemake("robustness", check=False)


@pytest.mark.long
def test_clips_that_are_degraded_by_nothing_are_predicted_as_they_are(two_conditions):
    project = two_conditions
    project.change("robustness.in_report", True)
    project.change("models.sgd.degraded_copies", ["noise_10"])
    jobs = project.jobs()
    assert jobs["extract_degraded"] == 2 + 2  # of the test clips of artist, of the training clips of both protocols
    assert [name for name in jobs if name.startswith("train_")] == ["train_sgd"]
    project.snakemake()
    assert project.jobs() == {}
    results = project.folder / "results/demo"
    with (results / "robustness.csv").open() as file:
        rows = {(row["model"], row["condition"]): row for row in csv.DictReader(file)}
    assert set(rows) == {(model, condition) for model in MODELS for condition in ("clean", *KEPT)}
    for model in MODELS:
        with (results / f"evaluation/{model}/metrics.csv").open() as file:
            (metrics,) = [row for row in csv.DictReader(file) if row["protocol"] == "artist"]
        assert float(rows[model, "clean"]["accuracy"]) == pytest.approx(float(metrics["accuracy"]), abs=1e-6)
        assert rows[model, "same"]["accuracy"] == rows[model, "clean"]["accuracy"]
        assert float(rows[model, "same"]["difference"]) == 0
    config = json.loads((results / "runs/sgd/artist/repeat0/seed0/config.json").read_text())
    assert set(config["degraded_copies"]["noise_10"]["keys"]) == {"mel", "mfcc"}
    assert 'id="robustness"' in (results / "report/index.html").read_text()
    project.change("robustness.conditions.noise_10", {"snr_db": 5.0})
    assert project.jobs("robustness")["extract_degraded"] == 3
    project.run("python", "scripts/write_dvc_yaml.py")
    stages = yaml.safe_load((project.folder / "dvc.yaml").read_text())["stages"]
    assert "results/demo/robustness.csv" in stages["study_robustness"]["outs"]
    for name, is_copying in (("train_sgd", True), ("train_logistic", False)):
        assert ("extract_degraded" in stages[name]["cmd"], "data/raw/demo" in stages[name]["deps"]) == (is_copying,) * 2
