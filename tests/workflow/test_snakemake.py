"""What a person who types `snakemake` relies on."""

import csv
import html
import json
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import draw_rules
from genrebench.workflow import dag, dataset_folder, file_index
from project import ROOT, STUDIES

AFTER_A_MODEL = dict.fromkeys(
    ("all", "evaluate_model", "build_leaderboard", *STUDIES, "export_best", "build_report"), 1
)


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def without(jobs, name):
    return {rule: count for rule, count in jobs.items() if rule != name}


def test_a_finished_result_has_nothing_to_do_even_after_a_touch(finished, tmp_path):
    assert finished.jobs() == {}
    project = finished.copy(tmp_path / "project")
    for pattern in ("params.yaml", "scripts/**/*.py", "data/**/*.wav", "results/**/*.npy"):
        for path in project.folder.glob(pattern):
            path.touch()
    assert project.jobs() == {"index_raw": 1}  # which would read the clips
    assert "Nothing to be done" in project.snakemake()  # they are read, and are the same
    assert project.jobs() == {}


def test_a_dry_run_writes_nothing(tiny, project):
    def tree(one):
        return {
            path: path.stat().st_mtime_ns
            for path in one.folder.rglob("*")
            if not {".git", ".snakemake", "__pycache__"} & set(path.parts)
        }

    for path in project.folder.glob("data/**/*.wav"):
        path.touch()
    shutil.copy(next(project.folder.glob("data/raw/demo/blues/*.wav")), project.folder / "data/raw/demo/blues/new.wav")
    for one in (tiny, project):
        before = tree(one)
        assert one.jobs()["index_raw"] == 1
        assert tree(one) == before


def test_the_files_of_a_result(finished):
    results = finished.folder / "results" / "demo"
    manifest, rejected = read(results / "manifest.csv"), read(results / "rejected.csv")
    audio = [p for p in (finished.folder / "data/raw/demo").rglob("*") if p.parent.name != "demo" and p.is_file()]
    assert len(manifest) in (30, 31)
    assert len(manifest) + len(rejected) == len(audio)
    # the near duplicate is too short for its fingerprint in this corpus
    assert {row["reason"] for row in rejected} - {"near duplicate"} == {
        "unreadable", "empty", "silent", "too short", "duplicate"
    }  # fmt: skip
    statuses = read(results / "statuses.csv")
    assert len(statuses) == 9
    unavailable = {(row["model"], row["protocol"]) for row in statuses if row["status"] == "unavailable"}
    models = {"logistic", "sgd", "linear_probe"}
    assert unavailable == {(model, "fault_filtered") for model in models} | {
        ("linear_probe", protocol) for protocol in ("stratified", "artist")
    }
    assert not [path for path in results.rglob("*") if re.search("fault_filtered|linear_probe|yamnet", path.name)]
    features = {row["feature"]: row for row in read(results / "features/summary.csv")}
    assert features["mel"]["available"] == "True" and "fetch_weights.py yamnet" in features["yamnet"]["reason"]
    accuracy = json.loads((results / "accuracy.json").read_text())
    assert {model: set(protocols) for model, protocols in accuracy.items()} == {
        model: {"stratified", "artist"} for model in ("logistic", "sgd")
    }
    page = (results / "report" / "index.html").read_text()
    assert "fault_filtered" in page and "too short" in page


def test_any_clip_can_be_drawn_and_a_clip_of_each_genre_is(project):
    results = project.folder / "results" / "demo"
    manifest = read(results / "manifest.csv")
    drawn = {path.stem for path in (results / "plots" / "genres").glob("*.png")}
    assert drawn == {clip["genre"] for clip in manifest}
    clip = results / "plots" / "clips" / f"{manifest[-1]['clip_id']}.png"
    target = str(clip.relative_to(project.folder))
    assert project.jobs(target) == {"plot_clip": 1}
    project.snakemake(target)
    assert clip.read_bytes().startswith(b"\x89PNG")
    assert project.jobs(target) == {}
    output = project.snakemake(f"results/demo/plots/clips/{manifest[-1]['clip_id']}x.png", check=False)
    assert "has no clip" in output


