from pathlib import Path

import numpy as np
import pytest

import build_leaderboard
from genrebench.common import cli, files
from genrebench.datasets import published
from genrebench.evaluation import results, significance

PUBLISHED = "model,source,dataset,protocol,metric,genre,value,note".split(",")


def write_metrics(folder: Path, model: str, protocol: str, split: str, seed: int, clips: str, **numbers) -> None:
    """One evaluated run; `clips` names a test clip per character, upper case where it is predicted rightly."""
    right = [clip.isupper() for clip in clips]
    done = bool(clips)
    figures = dict.fromkeys(
        (
            *("accuracy", "macro_f1", "macro_precision", "macro_recall", "log_loss", "calibration_error"),
            "majority_accuracy",
        ),
        float(np.mean(right)) if done else None,
    )
    run = {"model": model, "protocol": protocol, "split": split, "seed": seed, "caveats": [], "n_test": len(clips)}
    run |= {"status": "done" if done else "not run", "reason": None if done else "no artists are known"}
    run |= {"seen_in_training": {"train_accuracy": 1.0, "valid_accuracy": None}}
    out = folder / "evaluation" / model / protocol / split / f"seed{seed}"
    files.write_json(out / "metrics.json", run | figures | numbers)
    if done:
        rows = (
            {"clip_id": clip.lower(), "genre": "x", "predicted": "xy"[clip.islower()], "probability": 1}
            for clip in clips
        )
        files.write_rows(out / "clips.csv", ["clip_id", "genre", "predicted", "probability"], rows)


def build(folder: Path, dataset: str = "gtzan", figures: list[dict] | None = None, models=None) -> list[dict]:
    files.write_rows(folder / "published.csv", PUBLISHED, figures or [])
    build_leaderboard.build_leaderboard(
        folder / "evaluation",
        folder / "published.csv",
        dataset,
        folder / "leaderboard.csv",
        folder / "accuracy.json",
        folder / "leaderboard.png",
        folder / "statuses.csv",
        models,
    )
    return files.read_rows(folder / "leaderboard.csv")


