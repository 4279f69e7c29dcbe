"""From the runs of an ablation to the selection, the tables and the page."""

import numpy as np
import pytest

import build_ablation
import select_features
from genrebench.common import files

GENRES = ("jazz", "pop")
FEATURES = ["mfcc", "rms"]
# how many of 10 clips are right in validation and in the test, by seed
RIGHT = {
    "all": [(6, 5), (8, 5)],
    "only-mfcc": [(7, 8), (9, 8)],
    "only-rms": [(3, 2), (3, 4)],
    "without-mfcc": [(4, 9), (4, 9)],
    "without-rms": [(7, 1), (7, 1)],
    "selected": [(7, 8), (9, 8)],
}
PLAN = {"features": FEATURES, "protocol": "artist", "variants": list(RIGHT)}


def predictions(right):
    """Ten clips of validation and ten of the test, of which so many are named rightly."""
    for subset, count in zip(("valid", "test"), right, strict=True):
        for i in range(10):
            genre = GENRES[i % 2]
            named = genre if i < count else GENRES[1 - i % 2]
            probabilities = {g: 0.9 if g == named else 0.1 for g in GENRES}
            row = {"clip_id": f"{subset}{i}", "segment": 0, "subset": subset, "genre": genre, "predicted": named}
            yield row | probabilities


def make(folder, right=RIGHT, reason=None, split="repeat0"):
    """Write the runs of model m as they are trained, its selection and its permutations, and the split."""
    for variant, seeds in right.items():
        for seed, counts in enumerate(seeds):
            run = folder / "ablation/runs/m" / variant / "artist" / split / f"seed{seed}"
            rows = [] if reason else list(predictions(counts))
            status = {"status": "not run" if reason else "done", "reason": reason, "caveats": []}
            files.write_json(run / "status.json", status)
            columns = ("clip_id", "segment", "subset", "genre", "predicted", *GENRES)
            files.write_rows(run / "predictions.csv", columns, rows)
            # the epoch that is kept is the best; the last one is not
            history = [(1, counts[0] / 10, 1.0), (2, counts[0] / 10 - 0.2, 0.5)]
            rows = [dict(zip(("epoch", "val_accuracy", "val_loss"), row, strict=True)) for row in history]
            files.write_rows(run / "history.csv", ("epoch", "val_accuracy", "val_loss"), [] if reason else rows)
            loss = {} if reason else {"mfcc": [0.2, 0.4], "rms": [0.0, 0.1]}
            found = {"available": not reason, "reason": reason, "loss": loss}
            files.write_json(folder / "ablation/permutation/m/artist" / split / f"seed{seed}.json", found)
    described = {"available": not reason, "reason": reason}
    if not reason:
        described |= {"counts": {"train": 20, "valid": 10, "test": 10}}
    files.write_json(folder / f"splits/artist/{split}.json", described)
    output = folder / f"ablation/selection/m/artist/{split}.json"
    select_features.select_features(folder / "ablation/runs/m", f"artist/{split}", [0, 1], FEATURES, output)
    return files.read_json(output)


def build(folder, seeds=(0, 1), splits=("repeat0",)):
    plan = PLAN | {"seeds": {"m": list(seeds)}, "splits": list(splits)}
    build_ablation.build_ablation("demo", plan, folder / "splits", folder / "ablation")
    tables = [files.read_rows(folder / "ablation" / f"{name}.csv") for name in ("ablation", "ranking", "comparison")]
    return *tables, (folder / "ablation/index.html").read_text()


def test_the_selection_is_of_mean_accuracies_in_validation(tmp_path):
    selection = make(tmp_path)
    # without mfcc 0.4, without rms 0.7, with all 0.7
    assert (selection["features"], selection["dropped"]) == (["mfcc"], ["rms"])
    assert selection["valid_accuracy"]["all"] == pytest.approx(0.7)


def test_no_test_clip_can_change_the_selection(tmp_path):
    first = make(tmp_path / "first")
    other = {variant: [(valid, 10 - test) for valid, test in seeds] for variant, seeds in RIGHT.items()}
    assert make(tmp_path / "second", other) == first
    for path in (tmp_path / "second").rglob("predictions.csv"):
        path.unlink()  # it does not even read them
    output = tmp_path / "again.json"
    select_features.select_features(tmp_path / "second/ablation/runs/m", "artist/repeat0", [0, 1], FEATURES, output)
    assert files.read_json(output) == first


