import hashlib

import gather_costs
import numpy as np
import pytest

from genrebench.common import cli, files
from genrebench.plots import training

TRAINING = {"config.json": "{}", "history.csv": "epoch,loss\n1,0.5\n"}
OF = {name: hashlib.md5(text.encode()).hexdigest() for name, text in TRAINING.items()}
COST = {
    **{"status": "done", "parameters": 1000, "bytes": 4096, "epochs": 5, "best_epoch": 3, "seconds_per_epoch": 2.0},
    **{"training_clips_per_s": 50.0, "inference_ms_per_clip": 4.0, "peak_memory_mb": 300.0, "threads": 1},
    **{"backend": "tensorflow 2.21.0", "device": "CPU", "of": OF},
}
LEADERBOARD = ("model", "protocol", "caveats", "accuracy_mean", "accuracy_low", "accuracy_high")
MARK = "trained from scratch"


def make(folder, costs):
    """Results of these runs, given as (model, protocol, seed): cost or None where it was not measured."""
    for (model, protocol, seed), cost in costs.items():
        run = folder / "runs" / model / protocol / "repeat0" / f"seed{seed}"
        run.mkdir(parents=True)
        for name, text in TRAINING.items():
            (run / name).write_text(text)
        if cost:
            files.write_json(folder / "costs" / model / protocol / "repeat0" / f"seed{seed}.json", cost)
    files.write_rows(
        folder / "statuses.csv",
        ["model", "protocol", "split", "seed", "status", "caveats"],
        (
            {"model": m, "protocol": p, "split": "repeat0", "seed": s, "status": "done", "caveats": MARK}
            for m, p, s in costs
        ),
    )
    accuracy = dict.fromkeys(LEADERBOARD[3:], 0.5)
    rows = ({"model": m, "protocol": p, "caveats": MARK} | accuracy for m, p in sorted({key[:2] for key in costs}))
    files.write_rows(folder / "leaderboard.csv", LEADERBOARD, rows)
    for protocol, shared in (("artist", 0), ("stratified", 6)):
        facts = {"available": True, "reason": None, "counts": {"test": 8}, "artists_known": 1.0}
        facts |= {"test_clips_with_known_artist": 8, "test_clips_duplicated_in_train": 0}
        facts |= {"test_clips_sharing_artist_with_train": shared}
        files.write_json(folder / "splits" / protocol / "repeat0.json", facts)
    return folder


def gather(folder):
    names = ("statuses.csv", "runs", "costs", "leaderboard.csv", "splits", "cost.csv", "cost.png")
    gather_costs.gather_costs(*(folder / name for name in names))
    return files.read_rows(folder / "cost.csv")


def test_a_row_per_configured_run_that_was_measured(tmp_path):
    runs = {
        ("cnn", "artist", 0): COST,
        ("cnn", "artist", 1): COST | {"parameters": 2000},
        ("sgd", "artist", 0): None,
        ("rnn", "artist", 0): {"status": "unavailable"},  # of an earlier configuration
        ("rnn", "artist", 1): COST | {"of": OF | {"history.csv": "0"}},  # of an earlier training
        ("rnn", "artist", 2): COST | {"of": OF | {"config.json": "0"}},
        ("rnn", "artist", 3): {key: value for key, value in COST.items() if key != "of"},
    }
    make(tmp_path, runs)
    files.write_json(tmp_path / "costs" / "removed" / "artist" / "repeat0" / "seed0.json", COST)
    rows = gather(tmp_path)
    assert [(row["model"], row["seed"], row["parameters"]) for row in rows] == [
        ("cnn", "0", "1000"),
        ("cnn", "1", "2000"),
    ]
    assert rows[0] == {
        **{"model": "cnn", "protocol": "artist", "split": "repeat0", "seed": "0"},
        **{key: str(value) for key, value in COST.items() if key not in ("status", "of")},
        "caveats": MARK,
    }
    assert (tmp_path / "cost.png").stat().st_size > 1000


def test_without_any_cost_there_is_an_empty_table_and_a_plot_that_says_so(tmp_path):
    assert gather(make(tmp_path, {("cnn", "artist", 0): None})) == []
    assert (tmp_path / "cost.png").read_bytes().startswith(b"\x89PNG")


def test_a_cost_without_a_column_is_named(tmp_path):
    make(tmp_path, {("cnn", "artist", 0): {key: value for key, value in COST.items() if key != "bytes"}})
    with pytest.raises(cli.InputError, match=r"seed0\.json has no bytes: train cnn again"):
        gather(tmp_path)


def test_the_plot_shows_the_means_of_the_honest_protocol(tmp_path, monkeypatch):
    runs = {("cnn", p, s): COST | {"parameters": 1000 * (s + 1), "epochs": 5 + s} for p in ("artist",) for s in (0, 1)}
    runs |= {("cnn", "stratified", 0): COST | {"parameters": 7}, ("sgd", "artist", 0): None}
    drawn = []
    draw = training.draw_costs
    monkeypatch.setattr(training, "draw_costs", lambda *arguments: drawn.append(arguments) or draw(*arguments))
    gather(make(tmp_path, runs))
    ((points, models, protocol),) = drawn
    assert protocol == "artist"
    assert set(models) == {"cnn", "sgd"}
    (point,) = points
    assert (point["model"], point["accuracy_mean"]) == ("cnn", 0.5)
    assert point["parameters"] == 1500
    assert point["training_seconds"] == np.mean([5 * 2, 6 * 2])
    assert point["inference_ms_per_clip"] == 4
