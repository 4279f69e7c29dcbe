import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import compare_stability
from genrebench.common import files
from genrebench.common.run_key import RunKey
from genrebench.evaluation import stability, tables


def history(accuracy: list[float], loss: list[float]) -> list[dict[str, str]]:
    return [
        {"epoch": str(i + 1), "val_accuracy": f"{a}", "val_loss": f"{b}"}
        for i, (a, b) in enumerate(zip(accuracy, loss, strict=True))
    ]


def run(model: str, test: float, protocol="artist", split="repeat0", seed=0, train=1.0, valid=0.5, unit="clip") -> dict:
    return {
        **{"model": model, "protocol": protocol, "split": split, "seed": seed, "status": "done", "unit": unit},
        **{"accuracy": test, "caveats": "", "train_accuracy": train, "valid_accuracy": valid},
    }


def compare(runs: list[dict], histories=None) -> dict[tuple[str, str], dict]:
    rows = stability.compare_all(tables.METRICS.frame(runs), histories or {})
    return {(row["protocol"], row["model"]): row for row in rows}


def spread(accuracies: dict[tuple[str, int], float]) -> tuple[float | None, float | None]:
    rows = [{"split": split, "seed": seed, "accuracy": value} for (split, seed), value in accuracies.items()]
    return stability.spread(pd.DataFrame(rows))


def test_what_a_run_did_from_epoch_to_epoch():
    found = stability.learning(history([0.2, 0.6, 0.5, 0.3], [2.0, 1.0, 1.1, 1.5]))
    assert found == {
        "epochs": 4,
        "best_epoch": 2,
        "accuracy_lost": pytest.approx(0.3),
        "loss_rise": pytest.approx(0.5),
        "fluctuation": pytest.approx(0.15),  # 0.6 to 0.5 to 0.3
    }
    steady = stability.learning(history([0.2, 0.4], [2.0, 1.0]))
    assert (steady["accuracy_lost"], steady["loss_rise"]) == (0, 0)
    blank = [{"val_accuracy": "", "val_loss": ""}] * 3
    assert stability.learning(blank) == {
        "epochs": 3, "best_epoch": None, "accuracy_lost": None, "loss_rise": None, "fluctuation": None
    }  # fmt: skip


def test_the_spread_of_seeds_is_that_within_splits():
    random = np.random.default_rng(0)
    splits, seeds = 40, 50
    of_split, of_run = random.normal(0, 0.05, splits), random.normal(0, 0.02, (splits, seeds))
    accuracies = {(f"s{i}", k): 0.5 + of_split[i] + of_run[i, k] for i in range(splits) for k in range(seeds)}
    seed_std, split_std = spread(accuracies)
    assert seed_std == pytest.approx(0.02, rel=0.05)
    assert split_std == pytest.approx(float(np.std(of_split, ddof=1)), rel=0.05)
    assert spread({("a", 0): 0.5, ("a", 1): 0.7}) == (pytest.approx(np.std([0.5, 0.7], ddof=1)), None)
    assert spread({("a", 0): 0.5, ("b", 0): 0.7}) == (None, pytest.approx(np.std([0.5, 0.7], ddof=1)))
    assert spread({("a", 0): 0.5}) == (None, None)


def test_a_row_is_the_mean_of_its_runs_and_only_networks_have_epochs():
    histories = {
        RunKey("cnn", "artist", "repeat0", seed): history([0.2, 0.6], [2, rise]) for seed, rise in ((0, 1), (1, 3))
    }
    runs = [run("cnn", 0.5, seed=0, train=0.9, valid=0.7), run("cnn", 0.6, seed=1, train=0.7, valid=0.5)]
    lost = run("cnn", 0.0, seed=2) | {"status": "unavailable"}
    rows = compare([*runs, lost, run("forest", 0.5)], histories)
    row = rows["artist", "cnn"]
    assert (row["runs"], row["seeds"], row["splits"]) == (2, 2, 1)
    assert row["test_accuracy"] == pytest.approx(0.55)
    assert row["gap"] == pytest.approx(0.8 - 0.55)
    assert row["valid_gap"] == pytest.approx(0.6 - 0.55)
    assert (row["lowest"], row["highest"]) == (0.5, 0.6)
    assert row["loss_rise"] == pytest.approx((0 + 0.5) / 2)
    assert rows["artist", "forest"]["epochs"] is None
    assert list(rows) == [("artist", "cnn"), ("artist", "forest")]  # the smallest gap first


