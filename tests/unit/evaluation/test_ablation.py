"""From the runs of an ablation to the selection, the tables and the page."""

import shutil

import numpy as np
import pandas as pd
import pytest

import build_ablation
import select_features
from genrebench.common import files
from genrebench.common.run_key import RunKey
from genrebench.datasets.synthetic import NOTE
from genrebench.evaluation import ablation, tables
from genrebench.workflow.entries import entry_name

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
PLAN = {"features": FEATURES, "unavailable": {}, "protocol": "artist", "models": ["m"], "variants": list(RIGHT)}


def predictions(key, counts):
    """Ten clips of validation and ten of the test, of so many of which the genre is found."""
    run = {"protocol": key.protocol, "split": key.split, "seed": key.seed, "genre": "jazz", "segments": 1}
    for subset, count in zip(("valid", "test"), counts, strict=True):
        for i in range(10):
            yield run | {"clip_id": f"{subset}{i}", "subset": subset, "predicted": "jazz" if i < count else "pop"}


def make(folder, right=RIGHT, reason=None, split="repeat0", seeds=(0, 1), keep="best"):
    """Write the runs of the variants of model m, their evaluations, permutations and selection, and the split."""
    status = {"status": "unavailable" if reason else "done", "reason": reason, "caveats": []}
    own = folder / "ablation/artist" / split
    for variant, all_counts in right.items():
        metrics, cases = [], []
        for seed in seeds:
            counts, key = all_counts[seed], RunKey(entry_name("m", variant), "artist", split, seed)
            files.write_json(folder / "runs" / str(key) / "status.json", status)
            files.write_json(folder / "runs" / str(key) / "config.json", {"settings": {"keep": keep}})
            # the epoch that is kept is the best; the last one is not
            history = [(1, counts[0] / 10, 1.0), (2, counts[0] / 10 - 0.2, 0.5)]
            rows = [dict(zip(("epoch", "val_accuracy", "val_loss"), row, strict=True)) for row in history]
            columns = ("epoch", "val_accuracy", "val_loss")
            files.write_rows(folder / "runs" / str(key) / "history.csv", columns, [] if reason else rows)
            reached = {} if reason else {"valid_accuracy": counts[0] / 10, "accuracy": counts[1] / 10}
            metrics.append(key._asdict() | {"status": status["status"], "reason": reason} | reached)
            cases += [] if reason else predictions(key, counts)
            loss = {} if reason else {"mfcc": [0.2, 0.4], "rms": [0.0, 0.1]}
            found = {"available": not reason, "reason": reason, "loss": loss}
            files.write_json(own / f"permutation/m/seed{seed}.json", found)
        for table, name, rows in (
            (tables.METRICS, "metrics.csv", metrics),
            (tables.PREDICTIONS, "predictions.csv", cases),
        ):
            path = folder / "evaluation" / entry_name("m", variant) / name
            before = table.read(path) if path.exists() else table.frame()
            table.write(path, pd.concat([before, table.frame(rows)]))
    described = {"available": not reason, "reason": reason}
    if not reason:
        described |= {"counts": {"train": 20, "valid": 10, "test": 10}}
    files.write_json(folder / f"splits/artist/{split}.json", described)
    return select(folder, own / "selection/m.json", split, seeds)


def select(folder, output, split="repeat0", seeds=(0, 1)):
    keys = [
        RunKey(entry_name("m", variant), "artist", split, seed)
        for variant in RIGHT
        if variant != "selected"
        for seed in seeds
    ]
    select_features.select_features(folder / "runs", [str(key) for key in keys], output)
    return files.read_json(output)


def build(folder, synthetic=False, **plan):
    build_ablation.build_ablation(
        "demo", synthetic, PLAN | plan, *(folder / name for name in ("evaluation", "splits", "ablation/artist"))
    )
    own = {"ablation": tables.ABLATION, "ranking": tables.RANKING, "comparison": tables.ABLATION_COMPARISON}
    found = [tables.rows(table.read(folder / "ablation/artist" / f"{name}.csv")) for name, table in own.items()]
    return *found, (folder / "ablation/artist/index.html").read_text()


