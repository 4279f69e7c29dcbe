"""Estimates from measurements."""

from pathlib import Path

import pytest

from genrebench.common import files
from genrebench.planning import costs, workload
from genrebench.planning.costs import Costs, Measurement
from genrebench.planning.workload import Corpus, Workload
from project import ROOT, STUDIES

WORKLOAD = Workload(
    Corpus(durations=(30.0,) * 100, genres=10, source="a test"),
    values={"mel": 2000, "mfcc": 500},
    models={"logistic": {"features": ["mel", "mfcc"]}},
    training={("artist", "repeat0"): 60, ("fault_filtered", "fixed"): 0},
    runs={"logistic": 2},
    processes=2,
)


def measured(kind, *points):
    return [Measurement(kind, work, seconds, 100 + work, machine="a reference") for work, seconds in points]


def write_benchmark(results, parts, seconds, memory="100.0"):
    path = Path(results, "benchmarks", *parts[:-1], f"{parts[-1]}.tsv")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\t{memory}\n")


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([(10, 5)], (5, 0)),
        ([(10, 4), (10, 6)], (5, 0)),
        ([(0, 1), (10, 6)], (1, 0.5)),
        ([(0, 1), (10, 6), (20, 11)], (1, 0.5)),
        ([(10, 5), (20, 20)], (0, (10 * 5 + 20 * 20) / 500)),  # never below nothing at no work
        ([(10, 6), (20, 5)], (5.5, 0)),  # nor less for more
    ],
)
def test_a_line_is_never_negative(points, expected):
    assert costs.line(points) == pytest.approx(expected)


def test_the_reference_alone_is_its_own_line():
    known = Costs(measured("train_sgd", (0, 1), (100, 11)))
    assert known.seconds("train_sgd", 200) == pytest.approx(21)
    assert known.memory_mb("train_sgd", 200) == pytest.approx(300)
    assert known.source("train_sgd") == "a reference"


def test_a_machine_twice_as_slow_doubles_the_reference():
    known = Costs(measured("train_sgd", (0, 1), (100, 11)), measured("train_sgd", (50, 12)), "here")
    assert known.seconds("train_sgd", 50) == pytest.approx(12)
    assert known.seconds("train_sgd", 100) == pytest.approx(22)
    assert known.source("train_sgd") == "here"


def test_a_kind_without_reference_follows_this_machine_and_without_both_is_unknown():
    known = Costs([], measured("train_new", (10, 3), (20, 5)))
    assert known.seconds("train_new", 40) == pytest.approx(9)
    assert known.seconds("train_other", 40) is None
    assert known.output_mb("train_new", 40) is None
    assert known.source("train_other") == "never measured"


def test_benchmarks_of_earlier_runs(tmp_path):
    write_benchmark(tmp_path, ("extract_shard", "mel", "0-of-1"), 0.3, "NA")
    write_benchmark(tmp_path, ("extract_shard", "mfcc", "0-of-1"), 9.0)
    write_benchmark(tmp_path, ("train", "logistic", "artist", "repeat0", "seed0"), 4.0)
    write_benchmark(tmp_path, ("train", "logistic", "fault_filtered", "fixed", "seed0"), 1.0)
    model = tmp_path / "runs/logistic/artist/repeat0/seed0/model"
    model.mkdir(parents=True)
    (model / "weights.npz").write_bytes(bytes(2_000_000))
    found = {(one.kind, one.work): one for one in costs.read_benchmarks(tmp_path, WORKLOAD)}
    assert found["extract_shard", 3000].seconds == 9.0
    assert found[workload.AGAIN, 0].seconds == 0.3
    assert found[workload.AGAIN, 0].memory_mb == 0
    assert found["train_logistic", 0].seconds == 1.0
    assert found["train_logistic", 0.15].output_mb == pytest.approx(2)


def test_typical_rows_are_read_back_as_they_were(tmp_path):
    rows = costs.typical(
        [Measurement("train_sgd", 5, seconds, 200, 3, 1.5) for seconds in (1, 2, 9)]
        + measured("summarise_features", (0, 1)),
        "a CPU",
    )
    files.write_rows(tmp_path / "costs.csv", costs.COLUMNS, rows)
    summary, sgd = costs.read_reference(tmp_path / "costs.csv")
    assert sgd == Measurement("train_sgd", 5, 2, 200, 3, 1.5, "a CPU")
    assert summary.output_mb is None


def test_the_reference_costs_cover_every_rule_that_makes_something():
    there = {one.kind for one in costs.read_reference(ROOT / "data/reference_costs.csv")}
    rules = {"render_demo", "build_manifest", "extract_shard", "collect_feature", "summarise_features", "make_split"}
    rules |= {"evaluate_model", "build_leaderboard", "check_labels", "plot_features", "plot_genres", "build_report"}
    rules |= {*STUDIES, workload.AGAIN, costs.SCHEDULER}
    assert rules | {"train_logistic", "train_sgd", "train_random_forest"} <= there
