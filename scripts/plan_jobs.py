"""Say what would run before anything starts: jobs, hours, memory, disk, and what the estimate rests on."""

import argparse
import csv
import fcntl
import json
import math
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from snakemake_interface_common.exceptions import WorkflowError

from genrebench.audio.lengths import common_seconds
from genrebench.audio.spectra import Clip
from genrebench.common import cli, files
from genrebench.common.cli import InputError
from genrebench.extraction import store
from genrebench.workflow import config, dag, entries, plan, pretrained
from genrebench.workflow.plan import Corpus, Costs, Task, Workload

GTZAN = Corpus((*[30.0] * 999, 675_808 / 22_050), 10, "what is known of GTZAN")  # and its longest clip
GTZAN_ARCHIVE_MB = 1300.0
GTZAN_RATE = DEMO_RATE = 22_050  # Hz
GENRES_OF_DEMO = 10
PROCESSES = 8  # that rule build_manifest takes at most
# Features grow with the length of a clip: longer ones are reckoned from so many seconds.
LONGEST_TRIAL = 60.0
FICLONE = 0x40049409  # <linux/fs.h>


def plan_jobs(reference: str, cores: int, as_json: bool, measurements: bool) -> None:
    """Print the plan for the dataset, models, protocols and seeds of params.yaml.

    With `measurements`, print instead what the runs of this dataset cost, as rows for `reference`.
    """
    settings = config.load()
    dataset = settings["dataset"]
    # Reading headers and trying features (3 s) goes on while Snakemake derives the jobs (3 s).
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        survey = pool.submit(survey_dataset, settings)
        try:
            jobs, pending = dag.jobs({"all"}, cores=cores)
        except WorkflowError as error:  # what the Snakefile says to people
            raise InputError(str(error)) from None
        corpus, values = survey.result()
    tasks, todo = (sorted(as_task(one, dataset) for one in some) for some in (jobs, pending))
    workload = Workload(
        corpus, values, settings["models"], training(settings, corpus), count_runs(tasks), min(PROCESSES, cores)
    )
    if measurements:
        writer = csv.DictWriter(sys.stdout, plan.COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(plan.typical(measure(dataset, cores), plan.processor()))
        return
    local, where = earlier_runs(dataset, cores)
    costs = Costs(plan.read_reference(reference), local, where)
    result = estimate(settings, workload, tasks, todo, costs, cores)
    print(json.dumps(result, indent=2, sort_keys=True) if as_json else as_text(result))


def survey_dataset(settings: dict[str, Any]) -> tuple[Corpus, dict[str, int]]:
    """The dataset, and the values per clip of each of its features (0 for one that it lacks)."""
    raw = Path("data/raw", settings["dataset"])
    if (raw / "manifest.csv").is_file():
        rows = files.read_rows(raw / "manifest.csv")
        arrays = {name: raw / "features" / f"{name}.npy" for name in settings["features"]}
        sizes = {
            name: math.prod(np.load(path, mmap_mode="r").shape[1:]) if path.is_file() else 0
            for name, path in arrays.items()
        }
        return _corpus([0.0] * len(rows), {row["genre"] for row in rows}, "the dataset's own manifest"), sizes
    corpus = corpus_of(settings)
    seconds = common_seconds(settings["audio"]["duration"], corpus.durations)
    return corpus, feature_sizes(settings["features"], settings["audio"]["sample_rate"], seconds)


def corpus_of(settings: dict[str, Any]) -> Corpus:
    """A dataset of audio: from its manifest, else from its files, else from what is known of it."""
    dataset = settings["dataset"]
    manifest = Path("results", dataset, "manifest.csv")
    raw = Path("data/raw", dataset)
    if manifest.is_file():
        rows = files.read_rows(manifest)
        durations = [float(row["duration_s"]) for row in rows]
        return _corpus(durations, {row["genre"] for row in rows}, str(manifest))
    if dataset in KNOWN and not (raw.is_dir() and any(path.is_dir() for path in raw.iterdir())):
        return KNOWN[dataset](settings)
    from genrebench.datasets import manifest as clips_of  # 1 s, only before there is a manifest

    clips = clips_of.find_clips(raw)
    with ThreadPoolExecutor() as pool:
        durations = list(pool.map(seconds_of, [clip.path for clip in clips]))
    return _corpus([d for d in durations if d], {clip.genre for clip in clips}, f"the files in {raw}")


def _demo(settings: dict[str, Any]) -> Corpus:
    demo = settings["demo"]
    clips = GENRES_OF_DEMO * demo["artists_per_genre"] * demo["clips_per_artist"]
    return _corpus([demo["duration_s"]] * clips, set(range(GENRES_OF_DEMO)), "section demo of params.yaml")


# what is known of a dataset before its audio is there
KNOWN = {"gtzan": lambda settings: GTZAN, "demo": _demo}


def _corpus(durations: Sequence[float], genres: set, source: str) -> Corpus:
    return Corpus(tuple(durations), len(genres), source)


def seconds_of(path: Path) -> float:
    """Length of an audio file by its header; 0 if none can be read (the manifest will reject it)."""
    import av
    import soundfile

    try:
        return soundfile.info(path).duration
    except (soundfile.LibsndfileError, OSError):
        pass
    try:
        with av.open(str(path)) as container:
            return (container.duration or 0) / av.time_base
    except (av.error.FFmpegError, OSError, ValueError):
        return 0.0


def feature_sizes(features: dict[str, Any], sample_rate: int, seconds: float) -> dict[str, int]:
    """Values per clip of each feature, by extracting it from noise of this length; 0 for one that is not to be had.

    Clips of more than a minute are reckoned from one of a minute: all features grow with the length.
    """
    trial = min(seconds, LONGEST_TRIAL)
    computed = {name: settings for name, settings in features.items() if not entries.is_precomputed(settings)}
    spectra = [(own["n_fft"], own["hop_length"]) for own in computed.values() if "n_fft" in own]

    @cache
    def clip(rate: int) -> Clip:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, round(trial * rate)).astype(np.float32)
        return Clip(noise, rate, spectra)

    sizes = dict.fromkeys(features, 0)
    for name, own in computed.items() if trial else ():
        if pretrained.unavailable(entries.module_of(name, own), own):
            continue
        module = store.module(name, own)
        size = module.extract(clip(getattr(module, "SAMPLE_RATE", sample_rate)), **entries.arguments(own)).size
        sizes[name] = round(size * seconds / trial) if seconds > trial and module.AXES[-1] in entries.TIME else size
    return sizes


