"""The order and the length of a run, and what earlier runs cost."""

from pathlib import Path

from genrebench.common import files
from genrebench.planning import plan
from genrebench.planning.workload import Task


def diamond():
    a = Task("a", ("a",), (), ("x",), threads=4)
    b, c = Task("b", ("b",), ("x",), ("y",)), Task("c", ("c",), ("x",), ("z",))
    return a, b, c, Task("d", ("d",), ("y", "z"), ("end",))


def test_the_longest_chain_and_the_order():
    a, b, c, d = diamond()
    seconds = {a: 1.0, b: 2.0, c: 10.0, d: 4.0}
    assert plan.longest_chain([d, b, a, c], seconds) == 15
    assert plan.longest_chain([d, b], seconds) == 6  # what is up to date is not waited for
    assert plan.longest_chain([], {}) == 0
    assert plan.in_order([d, c, b, a]) == ["a", "b", "c", "d"]


def test_wall_time_is_work_over_cores_but_not_below_the_chain():
    a, b, c, d = diamond()
    seconds = {a: 1.0, b: 2.0, c: 10.0, d: 4.0}
    assert plan.wall_seconds([a, b, c, d], seconds, 1, scheduler=3) == 3 + 17
    assert plan.wall_seconds([a, b, c, d], seconds, 8, scheduler=0) == 15
    assert plan.wall_seconds([b, c], seconds, 2, scheduler=0) == 10


def test_memory_at_a_time_is_of_the_largest_that_fit_on_the_cores():
    a, b, c, d = diamond()
    memory = {a: 900.0, b: 500.0, c: 400.0, d: 300.0}
    assert plan.together_mb(memory, 2) == 900  # a needs four cores: b and c
    assert plan.together_mb(memory, 5) == 1400


def test_earlier_runs_are_measured_by_what_they_were_set_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    results = Path("results/mine")
    run = "logistic/artist/repeat0/seed0"
    files.write_rows(
        results / "manifest.csv",
        ["clip_id", "genre", "duration_s"],
        [{"clip_id": str(i), "genre": "ab"[i % 2], "duration_s": 30} for i in range(10)],
    )
    files.write_rows(
        results / "splits/artist/repeat0.csv",
        ["clip_id", "subset"],
        [{"clip_id": str(i), "subset": "train"} for i in range(6)],
    )
    files.write_json(results / "splits/artist/repeat0.json", {"unit": "clip"})
    files.write_json(results / "features/mel.json", {"shape": [10, 4, 250_000]})
    files.write_json(results / "runs" / run / "config.json", {"settings": {"features": ["mel"]}})
    benchmark = results / "benchmarks/train" / f"{run}.tsv"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\th:m:s\tmax_rss\n5.0\t0:00:00\t100.0\n")
    (found,) = plan.measure("mine", cores=2)
    assert (found.kind, found.work, found.output_work, found.seconds) == ("train_logistic", 6.0, 2.0, 5.0)
    assert plan.earlier_runs("other", 2) == ([found], "runs of mine here")
