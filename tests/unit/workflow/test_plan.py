import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import plan_jobs
from genrebench.common import files
from genrebench.extraction import store as extraction
from genrebench.workflow import plan
from genrebench.workflow.plan import Corpus, Costs, Measurement, Task, Workload

ROOT = Path(__file__).parents[3]
CORPUS = Corpus(durations=(30.0,) * 100, genres=10, source="a test")
MODELS = {
    "logistic": {"features": ["mel", "mfcc"]},
    "random_forest": {"features": ["mel"], "n_estimators": 50},
    "hybrid": {"features": ["mel", "vggish"]},
}
WORKLOAD = Workload(
    CORPUS,
    values={"mel": 2000, "mfcc": 500, "vggish": 0},
    models=MODELS,
    training={("artist", "repeat0"): 60, ("fault_filtered", "fixed"): 0},
    runs={"logistic": 4, "random_forest": 2},
    processes=2,
)


def measured(kind, *points):
    return [Measurement(kind, work, seconds, 100 + work, machine="a reference") for work, seconds in points]


def write_benchmark(results, parts, seconds, memory="100.0"):
    path = Path(results, "benchmarks", *parts[:-1], f"{parts[-1]}.tsv")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:00:00\t{memory}\n")


@pytest.mark.parametrize(
    ("parts", "work", "output_work"),
    [
        (("build_manifest",), 1500, 1500),  # two processes share the audio
        (("extract_shard", "mel", "1-of-4"), 750, 750),
        (("collect_feature", "mel"), 100 * 2000 * 4 / 1e6, 0.8),
        (("make_split", "artist", "repeat0"), 100, 100),
        (("train", "logistic", "artist", "repeat0", "seed0"), 60 * 2500 / 1e6, 10 * 2500 / 1e6),
        (("train", "random_forest", "artist", "repeat0", "seed0"), 60 * 2000 / 1e6, 50 * 60 / 1e3),
        (("train", "logistic", "fault_filtered", "fixed", "seed0"), 0, 0),
        (("train", "hybrid", "artist", "repeat0", "seed0"), 0, 0),  # not run without vggish
        (("evaluate_model", "logistic"), 4, 4),
        (("build_report",), 6, 6),
        (("summarise_features",), 0, 0),
    ],
)
def test_the_work_of_a_job(parts, work, output_work):
    assert WORKLOAD.work(parts) == pytest.approx(work)
    assert WORKLOAD.output_work(parts) == pytest.approx(output_work)


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
    assert plan.line(points) == pytest.approx(expected)


def test_the_reference_alone_is_its_own_line():
    costs = Costs(measured("train_sgd", (0, 1), (100, 11)))
    assert costs.seconds("train_sgd", 200) == pytest.approx(21)
    assert costs.memory_mb("train_sgd", 200) == pytest.approx(300)
    assert costs.source("train_sgd") == "a reference"


def test_a_machine_twice_as_slow_doubles_the_reference():
    costs = Costs(measured("train_sgd", (0, 1), (100, 11)), measured("train_sgd", (50, 12)), "here")
    assert costs.seconds("train_sgd", 50) == pytest.approx(12)
    assert costs.seconds("train_sgd", 100) == pytest.approx(22)
    assert costs.source("train_sgd") == "here"


def test_a_kind_without_reference_follows_this_machine_and_without_both_is_unknown():
    costs = Costs([], measured("train_new", (10, 3), (20, 5)))
    assert costs.seconds("train_new", 40) == pytest.approx(9)
    assert costs.seconds("train_other", 40) is None
    assert costs.output_mb("train_new", 40) is None
    assert costs.source("train_other") == "never measured"


def test_only_the_first_extraction_of_a_shard_reads_audio():
    tasks = [Task("extract_shard", ("extract_shard", f, s)) for f in ("mel", "mfcc") for s in ("0-of-2", "1-of-2")]
    assert list(plan.kinds(tasks).values()) == ["extract_shard"] * 2 + [plan.AGAIN] * 2
    assert plan.kinds([Task("all", ())]) == {}


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