def as_task(snakemake_job: Any, dataset: str) -> Task:
    """One of Snakemake's jobs as plain data."""
    benchmark = snakemake_job.benchmark
    parts = Path(benchmark).relative_to(f"results/{dataset}/benchmarks").with_suffix("").parts if benchmark else ()
    return Task(
        snakemake_job.rule.name,
        parts,
        tuple(str(path) for path in snakemake_job.input),
        tuple(str(path) for path in snakemake_job.output),
        snakemake_job.threads,
        memory if isinstance(memory := snakemake_job.resources.get("mem_mb", 0), int) else 0,  # known when it starts
    )


def training(settings: dict[str, Any], corpus: Corpus) -> dict[tuple[str, str], int]:
    """Training clips by protocol and split."""
    dataset = settings["dataset"]
    made = Path("results", dataset, "splits")
    result = {}
    for protocol, own in settings["protocols"].items():
        count = own.get("folds") or own.get("repeats", 1)
        name = "fold" if "folds" in own else "repeat"
        fixed = protocol == "fault_filtered" or "file" in own
        for split in ["fixed"] if fixed else [f"{name}{i}" for i in range(count)]:
            result[protocol, split] = plan.training_clips(protocol, split, own, corpus, dataset, made)
    return result


def count_runs(tasks: Sequence[Task]) -> Counter[str]:
    """Number of runs by model."""
    return Counter(task.parts[1] for task in tasks if task.parts[:1] == ("train",))


def earlier_runs(dataset: str, cores: int) -> tuple[list[plan.Measurement], str]:
    """What earlier jobs cost on this machine: of this dataset, else of the others; and a name for that."""
    found = measure(dataset, cores)
    if found:
        return found, "earlier runs here"
    others = sorted(path.parent.name for path in Path("results").glob("*/manifest.csv"))
    for other in others:
        found += measure(other, cores)
    return found, f"runs of {', '.join(others)} here" if found else ""


def measure(dataset: str, cores: int) -> list[plan.Measurement]:
    """What the jobs of a dataset that has a manifest cost on this machine, on so many cores."""
    results = Path("results", dataset)
    if not (results / "manifest.csv").is_file():
        return []
    rows = files.read_rows(results / "manifest.csv")
    corpus = _corpus([float(row["duration_s"] or 0) for row in rows], {row["genre"] for row in rows}, dataset)
    shapes = {path.stem: files.read_json(path).get("shape") for path in results.glob("features/*.json")}
    values = {name: math.prod(shape[1:]) if shape else 0 for name, shape in shapes.items()}
    trained = {}
    for path in results.glob("splits/*/*.csv"):
        segment_s = files.read_json(path.with_suffix(".json")).get("segments", {}).get("length_s")
        trained[path.parent.name, path.stem] = plan.count_training(path, corpus, segment_s)
    runs = Counter(path.parts[-4] for path in (results / "benchmarks").glob("train/*/*/*/*.tsv"))
    # as they were then: one run of each model tells
    configs = {path.parts[-5]: path for path in results.glob("runs/*/*/*/*/config.json")}
    models = {model: files.read_json(path)["settings"] for model, path in configs.items()}
    workload = Workload(corpus, values, models, trained, runs, min(PROCESSES, cores))
    return plan.read_benchmarks(results, workload)


