"""`snakemake ablation`: its jobs, and no others."""

import csv
import json

import pytest


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


JOBS = {
    "train_ablation": 7,  # all, two alone, two left out, selected, pca
    **dict.fromkeys(("reduce_features", "permute_features", "select_features", "build_ablation", "ablation"), 1),
}


@pytest.mark.long
def test_an_ablation_ranks_selects_and_compares_and_is_no_part_of_the_rest(project):
    assert project.jobs("ablation") == JOBS  # what `snakemake` makes is there already
    project.snakemake("ablation")
    assert project.jobs("ablation", "all") == {}
    folder = project.folder / "results/demo/ablation"
    variants = {row["variant"]: row for row in read(folder / "ablation.csv")}
    assert list(variants) == ["all", "only-mel", "only-mfcc", "without-mel", "without-mfcc", "selected", "pca"]
    assert {row["status"] for row in variants.values()} == {"done"}
    runs, place = folder / "runs/logistic", "artist/repeat0/seed0"
    selection = json.loads((folder / "selection/logistic/artist/repeat0.json").read_text())
    reads = {name: json.loads((runs / name / place / "config.json").read_text())["features"] for name in variants}
    assert {name: set(features) for name, features in reads.items()} == {
        "all": {"mel", "mfcc"},
        **{"only-mel": {"mel"}, "only-mfcc": {"mfcc"}, "without-mel": {"mfcc"}, "without-mfcc": {"mel"}},
        **{"selected": set(selection["features"]), "pca": {"pca"}},
    }
    # the model whose features are permuted is that of the run on all of them
    permuted = json.loads((folder / "permutation/logistic/artist/repeat0/seed0.json").read_text())
    (epoch,) = read(runs / "all" / place / "history.csv")
    assert round(permuted["valid_accuracy"], 5) == round(float(epoch["val_accuracy"]), 5)
    assert {name: len(losses) for name, losses in permuted["loss"].items()} == {"mel": 3, "mfcc": 3}
    for name, row in variants.items():
        rows = [row for row in read(runs / name / place / "predictions.csv") if row["subset"] == "test"]
        right = sum(one["predicted"] == one["genre"] for one in rows) / len(rows)
        assert round(float(row["test_mean"]), 5) == round(right, 5)
    assert "Which features matter on" in (folder / "index.html").read_text()
    project.change("ablation.permutations", 4)
    assert project.jobs("ablation") == {"permute_features": 1, "build_ablation": 1, "ablation": 1}


def test_a_feature_that_is_not_there_is_left_out(project):
    project.remove("ablation.pca")
    project.change("ablation.features", ["mel", "mfcc", "yamnet"])
    project.change("ablation.models", {"logistic": {}, "sgd": {"seeds": [0, 1]}})
    # all, two alone, two left out, selected; of sgd with two seeds
    jobs = {"train_ablation": 6 * 3, "permute_features": 3, "select_features": 2, "build_ablation": 1, "ablation": 1}
    assert project.jobs("ablation") == jobs
    assert "yamnet" not in project.snakemake(
        "--dry-run", "results/demo/ablation/runs/logistic/all/artist/repeat0/seed0/status.json"
    )