def test_training_clips_by_the_shares_of_a_protocol(tmp_path):
    def count(protocol, settings, dataset="mine"):
        return plan.training_clips(protocol, "repeat0", settings, CORPUS, dataset, tmp_path)

    assert count("stratified", {"test": 0.2, "valid": 0.2}) == 60
    assert count("holdout", {"test": 0.2, "valid": 0.25}) == 60
    assert count("kfold", {"folds": 5}) == 60
    assert count("size_matched", {"seed": 1}) == 60
    assert count("fault_filtered", {}) == 0
    assert count("fault_filtered", {}, "gtzan") == 443
    files.write_rows(
        tmp_path / "artist/repeat0.csv",
        ["clip_id", "subset"],
        [{"clip_id": str(i), "subset": ("train", "test")[i % 2]} for i in range(10)],
    )
    assert count("artist", {"test": 0.2, "valid": 0.2}) == 5


def test_training_segments_count_as_parts_of_a_clip(tmp_path):
    def count(settings, corpus=CORPUS):
        given = {"test": 0.2, "valid": 0.2, **settings}
        return plan.training_clips("segment_random", "repeat0", given, corpus, "mine", tmp_path)

    assert count({"length_s": 3.0, "hop_s": 3.0}) == 60
    assert count({"length_s": 3.0, "hop_s": 6.0}) == 30
    assert count({"length_s": 3.0, "hop_s": 1.5}) == round(0.6 * 100 * 19 * 3 / 30)
    assert count({"length_s": 20.0, "hop_s": 20.0}) == 0  # no clip has two
    assert count({"length_s": 3.0, "hop_s": 3.0}, Corpus((0.0,) * 9, 2, "features")) == 0
    rows = [{"clip_id": "a", "segment": i, "subset": ("train", "test")[i % 2]} for i in range(100)]
    files.write_rows(tmp_path / "segment_random/repeat0.csv", ["clip_id", "segment", "subset"], rows)
    assert count({"length_s": 3.0, "hop_s": 3.0}) == 5  # 50 segments of 3 s in clips of 30 s


def test_benchmarks_of_earlier_runs(tmp_path):
    write_benchmark(tmp_path, ("extract_shard", "mel", "0-of-1"), 0.3, "NA")
    write_benchmark(tmp_path, ("extract_shard", "mfcc", "0-of-1"), 9.0)
    write_benchmark(tmp_path, ("train", "logistic", "artist", "repeat0", "seed0"), 4.0)
    write_benchmark(tmp_path, ("train", "logistic", "fault_filtered", "fixed", "seed0"), 1.0)
    model = tmp_path / "runs/logistic/artist/repeat0/seed0/model"
    model.mkdir(parents=True)
    (model / "weights.npz").write_bytes(bytes(2_000_000))
    found = {(one.kind, one.work): one for one in plan.read_benchmarks(tmp_path, WORKLOAD)}
    assert found["extract_shard", 3000].seconds == 9.0
    assert found[plan.AGAIN, 0].seconds == 0.3
    assert found[plan.AGAIN, 0].memory_mb == 0
    assert found["train_logistic", 0].seconds == 1.0
    assert found["train_logistic", 0.15].output_mb == pytest.approx(2)


def test_typical_rows_are_read_back_as_they_were(tmp_path):
    rows = plan.typical(
        [Measurement("train_sgd", 5, seconds, 200, 3, 1.5) for seconds in (1, 2, 9)]
        + measured("summarise_features", (0, 1)),
        "a CPU",
    )
    files.write_rows(tmp_path / "costs.csv", plan.COLUMNS, rows)
    summary, sgd = plan.read_reference(tmp_path / "costs.csv")
    assert sgd == Measurement("train_sgd", 5, 2, 200, 3, 1.5, "a CPU")
    assert summary.output_mb is None


def test_the_reference_costs_cover_every_rule_that_makes_something():
    there = {one.kind for one in plan.read_reference(ROOT / "data/reference_costs.csv")}
    rules = {"render_demo", "build_manifest", "extract_shard", "collect_feature", "summarise_features", "make_split"}
    rules |= {
        "evaluate_model",
        "build_leaderboard",
        "compare_models",
        "compare_papers",
        "compare_stability",
        "study_leakage",
        "study_errors",
        "check_labels",
        "draw_saliency",
        "plot_features",
        "plot_genres",
        "build_report",
        plan.AGAIN,
        plan.SCHEDULER,
    }
    assert rules | {"train_logistic", "train_sgd", "train_random_forest"} <= there