def test_accuracy_is_what_the_predictions_say(finished):
    results = finished.folder / "results" / "demo"
    accuracy = json.loads((results / "accuracy.json").read_text())
    genre = {clip["clip_id"]: clip["genre"] for clip in read(results / "manifest.csv")}
    for model, protocols in accuracy.items():
        for protocol, value in protocols.items():
            rows = read(results / "runs" / model / protocol / "repeat0" / "seed0" / "predictions.csv")
            split = {row["clip_id"]: row["subset"] for row in read(results / "splits" / protocol / "repeat0.csv")}
            test = [row for row in rows if split[row["clip_id"]] == "test"]
            assert value == pytest.approx(
                sum(genre[row["clip_id"]] == row["predicted"] for row in test) / len(test), abs=1e-6
            )


def test_one_parameter_of_one_model_reruns_that_model_and_what_depends_on_it(project):
    project.change("models.sgd.alpha", 0.01)
    assert project.jobs() == {"train_sgd": 2, **AFTER_A_MODEL}


def test_a_parameter_of_one_feature_reruns_its_readers(project):
    project.change("features.chroma.n_chroma", 24)
    # sgd, of which alone the study of leakage is made, does not read chroma here
    expected = {
        "extract_shard": 1,
        "collect_feature": 1,
        "summarise_features": 1,
        "plot_genres": 1,
        "train_logistic": 2,
    }
    assert project.jobs() == {**expected, **without(AFTER_A_MODEL, "study_leakage")}


def test_the_code_of_one_feature_reruns_its_readers(project):
    path = project.folder / "scripts/genrebench/features/wavelet.py"
    path.write_text(path.read_text() + "# changed\n")
    # sgd does not read wavelet here either
    expected = {"extract_shard": 1, "collect_feature": 1, "summarise_features": 1, "train_logistic": 2}
    assert project.jobs() == {**expected, **without(AFTER_A_MODEL, "study_leakage")}


def test_the_code_of_one_model_reruns_that_model(project):
    path = project.folder / "scripts/genrebench/models/sgd.py"
    path.write_text(path.read_text() + "# changed\n")
    assert project.jobs() == {"train_sgd": 2, **AFTER_A_MODEL}


def test_a_clip_added_changed_or_removed_is_noticed(project):
    blues = project.folder / "data/raw/demo/blues"
    clip = next(path for path in sorted(blues.glob("*.wav")) if path.stat().st_size > 40_000)
    original = clip.read_bytes()
    shutil.copy(clip, blues / "another.wav")
    assert "build_manifest" in project.jobs()
    (blues / "another.wav").unlink()
    assert "build_manifest" not in project.jobs()
    clip.write_bytes(original[:-2] + b"\1\1")  # of the same size: who knows, without reading it?
    assert project.jobs() == {"index_raw": 1}
    manifest = project.folder / "results/demo/manifest.csv"
    before = manifest.read_text()
    project.snakemake("results/demo/manifest.csv")
    assert manifest.read_text() != before
    clip.unlink()
    assert "build_manifest" in project.jobs()


def test_what_leaves_the_manifest_as_it_is_trains_nothing(project):
    folder = project.folder / "data/raw/demo/blues"
    (folder / "Thumbs.db").write_bytes(b"x")
    assert project.jobs() == {}
    (folder / "broken.mp3").write_bytes(b"no audio" * 100)
    assert project.jobs()["train_sgd"] == 2  # nobody knows yet what the manifest will be
    output = project.snakemake()
    assert re.findall(r"Rule: (\w+)", output) == ["index_raw", "build_manifest", "build_report", "all"]
    assert "broken.mp3" in (project.folder / "results/demo/rejected.csv").read_text()
    assert project.jobs() == {}


