"""`snakemake ablation`: its jobs, and no others."""

import csv
import json

import pytest
import yaml


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


JOBS = {
    "train_logistic": 7,  # all, two alone, two left out, selected, pca
    "evaluate_model": 7,
    **dict.fromkeys(("reduce_features", "permute_features", "select_features", "build_ablation", "ablation"), 1),
}
PLACE = "artist/repeat0"
SPLIT = "repeat0"


@pytest.mark.long
def test_an_ablation_ranks_selects_and_compares_and_is_no_part_of_the_rest(project):
    assert project.jobs("ablation") == JOBS  # what `snakemake` makes is there already
    project.snakemake("ablation")
    assert project.jobs("ablation", "all") == {}
    results = project.folder / "results/demo"
    folder = results / "ablation/artist"
    variants = {row["variant"]: row for row in read(folder / "ablation.csv")}
    assert list(variants) == ["all", "only-mel", "only-mfcc", "without-mel", "without-mfcc", "selected", "pca"]
    assert {row["status"] for row in variants.values()} == {"done"}
    runs = {name: results / f"runs/logistic-{name}" / PLACE / "seed0" for name in variants}
    selection = json.loads((folder / SPLIT / "selection/logistic.json").read_text())
    reads = {name: json.loads((run / "config.json").read_text())["features"] for name, run in runs.items()}
    assert {name: set(features) for name, features in reads.items()} == {
        "all": {"mel", "mfcc"},
        **{"only-mel": {"mel"}, "only-mfcc": {"mfcc"}, "without-mel": {"mfcc"}, "without-mfcc": {"mel"}},
        **{"selected": set(selection["features"]), "pca": {"pca"}},
    }
    # the model whose features are permuted is that of the run on all of them
    permuted = json.loads((folder / SPLIT / "permutation/logistic/seed0.json").read_text())
    (epoch,) = read(runs["all"] / "history.csv")
    assert round(permuted["valid_accuracy"], 5) == round(float(epoch["val_accuracy"]), 5)
    assert {name: len(losses) for name, losses in permuted["loss"].items()} == {"mel": 3, "mfcc": 3}
    for name, row in variants.items():
        (metrics,) = read(results / f"evaluation/logistic-{name}/metrics.csv")
        assert round(float(row["test_mean"]), 5) == round(float(metrics["accuracy"]), 5)
    assert "Feature ablation on" in (folder / "index.html").read_text()
    assert not any("-" in row["model"] for row in read(results / "leaderboard.csv"))
    project.change("ablation.permutations", 4)
    assert project.jobs("ablation") == {"permute_features": 1, "build_ablation": 1, "ablation": 1}


def test_a_feature_that_is_unavailable_is_in_no_variant(project):
    project.change("ablation.pca", None)
    project.change("ablation.features", ["mel", "mfcc", "yamnet"])
    project.change("ablation.models", {"logistic": {}, "sgd": {"seeds": [0, 1]}})
    # all, two alone, two left out, selected; of sgd with two seeds
    assert project.jobs("ablation") == {
        **{
            "train_logistic": 6,
            "train_sgd": 6 * 2,
            "evaluate_model": 6 * 2,
            "permute_features": 3,
            "select_features": 2,
        },
        **{"build_ablation": 1, "ablation": 1},
    }


def test_features_are_selected_among_those_that_are_available(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    project.change("suite", ["logistic", "logistic-selected", "sgd"])
    project.change("ablation.features", ["mel", "mfcc", "yamnet"])
    project.change("ablation.pca", None)
    project.change("models.logistic", {"features": ["mel", "yamnet"]})  # which is unavailable itself
    jobs = project.jobs()
    assert (jobs["train_logistic"], jobs["select_features"], jobs["build_ablation"]) == (6, 1, 1)
    shown = project.snakemake("--dry-run", "--printshellcmds", "results/demo/evaluation/logistic-selected")
    (command,) = [line for line in shown.splitlines() if "select_features.py" in line]
    assert "--unavailable" in command and "yamnet" in command
    (command,) = [line for line in shown.splitlines() if "train_model.py --model logistic-selected" in line]
    assert "features/mfcc.json" in command and "features/yamnet" not in command
    project.run("python", "scripts/write_dvc_yaml.py")


PAPERS = ["logistic", "logistic-selected", "logistic-scaled_on_all", "sgd"]


def test_the_ablation_is_a_part_of_a_suite_that_reads_the_selected_features(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    project.change("suite", PAPERS)
    project.change("variants", {})
    jobs = project.jobs()
    # on all, alone, left out, selected and as components; the model and its variant under two protocols
    assert jobs["train_logistic"] == 7 + 2 * 2
    assert (jobs["select_features"], jobs["build_ablation"], jobs["build_report"]) == (1, 1, 1)
    selected = project.snakemake("--dry-run", "--printshellcmds", "results/demo/evaluation/logistic-selected")
    assert "--selection results/demo/ablation/artist/repeat0/selection/logistic.json" in selected
    # DVC has one stage for all that the selection depends on
    project.run("python", "scripts/write_dvc_yaml.py")
    stages = yaml.safe_load((project.folder / "dvc.yaml").read_text())["stages"]
    assert "results/demo/runs/logistic-selected" in stages["build_ablation"]["outs"]
    assert "train_logistic-scaled_on_all" in stages and "train_logistic-selected" not in stages
    assert "results/demo/ablation/artist/ablation.csv" in stages["build_report"]["deps"]


@pytest.mark.long
def test_selected_features_are_read_and_the_report_shows_the_ablation(project):
    project.change("suite", PAPERS)
    project.change("ablation.features", ["mel", "mfcc", "yamnet"])
    project.change("ablation.pca", None)  # yamnet cannot be joined frame by frame
    project.snakemake()
    results = project.folder / "results/demo"
    rows = {(row["model"], row["protocol"]): row for row in read(results / "leaderboard.csv")}
    assert {model for model, _ in rows} == set(PAPERS)
    assert "test clips included" in rows["logistic-scaled_on_all", "artist"]["caveats"]
    selection = json.loads((results / "ablation/artist/repeat0/selection/logistic.json").read_text())
    run = json.loads((results / f"runs/logistic-selected/{PLACE}/seed0/config.json").read_text())
    assert run["settings"]["features"] == selection["features"] == list(run["features"])
    assert list(selection["unavailable"]) == ["yamnet"]
    assert rows["logistic-selected", "artist"]["caveats"] == "selected without yamnet"
    assert 'id="ablation"' in (results / "report/index.html").read_text()
    assert project.jobs() == {}
