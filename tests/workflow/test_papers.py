"""The suite of the papers, all of it, with the project's own presets on a tiny corpus."""

import csv
import shutil
from importlib.util import find_spec

import pytest
import yaml

import saved_models
from parameters import PARAMS
from project import ROOT

SMALL = {"demo": {"seed": 1, "artists_per_genre": 5, "clips_per_artist": 1, "duration_s": 2.0}, "seeds": [0]}
# what is not here: packages, weights, GTZAN's clips
ABSENT = ("transformers", "weights", "is missing", "GTZAN")
# what reads VGGish, of which there is a small one with random weights, and the speech transformers, which are such here
WITH_VGGISH = [f"random_forest_{name}{variant}" for name in ("vggish", "all") for variant in ("", "-scaled_on_all")]
SPEECH = [f"{name}{variant}" for name in ("hubert", "wavlm", "wav2vec2") for variant in ("", "-smaller_set")]
PRETRAINED = WITH_VGGISH + (SPEECH if all(map(find_spec, ("torch", "transformers", "safetensors"))) else [])


@pytest.fixture
def project(tiny, tmp_path):
    """The suite of the papers on a tiny corpus."""
    project = tiny.copy(tmp_path / "project")
    saved_models.vggish_like(project.folder / "data/weights/vggish")
    shutil.copytree(ROOT / "config", project.folder / "config", dirs_exist_ok=True)
    params = {"suite": "papers", "variants": {}, "protocols": {}, "leakage": {}, "study": {}, "ablation": {}} | SMALL
    (project.folder / "params.yaml").write_text(yaml.safe_dump(PARAMS | params, sort_keys=False))
    return project


@pytest.mark.long
@pytest.mark.exhaustive
def test_every_system_and_step_of_the_papers_runs_or_says_why_not(project):
    project.snakemake("--keep-going")
    results = project.folder / "results/demo"
    with (results / "statuses.csv").open() as file:
        rows = list(csv.DictReader(file))
    suite = yaml.safe_load((ROOT / "config/suites.yaml").read_text())["papers"]
    assert {row["model"] for row in rows} == set(suite)
    for name, protocols in suite.items():
        assert set(protocols or ()) <= {row["protocol"] for row in rows if row["model"] == name}
    for row in rows:
        if row["model"] in PRETRAINED:
            assert row["status"] == "done", row
        absent = row["status"] == "unavailable" and any(word in row["reason"] for word in ABSENT)
        assert row["status"] == "done" or absent, row
    with (results / "papers.csv").open() as file:
        compared = {row["model"]: row for row in csv.DictReader(file)}
    for name in ("cnn", "rnn", "vgg16", "vgg16-initial", "feature_lstm", "mel599_cnn", "mel_lstm", "logistic"):
        assert compared[name]["closest_protocol"] == compared[name]["stated_protocol"]
        assert compared[name]["disjoint_protocol"] == "artist"
    for name in ("cnn-scaled_on_all", "logistic-scaled_on_all", "feature_cnn-selected", "feature_lstm-selected"):
        assert compared[name]["published"] == compared[name.partition("-")[0]]["published"]
        assert compared[name]["closest_protocol"] == "stratified"
    with (results / "claims.csv").open() as file:
        answered = {row["id"]: row["verdict"] for row in csv.DictReader(file)}
    for claim in (
        "hm-deep-better",
        "hm-emotional",
        "ska-both-steps",
        "li-selected-cnn",
        "li-lstm-better",
        "li-deep-better",
    ):
        assert answered[claim] != "not run", claim
    assert 'id="ablation"' in (results / "report/index.html").read_text()
    assert project.jobs() == {}
