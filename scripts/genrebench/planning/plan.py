"""Plan a run before anything starts: jobs, hours, memory and disk, from what earlier runs cost."""

import fcntl
import math
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from genrebench.audio import lengths
from genrebench.common import files
from genrebench.planning import costs as cost_model
from genrebench.planning import workload as workloads
from genrebench.planning.costs import Costs, Measurement
from genrebench.planning.workload import AGAIN, Corpus, Task, Workload
from genrebench.workflow import ablation

GTZAN_ARCHIVE_MB = 1300.0
GTZAN_RATE = DEMO_RATE = 22_050  # Hz
PROCESSES = 8  # that rule build_manifest takes at most
FICLONE = 0x40049409  # <linux/fs.h>


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


def workload_of(
    settings: dict[str, Any], corpus: Corpus, values: Mapping[str, int], tasks: Sequence[Task], cores: int
) -> Workload:
    """What the jobs of a dataset work on; `settings` are the parameters, `values` the values per clip by feature."""
    runs = count_runs(tasks)
    models = {
        name: settings["models"].get(name) or ablation.entry(settings, name) for name in {**settings["models"], **runs}
    }
    return Workload(corpus, values, models, training(settings, corpus), runs, min(PROCESSES, cores))


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
            result[protocol, split] = workloads.training_clips(protocol, split, own, corpus, dataset, made)
    return result


def count_runs(tasks: Sequence[Task]) -> Counter[str]:
    """Number of runs by model."""
    return Counter(task.parts[1] for task in tasks if task.parts[:1] == ("train",))


def earlier_runs(dataset: str, cores: int) -> tuple[list[Measurement], str]:
    """What earlier jobs cost on this machine: of this dataset, else of the others; and a name for that."""
    found = measure(dataset, cores)
    if found:
        return found, "earlier runs here"
    others = sorted(path.parent.name for path in Path("results").glob("*/manifest.csv"))
    for other in others:
        found += measure(other, cores)
    return found, f"runs of {', '.join(others)} here" if found else ""


def measure(dataset: str, cores: int) -> list[Measurement]:
    """What the jobs of a dataset that has a manifest cost on this machine, on so many cores."""
    results = Path("results", dataset)
    if not (results / "manifest.csv").is_file():
        return []
    rows = files.read_rows(results / "manifest.csv")
    corpus = Corpus(tuple(float(row["duration_s"] or 0) for row in rows), len({row["genre"] for row in rows}), dataset)
    shapes = {path.stem: files.read_json(path).get("shape") for path in results.glob("features/*.json")}
    values = {name: math.prod(shape[1:]) if shape else 0 for name, shape in shapes.items()}
    trained = {}
    for path in results.glob("splits/*/*.csv"):
        segment_s = files.read_json(path.with_suffix(".json")).get("segments", {}).get("length_s")
        trained[path.parent.name, path.stem] = workloads.count_training(path, corpus, segment_s)
    runs = Counter(path.parts[-4] for path in (results / "benchmarks").glob("train/*/*/*/*.tsv"))
    # as they were then: one run of each model tells
    configs = {path.parts[-5]: path for path in results.glob("runs/*/*/*/*/config.json")}
    models = {model: files.read_json(path)["settings"] for model, path in configs.items()}
    workload = Workload(corpus, values, models, trained, runs, min(PROCESSES, cores))
    return cost_model.read_benchmarks(results, workload)


