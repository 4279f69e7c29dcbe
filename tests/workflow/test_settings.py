"""Settings by --config, by DVC's --set-param, and in a preset."""

import re

import pytest
import yaml

UNDER_DVC = {"DVC_STAGE": "train_sgd"}
PRESET = "config/presets/demo.yaml"


@pytest.mark.long
def test_a_setting_of_the_command_line_reruns_what_reads_it(project):
    jobs = project.jobs("--config", "models={sgd: {max_iter: 3}}")
    assert jobs["train_sgd"] and not {"train_logistic", "collect_feature", "make_split"} & set(jobs)
    assert project.jobs("--config", "protocols={artist: {seed: 5}}")["make_split"] == 1


@pytest.mark.long
def test_dvc_with_the_stages_of_another_configuration_stops(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    for change in (("models.sgd.alpha", 0.1), ("protocols.artist.seed", 3)):  # values, which DVC watches
        project.change(*change)
        assert "make dvc.yaml" not in project.snakemake("--dry-run", env=UNDER_DVC)
    for change in (("suite", ["sgd"]), ("models.sgd.features", ["mel"]), ("dataset", "gtzan")):
        project.change(*change)
        output = project.snakemake("--dry-run", env=UNDER_DVC, check=False)
        assert "make dvc.yaml" in output and "Traceback" not in output
        assert "make dvc.yaml" not in project.snakemake("--dry-run", check=False)
        project.run("python", "scripts/write_dvc_yaml.py")
        assert "make dvc.yaml" not in project.snakemake("--dry-run", env=UNDER_DVC)


def test_stages_name_the_keys_of_params_and_of_the_preset(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    preset = {"suite": "all", "models": {"sgd": {"max_iter": 7}}, "protocols": {"artist": {"seed": 2}}}
    (project.folder / PRESET).write_text(yaml.safe_dump(preset))
    project.run("python", "scripts/write_dvc_yaml.py")
    stages = yaml.safe_load((project.folder / "dvc.yaml").read_text())["stages"]
    assert stages["train_sgd"]["params"] == [
        "compute.threads",
        "models.sgd",
        "protocols",
        "seeds",
        {PRESET: ["models.sgd", "protocols"]},
    ]
    assert stages["train_logistic"]["params"][-1] == {PRESET: ["protocols"]}
    assert stages["build_manifest"]["params"] == ["audio.sample_rate", "dataset", "manifest"]
    # DVC watches only what is there
    project.remove("compute")
    assert "add `compute: {}`" in project.run("python", "scripts/write_dvc_yaml.py", check=False)
    project.change("compute", {})
    project.run("python", "scripts/write_dvc_yaml.py")
    project.run("dvc", "status", "--json")
    changed = re.sub("max_iter: 7", "max_iter: 8", (project.folder / PRESET).read_text())
    (project.folder / PRESET).write_text(changed)
    assert re.search(r"models\.sgd.*max_iter", project.run("dvc", "params", "diff"), re.S)
