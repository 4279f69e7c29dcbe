"""What the jobs of a dataset work on: seconds of audio, values, clips, and how much of that each job has.

A job is named by the parts of its benchmark file below `results/<dataset>/benchmarks`: `("train", "sgd", "artist",
"repeat0", "seed0")`. Its kind is what its cost is compared with, its work the amount of what makes it take long:

| kind | work |
|---|---|
| render_demo, build_manifest | seconds of audio (of each process) |
| extract_shard | seconds of audio in the shard: the first job of a shard reads the audio for all features |
| extract_embeddings, extract_speech | seconds of audio in the shard |
| extract_shard again | none: the other features of that shard find their arrays in the store |
| collect_feature | megabytes of the cache |
| make_split, check_labels | clips |
| train_<model> (also of a variant) | millions of values: training clips x those of the features; 0 if it cannot be |
| evaluate_model, build_leaderboard, compare_models, compare_papers, compare_claims, compare_stability | runs |
| study_errors, build_report | runs |
| the rest | none: always the same |
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genrebench.audio.lengths import segment_starts
from genrebench.common import files
from genrebench.planning import memory
from genrebench.workflow.entries import features_of, parse_entry_name

AGAIN = "extract_shard again"
FAULT_FILTERED_TRAINING = 443  # of GTZAN's clips (Kereliuk, Sturm and Larsen 2015)


Parts = tuple[str, ...]


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
            case ("build_leaderboard" | "compare_models" | "compare_papers" | "compare_claims" | "compare_stability",):
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

    def memory_mb(self, parts: Parts) -> float:
        """Megabytes of memory that a job needs by the length of the clips; 0 where that is not known."""
        match parts:
            case ("train", model, *_) if "batch_size" in (entry := self.models.get(model, {})):
                longest = max(self.corpus.durations, default=0)
                return memory.of_network(entry, self.values_of(model) * 4 / 1e6, longest)
        return 0

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
    return f"train_{parse_entry_name(parts[1])[0]}" if parts[0] == "train" else parts[0]


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
        count = sum(len(segment_starts(seconds, length, hop)) for seconds in corpus.durations)
        return _clips_of(share * count, length, corpus) if count > corpus.clips else 0  # else it cannot be had
    return round(corpus.clips * share)


def count_training(path: Path, corpus: Corpus, segment_s: float | None) -> int:
    """Training clips of a split that is there; of one of segments, which last `segment_s`, see `training_clips`."""
    trained = sum(row.get("subset") == "train" for row in files.read_rows(path))
    return _clips_of(trained, segment_s, corpus) if segment_s else trained


def _clips_of(count: float, length_s: float, corpus: Corpus) -> int:
    """As many clips as have the audio of so many segments; none where clips have no durations."""
    return round(count * length_s * corpus.clips / corpus.seconds) if corpus.seconds else 0
