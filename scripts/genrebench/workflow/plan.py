"""What a run will cost: seconds, memory and disk, from what earlier runs cost.

A job is named by its benchmark file below `results/<dataset>/benchmarks`, in parts: `("train", "sgd", "artist",
"repeat0", "seed0")`. Its `kind` is what it is compared with, its `work` the amount of what makes it long:

| kind | work |
|---|---|
| render_demo, build_manifest | seconds of audio (of each process) |
| extract_shard | seconds of audio in the shard: the first job of a shard reads the audio for all features |
| extract_embeddings, extract_speech | seconds of audio in the shard |
| extract_shard again | none: the other features of that shard find their arrays in the store |
| collect_feature | megabytes of the cache |
| make_split, check_labels | clips |
| train_<model> | millions of values: training clips x values of the model's features; 0 if the run cannot be |
| evaluate_model, build_leaderboard, compare_models, compare_papers, compare_stability | runs |
| study_errors, build_report | runs |
| the rest | none: always the same |

Seconds, memory and megabytes of output are straight lines in the work. The lines of the reference machine go through
`data/reference_costs.csv`; what this machine has measured multiplies them, so that its own runs are met. A kind that
nobody has measured has no estimate.
"""

import csv
import math
import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from statistics import median
from typing import Any

from genrebench.audio import segments
from genrebench.common import files
from genrebench.workflow.config import features_of

COLUMNS = ("kind", "work", "unit", "seconds", "memory_mb", "output_work", "output_mb", "machine")
SCHEDULER = "snakemake"  # the kind of the scheduler's own time; its work is the number of jobs
AGAIN = "extract_shard again"
UNITS = {
    "render_demo": "s of audio per process",
    "build_manifest": "s of audio per process",
    "extract_shard": "s of audio",
    "extract_embeddings": "s of audio",
    "extract_speech": "s of audio",
    "collect_feature": "MB",
    "make_split": "clips",
    "check_labels": "clips",
    "train": "million values",
    "evaluate_model": "runs",
    "build_leaderboard": "runs",
    "compare_models": "runs",
    "compare_papers": "runs",
    "compare_stability": "runs",
    "study_errors": "runs",
    "build_report": "runs",
    SCHEDULER: "jobs",
}
FAULT_FILTERED_TRAINING = 443  # of GTZAN's clips (Kereliuk, Sturm and Larsen 2015)

Parts = tuple[str, ...]
Line = tuple[float, float]  # fixed, per unit of work


@dataclass(frozen=True)
class Corpus:
    """A dataset: seconds of each usable clip (or file, before they are checked), and how many genres."""

    durations: tuple[float, ...]
    genres: int
    source: str

    @property
    def clips(self) -> int:
        """How many clips."""
        return len(self.durations)

    @property
    def seconds(self) -> float:
        """Seconds of audio in all."""
        return sum(self.durations)


@dataclass(frozen=True, order=True)
class Task:
    """A job of the workflow; `parts` is empty for one that only gathers others."""

    rule: str
    parts: Parts
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    threads: int = 1
    memory_mb: float = 0.0


@dataclass
class Workload:
    """What the jobs of one dataset work on.

    `values` has the values per clip of each feature (0 where the dataset lacks it), `models` their entries of
    params.yaml, `training` the training clips by (protocol, split), `runs` the number of runs by model, `processes`
    how many check files side by side.
    """

    corpus: Corpus
    values: Mapping[str, int]
    models: Mapping[str, Mapping[str, Any]]
    training: Mapping[tuple[str, str], int]
    runs: Mapping[str, int]
    processes: int

    def work(self, parts: Parts) -> float:
        """How much work a job is, in the unit of its kind."""
        match parts:
            case ("render_demo" | "build_manifest",):
                return self.corpus.seconds / self.processes
            case ("extract_shard" | "extract_embeddings" | "extract_speech", _, shard):
                return self.corpus.seconds / int(shard.split("-of-")[1])
            case ("collect_feature", feature):
                return self.cache_mb(feature)
            case ("make_split", *_) | ("check_labels",):
                return self.corpus.clips
            case ("train", model, protocol, split, _):
                passes = self.models.get(model, {}).get("epochs", 1)
                return passes * self.training.get((protocol, split), 0) * self.values_of(model) / 1e6
            case ("evaluate_model", model):
                return self.runs.get(model, 0)
            case ("build_leaderboard" | "compare_models" | "compare_papers" | "compare_stability",):
                return sum(self.runs.values())
            case ("study_errors" | "build_report",):
                return sum(self.runs.values())
        return 0

    def output_work(self, parts: Parts) -> float:
        """What the size of a job's output grows with.

        For a training the weights: genres x values in millions, or, of a forest, trees x training clips in thousands.
        """
        match parts:
            case ("train", model, protocol, split, _):
                if not self.work(parts):
                    return 0
                if trees := self.models.get(model, {}).get("n_estimators"):
                    return trees * self.training[protocol, split] / 1e3
                return self.corpus.genres * self.values_of(model) / 1e6
        return self.work(parts)

    def values_of(self, model: str) -> int:
        """Values per clip that a model reads; 0 if the dataset lacks one of its features."""
        entry = self.models.get(model)
        values = [self.values.get(feature, 0) for feature in features_of(entry)] if entry else []
        return sum(values) if all(values) else 0

    def cache_mb(self, feature: str) -> float:
        """Megabytes of a feature's cache: float32, all clips as long as `audio.duration` has it."""
        return self.corpus.clips * self.values.get(feature, 0) * 4 / 1e6


