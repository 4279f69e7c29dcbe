"""Train one model on one split with one seed, then predict every clip of the split."""

import argparse
import importlib
import json
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from genrebench import files, job
from genrebench.training import Data, Feature

HISTORY_COLUMNS = ("epoch", "learning_rate", "accuracy", "loss", "val_accuracy", "val_loss")
NOT_CONVERGED = "stopped at max_iter, not converged"
SCALER_MARK = "scaler fitted on all clips, test clips included"


def train_model(
    model: str,
    settings: dict[str, Any],
    numerics: dict[str, Any],
    seed: int,
    manifest: str,
    split: str,
    features: list[str],
    folder: Path,
) -> None:
    """Write status.json, config.json, history.csv, predictions.csv and model/ into `folder`.

    `split` is the CSV of a split, its description beside it; `features` are the JSON descriptions of the caches. Where
    the split or a feature is not available, that is the result: a status with the reason, and empty tables.
    """
    described = files.read_json(Path(split).with_suffix(".json"))
    caches = [Feature.open(feature) for feature in features]
    config = {
        "model": model,
        "settings": settings,
        "numerics": numerics,
        "seed": seed,
        "protocol": described["protocol"],
        "split": described["split"],
        "features": {cache.name: cache.description["sha256"] for cache in caches},
        "versions": {name: version(name) for name in ("numpy", "scikit-learn")},
    }
    files.write_json(folder / "config.json", config)
    reason = _reason_not_to_run(described, caches)
    marks = [SCALER_MARK] if settings["scaler_fit_on"] == "all" else []
    if reason:
        _write_tables(folder, [], [], [])
        (folder / "model").mkdir(exist_ok=True)
        print(f"not run: {reason}")
    else:
        from sklearn.exceptions import ConvergenceWarning  # 1 s, which a run that cannot be does not need

        clips = files.read_rows(manifest)
        subsets = {row["clip_id"]: row["subset"] for row in files.read_rows(split)}
        data = Data.of_split(clips, subsets, caches)
        with threadpool_limits(numerics["threads"]), files.atomic(folder / "model") as temporary:
            module = importlib.import_module(f"genrebench.models.{settings.get('module', model)}")
            fitted = module.build(data, settings, seed, numerics["threads"])
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", ConvergenceWarning)
                history = fitted.fit()
            marks += [NOT_CONVERGED] if any(warning.category is ConvergenceWarning for warning in caught) else []
            temporary.mkdir()
            fitted.save(temporary)
            # The weights are written: from here on nothing that the test clips say can change them.
            predictions = _predict(fitted, data, clips)
        _write_tables(folder, history, predictions, data.genres)
        print(f"{model}, seed {seed}, {config['protocol']} {config['split']}: {_figures(history[-1])}")
    files.write_json(
        folder / "status.json", {"status": "not run" if reason else "done", "reason": reason, "marks": marks}
    )


def _reason_not_to_run(split: dict[str, Any], caches: list[Feature]) -> str | None:
    if not split["available"]:
        return split["reason"]
    if sum(counts["train"] > 0 for counts in split["genres"].values()) < 2:
        return "The training clips are all of one genre: there is nothing to tell apart."
    if unknown := [genre for genre, counts in split["genres"].items() if counts["train"] == 0]:
        return f"The training subset has no clip of {', '.join(unknown)}."
    missing = [cache for cache in caches if not cache.description["available"]]
    if missing:
        return "; ".join(f"{cache.name} is missing: {cache.description['reason']}" for cache in missing)
    return None


def _predict(fitted: Any, data: Data, clips: list[dict[str, str]]) -> list[dict[str, Any]]:
    rows = np.sort(np.concatenate(list(data.rows.values())))
    subset = {int(row): name for name, members in data.rows.items() for row in members}
    predictions = []
    for row, probabilities in zip(rows, fitted.predict(rows), strict=True):
        clip = clips[row]
        prediction = {
            "clip_id": clip["clip_id"],
            "segment": 0,
            "subset": subset[int(row)],
            "genre": clip["genre"],
            "predicted": data.genres[int(probabilities.argmax())],
        }
        predictions.append(prediction | {g: f"{p:.9g}" for g, p in zip(data.genres, probabilities, strict=True)})
    return predictions


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
    parser.add_argument("--numerics", required=True, type=json.loads, help="section `numerics` as JSON")
    parser.add_argument("--seed", required=True, type=int)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--split", required=True, help="CSV of the split, its JSON beside it")
    parser.add_argument("--features", required=True, nargs="+", help="JSON of each cache, its .npy beside it")
    parser.add_argument("--folder", required=True, type=Path, help="where the run's files go")
    job.run(train_model, vars(parser.parse_args()))
