"""What trained runs predict of degraded test clips. The genres of the clips are not read; `robustness` joins them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from genrebench.common import files, scoring
from genrebench.common.run_key import RunKey
from genrebench.evaluation import predictions, tables
from genrebench.training import saved
from genrebench.training.copies import by_condition, read_degraded
from genrebench.training.data import Data, Feature, steps_of_cut
from genrebench.training.saved import Predict
from genrebench.workflow.entries import features_of

Row = Mapping[str, Any]


@dataclass
class _Run:
    """A trained run: its model, the lengths to which its training cut features, its genres, and its test clips."""

    key: RunKey
    settings: dict[str, Any]
    threads: int
    model: Predict
    steps: dict[str, int]
    genres: list[str]
    tested: set[str]


def predict(
    keys: Sequence[RunKey], runs: Path, manifest: Path, features: Path, done: Sequence[Path], folder: Path
) -> pd.DataFrame:
    """What the runs of a model predict of their test clips under each condition: the rows of `tables.DEGRADED`.

    Parameters
    ----------
    keys
        The runs.
    runs, features
        Folders of all models' runs, and of the dataset's features.
    manifest
        manifest.csv.
    done
        The JSON files of the extraction (`extraction.degraded`).
    folder
        Where arrays are written, in a temporary folder.
    """
    clips = files.read_rows(manifest)
    loaded = [run for key in sorted(keys) if (run := _load(runs / str(key), key, clips, features))]
    tested = set().union(*(run.tested for run in loaded)) if loaded else set()
    chosen = [clip for clip in clips if clip["clip_id"] in tested]
    names = sorted({name for run in loaded for name in features_of(run.settings)})
    caches = [Feature.open(features / f"{name}.json") for name in names]
    found = []
    for condition in by_condition(done) if loaded else ():
        seconds = [float(clip["duration_s"]) / condition.speed for clip in chosen]
        with TemporaryDirectory(dir=folder) as temporary:
            degraded = {cache.name: read_degraded(cache, condition, chosen, temporary) for cache in caches}
            examples: dict[str, Data] = {}
            for run in loaded:
                shape = f"{sorted(run.steps.items())} {features_of(run.settings)}"
                if shape not in examples:
                    examples[shape] = _examples(run, seconds, degraded)
                found.append(_predict(run, examples[shape], chosen).assign(condition=condition.condition))
    return tables.DEGRADED.frame(pd.concat(found, ignore_index=True) if found else ())


def _load(folder: Path, key: RunKey, clips: Sequence[Row], features: Path) -> _Run | None:
    """A run with its model; None if the run is unavailable."""
    if files.read_json(folder / "status.json")["status"] != "done":
        return None
    config = files.read_json(folder / "config.json")
    settings, threads = config["settings"], config["compute"]["threads"]
    predicted, genres = predictions.read_run(folder / predictions.FILE)
    steps: dict[str, int] = {}
    if cut := settings.get("cut"):
        trained = set(predicted["clip_id"][predicted["subset"] == "train"])
        rows = np.array([row for row, clip in enumerate(clips) if clip["clip_id"] in trained])
        for name in features_of(settings):
            if length := steps_of_cut(Feature.open(features / f"{name}.json"), cut, rows):
                steps[name] = length
    tested = set(predicted["clip_id"][predicted["subset"] == "test"])
    with threadpool_limits(threads):
        return _Run(key, settings, threads, saved.load(folder), steps, genres, tested)


def _examples(run: _Run, seconds: Sequence[float], caches: Mapping[str, Feature]) -> Data:
    own = [caches[name] for name in features_of(run.settings)]
    data = Data.of_clips(seconds, own, run.genres, run.settings.get("segments"), run.steps)
    return data.pooled(run.settings["pooling"]) if "pooling" in run.settings else data


def _predict(run: _Run, data: Data, clips: Sequence[Row]) -> pd.DataFrame:
    """The predictions of one run for its test clips, each the mean of its segments."""
    is_tested = np.array([clip["clip_id"] in run.tested for clip in clips])
    rows = np.flatnonzero(is_tested[data.clips])
    with threadpool_limits(run.threads):
        probabilities = run.model(data, rows)
    numbers, means = scoring.average_segments(data.clips[rows].tolist(), probabilities)
    facts = {
        **{"protocol": run.key.protocol, "split": run.key.split, "seed": run.key.seed},
        "clip_id": [clips[number]["clip_id"] for number in numbers],
        "predicted": scoring.most_probable(means, run.genres),
    }
    return pd.concat([pd.DataFrame(facts), pd.DataFrame(means, columns=run.genres)], axis=1)
