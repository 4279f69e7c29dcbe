"""A run without DVC is known to DVC only when it was recorded; what DVC writes into params.yaml stays readable."""

import shutil
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from genrebench.workflow import dvc_stages, settings_file
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
