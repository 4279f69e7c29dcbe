"""One run: train a model on one split with one seed, then predict every clip of the split.

Nothing here reads or writes the genre of a test clip: `known_genres` withholds it from all that follows, and the
evaluation joins the predictions with the genres.
"""

import hashlib
import importlib
import json
import resource
import shutil
import statistics
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from genrebench.common import cli, files
from genrebench.common.packages import PackageNotFoundError, version
from genrebench.training import backend
from genrebench.training.copies import by_condition, with_copies
from genrebench.training.data import Data, Feature, best_row, identity, kept_row, known_genres
from genrebench.workflow import code_closure, extras, pretrained

HISTORY_COLUMNS = ("epoch", "learning_rate", "accuracy", "loss", "val_accuracy", "val_loss")
PREDICTION_COLUMNS = ("clip_id", "segment", "subset", "predicted")  # then one probability per genre
UNAVAILABLE = "unavailable"  # the status of a run that could not be made
NOT_CONVERGED = "stopped at max_iter, not converged"
SCALER_SAW_TEST_CLIPS = "scaler fitted on all clips, test clips included"


def train(
    model: str,
    settings: dict[str, Any],
    compute: dict[str, Any],
    seed: int,
    manifest: str | Path,
    split: str | Path,
    features: Sequence[str | Path],
    checkpoints: Path,
    folder: Path,
    cost: Path,
    selection: Sequence[str | Path] = (),
    copies: Sequence[str | Path] = (),
) -> None:
    """Train and predict: write status.json, config.json, history.csv, predictions.csv and model/ into `folder`.

    Where the split or a feature is not available, that is the result: a status with the reason, and empty tables.

    Parameters
    ----------
    model, settings, compute
        An entry of `models` in params.yaml, its settings, and the section `compute`.
    seed
        Of everything that is random.
    manifest, split
        CSV files; the JSON description of the split is beside it.
    features
        JSON descriptions of the feature caches; each .npy is beside its description.
    checkpoints
        Folder in which an interrupted training is kept.
    folder, cost
        Folder and JSON file to write.
    selection
        JSON whose `features` are those that are read, where an ablation selects them: one file, or none. Those that
        were `unavailable` when it did become a caveat.
    copies
        JSON files of `extract_degraded`: the conditions under which training clips have copies.
    """
    name = settings.get("module", model)
    selected = [files.read_json(path) for path in selection]
    for one in selected:
        chosen = one["features"]
        settings = settings | {"features": chosen}
        features = [feature for feature in features if Path(feature).stem in chosen]
    described = files.read_json(Path(split).with_suffix(".json"))
    caches = [Feature.open(feature) for feature in features]
    config = {
        "model": model,
        "settings": settings,
        "compute": compute,
        "seed": seed,
        "protocol": described["protocol"],
        "split": described["split"],
        "features": {cache.name: cache.description["sha256"] for cache in caches},
        "versions": _versions(name, compute),
    }
    conditions = by_condition([Path(path) for path in copies])
    if conditions:
        config["degraded_copies"] = {condition.condition: condition.facts for condition in conditions}
    if place := pretrained.locate(name, settings.get("handle", pretrained.NONE)):
        config["weights"] = pretrained.digest(place)
    files.write_json(folder / "config.json", config)
    reason = _reason_unavailable(described, caches, name, settings)
    if reason:
        _write_tables(folder, [], [], [])
        (folder / "model").mkdir(exist_ok=True)
        files.write_json(cost, {"status": UNAVAILABLE})
        files.write_json(folder / "status.json", {"status": UNAVAILABLE, "reason": reason, "caveats": []})
        print(f"{UNAVAILABLE}: {reason}")
        return
    from sklearn.exceptions import ConvergenceWarning  # 1 s, which a run that is unavailable does not need

    members = files.read_rows(split)
    clips = known_genres(files.read_rows(manifest), members)
    own = Data.of_split(clips, members, caches, settings.get("segments"), settings.get("cut"))
    if "backend" in compute:
        backend.choose(compute)
    module = importlib.import_module(f"genrebench.models.{name}")
    key = _digest(config, clips, members, name)
    with (
        with_copies(own, clips, caches, conditions, settings.get("segments"), checkpoints.parent) as data,
        threadpool_limits(compute["threads"]),
        files.atomic(folder / "model") as temporary,
    ):
        fitted = module.build(data, settings, seed, compute)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            history = fitted.fit(checkpoints, key)
        temporary.mkdir()
        fitted.save(temporary)
        # The weights are written: from here on nothing that the features of test clips say can change them.
        started = time.perf_counter()
        predictions = _predict(fitted, data, clips)
        seconds = time.perf_counter() - started
    _write_tables(folder, history, predictions, data.genres)
    files.write_json(cost, _costs(fitted, data, history, folder, seconds, compute))
    caveats = [SCALER_SAW_TEST_CLIPS] if settings.get("scaler_fit_on") == "all" else []
    caveats += [NOT_CONVERGED] if any(warning.category is ConvergenceWarning for warning in caught) else []
    caveats += module.caveats(settings) if hasattr(module, "caveats") else []
    caveats += [f"selected without {', '.join(one['unavailable'])}" for one in selected if one["unavailable"]]
    caveats += [f"trained on copies under {', '.join(one.condition for one in conditions)}"] if conditions else []
    caveats += [caveat for cache in caches for caveat in cache.description.get("caveats", [])]
    kept = history[kept_row(history, settings.get("keep", "last"))]
    print(
        f"{model}, seed {seed}, {config['protocol']} {config['split']}: accuracy"
        f" {kept['accuracy']:.3f} in training, {kept['val_accuracy']:.3f} in validation"
    )
    files.write_json(folder / "status.json", {"status": "done", "reason": None, "caveats": caveats})
    shutil.rmtree(checkpoints, ignore_errors=True)