def kind(parts: Parts) -> str:
    """What a job is compared with."""
    return f"train_{parts[1]}" if parts[0] == "train" else parts[0]


def unit(kind: str) -> str:
    """The unit of the work of a kind; blank where there is none."""
    return UNITS.get("train" if kind.startswith("train_") else kind, "")


def kinds(tasks: Iterable[Task]) -> dict[Task, str]:
    """The kind of each job that does something: of the extractions of one shard only the first reads audio."""
    shards: set[str] = set()
    result = {}
    for task in tasks:
        if task.parts[:1] == ("extract_shard",):
            result[task] = AGAIN if task.parts[-1] in shards else "extract_shard"
            shards.add(task.parts[-1])
        elif task.parts:
            result[task] = kind(task.parts)
    return result


@dataclass(frozen=True)
class Measurement:
    """What one job cost; `output_mb` is None where it was not looked at."""

    kind: str
    work: float
    seconds: float
    memory_mb: float
    output_work: float = 0.0
    output_mb: float | None = None
    machine: str = ""


def read_reference(path: str | Path) -> list[Measurement]:
    """The measurements of the reference machine."""
    return [
        Measurement(
            row["kind"],
            float(row["work"]),
            float(row["seconds"]),
            float(row["memory_mb"]),
            float(row["output_work"] or 0),
            float(row["output_mb"]) if row["output_mb"] else None,
            row["machine"],
        )
        for row in files.read_rows(path)
    ]


def read_benchmarks(results: str | Path, workload: Workload) -> list[Measurement]:
    """What the jobs of a finished or broken-off run cost, from Snakemake's benchmark files in `results`."""
    folder = Path(results, "benchmarks")
    found = {}
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"), None)
        if row and row["s"]:
            parts = path.relative_to(folder).with_suffix("").parts
            found[parts] = (float(row["s"]), _number(row["max_rss"]))
    longest: dict[str, Parts] = {}  # the job of each shard that read the audio
    for parts in found:
        if parts[0] == "extract_shard" and len(parts) == 3:
            longest[parts[2]] = max(parts, longest.get(parts[2], parts), key=lambda p: found[p])
    measurements = []
    for parts, (seconds, memory) in found.items():
        again = parts[0] == "extract_shard" and parts not in longest.values()
        output = {
            "train": Path(results, "runs", *parts[1:]),
            "evaluate_model": Path(results, "evaluation", *parts[1:]),
            "build_report": Path(results, "report"),
        }.get(parts[0])
        measurements.append(
            Measurement(
                AGAIN if again else kind(parts),
                0 if again else workload.work(parts),
                seconds,
                memory,
                workload.output_work(parts),
                size_mb(output) if output and output.is_dir() else None,
            )
        )
    return measurements


def _number(text: str) -> float:
    return 0.0 if text in ("", "-", "NA") else float(text)  # a job may be over before it was looked at


def typical(measurements: Iterable[Measurement], machine: str) -> list[dict[str, Any]]:
    """Rows for the file of reference costs: of each kind and amount of work the median, named after the machine."""
    alike: dict[tuple[str, float, float], list[Measurement]] = defaultdict(list)
    for one in measurements:
        alike[one.kind, one.work, one.output_work].append(one)
    return [
        {
            "kind": name,
            "work": f"{work:.6g}",
            "unit": unit(name),
            "seconds": f"{median(one.seconds for one in group):.2f}",
            "memory_mb": f"{max(one.memory_mb for one in group):.0f}",
            "output_work": f"{output_work:.6g}",
            "output_mb": "" if group[0].output_mb is None else f"{median(one.output_mb or 0 for one in group):.4f}",
            "machine": machine,
        }
        for (name, work, output_work), group in sorted(alike.items())
    ]


