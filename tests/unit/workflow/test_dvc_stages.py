"""A run without DVC is known to DVC only when it was recorded; what DVC writes into params.yaml stays readable."""

import shutil
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from genrebench.workflow import config, dvc_stages, settings_file
from genrebench.workflow.availability import Unavailable
from parameters import PARAMS
from project import ROOT


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    Path(".snakemake").mkdir()
    Path("dvc.yaml").touch()


def test_after_a_direct_run_dvc_says_once_that_it_does_not_know_the_results(checkout, monkeypatch, capsys):
    dvc_stages.note_direct_run()
    dvc_stages.say_what_is_unrecorded()
    assert dvc_stages.UNRECORDED.is_file() and not capsys.readouterr().err
    monkeypatch.setenv("DVC_STAGE", "train_sgd")
    dvc_stages.say_what_is_unrecorded()
    assert "make record" in capsys.readouterr().err
    dvc_stages.say_what_is_unrecorded()
    dvc_stages.note_direct_run()
    assert not dvc_stages.UNRECORDED.exists() and not capsys.readouterr().err


def test_dvc_writes_a_setting_into_params_yaml_and_keeps_the_comments(tmp_path):
    path = tmp_path / "params.yaml"
    shutil.copy(ROOT / "params.yaml", path)
    apply_overrides(path, ["++models.sgd.alpha=0.01"])  # `dvc exp run --set-param`
    before, after = (settings_file.read(file) for file in (ROOT / "params.yaml", path))
    before["models"]["sgd"] = {**(before["models"]["sgd"] or {}), "alpha": 0.01}
    assert after == before
    comments = [line.partition("#")[2] for line in (ROOT / "params.yaml").read_text().splitlines() if "#" in line]
    assert all(comment in path.read_text() for comment in comments)
    assert len(path.read_text().splitlines()) < 1.5 * len((ROOT / "params.yaml").read_text().splitlines())
    assert yaml.safe_load(path.read_text()) == after


def stages_of(dataset):
    found = dvc_stages._stages(config.resolve(PARAMS | {"dataset": dataset}), Unavailable({}, {}, {}, {}))
    return {stage.name: stage for stage in found}


def test_networks_have_learning_curves_beside_confusion_matrices():
    plots = dvc_stages._plots_of_models({"sgd": {"alpha": 0.1}, "cnn": {"epochs": 3}}, "results/demo")
    names = ("sgd/confusion", "cnn/confusion", "cnn/curves")
    assert plots == [{f"results/demo/evaluation/{name}.png": None} for name in names]


def test_the_download_of_gtzan_is_the_first_stage_and_the_clips_are_none_of_its_outputs():
    stages = stages_of("gtzan")
    assert list(stages)[:2] == ["fetch_gtzan", "build_manifest"]
    assert stages["fetch_gtzan"].rules == ["fetch_gtzan"]
    assert stages["fetch_gtzan"].targets == ["results/gtzan/fetch.json"]
    assert "fetch_gtzan" not in stages["build_manifest"].rules  # it depends on the stage, and downloads nothing
    assert "fetch_gtzan" not in stages_of("demo") and "fetch_gtzan" not in stages_of("mine")