def estimate(
    settings: dict[str, Any], workload: Workload, tasks: list[Task], todo: list[Task], costs: Costs, cores: int
) -> dict[str, Any]:
    """The plan as plain data: seconds, megabytes, counts."""
    dataset = settings["dataset"]
    kinds = plan.kinds(todo)
    known = {
        task: costs.seconds(kind, 0 if kind == plan.AGAIN else workload.work(task.parts))
        for task, kind in kinds.items()
    }
    seconds = {task: value or 0.0 for task, value in known.items()}
    rules = []
    for rule in plan.in_order(todo):
        members = [task for task in todo if task.rule == rule]
        sources = sorted({costs.source(kinds[task]) for task in members if task in kinds})
        measured = all(known.get(task, 0.0) is not None for task in members)
        rules.append(
            {
                "rule": rule,
                "jobs": len(members),
                "core_seconds": sum(seconds.get(t, 0.0) * t.threads for t in members) if measured else None,
                "source": "; ".join(sources),
            }
        )
    memory = {task: max(task.memory_mb, need_mb(task, kinds, workload, costs)) for task in todo}
    largest = max(memory, key=lambda task: (memory[task], task.rule), default=None)
    return {
        "dataset": dataset,
        "clips": workload.corpus.clips,
        "audio_seconds": workload.corpus.seconds,
        "corpus_source": workload.corpus.source,
        "models": list(settings["models"]),
        "protocols": list(settings["protocols"]),
        "seeds": list(settings["seeds"]),
        "cores": cores,
        "jobs_in_all": len(tasks),
        "jobs": len(todo),
        "rules": rules,
        "core_seconds": sum(seconds[task] * task.threads for task in seconds),
        "longest_chain_seconds": plan.longest_chain(todo, seconds),
        "wall_seconds": plan.wall_seconds(
            todo, seconds, cores, (costs.seconds(plan.SCHEDULER, len(todo)) or 0.0) if todo else 0.0
        ),
        "memory": {
            "largest_mb": memory[largest] if largest else 0.0,
            "largest_rule": largest.rule if largest else None,
            "together_mb": plan.together_mb(memory, cores),
            "machine_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6,
        },
        "disk": disk(dataset, workload, kinds, costs),
    }


def need_mb(task: Task, kinds: dict[Task, str], workload: Workload, costs: Costs) -> float:
    """Megabytes of memory that a job was seen to need; 0 if that is not known."""
    if task not in kinds:
        return 0.0
    return costs.memory_mb(kinds[task], 0 if kinds[task] == plan.AGAIN else workload.work(task.parts)) or 0.0


def disk(dataset: str, workload: Workload, kinds: dict[Task, str], costs: Costs) -> dict[str, Any]:
    """Megabytes that the jobs will write, by what they are, those that DVC copies, and what there is."""
    new: dict[str, float] = defaultdict(float)
    for task in kinds:
        match task.parts:
            case ("fetch_gtzan",):
                new["raw audio"] += GTZAN_ARCHIVE_MB + audio_mb(workload.corpus, GTZAN_RATE)
            case ("render_demo",):
                new["raw audio"] += audio_mb(workload.corpus, DEMO_RATE)
            case ("extract_shard" | "extract_embeddings" | "extract_speech", feature, shard):
                new["store of extracted shards"] += workload.cache_mb(feature) / int(shard.split("-of-")[1])
            case ("collect_feature", feature):
                new["features"] += workload.cache_mb(feature)
            case ("train", *_):
                new["trained models and predictions"] += (
                    costs.output_mb(kinds[task], workload.output_work(task.parts)) or 0.0
                )
            case _:
                new["evaluation and report"] += costs.output_mb(kinds[task], workload.output_work(task.parts)) or 0.0
    tracked = sum(
        size
        for what, size in new.items()
        if what != "store of extracted shards" and not (what == "raw audio" and dataset != "demo")
    )
    reflinks = has_reflinks(Path(".snakemake"))
    new["copies in DVC's cache"] = 0.0 if reflinks else tracked
    folders = ("data/raw", "results", ".cache")
    used = {f"{folder}/{dataset}": plan.size_mb(Path(folder, dataset)) for folder in folders}
    return {
        "new_mb": dict(new),
        "total_mb": sum(new.values()),
        "free_mb": shutil.disk_usage(".").free / 1e6,
        "used_mb": used | {".dvc/cache": plan.size_mb(".dvc/cache")},
        "reflinks": reflinks,
    }


