"""Tests of the search for wrong labels, held to the authors' library."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

import check_labels
from genrebench.common import files
from genrebench.evaluation import label_issues
from genrebench.reporting.sections import studies

SETTINGS = {"features": ["table"], "folds": 5, "seed": 0}


def test_issues_are_those_of_cleanlab():
    """Of cleanlab 2.9.0: find_label_issues(labels, probabilities, filter_by="confident_learning") gives these rows."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 60)
    true = np.where(rng.random(60) < 0.15, (labels + 1) % 4, labels)
    probabilities = rng.dirichlet(np.full(4, 0.5), 60) + 0.8 * np.eye(4)[true]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    assert np.flatnonzero(label_issues.find_issues(labels, probabilities)).tolist() == [2, 29, 32, 39, 51, 58]
    # 2 * get_normalized_margin_for_each_label - 1, and get_self_confidence_for_each_label
    margins = label_issues.normalized_margin(labels, probabilities)
    assert margins[:3] == pytest.approx([0.069212, 0.315368, -0.552856], abs=1e-6)
    confidence = label_issues.self_confidence(labels, probabilities)
    assert confidence[:3] == pytest.approx([0.446266, 0.627885, 0.197364], abs=1e-6)


def test_issues_of_an_example_worked_by_hand():
    """Thresholds are the means 0.7 and 0.6: the third clip reaches the other's; the fourth reaches none."""
    labels = np.array([0, 0, 0, 1, 1])
    probabilities = np.array([[1.0, 0.0], [0.9, 0.1], [0.2, 0.8], [0.55, 0.45], [0.25, 0.75]])
    assert label_issues.find_issues(labels, probabilities).tolist() == [False, False, True, False, False]


def test_a_feature_over_time_is_pooled():
    values = np.random.default_rng(0).normal(size=(3, 2, 50)).astype(np.float32)
    pooled = label_issues.pool(values, has_time=True)
    assert pooled == pytest.approx(np.concatenate([values.mean(axis=-1), values.std(axis=-1)], axis=1), abs=1e-6)
    assert label_issues.pool(values, has_time=False).shape == (3, 100)


def test_nobody_is_judged_by_a_forest_that_knows_the_recording_or_not_all_genres():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 20)
    groups = [f"{i // 2}" for i in range(40)]
    table = rng.normal(size=(40, 30)).repeat(1, axis=0)
    table[1::2] = table[::2]  # every clip twice: were a twin seen, its label would be known
    probabilities, judged = label_issues.out_of_fold(table, labels, groups, 5, 0)
    assert judged.all()
    assert (probabilities.argmax(axis=1) == labels).mean() < 0.8
    alone = np.array([0] * 20 + [1] * 20)
    _, judged = label_issues.out_of_fold(table, alone, ["same"] * 20 + groups[20:], 5, 0)
    assert 0 < judged.sum() < 40  # where the only group of a genre is left out, nothing is known of it


def make_dataset(folder, wrong=(), clips=30, available=True):
    """Three genres, well apart in a table of features; `wrong` are the numbers of clips labelled with the next one."""
    rng = np.random.default_rng(1)
    genres = ["jazz", "metal", "pop"]
    true = np.repeat(np.arange(3), clips)
    labels = [(g + (i in wrong)) % 3 for i, g in enumerate(true)]
    rows = [{"clip_id": f"{i:03}", "genre": genres[g], "duplicate_of": ""} for i, g in enumerate(labels)]
    files.write_rows(folder / "manifest.csv", list(rows[0]), rows)
    np.save(folder / "table.npy", (rng.normal(size=(len(true), 8)) + 6 * np.eye(3, 8)[true]).astype(np.float32))
    facts = {"available": available, "reason": None if available else "nobody brought it", "axes": ["column"]}
    files.write_json(folder / "table.json", facts)
    return run(folder)


def run(folder, features=("table",), settings=SETTINGS):
    paths = [folder / f"{name}.json" for name in features]
    check_labels.check_labels(folder / "manifest.csv", paths, settings, folder / "labels.csv", folder / "labels.json")
    return files.read_rows(folder / "labels.csv"), files.read_json(folder / "labels.json")


def test_labels_that_were_flipped_are_found(tmp_path):
    flipped = (3, 7, 20, 33, 40, 50, 61, 77, 80)
    rows, facts = make_dataset(tmp_path, wrong=flipped)
    least_believed = sorted(rows, key=lambda row: float(row["self_confidence"]))[:9]
    assert {row["clip_id"] for row in least_believed} == {f"{i:03}" for i in flipped}
    true = [["jazz", "metal", "pop"][int(row["clip_id"]) // 30] for row in least_believed]
    assert [row["suggested"] for row in least_believed] == true
    suspected = {row["clip_id"] for row in rows if row["suspected"] == "True"}
    assert len(suspected) == facts["suspected"]
    assert {row["clip_id"] for row in rows[: len(suspected)]} == suspected
    assert suspected <= {f"{i:03}" for i in flipped}
    assert len(suspected) >= 6  # the others are not quite as probable as the clips of that genre are on average
    assert len(rows) == facts["judged"] == 90
    assert facts["trial"]["changed"] == 4  # 5% of 90
    assert facts["trial"]["found"] >= 2
    assert facts["accuracy"] > 0.85
    first = (tmp_path / "labels.csv").read_bytes(), (tmp_path / "labels.json").read_bytes()
    run(tmp_path)
    assert ((tmp_path / "labels.csv").read_bytes(), (tmp_path / "labels.json").read_bytes()) == first
    said = studies.describe_labels(tmp_path / "labels.csv", tmp_path / "labels.json", [rows[0] | {"wrong": "2"}])
    assert said["sentences"][0].startswith(f"{facts['suspected']} of 90 ")
    assert facts["looks_at"] == label_issues.LOOKS_AT
    assert said["suspects"][0]["tested"]["wrong"] == "2"
    assert said["suspects"][1]["tested"] is None


@pytest.mark.parametrize(
    ("dataset", "features", "folds", "reason"),
    [
        ({"available": False}, ("table",), 5, "table is not available: nobody brought it"),
        ({}, (), 5, "None of the features that study.labels names in params.yaml is configured."),
        ({"clips": 3}, ("table",), 5, "A genre has 3 clips, fewer than the 5 folds of the check."),
    ],
)
def test_where_labels_cannot_be_checked_the_reason_is_the_result(tmp_path, dataset, features, folds, reason):
    make_dataset(tmp_path, **dataset)
    rows, facts = run(tmp_path, features, SETTINGS | {"folds": folds})
    assert rows == []
    assert facts["reason"] == reason
    assert studies.describe_labels(tmp_path / "labels.csv", tmp_path / "labels.json", [])["reason"] == reason


def test_mislabelled_clips_are_as_many_as_asked_for_and_all_have_another_label():
    labels = np.arange(100) % 3
    changed = label_issues.mislabel(labels, 0.1, seed=0)
    assert (changed != labels).sum() == 10
    assert set(changed) == {0, 1, 2}


def test_a_forest_grown_in_parts_is_the_forest():
    rng = np.random.default_rng(0)
    table, labels = 1e3 * rng.normal(size=(200, 6)), np.arange(200) % 4
    whole = ExtraTreesClassifier(label_issues.TREES, random_state=7).fit(table[:150], labels[:150])
    parts = label_issues._by_forest(table[:150], labels[:150], table[150:], 7)
    assert np.array_equal(parts, whole.predict_proba(table[150:]))
