"""Robustness: how many test clips the trained models still recognise when the recordings are degraded.

The models are those of the runs; nothing is trained again. What they predict of degraded clips is written without the
clips' genres (`predict`); these are those of the evaluation, which has the same clips as they are (`study`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from genrebench.common import files, scoring
from genrebench.common.formatting import percent, points
from genrebench.common.run_key import RunKey
from genrebench.evaluation import predictions, tables
from genrebench.evaluation.intervals import wilson_interval
from genrebench.evaluation.leakage import Scores, difference
from genrebench.extraction import degraded
from genrebench.extraction import store as stores
from genrebench.extraction.collect import write_padded
from genrebench.training import saved
from genrebench.training.data import Data, Feature, steps_of_cut
from genrebench.training.saved import Predict
from genrebench.workflow.entries import features_of

CLEAN = "clean"  # the condition of the clips as they are

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
    keys: Sequence[RunKey],
    runs: Path,
    manifest: Path,
    features: Path,
    entries: Mapping[str, dict[str, Any]],
    conditions: Mapping[str, Mapping[str, Any]],
    store: Path,
    done: Sequence[Path],
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
    entries
        The entries of the features in the parameters.
    conditions
        The recipe of each condition.
    store
        Folder with one of extracted arrays for each condition (`extraction.degraded`).
    done
        The JSON files of the extraction, each in the folder of its condition.
    """
    clips = files.read_rows(manifest)
    loaded = [run for key in sorted(keys) if (run := _load(runs / str(key), key, clips, features))]
    tested = set().union(*(run.tested for run in loaded)) if loaded else set()
    chosen = [clip for clip in clips if clip["clip_id"] in tested]
    stored: dict[str, dict[str, str]] = {}
    for path in done:
        stored.setdefault(path.parent.name, {}).update(files.read_json(path)["keys"])
    found = []
    for condition, recipe in conditions.items() if loaded else ():
        seconds = [float(clip["duration_s"]) / (recipe.get("speed") or 1) for clip in chosen]
        with TemporaryDirectory(dir=store) as temporary:
            caches = {
                name: _feature(name, entries[name], features, store / condition, stored[condition], chosen, temporary)
                for name in sorted({name for run in loaded for name in features_of(run.settings)})
            }
            examples: dict[str, Data] = {}
            for run in loaded:
                shape = str(sorted(run.steps.items())) + str(features_of(run.settings))
                if shape not in examples:
                    examples[shape] = _examples(run, seconds, caches)
                found.append(_predict(run, examples[shape], chosen).assign(condition=condition))
            del caches, examples  # memory maps of files that are removed now
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


def _feature(
    name: str,
    entry: dict[str, Any],
    features: Path,
    store: Path,
    keys: Mapping[str, str],
    clips: Sequence[Mapping[str, str]],
    folder: str,
) -> Feature:
    """A feature of degraded clips, cut or padded to the length that it has in the cache of the clips as they are."""
    described = files.read_json(features / f"{name}.json")
    shape = len(clips), *described["shape"][1:]
    lengths = [0] * len(clips)
    path = Path(folder, f"{name}.npy")

    def arrays() -> Any:
        for row, array in degraded.read_degraded(store, name, keys, clips):
            lengths[row] = min(array.shape[-1], shape[-1])
            yield row, array

    write_padded(path, shape, arrays(), stores.module(name, entry).PAD_VALUE)
    return Feature(name, np.load(path, mmap_mode="r"), described | {"lengths": lengths})


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


def study(
    evaluation: Path, folder: Path, models: Sequence[str], protocol: str, conditions: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows of robustness.csv: a row per model and condition, the first of each model for the clips as they are.

    Parameters
    ----------
    evaluation
        Folder of all models' evaluations, which have the clips as they are, and their genres.
    folder
        Of the predictions of degraded clips, <model>.csv.
    models, protocol, conditions
        The models, the protocol, and the conditions, in the order of the rows.

    Notes
    -----
    Accuracies are means over the runs, with the 95% Wilson interval of the distinct clips. Differences to the clips as
    they are have the 95% interval of drawing the clips again, each under both conditions (paired bootstrap).
    """
    columns = ("protocol", "split", "seed", "clip_id", "subset")
    cases = predictions.read(evaluation, models, columns)
    cases = cases[(cases["protocol"] == protocol) & (cases["subset"] == "test")]
    rows = []
    for model in models:
        clean = cases[cases["model"] == model]
        if clean.empty:
            continue
        genre_of = clean.drop_duplicates("clip_id").set_index("clip_id")["genre"]
        found = tables.DEGRADED.read(folder / f"{model}.csv")
        found = found.assign(right=found["predicted"] == found["clip_id"].map(genre_of))
        runs = len(clean.drop_duplicates(["split", "seed"]))
        reference = _scores(clean)
        rows.append(_row(model, protocol, CLEAN, runs, reference))
        for condition in conditions:
            scores = _scores(found[found["condition"] == condition])
            row = _row(model, protocol, condition, runs, scores)
            names = ("difference", "difference_low", "difference_high")
            rows.append(row | dict(zip(names, difference(scores, reference), strict=True)))
    return rows


def _scores(cases: pd.DataFrame) -> Scores:
    return Scores.of_runs(cases.assign(segments=1, segments_right=cases["right"].astype(int)))


def _row(model: str, protocol: str, condition: str, runs: int, scores: Scores) -> dict[str, Any]:
    low, high = wilson_interval(scores.accuracy, len(scores.cases))
    return {
        **{"model": model, "protocol": protocol, "condition": condition, "runs": runs, "clips": len(scores.cases)},
        **{"accuracy": scores.accuracy, "accuracy_low": low, "accuracy_high": high},
    }


def findings(rows: Sequence[Row]) -> list[str]:
    """Sentences on the rows of robustness.csv: the best model as the clips are, and what each condition costs."""
    clean = {row["model"]: row["accuracy"] for row in rows if row["condition"] == CLEAN}
    if not clean:
        return []
    best = max(clean, key=lambda model: clean[model])
    degraded_rows = [row for row in rows if row["condition"] != CLEAN]
    own = [row for row in degraded_rows if row["model"] == best]
    worst = min(own, key=lambda row: row["accuracy"])
    sentences = [
        f"{best} has the highest accuracy of the clips as they are, {percent(clean[best])}; it loses most under "
        f"{worst['condition']}, where it has {percent(worst['accuracy'])}."
    ]
    means = {
        condition: float(np.mean([row["difference"] for row in degraded_rows if row["condition"] == condition]))
        for condition in dict.fromkeys(row["condition"] for row in degraded_rows)
    }
    hardest = min(means, key=lambda condition: means[condition])
    sentences.append(
        f"Of the conditions {hardest} costs most: {points(-means[hardest])} on average over {len(clean)} models."
    )
    return sentences