def audio_mb(corpus: Corpus, sample_rate: int) -> float:
    """Megabytes of 16 bit mono audio."""
    return corpus.seconds * sample_rate * 2 / 1e6


def has_reflinks(folder: Path) -> bool:
    """Whether the file system of `folder` copies by reference (Btrfs, XFS), which DVC does wherever it can."""
    with tempfile.NamedTemporaryFile(dir=folder) as source, tempfile.NamedTemporaryFile(dir=folder) as copy:
        source.write(b"reflink")
        source.flush()
        try:
            fcntl.ioctl(copy.fileno(), FICLONE, source.fileno())
        except OSError:
            return False
    return True


def as_text(result: dict[str, Any]) -> str:
    """The plan for people."""
    space = result["disk"]
    used = ", ".join(f"{folder} {plan.megabytes(size)}" for folder, size in space["used_mb"].items() if size)
    in_use = f"In use    {used or 'nothing'}; {plan.megabytes(space['free_mb'])} are free."
    if not result["jobs"]:
        return f"Nothing to do: all {result['jobs_in_all']} jobs for {result['dataset']} are up to date.\n{in_use}"
    lines = [
        f"{result['dataset']}: {result['clips']} clips"
        + (f", {plan.duration(result['audio_seconds'])} of audio" if result["audio_seconds"] else "")
        + f" (from {result['corpus_source']})",
        f"models {', '.join(result['models'])}; protocols {', '.join(result['protocols'])}; "
        f"seeds {', '.join(map(str, result['seeds']))}",
        "",
        f"{'rule':<30}{'jobs':>6}{'per job':>10}{'in all':>10}   measured on",
    ]
    for row in result["rules"]:
        total = row["core_seconds"]
        times = (
            f"{'?':>10}{'?':>10}"
            if total is None
            else f"{plan.duration(total / row['jobs']):>10}{plan.duration(total):>10}"
            if row["source"]
            else f"{'':>20}"
        )
        lines.append(f"{row['rule']:<30}{row['jobs']:>6}{times}   {row['source']}".rstrip())
    lines += [
        f"{'total':<30}{result['jobs']:>6}{'':>10}{plan.duration(result['core_seconds']):>10}   of one core",
        "",
        f"Time      about {plan.duration(result['wall_seconds'])} ({result['wall_seconds'] / 3600:.2f} h) on "
        f"{result['cores']} cores: the work spread evenly, not below the longest chain of jobs "
        f"({plan.duration(result['longest_chain_seconds'])}), and the scheduler's own time.",
        f"Memory    largest job {plan.megabytes(result['memory']['largest_mb'])} "
        f"({result['memory']['largest_rule']}), at most {plan.megabytes(result['memory']['together_mb'])} at a time "
        f"on {result['cores']} cores; the machine has {plan.megabytes(result['memory']['machine_mb'])}.",
        f"Disk      {plan.megabytes(space['total_mb'])} more, {plan.megabytes(space['free_mb'])} are free:",
        *(f"            {what:<32}{plan.megabytes(size):>10}" for what, size in space["new_mb"].items() if size),
    ]
    if space["reflinks"]:
        lines.append("            DVC's copies take no room: this file system makes them by reference.")
    return "\n".join([*lines, in_use, *warnings(result)])


def warnings(result: dict[str, Any]) -> list[str]:
    """What a person should know before starting."""
    found = []
    unknown = [row["rule"] for row in result["rules"] if row["core_seconds"] is None]
    if unknown:
        found.append(f"Not in the time, because it was never measured: {', '.join(unknown)}.")
    if result["memory"]["together_mb"] > result["memory"]["machine_mb"]:
        found.append(
            "Warning: the jobs could need more memory than this machine has; add "
            f"`--resources mem_mb={int(0.9 * result['memory']['machine_mb'])}` or use fewer cores."
        )
    missing = result["disk"]["total_mb"] - result["disk"]["free_mb"]
    if missing > 0:
        found.append(f"Warning: this does not fit on the disk; {plan.megabytes(missing)} are missing.")
    return found


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", default="data/reference_costs.csv", help="what jobs cost on another machine")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="jobs side by side (all)")
    parser.add_argument("--json", dest="as_json", action="store_true", help="for programs; seconds and megabytes")
    parser.add_argument(
        "--measurements", action="store_true", help="print what this dataset's runs cost, as rows of --reference"
    )
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(plan_jobs, vars(arguments()))