def test_the_former_manifest_stays_where_no_other_is_made(project):
    manifest, script = (project.folder / path for path in ("results/demo/manifest.csv", "scripts/build_manifest.py"))
    before, code = manifest.read_bytes(), script.read_text()
    script.write_text("raise SystemExit(1)\n")
    assert "Error in rule build_manifest" in project.snakemake(str(manifest.relative_to(project.folder)), check=False)
    assert manifest.read_bytes() == before
    script.write_text(code)
    output = project.snakemake()
    assert re.findall(r"Rule: (\w+)", output) == ["build_manifest"]


def test_a_folder_that_is_not_as_it_has_to_be_is_refused_before_anything_runs(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    folder = project.folder / "data/raw/mine"
    for genre in ("jazz", "rock"):
        (folder / genre).mkdir(parents=True)
        (folder / genre / "a.wav").write_bytes(b"x")
    (folder / "clips.csv").write_text("path,artist\njazz/b.wav,X\n")
    project.change("dataset", "mine")
    output = project.snakemake("--dry-run", check=False)
    assert "lists 1 files that are not in data/raw/mine: jazz/b.wav" in output and "Traceback" not in output
    file_index.update(folder, project.folder / ".cache/mine/raw.json", dataset_folder.used_files)
    shutil.rmtree(folder)
    folder.mkdir()
    output = project.snakemake("--dry-run", check=False)
    assert "3 files last time and has none now: is it mounted?" in output and "Traceback" not in output


def test_what_is_unavailable_is_told_to_who_asks_for_it(tiny, tmp_path):
    for target in ("runs_linear_probe", "results/demo/features/yamnet.npy"):
        output = tiny.snakemake("--dry-run", target, check=False)
        assert "is unavailable: " in output and "fetch_weights.py yamnet" in output
    project = tiny.copy(tmp_path / "project")
    for name in ("models.logistic", "models.sgd", "ablation"):
        project.remove(name)
    project.change("leakage.models", ["linear_probe"])
    output = project.snakemake("--dry-run", check=False)
    assert "None of the configured models can be run" in output and "Traceback" not in output


def test_no_command_of_snakemake_harms_a_users_audio(project):
    project.make_user_folder(clips=3)
    before = project.tree("data/raw/mine")
    project.snakemake("--forceall", "--until", "build_manifest")
    project.snakemake("--delete-all-output")
    assert not (project.folder / "results/mine/manifest.csv").exists()
    assert project.tree("data/raw/mine") == before


def test_a_missing_folder_and_a_bad_parameter_are_sentences(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    project.change("dataset", "nowhere")
    output = project.snakemake("--dry-run", check=False)
    assert "data/raw/nowhere" in output and "Traceback" not in output
    project.change("dataset", "demo")
    project.change("models.sgd.alhpa", 1)
    output = project.snakemake("--dry-run", check=False)
    assert "params.yaml: models.sgd.alhpa: 'alhpa' is unknown (did you mean 'alpha'?)" in output
    assert "Traceback" not in output
    project.remove("models.sgd.alhpa")
    project.change(
        "models.other", {"module": "sgd", "features": ["mel"], "scaler_fit_on": "train", "alpha": 1, "max_iter": 9}
    )
    output = project.snakemake("--dry-run", check=False)
    assert "models.other has no rule; add `train_other` to rules/train.smk" in output and "Traceback" not in output


def test_somebodys_own_folder_called_demo_is_left_alone(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    mine = project.folder / "data/raw/demo/jazz/mine.wav"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    output = project.snakemake(check=False)
    assert "give it another name" in output
    assert mine.read_bytes() == b"mine"


def test_a_failing_job_says_why_in_its_last_lines(project):
    (project.folder / "split.csv").write_text("clip_id,subset\nnobody.00000,train\n")
    project.change("protocols", {"mine": {"file": "split.csv"}})
    project.remove("ablation")
    output = project.snakemake(check=False)
    assert "nobody.00000" in "\n".join(output.splitlines()[-40:])


@pytest.mark.long
@pytest.mark.parametrize("kills", [5, pytest.param(20, marks=pytest.mark.exhaustive)])
def test_killing_the_scheduler_at_random_moments_changes_nothing(tiny, finished, tmp_path, kills):
    """SIGKILL, then the same command again each time, with no unlock: in the end the same bytes."""
    project = tiny.copy(tmp_path / "project")
    seed = random.Random(0)
    command = [Path(sys.executable).parent / "snakemake", "--cores", "2"]
    for _ in range(kills):
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(command, cwd=project.folder, stdout=log, stderr=log)
            time.sleep(seed.uniform(1, 9))
            process.send_signal(signal.SIGKILL)
            process.wait()
    output = project.snakemake()
    assert "Traceback" not in output
    folders = ("data/raw", *(f"results/demo/{name}" for name in ("splits", "features", "runs", "evaluation")))
    assert project.tree(*folders) == finished.tree(*folders)
    for name in ("manifest.csv", "rejected.csv", "leaderboard.csv", "accuracy.json", "statuses.csv"):
        path = Path("results/demo", name)
        assert (project.folder / path).read_bytes() == (finished.folder / path).read_bytes()
    assert project.jobs() == {}
    assert not [path for path in (project.folder / "results").rglob(".*tmp*")]


def test_jobs_die_with_their_scheduler(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    project.change("demo.artists_per_genre", 20)
    command = [Path(sys.executable).parent / "snakemake", "--cores", "2"]
    process = subprocess.Popen(command, cwd=project.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not (jobs := children_in(project.folder, "render_demo")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert jobs
    process.send_signal(signal.SIGKILL)
    process.wait()
    # one that has only just begun finds its parent gone when its imports are done
    deadline = time.monotonic() + 20
    while children_in(project.folder, "render_demo") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not children_in(project.folder, "render_demo")
    assert not (project.folder / "data/raw/demo").exists()


def children_in(folder, word):
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder.resolve() and word in (process / "cmdline").read_text():
                found.append(process.name)
        except OSError:
            pass
    return found


@pytest.mark.long
def test_trainings_wait_for_the_one_gpu(project):
    """Two networks, two cores: with --resources gpu=1 the second begins when the first has ended."""
    small = {"epochs": 1, "seeds": [0], "protocols": ["artist"]}
    for name, own in (("mel599_cnn", {"frames": 30}), ("mel_lstm", {"max_steps": 8})):
        project.change(f"models.{name}", small | own)
    targets = ["runs_mel599_cnn", "runs_mel_lstm"]

    def most_at_a_time(*options):
        output = project.snakemake("--forcerun", "train_mel599_cnn", "train_mel_lstm", *options, "--", *targets)
        running = [0]
        for begins, ends in re.findall(r"(: Training )|(\(Rule: train_)", output):
            running.append(running[-1] + bool(begins) - bool(ends))
        assert running[-1] == 0 and len(running) == 5
        return max(running)

    assert most_at_a_time("--resources", "gpu=1") == 1
    assert most_at_a_time("--resources", "gpu=2") == 2


def test_the_picture_of_the_rules_is_that_of_the_workflow():
    jobs = dag.jobs({"all"}, {"dataset": "demo"})[0]
    picture = html.unescape((ROOT / "docs/dag.svg").read_text())
    assert set(re.findall(r"<title>(.+)->(.+)</title>", picture)) == draw_rules.edges(jobs), "run `make dag`"
    phases = {name for edge in draw_rules.edges(jobs) for name in edge}
    assert {"train_<model>", "collect_feature", "build_report"} < phases
    assert {job.rule.name for job in jobs if not job.rule.name.startswith("train_")} < phases