def test_runs_of_different_lengths_are_averaged_over_the_share_of_their_epochs():
    runs = [history([0, 1], [1, 1]), history([0, 0.5, 1], [1, 1, 1]), history([1, 0], [1, 1])]
    np.testing.assert_allclose(stability.mean_curve(runs[:2], "val_accuracy"), stability.SHARES, atol=1e-12)
    np.testing.assert_allclose(stability.mean_curve([runs[0], runs[2]], "val_accuracy"), 0.5)


def numbers(text: str) -> list[str]:
    return re.findall(r"\d+\.\d", text)


def test_the_sentences_have_the_numbers_of_the_rows():
    protocols = {
        "artist": {"unit": "clip", "separate": True},
        "size_matched": {"unit": "clip", "separate": False},
        "stratified": {"unit": "clip", "separate": False},
        "segment_random": {"unit": "segment", "separate": False},
    }
    runs = [
        run("cnn", 0.6, seed=0), run("cnn", 0.5, seed=1),
        run("forest", 0.7), run("forest", 0.7, "size_matched"),
        run("cnn", 0.8, "stratified"), run("forest", 0.9, "stratified"),
        run("cnn", 0.95, "segment_random", unit="segment"),
    ]  # fmt: skip
    histories = {RunKey("cnn", "artist", "repeat0", seed): history([0.2, 0.6, 0.5], [2, 1, 1.4]) for seed in (0, 1)}
    rows = list(compare(runs, histories).values())
    sentences = stability.describe(rows, "artist", "size_matched", protocols)
    assert [numbers(sentence) for sentence in sentences] == [
        ["100.0", "70.0", "30.0", "100.0", "55.0", "45.0", "37.5"],  # smallest and largest gap, and the median
        [],
        ["25.0"],  # the largest fluctuation
        ["15.0", "37.5"],  # the gap with artist overlap and without
        ["5.0", "45.0"],  # the gap where training and test share clips, and where they do not
        ["7.1"],  # over seeds
    ]
    assert "cnn +40%" in sentences[1]
    alone = stability.describe(
        list(compare([run("forest", 0.7, "stratified")]).values()), None, "stratified", protocols
    )
    assert [numbers(sentence) for sentence in alone] == [["100.0", "70.0", "30.0"], []]
    assert stability.describe([], None, None, protocols) == []


def test_the_same_runs_give_the_same_bytes(tmp_path: Path):
    """The script, from evaluations and histories to the table and the plots of the protocol that is quoted."""
    facts = {"available": True, "artists_known": 1.0, "counts": {"train": 9, "test": 4}, "reason": None}
    facts |= {"test_clips_with_known_artist": 4, "test_clips_duplicated_in_train": 0}
    board: list[dict] = []
    metrics: dict[str, list[dict]] = {"cnn": [], "forest": []}
    for protocol, shared in (("artist", 0), ("stratified", 3)):
        files.write_json(
            tmp_path / f"splits/{protocol}/repeat0.json", facts | {"test_clips_sharing_artist_with_train": shared}
        )
        for model, epochs in (("cnn", 3), ("forest", 1)):
            at = f"{model}/{protocol}/repeat0/seed0"
            metrics[model].append(run(model, 0.6, protocol))
            rows = history([0.2, 0.6, 0.5][:epochs], [2, 1, 1.2][:epochs])
            files.write_rows(tmp_path / "runs" / at / "history.csv", list(rows[0]), rows)
            board.append({"model": model, "protocol": protocol, "accuracy_mean": 0.6})
    for model, rows in metrics.items():
        tables.METRICS.write(tmp_path / "evaluation" / model / "metrics.csv", rows)
    tables.LEADERBOARD.write(tmp_path / "leaderboard.csv", board)
    written = []
    for name in ("once", "twice"):
        outputs = [tmp_path / name / file for file in ("stability.csv", "stability.png", "curves.png")]
        compare_stability.compare_stability(
            *(tmp_path / folder for folder in ("evaluation", "runs", "splits", "leaderboard.csv")),
            ["cnn", "forest"],
            *outputs,
        )
        written.append([output.read_bytes() for output in outputs])
    assert written[0] == written[1]
    rows = {(row["protocol"], row["model"]): row for row in files.read_rows(tmp_path / "once" / "stability.csv")}
    assert len(rows) == 4
    assert rows["artist", "cnn"]["loss_rise"] == "0.2"
    assert rows["artist", "forest"]["loss_rise"] == rows["artist", "forest"]["epochs"] == ""