def test_the_selection_is_of_mean_accuracies_in_validation(tmp_path):
    selection = make(tmp_path)
    # without mfcc 0.4, without rms 0.7, with all 0.7
    assert (selection["features"], selection["dropped"]) == (["mfcc"], ["rms"])
    assert selection["valid_accuracy"]["all"] == pytest.approx(0.7)


def test_no_test_clip_can_change_the_selection(tmp_path):
    first = make(tmp_path / "first")
    other = {variant: [(valid, 10 - test) for valid, test in seeds] for variant, seeds in RIGHT.items()}
    assert make(tmp_path / "second", other) == first
    shutil.rmtree(tmp_path / "second/evaluation")  # it does not even read them
    assert select(tmp_path / "second", tmp_path / "again.json") == first


@pytest.mark.parametrize("synthetic", [True, False])
def test_the_page_says_whether_the_music_is_synthetic(tmp_path, synthetic):
    make(tmp_path)
    assert (NOTE in build(tmp_path, synthetic)[-1].lower()) is synthetic


def test_the_table_of_variants_has_means_and_standard_deviations(tmp_path):
    make(tmp_path)
    rows = {row["variant"]: row for row in build(tmp_path)[0]}
    assert [row["kind"] for row in rows.values()] == ["all", "alone", "alone", "without", "without", "selected"]
    assert rows["selected"]["features"] == "mfcc"
    only = rows["only-mfcc"]
    assert (only["runs"], only["valid_mean"], only["test_mean"]) == (2, 0.8, 0.8)
    assert only["valid_std"] == pytest.approx(np.std([0.7, 0.9], ddof=1), rel=1e-5)
    assert (only["valid_difference"], only["test_difference"]) == pytest.approx((0.1, 0.3))
    make(tmp_path / "one", seeds=[0])
    one = {row["variant"]: row for row in build(tmp_path / "one")[0]}["only-mfcc"]
    assert (one["runs"], one["valid_std"]) == (1, None)  # one value has no standard deviation


def test_the_ranking_is_by_validation(tmp_path):
    make(tmp_path)
    rows = build(tmp_path)[1]
    assert [(row["feature"], row["rank"], row["selected_on"]) for row in rows] == [
        ("mfcc", 1, 1),
        ("rms", 2, 0),
    ]
    mfcc = {key: rows[0][key] for key in ("alone", "without", "drop", "permutation", "permutation_std")}
    losses = [0.2, 0.4, 0.2, 0.4]
    assert mfcc == pytest.approx(
        {"alone": 0.8, "without": 0.4, "drop": 0.3, "permutation": 0.3, "permutation_std": np.std(losses, ddof=1)},
        rel=1e-5,
    )


def test_the_selected_features_are_compared_with_all_on_the_test_clips(tmp_path):
    make(tmp_path)
    (row,), page = build(tmp_path)[2:]
    assert (row["variant"], row["clips"], row["only_model"], row["only_other"]) == ("selected", 10, 3, 0)
    assert row["p_mcnemar"] == pytest.approx(0.25)  # 2 / 2**3
    assert row["difference_mean"] == pytest.approx(0.3)
    assert row["difference_low"] < 0.3 < row["difference_high"]
    assert all(text in page for text in ("keeps mfcc", "80.0%", "+30.0 points"))


def test_each_split_has_a_selection_of_its_own(tmp_path):
    """Where rms is better alone and missed, and mfcc is not, rms is kept: on the second split."""
    make(tmp_path)
    pairs = (("without-mfcc", "without-rms"), ("only-mfcc", "only-rms"))
    other = {a: RIGHT[b] for pair in pairs for a, b in (pair, pair[::-1])}
    make(tmp_path, RIGHT | other, split="repeat1")
    variants, ranking, (compared,), page = build(tmp_path)
    (selected,) = [row for row in variants if row["variant"] == "selected"]
    assert (selected["features"], selected["runs"]) == ("repeat0: mfcc; repeat1: rms", 4)
    assert [(row["selected_on"], row["splits"]) for row in ranking] == [(1, 2), (1, 2)]
    assert compared["splits"] == 2 and compared["p_resampled"] is not None
    assert "repeat0: mfcc; repeat1: rms" in page and "1 of 2 splits" in page