@pytest.mark.parametrize(
    ("right", "clips", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, Table I, method 3 (score without continuity correction)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(right, clips, low, high):
    assert results.interval(right / clips, clips) == pytest.approx((low, high), abs=5e-5)


def test_seeds_do_not_narrow_the_interval_and_folds_do(tmp_path):
    for seed in range(3):
        write_metrics(tmp_path, "one", "artist", "repeat0", seed, "ABCd")
    write_metrics(tmp_path, "one", "kfold", "fold0", 0, "ABCd")
    write_metrics(tmp_path, "one", "kfold", "fold1", 0, "EFgh")
    artist, kfold = build(tmp_path)
    assert (artist["runs"], artist["seeds"], artist["splits"], artist["n_test"]) == ("3", "3", "1", "4")
    assert (kfold["runs"], kfold["seeds"], kfold["splits"], kfold["n_test"]) == ("2", "1", "2", "8")
    low, high = results.interval(0.75, 4)
    assert (float(artist["accuracy_low"]), float(artist["accuracy_high"])) == pytest.approx((low, high), abs=1e-6)
    assert float(artist["accuracy_std"]) == 0
    assert float(kfold["accuracy_mean"]) == 0.625
    assert float(kfold["accuracy_std"]) == pytest.approx(np.std([0.75, 0.5], ddof=1), abs=1e-6)


def test_the_bootstrap_takes_each_clip_with_all_its_tests(tmp_path):
    write_metrics(tmp_path, "one", "artist", "repeat0", 0, "ABCdefGH")
    write_metrics(tmp_path, "one", "artist", "repeat0", 1, "ABcDefGH")
    (row,) = build(tmp_path)
    expected = significance.bootstrap_interval([1, 1, 0.5, 0.5, 0, 0, 1, 1])
    assert (float(row["bootstrap_low"]), float(row["bootstrap_high"])) == pytest.approx(expected, abs=1e-6)
    assert expected[0] < float(row["accuracy_mean"]) < expected[1]


def test_rows_are_sorted_by_protocol_then_accuracy_with_those_not_run_last(tmp_path):
    write_metrics(tmp_path, "c", "artist", "repeat0", 0, "")
    write_metrics(tmp_path, "b", "artist", "repeat0", 0, "Ab")
    write_metrics(tmp_path, "d", "artist", "repeat0", 0, "AB", caveats=["scaler fitted on all clips"])
    write_metrics(tmp_path, "a", "stratified", "repeat0", 0, "Ab")
    rows = build(tmp_path)
    assert [(row["protocol"], row["model"]) for row in rows] == [
        ("artist", "d"),
        ("artist", "b"),
        ("artist", "c"),
        ("stratified", "a"),
    ]
    assert rows[0]["caveats"] == "scaler fitted on all clips"
    assert (rows[2]["status"], rows[2]["reason"], rows[2]["accuracy_mean"]) == ("not run", "no artists are known", "")
    assert files.read_json(tmp_path / "accuracy.json") == {
        "a": {"stratified": 0.5},
        "b": {"artist": 0.5},
        "d": {"artist": 1.0},
    }
    statuses = files.read_rows(tmp_path / "statuses.csv")
    assert {row["model"]: row["status"] for row in statuses} == {"a": "done", "b": "done", "c": "not run", "d": "done"}


def test_a_group_that_is_partly_run_says_so(tmp_path):
    write_metrics(tmp_path, "a", "artist", "repeat0", 0, "Ab")
    write_metrics(tmp_path, "a", "artist", "repeat1", 0, "")
    (row,) = build(tmp_path)
    assert (row["status"], row["runs"], row["reason"]) == ("partly run", "1", "no artists are known")


def test_published_figures_stand_beside_the_same_model_and_protocol_only(tmp_path):
    for protocol in ("artist", "stratified"):
        write_metrics(tmp_path, "logistic", protocol, "repeat0", 0, "Ab")
    figure = {"model": "logistic", "source": "001", "dataset": "gtzan", "protocol": "stratified"}
    figures = [
        figure | {"metric": "valid_accuracy", "value": "43"},
        figure | {"metric": "accuracy", "genre": "rock", "value": "12"},
        figure | {"metric": "accuracy", "value": "45"},
    ]
    artist, stratified = build(tmp_path, figures=figures)
    assert artist["published_accuracy"] == ""
    assert float(stratified["published_accuracy"]) == 0.45
    assert (stratified["published_source"], stratified["published_dataset"]) == ("001", "gtzan")
    with_marker = (tmp_path / "leaderboard.png").read_bytes()
    build(tmp_path, dataset="demo", figures=figures)
    assert (tmp_path / "leaderboard.png").read_bytes() != with_marker
    build(tmp_path, dataset="demo")
    without = (tmp_path / "leaderboard.png").read_bytes()
    build(tmp_path, dataset="demo", figures=figures)
    assert (tmp_path / "leaderboard.png").read_bytes() == without


def test_a_published_figure_that_is_no_accuracy_is_refused(tmp_path):
    row = {"model": "m", "source": "0", "dataset": "gtzan", "protocol": "kfold", "metric": "accuracy", "value": "n/a"}
    files.write_rows(tmp_path / "published.csv", PUBLISHED, [row])
    with pytest.raises(cli.InputError, match="the accuracy of m is 'n/a'"):
        published.read_accuracies(tmp_path / "published.csv")


def test_only_configured_models_are_listed(tmp_path):
    write_metrics(tmp_path, "a", "artist", "repeat0", 0, "Ab")
    write_metrics(tmp_path, ".a.tmp", "artist", "repeat0", 0, "Ab")
    write_metrics(tmp_path, "removed", "artist", "repeat0", 0, "Ab")
    assert [row["model"] for row in build(tmp_path, models=["a"])] == ["a"]
    assert [row["model"] for row in build(tmp_path)] == ["a", "removed"]


def test_nothing_to_list_is_an_error(tmp_path):
    with pytest.raises(cli.InputError, match=r"No metrics\.json"):
        build(tmp_path)


def test_segments_of_one_clip_narrow_no_interval_and_are_no_result(tmp_path):
    write_metrics(tmp_path, "a", "segment_random", "repeat0", 0, "AAAAaB", unit="segment", caveats=["meaningless"])
    write_metrics(tmp_path, "a", "stratified", "repeat0", 0, "Ab")
    honest, leaking = build(tmp_path)  # the honest one first, against the alphabet
    assert (honest["protocol"], honest["unit"]) == ("stratified", "clip")
    assert (leaking["unit"], leaking["n_test"], leaking["caveats"]) == ("segment", "2", "meaningless")
    interval = results.interval(5 / 6, 2)
    assert (float(leaking["accuracy_low"]), float(leaking["accuracy_high"])) == pytest.approx(interval, abs=1e-6)
    assert files.read_json(tmp_path / "accuracy.json") == {"a": {"stratified": 0.5}}