def _versions(module: str, compute: dict[str, Any]) -> dict[str, str]:
    """The versions of the packages that the weights depend on."""
    packages = {"scikit-learn", "numpy"} | ({"keras", compute["backend"]} if "backend" in compute else set())
    extra = extras.of(f"scripts/genrebench/models/{module}.py")
    return {package: _version(package) for package in sorted(packages)} | (
        extras.versions(extra) or {} if extra else {}
    )


def _reason_unavailable(
    split: dict[str, Any], caches: Sequence[Feature], module: str, settings: dict[str, Any]
) -> str | None:
    if not split["available"]:
        return split["reason"]
    if sum(counts["train"] > 0 for counts in split["genres"].values()) < 2:
        return "The training clips are all of one genre: there is nothing to tell apart."
    if unknown := [genre for genre, counts in split["genres"].items() if counts["train"] == 0]:
        return f"The training subset has no clip of {', '.join(unknown)}."
    assigned = split.get("segments")
    if assigned and settings.get("segments") != assigned:
        return (
            f"{split['protocol']} assigns segments of {assigned['length_s']:g} s each {assigned['hop_s']:g} s, and"
            f" this model takes {_extent(settings.get('segments'))}."
        )
    missing = [cache for cache in caches if not cache.description["available"]]
    if missing:
        return "; ".join(f"{cache.name} is missing: {cache.description['reason']}" for cache in missing)
    if "segments" in settings:
        timed = [cache for cache in caches if cache.has_time]
        if not timed:
            return f"It is to train on segments, but {', '.join(cache.name for cache in caches)} has no axis of time."
        if unknown := [cache.name for cache in timed if not cache.description["seconds"]]:
            return (
                f"It is to train on segments, but nothing says how many seconds {', '.join(unknown)} spans: the "
                "manifest of the dataset's features needs a column duration_s."
            )
    return pretrained.unavailable(module, settings)


def _extent(segments: dict[str, float] | None) -> str:
    return f"{segments['length_s']:g} s each {segments['hop_s']:g} s" if segments else "whole clips"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise cli.InputError(
            f"params.yaml: compute.backend is {package}, which is not installed: `pip install {package}`"
        ) from None


def _digest(config: dict[str, Any], clips: list[dict[str, str]], split: list[dict[str, str]], module: str) -> str:
    """What stands for all that a training depends on: its configuration, its clips, and the code."""
    sources = code_closure.closure("scripts/train_model.py", f"scripts/genrebench/models/{module}.py")
    return hashlib.sha256(f"{config} {json.dumps([clips, split])} {code_closure.digest(sources)}".encode()).hexdigest()


def _predict(fitted: Any, data: Data, clips: list[dict[str, str]]) -> list[dict[str, Any]]:
    rows = np.sort(np.concatenate(list(data.rows.values())))
    rows = rows[data.clips[rows] < len(clips)]  # no copies
    subset = {int(row): name for name, members in data.rows.items() for row in members}
    return [
        {
            "clip_id": clips[data.clips[row]]["clip_id"],
            "segment": int(data.segments[row]),
            "subset": subset[int(row)],
            "predicted": data.genres[int(probabilities.argmax())],
        }
        | {genre: f"{p:.9g}" for genre, p in zip(data.genres, probabilities, strict=True)}
        for row, probabilities in zip(rows, fitted.predict(rows), strict=True)
    ]


def _costs(
    fitted: Any,
    data: Data,
    history: list[dict[str, Any]],
    folder: Path,
    inference_s: float,
    compute: dict[str, Any],
) -> dict[str, Any]:
    """What the run in `folder` took. Seconds per epoch are the median: the first epoch has the compilation in it."""
    seconds = statistics.median(fitted.seconds)
    return {
        "status": "done",
        "of": identity(folder),
        "parameters": fitted.parameters,
        "bytes": sum(path.stat().st_size for path in (folder / "model").iterdir()),
        "epochs": len(history),
        "best_epoch": best_row(history) + 1,
        "seconds_per_epoch": seconds,
        "training_clips_per_s": len(set(data.clips[fitted.rows])) / seconds,
        "inference_ms_per_clip": 1000 * inference_s / len(set(data.clips)),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "threads": compute["threads"],
        **fitted.describe(),
    }


def _write_tables(
    folder: Path, history: list[dict[str, Any]], predictions: list[dict[str, Any]], genres: list[str]
) -> None:
    rounded = [{key: f"{value:.6g}" for key, value in row.items()} for row in history]
    files.write_rows(folder / "history.csv", HISTORY_COLUMNS, rounded)
    files.write_rows(folder / "predictions.csv", (*PREDICTION_COLUMNS, *genres), predictions)
