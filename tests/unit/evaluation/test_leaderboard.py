from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import build_leaderboard
from genrebench.common import cli, files
from genrebench.datasets import published
from genrebench.evaluation import tables
from genrebench.evaluation.intervals import bootstrap_interval, wilson_interval

PUBLISHED = "model,source,dataset,protocol,metric,genre,value,note".split(",")


def write_run(folder: Path, model: str, protocol: str, split: str, seed: int, clips: str, **numbers) -> None:
    """One evaluated run; `clips` names a test clip per character, upper case where it is predicted rightly."""
    right = [clip.isupper() for clip in clips]
    run = {"model": model, "protocol": protocol, "split": split, "seed": seed, "unit": "clip", "n_test": len(clips)}
    run |= {"status": "done" if clips else "unavailable", "reason": None if clips else "no artists are known"}
    run |= dict.fromkeys(tables.SCORES.split(), float(np.mean(right)) if clips else None)
    cases = [
        {"protocol": protocol, "split": split, "seed": seed, "clip_id": clip.lower(), "subset": "test", "genre": "x"}
        | {"predicted": "xy"[clip.islower()], "segments": 1, "segments_right": int(clip.isupper())}
        for clip in clips
    ]
    out = folder / "evaluation" / model
    for table, name, rows in (
        (tables.METRICS, "metrics.csv", [run | {"valid_accuracy": None} | numbers]),
        (tables.PREDICTIONS, "predictions.csv", cases),
    ):
        before = table.read(out / name) if (out / name).exists() else table.frame()
        table.write(out / name, pd.concat([before, table.frame(rows)]))


def build(
    folder: Path,
    dataset: str = "gtzan",
    figures: list[dict] | None = None,
    models=None,
    unavailable=(),
    synthetic=False,
):
    files.write_rows(folder / "published.csv", PUBLISHED, figures or [])
    build_leaderboard.build_leaderboard(
        folder / "evaluation",
        folder / "published.csv",
        dataset,
        synthetic,
        folder / "leaderboard.csv",
        folder / "accuracy.json",
        folder / "leaderboard.png",
        folder / "statuses.csv",
        models or ["a", "b", "c", "d", "one", "logistic"],
        unavailable,
    )
    return tables.rows(tables.LEADERBOARD.read(folder / "leaderboard.csv"))


@pytest.mark.parametrize("synthetic", [True, False])
def test_rows_say_whether_the_dataset_is_synthetic(tmp_path, synthetic):
    write_run(tmp_path, "one", "artist", "repeat0", 0, "ABCd")
    assert [row["synthetic"] for row in build(tmp_path, synthetic=synthetic)] == [synthetic]


def test_seeds_do_not_narrow_the_interval_and_folds_do(tmp_path):
    for seed in range(3):
        write_run(tmp_path, "one", "artist", "repeat0", seed, "ABCd")
    write_run(tmp_path, "one", "kfold", "fold0", 0, "ABCd")
    write_run(tmp_path, "one", "kfold", "fold1", 0, "EFgh")
    artist, kfold = build(tmp_path)
    assert (artist["runs"], artist["seeds"], artist["splits"], artist["n_test"]) == (3, 3, 1, 4)
    assert (kfold["runs"], kfold["seeds"], kfold["splits"], kfold["n_test"]) == (2, 1, 2, 8)
    low, high = wilson_interval(0.75, 4)
    assert (artist["accuracy_low"], artist["accuracy_high"]) == pytest.approx((low, high), abs=1e-6)
    assert artist["accuracy_std"] == 0
    assert kfold["accuracy_mean"] == 0.625
    assert kfold["accuracy_std"] == pytest.approx(np.std([0.75, 0.5], ddof=1), abs=1e-6)


def test_the_bootstrap_takes_each_clip_with_all_its_tests(tmp_path):
    write_run(tmp_path, "one", "artist", "repeat0", 0, "ABCdefGH")
    write_run(tmp_path, "one", "artist", "repeat0", 1, "ABcDefGH")
    (row,) = build(tmp_path)
    expected = bootstrap_interval([1, 1, 0.5, 0.5, 0, 0, 1, 1])
    assert (row["bootstrap_low"], row["bootstrap_high"]) == pytest.approx(expected, abs=1e-6)
    assert expected[0] < row["accuracy_mean"] < expected[1]


