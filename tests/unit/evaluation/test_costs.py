import hashlib

import numpy as np
import pytest

from genrebench.common import cli, files
from genrebench.evaluation import costs

TRAINING = {"config.json": "{}", "history.csv": "epoch,loss\n1,0.5\n"}
OF = {name: hashlib.md5(text.encode()).hexdigest() for name, text in TRAINING.items()}
COST = {
    **{"status": "done", "parameters": 1000, "bytes": 4096, "epochs": 5, "best_epoch": 3, "seconds_per_epoch": 2.0},
    **{"training_clips_per_s": 50.0, "inference_ms_per_clip": 4.0, "peak_memory_mb": 300.0, "threads": 1},
    **{"backend": "tensorflow 2.21.0", "device": "CPU", "of": OF},
}
CAVEAT = "trained from scratch"


def read(folder, measured):
    """The costs of these runs, given as (model, protocol, seed): cost, or None where it was not measured."""
    statuses = []
    for (model, protocol, seed), cost in measured.items():
        run = folder / "runs" / model / protocol / "repeat0" / f"seed{seed}"
        run.mkdir(parents=True)
        for name, text in TRAINING.items():
            (run / name).write_text(text)
        if cost:
            files.write_json(folder / "costs" / model / protocol / "repeat0" / f"seed{seed}.json", cost)
        row = {"model": model, "protocol": protocol, "split": "repeat0", "seed": seed, "status": "done"}
        statuses.append(row | {"caveats": CAVEAT})
    unavailable = {"model": "vgg16", "protocol": "artist", "split": "", "seed": None, "status": "unavailable"}
    return costs.read_costs([*statuses, unavailable], folder / "runs", folder / "costs")


def test_a_row_per_configured_run_that_was_measured(tmp_path):
    files.write_json(tmp_path / "costs" / "removed" / "artist" / "repeat0" / "seed0.json", COST)
    rows = read(
        tmp_path,
        {
            ("cnn", "artist", 0): COST,
            ("cnn", "artist", 1): COST | {"parameters": 2000},
            ("sgd", "artist", 0): None,
            ("rnn", "artist", 0): {"status": "unavailable"},  # of an earlier configuration
            ("rnn", "artist", 1): COST | {"of": OF | {"history.csv": "0"}},  # of an earlier training
            ("rnn", "artist", 2): COST | {"of": OF | {"config.json": "0"}},
            ("rnn", "artist", 3): {key: value for key, value in COST.items() if key != "of"},
        },
    )
    assert [(row["model"], row["seed"], row["parameters"]) for row in rows] == [("cnn", 0, 1000), ("cnn", 1, 2000)]
    measures = {key: value for key, value in COST.items() if key not in ("status", "of")}
    run = {"model": "cnn", "protocol": "artist", "split": "repeat0", "seed": 0}
    assert rows[0] == run | measures | {"caveats": CAVEAT}
    assert set(rows[0]) == set(costs.COLUMNS)


def test_a_cost_without_a_measure_is_named(tmp_path):
    with pytest.raises(cli.InputError, match=r"seed0\.json has no bytes"):
        read(tmp_path, {("cnn", "artist", 0): {key: value for key, value in COST.items() if key != "bytes"}})


def test_accuracy_is_joined_with_the_mean_cost_of_the_protocol(tmp_path):
    measured = {("cnn", "artist", s): COST | {"parameters": 1000 * (s + 1), "epochs": 5 + s} for s in (0, 1)}
    measured |= {("cnn", "stratified", 0): COST | {"parameters": 7}, ("sgd", "artist", 0): None}
    measured |= {("svm", "artist", 0): COST | {"seconds_per_epoch": None}}
    rows = read(tmp_path, measured)
    accuracy = {"caveats": "", "accuracy_mean": 0.5, "accuracy_low": 0.4, "accuracy_high": 0.6}
    names = [("cnn", "artist"), ("cnn", "stratified"), ("sgd", "artist"), ("svm", "artist")]
    leaderboard = [accuracy | {"model": model, "protocol": protocol} for model, protocol in names]
    cnn, svm = costs.accuracy_and_cost(leaderboard, rows, "artist")
    assert (cnn["model"], cnn["accuracy_mean"], cnn["parameters"]) == ("cnn", 0.5, 1500)
    assert cnn["training_seconds"] == np.mean([5 * 2, 6 * 2])
    assert cnn["inference_ms_per_clip"] == 4
    assert (svm["model"], svm["training_seconds"]) == ("svm", None)