def test_the_table_of_variants_has_means_and_standard_deviations(tmp_path):
    make(tmp_path)
    rows = {row["variant"]: row for row in build(tmp_path)[0]}
    assert [row["kind"] for row in rows.values()] == ["all", "alone", "alone", "without", "without", "selected"]
    assert rows["selected"]["features"] == "mfcc"
    only = rows["only-mfcc"]
    assert (only["runs"], float(only["valid_mean"]), float(only["test_mean"])) == ("2", 0.8, 0.8)
    assert float(only["valid_std"]) == pytest.approx(np.std([0.7, 0.9], ddof=1), rel=1e-5)
    assert (float(only["valid_difference"]), float(only["test_difference"])) == pytest.approx((0.1, 0.3))
    one = {row["variant"]: row for row in build(tmp_path, seeds=[0])[0]}["only-mfcc"]
    assert (one["runs"], one["valid_std"]) == ("1", "")  # one value has no standard deviation


def test_the_ranking_is_by_validation(tmp_path):
    make(tmp_path)
    rows = build(tmp_path)[1]
    assert [(row["feature"], row["rank"], row["selected_on"]) for row in rows] == [
        ("mfcc", "1", "1"),
        ("rms", "2", "0"),
    ]
    mfcc = {key: float(rows[0][key]) for key in ("alone", "without", "drop", "permutation", "permutation_std")}
    losses = [0.2, 0.4, 0.2, 0.4]
    assert mfcc == pytest.approx(
        {"alone": 0.8, "without": 0.4, "drop": 0.3, "permutation": 0.3, "permutation_std": np.std(losses, ddof=1)},
        rel=1e-5,
    )


def test_the_selected_features_are_compared_with_all_on_the_test_clips(tmp_path):
    make(tmp_path)
    (row,), page = build(tmp_path)[2:]
    assert (row["variant"], row["clips"], row["only_model"], row["only_other"]) == ("selected", "10", "3", "0")
    assert float(row["p_mcnemar"]) == pytest.approx(0.25)  # 2 / 2**3
    assert float(row["difference_mean"]) == pytest.approx(0.3)
    assert float(row["difference_low"]) < 0.3 < float(row["difference_high"])
    assert "keeps mfcc, and with that scores 80.0% on the test clips, +30.0 points" in page


def test_each_split_has_a_selection_of_its_own(tmp_path):
    """Where leaving mfcc out does no harm and leaving rms out does, rms is kept: on the second split."""
    make(tmp_path)
    make(
        tmp_path, RIGHT | {"without-mfcc": RIGHT["without-rms"], "without-rms": RIGHT["without-mfcc"]}, split="repeat1"
    )
    variants, ranking, (compared,), page = build(tmp_path, splits=["repeat0", "repeat1"])
    (selected,) = [row for row in variants if row["variant"] == "selected"]
    assert (selected["features"], selected["runs"]) == ("repeat0: mfcc; repeat1: rms", "4")
    assert [(row["selected_on"], row["splits"]) for row in ranking] == [("1", "2"), ("1", "2")]
    assert compared["splits"] == "2" and compared["p_resampled"] != ""
    assert "keeps repeat0: mfcc; repeat1: rms, and" in page and "1 of 2 splits" in page


def test_what_could_not_be_run_is_listed_with_the_reason(tmp_path):
    selection = make(tmp_path, reason="The artist of 0 of 30 clips is known.")
    assert (selection["available"], selection["features"]) == (False, FEATURES)
    variants, ranking, compared, page = build(tmp_path)
    assert {(row["status"], row["reason"], row["test_mean"]) for row in variants} == {
        ("not run", "The artist of 0 of 30 clips is known.", "")
    }
    assert [row["rank"] for row in ranking] == ["", ""] and compared == []
    assert "Nothing could be compared: The artist of 0 of 30 clips is known." in page


def test_the_same_runs_give_the_same_bytes(tmp_path):
    make(tmp_path)
    names = ("ablation.csv", "ranking.csv", "comparison.csv", "ablation.png", "index.html")
    build(tmp_path)
    first = [(tmp_path / "ablation" / name).read_bytes() for name in names]
    build(tmp_path)
    assert [(tmp_path / "ablation" / name).read_bytes() for name in names] == first