def test_what_could_not_be_run_is_listed_with_the_reason(tmp_path):
    selection = make(tmp_path, reason="The artist of 0 of 30 clips is known.")
    assert (selection["available"], selection["features"]) == (False, FEATURES)
    variants, ranking, compared, page = build(tmp_path)
    assert {(row["status"], row["reason"], row["test_mean"]) for row in variants} == {
        ("unavailable", "The artist of 0 of 30 clips is known.", None)
    }
    assert [row["rank"] for row in ranking] == [None, None] and compared == []
    assert "The artist of 0 of 30 clips is known." in page


def test_features_that_are_unavailable_are_listed_with_the_reason_and_have_no_rank(tmp_path):
    make(tmp_path)
    variants, ranking, _, page = build(tmp_path, unavailable={"yamnet": "its weights are missing"})
    (row,) = [row for row in variants if row["variant"] == "only-yamnet"]
    assert (row["status"], row["reason"], row["runs"]) == ("unavailable", "its weights are missing", 0)
    assert [(row["feature"], row["rank"]) for row in ranking] == [("mfcc", 1), ("rms", 2), ("yamnet", None)]
    assert "its weights are missing" in page


def test_the_same_runs_give_the_same_bytes(tmp_path):
    make(tmp_path)
    names = ("ablation.csv", "ranking.csv", "comparison.csv", "ablation.png", "index.html")
    build(tmp_path)
    first = [(tmp_path / "ablation/artist" / name).read_bytes() for name in names]
    build(tmp_path)
    assert [(tmp_path / "ablation/artist" / name).read_bytes() for name in names] == first


ALONE = {"mfcc": 0.3, "chroma": 0.5, "rms": 0.2}  # chroma is above their mean


@pytest.mark.parametrize(
    ("without", "alone", "kept"),
    [
        ({"mfcc": 0.4, "chroma": 0.7, "rms": 0.55}, ALONE, ["mfcc", "chroma", "rms"]),  # missed, or good alone
        ({"mfcc": 0.6, "chroma": 0.6, "rms": 0.5}, ALONE, ["chroma", "rms"]),  # what changes nothing goes
        ({"mfcc": 0.7, "chroma": 0.6, "rms": 0.65}, dict.fromkeys(ALONE, 0.3), ["mfcc"]),  # neither: the first best
        ({"mfcc": 0.1, "chroma": 0.1, "rms": 0.1}, dict.fromkeys(ALONE, 0.3), ["mfcc", "chroma", "rms"]),
        ({}, {"mfcc": 0.3}, ["mfcc"]),
    ],
)
def test_selected_is_what_validation_misses_or_finds_good_alone(without, alone, kept):
    assert ablation.select(0.6, without, alone) == kept


def test_means_that_differ_in_the_last_bit_are_equal():
    alone = {"mfcc": 0.1 + 0.2, "rms": 0.3}
    assert ablation.select(0.1 + 0.2, {"mfcc": 0.3, "rms": 0.1}, alone) == ["rms"]


def test_the_accuracy_is_that_of_the_epoch_whose_weights_are_kept(tmp_path):
    selection = make(tmp_path, keep="last")
    assert selection["valid_accuracy"]["all"] == pytest.approx(0.5)


def test_the_rank_is_by_the_mean_of_the_three_places():
    """By hand: places 1, 2, 1.5; 2, 1, 1.5; 3, 3, 3; and equals share a place."""
    rows = [
        {"feature": "rms", "alone": 0.2, "drop": -0.1, "permutation": 0.0},
        {"feature": "mfcc", "alone": 0.6, "drop": 0.1, "permutation": 0.3},
        {"feature": "vggish", "alone": None, "drop": None, "permutation": None},
        {"feature": "chroma", "alone": 0.5, "drop": 0.2, "permutation": 0.3},
    ]
    ranked = ablation.rank(rows)
    assert [(row["feature"], row["rank"]) for row in ranked] == [
        ("mfcc", 1), ("chroma", 1), ("rms", 3), ("vggish", None)
    ]  # fmt: skip
    assert (ranked[0]["rank_alone"], ranked[0]["rank_drop"], ranked[0]["rank_permutation"]) == (1, 2, 1.5)
    assert [row["rank"] for row in ablation.rank(rows[2:3])] == [None]