def test_rows_are_sorted_by_protocol_then_accuracy_with_those_not_run_last(tmp_path):
    write_run(tmp_path, "c", "artist", "repeat0", 0, "")
    write_run(tmp_path, "b", "artist", "repeat0", 0, "Ab")
    write_run(tmp_path, "d", "artist", "repeat0", 0, "AB", caveats="scaler fitted on all clips")
    write_run(tmp_path, "a", "stratified", "repeat0", 0, "Ab")
    rows = build(tmp_path)
    assert [(row["protocol"], row["model"]) for row in rows] == [
        ("artist", "d"),
        ("artist", "b"),
        ("artist", "c"),
        ("stratified", "a"),
    ]
    assert rows[0]["caveats"] == "scaler fitted on all clips"
    assert (rows[2]["status"], rows[2]["reason"], rows[2]["accuracy_mean"]) == (
        "unavailable",
        "no artists are known",
        None,
    )
    assert files.read_json(tmp_path / "accuracy.json") == {
        "a": {"stratified": 0.5},
        "b": {"artist": 0.5},
        "d": {"artist": 1.0},
    }
    statuses = files.read_rows(tmp_path / "statuses.csv")
    assert {row["model"]: row["status"] for row in statuses} == {
        "a": "done",
        "b": "done",
        "c": "unavailable",
        "d": "done",
    }


def test_a_group_that_is_partly_run_says_so(tmp_path):
    write_run(tmp_path, "a", "artist", "repeat0", 0, "Ab")
    write_run(tmp_path, "a", "artist", "repeat1", 0, "")
    (row,) = build(tmp_path)
    assert (row["status"], row["runs"], row["reason"]) == ("partly", 1, "no artists are known")


def test_what_is_known_to_be_unavailable_is_listed_with_its_reason(tmp_path):
    write_run(tmp_path, "a", "artist", "repeat0", 0, "Ab")
    missing = {"model": "vgg", "protocol": "artist", "reason": "its weights are missing"}
    done, row = build(tmp_path, unavailable=[missing, missing | {"protocol": "segment_random"}])[:2]
    assert done["status"] == "done"
    assert {name: row[name] for name in missing} == missing
    assert (row["status"], row["runs"], row["accuracy_mean"]) == ("unavailable", 0, None)
    statuses = tables.rows(tables.STATUSES.read(tmp_path / "statuses.csv"))
    assert [(row["model"], row["split"], row["seed"], row["status"]) for row in statuses] == [
        ("a", "repeat0", 0, "done"),
        ("vgg", "", None, "unavailable"),
        ("vgg", "", None, "unavailable"),
    ]


def test_published_figures_stand_beside_the_same_model_and_protocol_only(tmp_path):
    for protocol in ("artist", "stratified"):
        write_run(tmp_path, "logistic", protocol, "repeat0", 0, "Ab")
    figure = {"model": "logistic", "source": "001", "dataset": "gtzan", "protocol": "stratified"}
    figures = [
        figure | {"metric": "valid_accuracy", "value": "43"},
        figure | {"metric": "accuracy", "genre": "rock", "value": "12"},
        figure | {"metric": "accuracy", "value": "45"},
    ]
    artist, stratified = build(tmp_path, figures=figures)
    assert artist["published_accuracy"] is None
    assert stratified["published_accuracy"] == 0.45
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
    write_run(tmp_path, "a", "artist", "repeat0", 0, "Ab")
    write_run(tmp_path, "removed", "artist", "repeat0", 0, "Ab")
    assert [row["model"] for row in build(tmp_path, models=["a"])] == ["a"]


def test_nothing_to_list_is_an_error(tmp_path):
    with pytest.raises(cli.InputError, match=r"No metrics\.csv"):
        build(tmp_path)


def test_segments_of_one_clip_narrow_no_interval_and_are_no_result(tmp_path):
    write_run(tmp_path, "a", "segment_random", "repeat0", 0, "AAAAaB", unit="segment", caveats="meaningless")
    write_run(tmp_path, "a", "stratified", "repeat0", 0, "Ab")
    honest, leaking = build(tmp_path)  # the honest one first, against the alphabet
    assert (honest["protocol"], honest["unit"]) == ("stratified", "clip")
    assert (leaking["unit"], leaking["n_test"], leaking["caveats"]) == ("segment", 2, "meaningless")
    interval = wilson_interval(5 / 6, 2)
    assert (leaking["accuracy_low"], leaking["accuracy_high"]) == pytest.approx(interval, abs=1e-6)
    assert files.read_json(tmp_path / "accuracy.json") == {"a": {"stratified": 0.5}}