def estimate(
    settings: dict[str, Any], workload: Workload, tasks: list[Task], todo: list[Task], costs: Costs, cores: int
) -> dict[str, Any]:
    """The plan as plain data: seconds, megabytes, counts."""
    dataset = settings["dataset"]
    kinds = workloads.kinds(todo)
    known = {
        task: costs.seconds(kind, 0 if kind == AGAIN else workload.work(task.parts)) for task, kind in kinds.items()
    }
    seconds = {task: value or 0.0 for task, value in known.items()}
    rules = []
    for rule in in_order(todo):
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
    memory = {
        task: max(task.memory_mb, workload.memory_mb(task.parts), need_mb(task, kinds, workload, costs))
        for task in todo
    }
    is_longest = settings["audio"]["duration"] == "longest"
    length_note = lengths.advice(workload.corpus.durations) if is_longest else None
    largest = max(memory, key=lambda task: (memory[task], task.rule), default=None)
    return {
        "dataset": dataset,
        "clips": workload.corpus.clips,
        "audio_seconds": workload.corpus.seconds,
        "length_note": length_note,
        "corpus_source": workload.corpus.source,
        "models": list(settings["models"]),
        "protocols": list(settings["protocols"]),
        "seeds": list(settings["seeds"]),
        "cores": cores,
        "jobs_in_all": len(tasks),
        "jobs": len(todo),
        "rules": rules,
        "core_seconds": sum(seconds[task] * task.threads for task in seconds),
        "longest_chain_seconds": longest_chain(todo, seconds),
        "wall_seconds": wall_seconds(
            todo, seconds, cores, (costs.seconds(cost_model.SCHEDULER, len(todo)) or 0.0) if todo else 0.0
        ),
        "memory": {
            "largest_mb": memory[largest] if largest else 0.0,
            "largest_rule": largest.rule if largest else None,
            "together_mb": together_mb(memory, cores),
            "machine_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6,
        },
        "disk": disk(dataset, workload, kinds, costs),
    }


def need_mb(task: Task, kinds: dict[Task, str], workload: Workload, costs: Costs) -> float:
    """Megabytes of memory that a job was seen to need; 0 if that is not known."""
    if task not in kinds:
        return 0.0
    return costs.memory_mb(kinds[task], 0 if kinds[task] == AGAIN else workload.work(task.parts)) or 0.0


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
    used = {f"{folder}/{dataset}": cost_model.size_mb(Path(folder, dataset)) for folder in folders}
    return {
        "new_mb": dict(new),
        "total_mb": sum(new.values()),
        "free_mb": shutil.disk_usage(".").free / 1e6,
        "used_mb": used | {".dvc/cache": cost_model.size_mb(".dvc/cache")},
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


def finish_times(tasks: Sequence[Task], seconds: Mapping[Task, float]) -> dict[Task, float]:
    """When each job ends at the earliest: its seconds after the last of the jobs whose outputs it reads."""
    makers = {path: task for task in tasks for path in task.outputs}
    waits_for = {task: {makers[path] for path in task.inputs if path in makers} - {task} for task in tasks}
    end: dict[Task, float] = {}
    for task in TopologicalSorter(waits_for).static_order():
        end[task] = seconds.get(task, 0.0) + max((end[before] for before in waits_for[task]), default=0.0)
    return end


def longest_chain(tasks: Sequence[Task], seconds: Mapping[Task, float]) -> float:
    """Seconds of the longest chain of jobs of which each waits for the one before."""
    return max(finish_times(tasks, seconds).values(), default=0.0)


def in_order(tasks: Sequence[Task]) -> list[str]:
    """The rules of these jobs, in the order in which they can begin."""
    depths = finish_times(tasks, dict.fromkeys(tasks, 1.0))
    first: dict[str, float] = {}
    for task, depth in depths.items():
        first[task.rule] = min(depth, first.get(task.rule, depth))
    return sorted(first, key=lambda rule: (first[rule], rule))


def together_mb(memory: Mapping[Task, float], cores: int) -> float:
    """Megabytes of the largest jobs that fit on the cores at a time."""
    total = 0.0
    for task, size in sorted(memory.items(), key=lambda item: -item[1]):
        if task.threads <= cores:
            total, cores = total + size, cores - task.threads
    return total


def wall_seconds(tasks: Sequence[Task], seconds: Mapping[Task, float], cores: int, scheduler: float) -> float:
    """Seconds from start to end: all work spread evenly over the cores, not below the longest chain.

    `scheduler` is the scheduler's own time, which is added. Jobs that cannot be spread evenly take longer.
    """
    work = sum(min(task.threads, cores) * seconds.get(task, 0.0) for task in tasks)
    return scheduler + max(work / cores, longest_chain(tasks, seconds))