def test_sizes_of_features_are_those_of_the_caches(tmp_path):
    seconds, rate = 1.3, 22_050
    features = {
        "mel": {"n_fft": 512, "hop_length": 256, "n_mels": 16},
        "mfcc": {"n_fft": 512, "hop_length": 128, "n_mels": 16, "n_mfcc": 8},
        "chroma": {"n_fft": 2048, "hop_length": 512, "n_chroma": 12},
        "wavelet": {"wavelet": "haar", "levels": 5},
    }
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(tmp_path / "tone.wav", tone, rate)
    clip = {"clip_id": "a", "path": str(tmp_path / "tone.wav"), "md5": "0" * 32}
    store = extraction.Store(tmp_path / "store", features, {"sample_rate": rate, "duration": "longest"})
    store.fill([clip], 0, 1)
    caches = {name: next(store.read(name, [clip], 1))[1].size for name in features}
    assert plan_jobs.feature_sizes({**features, "tabular": "precomputed"}, rate, seconds) == {**caches, "tabular": 0}
    assert plan_jobs.seconds_of(tmp_path / "tone.wav") == pytest.approx(seconds, abs=1e-4)


def test_a_file_that_is_no_audio_has_no_seconds(tmp_path):
    (tmp_path / "noise.mp3").write_bytes(b"not audio")
    assert plan_jobs.seconds_of(tmp_path / "noise.mp3") == 0


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
    write_benchmark(results, ("train", *run.split("/")), 5.0)
    (found,) = plan_jobs.measure("mine", cores=2)
    assert (found.kind, found.work, found.output_work, found.seconds) == ("train_logistic", 6.0, 2.0, 5.0)
    assert plan_jobs.earlier_runs("other", 2) == ([found], "runs of mine here")


def result(**changes):
    plain = {
        "dataset": "mine", "clips": 10, "audio_seconds": 40.0, "corpus_source": "a test", "models": ["sgd"],
        "protocols": ["artist"], "seeds": [0], "cores": 2, "jobs_in_all": 9, "jobs": 2, "core_seconds": 3.0,
        "longest_chain_seconds": 3.0, "wall_seconds": 3.0,
        "rules": [{"rule": "train_sgd", "jobs": 2, "core_seconds": 3.0, "source": "here"}],
        "memory": {"largest_mb": 1.0, "largest_rule": "train_sgd", "together_mb": 2.0, "machine_mb": 1000.0},
        "disk": {"new_mb": {"features": 5.0}, "total_mb": 5.0, "free_mb": 9.0, "used_mb": {"results/mine": 3.0},
                 "reflinks": False},
    }  # fmt: skip
    return plain | changes


def test_what_does_not_fit_is_said():
    assert plan_jobs.warnings(result()) == []
    disk = result()["disk"] | {"total_mb": 5000.0}
    assert "does not fit on the disk; 5.0 GB are missing" in plan_jobs.as_text(result(disk=disk))
    memory = result()["memory"] | {"together_mb": 2000.0}
    assert "more memory than this machine has" in plan_jobs.as_text(result(memory=memory))
    rules = [{"rule": "train_new", "jobs": 1, "core_seconds": None, "source": "never measured"}]
    assert "never measured: train_new" in plan_jobs.as_text(result(rules=rules))


def test_a_finished_result_says_so_and_what_it_takes():
    text = plan_jobs.as_text(result(jobs=0, rules=[]))
    assert text.startswith("Nothing to do") and "results/mine 3.0 MB" in text


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The project as it is, nothing run yet."""
    folder = tmp_path_factory.mktemp("plan") / "project"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if not name.startswith("tests/") and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def run(folder, *command):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_counts_are_those_of_a_dry_run(checkout):
    dry = run(checkout, "snakemake", "--dry-run", "--cores", "2")
    expected = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", dry.stdout + dry.stderr, re.M)}
    planned = run(checkout, sys.executable, "scripts/plan_jobs.py", "--cores", "2", "--json")
    assert planned.returncode == 0, planned.stderr
    found = json.loads(planned.stdout)
    assert {row["rule"]: row["jobs"] for row in found["rules"]} | {"total": found["jobs"]} == expected
    assert found["clips"] == 150 and found["audio_seconds"] == 600
    assert found["core_seconds"] > 0 and all(row["core_seconds"] is not None for row in found["rules"])


def test_a_wrong_parameter_is_one_sentence(checkout):
    file = checkout / "params.yaml"
    text = file.read_text()
    try:
        file.write_text(text.replace("alpha: 0.0001", "alfa: 0.0001"))
        failed = run(checkout, sys.executable, "scripts/plan_jobs.py")
    finally:
        file.write_text(text)
    assert failed.returncode == 1
    assert re.fullmatch(r"error: params.yaml: models.sgd .*alpha.*\n", failed.stderr)