def processor() -> str:
    """The type of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    if "model name" not in facts:
        return platform.machine()
    return f"{facts['model name']} (family {facts.get('cpu family')}, model {facts.get('model')})"


def line(points: Sequence[tuple[float, float]]) -> Line:
    """The least-squares line through (work, value), neither part negative; constant if the work is always the same."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
    if slope <= 0:
        return mean_y, 0.0
    if mean_y - slope * mean_x < 0:
        return 0.0, sum(x * y for x, y in points) / sum(x * x for x, _ in points)
    return mean_y - slope * mean_x, slope


@dataclass
class Costs:
    """Estimates from the reference machine's measurements and this machine's, which go first."""

    reference: Sequence[Measurement]
    local: Sequence[Measurement] = ()
    where: str = "this machine"
    _lines: dict[tuple[str, str], Line | None] = field(default_factory=dict)

    def seconds(self, kind: str, work: float) -> float | None:
        """Wall seconds of a job; None if its kind was never measured."""
        return self._at(kind, "seconds", "work", work)

    def memory_mb(self, kind: str, work: float) -> float | None:
        """Megabytes of memory that a job holds at most; None if its kind was never measured."""
        return self._at(kind, "memory_mb", "work", work)

    def output_mb(self, kind: str, output_work: float) -> float | None:
        """Megabytes of a job's output; None if they were never measured."""
        return self._at(kind, "output_mb", "output_work", output_work)

    def source(self, kind: str) -> str:
        """Where the estimates of a kind come from."""
        if any(one.kind == kind for one in self.local):
            return self.where
        machines = sorted({one.machine for one in self.reference if one.kind == kind})
        return ", ".join(machines) or "never measured"

    def _at(self, kind: str, value: str, against: str, work: float) -> float | None:
        if (kind, value) not in self._lines:
            self._lines[kind, value] = self._fit(kind, value, against)
        fitted = self._lines[kind, value]
        return fitted[0] + fitted[1] * work if fitted else None

    def _fit(self, kind: str, value: str, against: str) -> Line | None:
        reference, local = (
            [
                (getattr(one, against), getattr(one, value))
                for one in measurements
                if one.kind == kind and getattr(one, value) is not None
            ]
            for measurements in (self.reference, self.local)
        )
        if not reference:
            return line(local) if local else None
        fixed, slope = line(reference)
        expected = sum(fixed + slope * x for x, _ in local)
        factor = sum(y for _, y in local) / expected if expected else 1.0
        return factor * fixed, factor * slope


def training_clips(
    protocol: str, split: str, settings: Mapping[str, Any], corpus: Corpus, dataset: str, made: str | Path
) -> int:
    """Training clips of a split: counted in `made` if it is there, else by the shares of its settings.

    Segments count as the part of a clip that they are.
    """
    path = Path(settings["file"]) if "file" in settings else Path(made, protocol, f"{split}.csv")
    if path.is_file():
        return count_training(path, corpus, settings.get("length_s"))
    if protocol == "fault_filtered" or (protocol == "size_matched" and dataset == "gtzan"):
        return FAULT_FILTERED_TRAINING if dataset == "gtzan" else 0
    if "folds" in settings:
        return round(corpus.clips * (1 - 2 / settings["folds"]))
    test, valid = settings.get("test", 0.2), settings.get("valid", 0.2)
    share = (1 - test) * (1 - valid) if protocol == "holdout" else 1 - test - valid
    if protocol == "segment_random":
        length, hop = settings["length_s"], settings["hop_s"]
        count = sum(len(segments.starts(seconds, length, hop)) for seconds in corpus.durations)
        return _clips_of(share * count, length, corpus) if count > corpus.clips else 0  # else it cannot be had
    return round(corpus.clips * share)


def count_training(path: Path, corpus: Corpus, segment_s: float | None) -> int:
    """Training clips of a split that is there; of one of segments, which last `segment_s`, see `training_clips`."""
    trained = sum(row.get("subset") == "train" for row in files.read_rows(path))
    return _clips_of(trained, segment_s, corpus) if segment_s else trained


def _clips_of(count: float, length_s: float, corpus: Corpus) -> int:
    """As many clips as have the audio of so many segments; none where clips have no durations."""
    return round(count * length_s * corpus.clips / corpus.seconds) if corpus.seconds else 0


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


def size_mb(folder: str | Path) -> float:
    """Megabytes of the files in a folder; 0 if there is none."""
    paths = (path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in paths) / 1e6


def duration(seconds: float) -> str:
    """Seconds as people say them: < 0.1 s, 0.4 s, 35 s, 12 min, 3.4 h."""
    if 0 < seconds < 0.1:
        return "< 0.1 s"
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.1f} min" if seconds < 600 else f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def megabytes(value: float) -> str:
    """Megabytes as people say them: 0.3 MB, 35 MB, 2.4 GB."""
    if value >= 999.5:
        return f"{value / 1000:.1f} GB"
    return f"{value:.0f} MB" if value >= 9.95 else f"{math.ceil(value * 10) / 10:.1f} MB"
