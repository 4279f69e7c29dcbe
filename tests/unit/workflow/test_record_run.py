"""What an earlier configuration left is none of this one's results, and is removed where that is asked for."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from genrebench.workflow import dag
from record_run import _left_over, _remove

RESULTS = "results/demo"
RUN = "runs/sgd/artist/repeat0/seed0"
STALE = ["runs/sgd/kfold/fold0/seed0/config.json", "runs/sgd/kfold/fold0/seed0/model/.snakemake_timestamp"]


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Results of one run, beside those of a protocol and of a model that are no more."""
    monkeypatch.chdir(tmp_path)
    made = ["manifest.csv", "splits/artist/repeat0.csv", f"{RUN}/config.json", f"{RUN}/model", "plots/genres"]
    jobs = [SimpleNamespace(output=[f"{RESULTS}/{path}" for path in made])]
    monkeypatch.setattr(dag, "jobs", lambda targets: (jobs, []))
    there = ["manifest.csv", "splits/artist/repeat0.csv", f"{RUN}/config.json", f"{RUN}/model/weights"]
    for path in (*there, *STALE, "splits/kfold/fold0.csv", "runs/removed/artist/repeat0/seed0/config.json", "notes"):
        (Path(RESULTS) / path).parent.mkdir(parents=True, exist_ok=True)
        (Path(RESULTS) / path).touch()


def test_only_what_would_be_recorded_with_the_results_is_left_over(results):
    """DVC records the folders of splits, and of the runs of a model, as a whole; a removed model has none."""
    assert set(_left_over(RESULTS)) == {Path(RESULTS, path) for path in (*STALE, "splits/kfold/fold0.csv")}


def test_what_is_left_over_is_removed_with_its_folders(results):
    _remove(_left_over(RESULTS))
    assert not Path(RESULTS, "runs/sgd/kfold").exists() and not Path(RESULTS, "splits/kfold").exists()
    assert Path(RESULTS, RUN, "model/weights").exists() and Path(RESULTS, "runs/removed").exists()
    assert _left_over(RESULTS) == []
