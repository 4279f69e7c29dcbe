"""Train one model on one split with one seed, then predict every clip of the split."""

import argparse
import hashlib
import importlib
import json
import resource
import shutil
import statistics
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from genrebench.common import cli, files
from genrebench.common.packages import PackageNotFoundError, version
from genrebench.training import backend
from genrebench.training.data import Data, Feature, best_row, identity
from genrebench.workflow import code_closure, extras, pretrained

HISTORY_COLUMNS = ("epoch", "learning_rate", "accuracy", "loss", "val_accuracy", "val_loss")
NOT_CONVERGED = "stopped at max_iter, not converged"
SCALER_MARK = "scaler fitted on all clips, test clips included"


def train_model(
    model: str,
    settings: dict[str, Any],
    compute: dict[str, Any],
    seed: int,
    manifest: str,
    split: str,
    features: list[str],
    checkpoints: Path,
    folder: Path,
    cost: Path,
) -> None:
    """Write status.json, config.json, history.csv, predictions.csv and model/ into `folder`, and the costs to `cost`.

    `split` is the CSV of a split, its description beside it; `features` are the JSON descriptions of the caches. Where
    the split or a feature is not available, that is the result: a status with the reason, and empty tables. A training
    that is interrupted leaves what it has reached in `checkpoints`.
    """
    name = settings.get("module", model)
    described = files.read_json(Path(split).with_suffix(".json"))
    caches = [Feature.open(feature) for feature in features]
    extra = extras.of(f"scripts/genrebench/models/{name}.py")
    packages = {"scikit-learn", "numpy"} | ({"keras", compute["backend"]} if "backend" in compute else set())
    config = {
        "model": model,
        "settings": settings,
        "compute": compute,
        "seed": seed,
        "protocol": described["protocol"],
        "split": described["split"],
        "features": {cache.name: cache.description["sha256"] for cache in caches},
        "versions": {package: _version(package) for package in sorted(packages)}
        | (extras.versions(extra) or {} if extra else {}),
    }
    if place := pretrained.locate(name, settings.get("handle", pretrained.NONE)):
        config["weights"] = pretrained.digest(place)
    files.write_json(folder / "config.json", config)
    reason = _reason_not_to_run(described, caches, name, settings)
    if reason:
        _write_tables(folder, [], [], [])
        (folder / "model").mkdir(exist_ok=True)
        files.write_json(cost, {"status": "not run"})
        files.write_json(folder / "status.json", {"status": "not run", "reason": reason, "caveats": []})
        print(f"not run: {reason}")
        return
    from sklearn.exceptions import ConvergenceWarning  # 1 s, which a run that cannot be does not need

    clips = files.read_rows(manifest)
    data = Data.of_split(clips, files.read_rows(split), caches, settings.get("segments"), settings.get("cut"))
    if "backend" in compute:
        backend.choose(compute)
    module = importlib.import_module(f"genrebench.models.{name}")
    key = _key(config, [manifest, split], name)
    with threadpool_limits(compute["threads"]), files.atomic(folder / "model") as temporary:
        fitted = module.build(data, settings, seed, compute)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            history = fitted.fit(checkpoints, key)
        temporary.mkdir()
        fitted.save(temporary)
        # The weights are written: from here on nothing that the test clips say can change them.
        started = time.perf_counter()
        predictions = _predict(fitted, data, clips)
        seconds = time.perf_counter() - started
    _write_tables(folder, history, predictions, data.genres)
    files.write_json(cost, _costs(fitted, data, history, folder, seconds, compute))
    caveats = [SCALER_MARK] if settings.get("scaler_fit_on") == "all" else []
    caveats += [NOT_CONVERGED] if any(warning.category is ConvergenceWarning for warning in caught) else []
    caveats += module.caveats(settings) if hasattr(module, "caveats") else []
    caveats += [mark for cache in caches for mark in cache.description.get("caveats", [])]
    best = history[best_row(history)]
    print(f"{model}, seed {seed}, {config['protocol']} {config['split']}: {_figures(best)}")
    files.write_json(folder / "status.json", {"status": "done", "reason": None, "caveats": caveats})
    shutil.rmtree(checkpoints, ignore_errors=True)


