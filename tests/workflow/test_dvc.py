"""The two engines tell one truth."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from PIL import Image

from genrebench.workflow.dvc_stages import is_untracked
from project import ROOT, STUDIES, Project

AFTER_SGD = ["train_sgd", "evaluate_sgd", "build_leaderboard", *STUDIES, "export_best", "build_report"]


def lock(project):
    return yaml.safe_load((project.folder / "dvc.lock").read_text())["stages"]


def stages_run(output):
    return re.findall(r"Running stage '([^']+)'", output)


def test_dvc_yaml_is_generated_from_the_snakefile_and_params(tmp_path):
    project = Project(ROOT)
    project.run("python", "scripts/write_dvc_yaml.py", "--output", str(tmp_path / "dvc.yaml"))
    assert (tmp_path / "dvc.yaml").read_text() == (ROOT / "dvc.yaml").read_text(), "run `make dvc.yaml`"
    assert "persist" not in (ROOT / "dvc.yaml").read_text()


def test_every_output_of_a_job_is_tracked_and_every_input_is_a_dependency(finished):
    """dvc.yaml against what Snakemake itself says of the finished result (its summary of inputs and outputs)."""
    stages = yaml.safe_load((finished.folder / "dvc.yaml").read_text())["stages"]
    outs = {out for stage in stages.values() for out in stage.get("outs", [])}
    summary = finished.snakemake("--detailed-summary").splitlines()
    header = next(line for line in summary if line.startswith("output_file\t")).split("\t")
    rows = [
        dict(zip(header, line.split("\t"), strict=False)) for line in summary if line.count("\t") == len(header) - 1
    ]
    rows = [row for row in rows if row["output_file"] != "output_file"]
    assert len(rows) > 25
    for row in rows:
        path = row["output_file"]
        if is_untracked(path, "results/demo"):
            continue
        owners = [out for out in outs if path == out or path.startswith(out + "/")]
        assert len(owners) == 1, path
        stage = next(stage for stage in stages.values() if owners[0] in stage.get("outs", []))
        for needed in row["input-file(s)"].split(","):
            needed = {".cache/demo/raw.json": "data/raw/demo"}.get(needed, needed)
            if not needed or "/shards/" in needed or needed.endswith(".npy"):  # ancient
                continue
            assert any(needed == dep or needed.startswith(dep + "/") for dep in stage["deps"]), (path, needed)


def test_the_plots_of_dvc_are_pictures_of_the_results(finished):
    plots = [path for plot in yaml.safe_load((finished.folder / "dvc.yaml").read_text())["plots"] for path in plot]
    assert {f"results/demo/evaluation/{model}/confusion.png" for model in ("logistic", "sgd")} < set(plots)
    for path in plots:
        with Image.open(finished.folder / path) as picture:
            picture.verify()


@pytest.mark.long
def test_after_dvc_repro_both_engines_have_nothing_to_do(reproduced):
    assert reproduced.jobs() == {}
    assert stages_run(reproduced.run("dvc", "repro")) == []
    assert "up to date" in reproduced.run("dvc", "status")


@pytest.mark.long
def test_the_engines_make_the_same_files(reproduced, finished):
    folders = ("data/raw/demo", *(f"results/demo/{name}" for name in ("splits", "features", "runs", "evaluation")))
    assert reproduced.tree(*folders) == finished.tree(*folders)


@pytest.mark.long
def test_a_snakemake_run_is_recorded_by_make_record_and_then_dvc_has_nothing_to_do(finished, reproduced, tmp_path):
    project = finished.copy(tmp_path / "project")
    project.change("models.sgd.alpha", 0.01)
    output = project.run("python", "scripts/record_run.py", check=False)
    assert "not up to date" in output and not (project.folder / "dvc.lock").exists()
    project.change("models.sgd.alpha", 0.0001)
    project.run("python", "scripts/record_run.py")
    assert lock(project) == lock(reproduced)
    assert stages_run(project.run("dvc", "repro")) == []
    project.remove("protocols.stratified")
    project.remove("models.logistic")
    project.change("ablation", {})
    project.snakemake()
    output = project.run("python", "scripts/record_run.py", check=False)
    assert "earlier configuration" in output and "STALE=remove" in output
    project.run("python", "scripts/record_run.py", "--remove-stale")  # dvc.yaml too is of this configuration then
    assert "train_logistic" not in yaml.safe_load((project.folder / "dvc.yaml").read_text())["stages"]
    assert stages_run(project.run("dvc", "repro")) == []


@pytest.mark.long
def test_restore_touches_nothing_where_dvc_finds_a_change(reproduced, tmp_path):
    project = reproduced.copy(tmp_path / "project")
    path = project.folder / "results/demo/leaderboard.csv"
    path.write_text(path.read_text() + "\n")
    output = project.run("python", "scripts/restore_run.py", check=False)
    assert "nothing was touched" in output


@pytest.mark.long
def test_experiments_parameters_metrics_and_plots(reproduced, tmp_path):
    project = reproduced.copy(tmp_path / "project")
    output = project.run("dvc", "exp", "run", "--set-param", "models.sgd.alpha=0.3")
    assert stages_run(output) == AFTER_SGD
    assert re.search(r"models\.sgd\.alpha\s+0\.0001\s+0\.3", project.run("dvc", "params", "diff"))
    metrics = project.run("dvc", "metrics", "diff", "--all", "--md")
    rows = [line for line in metrics.splitlines() if "accuracy.json" in line]
    assert len(rows) == 4  # two models under two protocols
    project.run("dvc", "plots", "show", "--out", "plots")
    page = (project.folder / "plots" / "index.html").read_text()
    assert "leaderboard.png" in page and "http" not in page  # it is for machines without a network, too
    project.run("dvc", "plots", "diff", "--out", "plots")
    page = (project.folder / "plots" / "index.html").read_text()
    for revision in ("HEAD", "workspace"):
        assert f"{revision}_results_demo_evaluation_sgd_confusion.png" in page and "http" not in page


@pytest.mark.long
def test_forced_reproduction_does_not_harm_a_users_audio(reproduced, tmp_path):
    project = reproduced.copy(tmp_path / "project")
    for genre in ("jazz", "metal"):
        shutil.copytree(project.folder / "data/raw/demo" / genre, project.folder / "data/raw/mine" / genre)
    project.run("dvc", "add", "--quiet", "data/raw/mine")
    project.change("dataset", "mine")
    output = project.run("dvc", "repro", "build_manifest", check=False)
    assert "make dvc.yaml" in output and not (project.folder / "results/mine").exists()
    project.run("python", "scripts/write_dvc_yaml.py")
    before = project.tree("data/raw/mine")
    project.run("dvc", "repro", "--force", "build_manifest", "make_splits")
    assert project.tree("data/raw/mine") == before
    assert (project.folder / "results/mine/manifest.csv").is_file()
    assert Path(project.folder / "data/raw/mine").is_dir()


@pytest.mark.long
def test_weights_that_arrive_are_noticed(reproduced, tmp_path):
    project = reproduced.copy(tmp_path / "project")
    (project.folder / "data/weights/yamnet").mkdir()
    (project.folder / "data/weights/yamnet/saved_model.pb").write_text("weights")
    project.run("python", "scripts/write_dvc_yaml.py")
    assert {"collect_yamnet", "train_linear_probe"} <= set(json.loads(project.run("dvc", "status", "--json")))