def _reason_not_to_run(split: dict[str, Any], caches: list[Feature], name: str, settings: dict[str, Any]) -> str | None:
    if not split["available"]:
        return split["reason"]
    if sum(counts["train"] > 0 for counts in split["genres"].values()) < 2:
        return "The training clips are all of one genre: there is nothing to tell apart."
    if unknown := [genre for genre, counts in split["genres"].items() if counts["train"] == 0]:
        return f"The training subset has no clip of {', '.join(unknown)}."
    dealt = split.get("segments")
    if dealt and settings.get("segments") != dealt:
        return (
            f"{split['protocol']} deals segments of {dealt['length_s']:g} s each {dealt['hop_s']:g} s, and this model "
            f"takes {_extent(settings.get('segments'))}."
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
                "manifest that the dataset brings needs a column duration_s."
            )
    return pretrained.unavailable(name, settings)


def _extent(segments: dict[str, float] | None) -> str:
    return f"{segments['length_s']:g} s each {segments['hop_s']:g} s" if segments else "whole clips"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise cli.InputError(
            f"params.yaml: compute.backend is {package}, which is not installed: `pip install {package}`"
        ) from None


def _key(config: dict[str, Any], clips: list[str], module: str) -> str:
    """What stands for all that a training depends on: its configuration, its clips, and the code."""
    sources = code_closure.closure("scripts/train_model.py", f"scripts/genrebench/models/{module}.py")
    return hashlib.sha256(f"{config} {code_closure.digest([*clips, *sources])}".encode()).hexdigest()


def _predict(fitted: Any, data: Data, clips: list[dict[str, str]]) -> list[dict[str, Any]]:
    rows = np.sort(np.concatenate(list(data.rows.values())))
    subset = {int(row): name for name, members in data.rows.items() for row in members}
    predictions = []
    for row, probabilities in zip(rows, fitted.predict(rows), strict=True):
        clip = clips[data.clips[row]]
        prediction = {
            "clip_id": clip["clip_id"],
            "segment": int(data.segments[row]),
            "subset": subset[int(row)],
            "genre": clip["genre"],
            "predicted": data.genres[int(probabilities.argmax())],
        }
        predictions.append(prediction | {g: f"{p:.9g}" for g, p in zip(data.genres, probabilities, strict=True)})
    return predictions


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


def _write_tables(folder: Path, history: list[dict], predictions: list[dict], genres: list[str]) -> None:
    rounded = [{key: f"{value:.6g}" for key, value in row.items()} for row in history]
    files.write_rows(folder / "history.csv", HISTORY_COLUMNS, rounded)
    columns = ("clip_id", "segment", "subset", "genre", "predicted", *genres)
    files.write_rows(folder / "predictions.csv", columns, predictions)


def _figures(row: dict[str, float]) -> str:
    return f"accuracy {row['accuracy']:.3f} in training, {row['val_accuracy']:.3f} in validation"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="an entry of `models` in params.yaml")
    parser.add_argument("--settings", required=True, type=json.loads, help="that entry as JSON")
    parser.add_argument("--compute", required=True, type=json.loads, help="section `compute` as JSON")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--split", required=True, help="CSV of the split, its JSON beside it")
    parser.add_argument("--features", required=True, nargs="+", help="JSON of each cache, its .npy beside it")
    parser.add_argument("--checkpoints", required=True, type=Path, help="where an interrupted training is kept")
    parser.add_argument("--cost", required=True, type=Path, help="JSON to write: what the run took")
    parser.add_argument("--folder", required=True, type=Path, help="where the run's files go")
    cli.run(train_model, vars(parser.parse_args()))
