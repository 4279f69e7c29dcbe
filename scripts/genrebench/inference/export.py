"""One trained run as one folder that needs nothing else: what `genrebench.inference.predictor` reads.

export.json    what is to be done with a file, how the model was judged, and what it was made with
README.md      the same for people: the model card
model/         the weights and the scaler, as the training wrote them; of a network also model.onnx
weights/<feature>/    those of the pretrained features
"""

import importlib
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from genrebench.audio.lengths import common_seconds, given_seconds
from genrebench.common import files, scoring
from genrebench.common.cli import InputError
from genrebench.datasets.split_leakage import describe_protocols, pick_protocols
from genrebench.inference import loader
from genrebench.inference.predictor import DESCRIPTION, FORMAT
from genrebench.training import backend
from genrebench.training.data import Data, Feature, steps_of_cut
from genrebench.workflow import pretrained
from genrebench.workflow.entries import features_of, is_pretrained, module_of

DOUBTED = 0.05  # share of the validation clips that each of the two limits would call unsure
LARGEST_DEVIATION = 1e-4  # of probabilities; more than that is another model


class NotExportableError(InputError):
    """There is nothing to export; the message says why."""


def choose_run(runs: Sequence[Mapping[str, Any]], models: Sequence[str], splits: Path) -> Mapping[str, Any]:
    """The run to export, one of `runs` (metrics.json of `genrebench.evaluation.results.read_runs`), by validation alone.

    Of the protocol that keeps artists apart (`protocols.pick_protocols`; the other one where no run has it), the model
    with the highest mean accuracy on the validation clips, the first of equals in the order of `models`, and of its
    runs the one with the highest. Raises NotExportableError if none was done.
    """
    done = [run for run in runs if run["status"] == "done" and run["unit"] == "clip" and run["model"] in models]
    if not done:
        reasons = sorted({run["reason"] for run in runs if run["model"] in models and run["reason"]})
        raise NotExportableError(
            f"No run of {', '.join(models)} can be exported: it was done under no protocol that deals whole clips. "
            + " ".join(reasons)
        )
    described = describe_protocols(splits, {(run["protocol"], run["split"]) for run in done})
    strict, loose = pick_protocols(
        [{"protocol": r["protocol"], "accuracy_mean": r["accuracy"]} for r in done], described
    )
    by_model: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for run in done:
        if run["protocol"] == (strict or loose):
            by_model[run["model"]].append(run)
    if not by_model:  # of one model that was run elsewhere only
        protocol = done[0]["protocol"]
        by_model[done[0]["model"]] = [run for run in done if run["protocol"] == protocol]
    best = max((m for m in models if m in by_model), key=lambda m: np.mean([_valid(run) for run in by_model[m]]))
    return max(by_model[best], key=_valid)


def _valid(run: Mapping[str, Any]) -> float:
    return run["seen_in_training"]["valid_accuracy"] or 0.0


def export_run(
    run: Mapping[str, Any],
    folder: Path,
    features: Path,
    entries: Mapping[str, Any],
    reading: Mapping[str, Any],
    limits: Mapping[str, Any],
    manifest: Path,
    split: Path,
    dataset: str,
    output: Path,
) -> dict[str, Any]:
    """Write a run as the folder `output`, replaced as a whole; return its description (export.json).

    `run` is its metrics.json, `folder` where the training wrote it, `features` the folder of the caches, `entries` the
    features of params.yaml, `reading` and `limits` its sections `audio` and `manifest`. Raises NotExportableError for a
    model whose features cannot be computed of a new file, InputError where the exported model does not say what the
    trained one did.
    """
    config = files.read_json(folder / "config.json")
    settings = config["settings"]
    clips = files.read_rows(manifest)
    if not any(clip["path"] for clip in clips):
        raise NotExportableError(
            f"{run['model']} cannot be exported: the dataset {dataset} brings its features, and how they are computed "
            "of a file is not known here."
        )
    caches, data = read_data(settings, clips, split, features)
    trained = np.unique(data.clips[data.rows["train"]])
    described = {cache.name: _describe_feature(cache, entries[cache.name], settings, trained) for cache in caches}
    with files.atomic(output) as temporary:
        shutil.copytree(folder / "model", temporary / "model", ignore=shutil.ignore_patterns(".*"))  # Snakemake's marks
        for name, feature in described.items():
            _bring_weights(name, feature["entry"], temporary)
        if (temporary / "model" / "model.weights.h5").is_file():
            write_network(temporary / "model", module_of(run["model"], settings), settings)
        description = {
            "format": FORMAT,
            "model": run["model"],
            "settings": settings,
            "compute": config["compute"],
            "dataset": dataset,
            "genres": data.genres,
            "clips": {subset: len(np.unique(data.clips[rows])) for subset, rows in data.rows.items()},
            "audio": dict(reading) | {"piece_s": _piece_s(reading, clips)},
            "limits": {name: limits[name] for name in ("min_duration_s", "min_rms")},
            "features": described,
            "run": {name: run[name] for name in ("protocol", "split", "seed")},
            "metrics": metrics_of(run),
            "caveats": run["caveats"],
            "versions": config["versions"],
        }
        description |= _judge(loader.load(temporary / "model"), data, folder / "predictions.csv", clips)
        files.write_json(temporary / DESCRIPTION, description)
        (temporary / "README.md").write_text(model_card(description), encoding="utf-8")
    return description


def read_data(
    settings: Mapping[str, Any], clips: list[dict[str, str]], split: Path, features: Path
) -> tuple[list[Feature], Data]:
    """The caches of a trained model's features (in the folder `features`), and the examples that it reads of a split.

    `settings` are the model's, `clips` the rows of the manifest, `split` the CSV of the split.
    """
    caches = [Feature.open(features / f"{name}.json") for name in features_of(settings)]
    data = Data.of_split(clips, files.read_rows(split), caches, settings.get("segments"), settings.get("cut"))
    return caches, data.pooled(settings["pooling"]) if "pooling" in settings else data


def write_reason(output: Path, reason: str) -> None:
    """Write the folder `output` of a model that cannot be exported: export.json with the `reason`."""
    with files.atomic(output) as temporary:
        files.write_json(temporary / DESCRIPTION, {"format": FORMAT, "reason": reason})


def write_network(folder: Path, module: str, settings: Mapping[str, Any]) -> None:
    """Write `model.onnx` beside the weights in `folder`, those of a trained network, a model of this `module`."""
    backend.choose({"backend": "tensorflow", "threads": 1})  # Keras's weights are the same for all
    backend.prepare({"backend": "tensorflow", "threads": 1, "precision": "float32"}, 0)
    from genrebench.inference import onnx_export  # with TensorFlow

    described = files.read_json(folder / "model.json")
    shapes = {name: tuple(described["shapes"][name]) for name in features_of(settings)}
    network = importlib.import_module(f"genrebench.models.{module}")
    model = network.architecture(shapes, len(described["genres"]), described["settings"])
    model.load_weights(folder / "model.weights.h5")
    onnx_export.write_onnx(model, folder / loader.NETWORK)


def _describe_feature(
    cache: Feature, entry: Mapping[str, Any], settings: Mapping[str, Any], trained: np.ndarray
) -> dict[str, Any]:
    """What is to be done with a feature of a new file: `steps` of its cache, what they span, where `cut` ends them."""
    return {
        "entry": dict(entry),
        "axes": cache.description["axes"],
        "unit": cache.description["unit"],
        "steps": cache.values.shape[-1],
        "seconds": cache.description["seconds"],
        "cut": steps_of_cut(cache, settings["cut"], trained) if settings.get("cut") else None,
    }


def _bring_weights(name: str, entry: dict[str, Any], folder: Path) -> None:
    """Copy the weights of a pretrained feature, and have its settings name the copy."""
    if is_pretrained(entry) and entry["handle"] != pretrained.NONE:
        shutil.copytree(pretrained.locate(module_of(name, entry), entry["handle"]), folder / "weights" / name)
        entry["handle"] = f"weights/{name}"


def _piece_s(reading: Mapping[str, Any], clips: Sequence[Mapping[str, str]]) -> float:
    """The seconds that the clips of the training were made as long as."""
    given = given_seconds(reading["duration"])
    return given or common_seconds(reading["duration"], [float(clip["duration_s"]) for clip in clips])


def metrics_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """What an export says of a run (its metrics.json), with Wilson's 95% interval of the accuracy."""
    low, high = proportion_confint(run["accuracy"] * run["n_test"], run["n_test"], alpha=0.05, method="wilson")
    return {
        "accuracy": run["accuracy"],
        "accuracy_low": float(low),
        "accuracy_high": float(high),
        "macro_f1": run["macro_f1"],
        "calibration_error": run["calibration_error"],
        "majority_accuracy": run["majority_accuracy"],
        "n_test": run["n_test"],
        "recall": {genre: figures["recall"] for genre, figures in run["genres"].items()},
        **run["seen_in_training"],
    }


def _judge(
    model: loader.Model, data: Data, predictions: Path, clips: Sequence[Mapping[str, str]]
) -> dict[str, dict[str, Any]]:
    """Limits beyond which a file is called unsure, and how far the exported model is from the trained one.

    Both are of the validation clips. The probability of the most probable genre is the usual measure of confidence
    (Hendrycks and Gimpel 2017, A baseline for detecting misclassified and out-of-distribution examples).
    """
    rows = data.rows["valid"]
    found = model.probabilities(data, rows)
    by_row = {
        (row["clip_id"], int(row["segment"])): [float(row[genre]) for genre in data.genres]
        for row in files.read_rows(predictions)
        if row["subset"] == "valid"
    }
    keys = [(clips[data.clips[row]]["clip_id"], int(data.segments[row])) for row in rows]
    deviation = float(np.abs(found - np.array([by_row[key] for key in keys])).max())
    if deviation > LARGEST_DEVIATION:
        raise InputError(
            f"The exported model's probabilities differ by {deviation:.2g} from {predictions}: were the features or "
            "the weights changed since? Train it again."
        )
    check = {"deviation": deviation, "clips": len(np.unique(data.clips[rows]))}
    return {"unsure": unsure_limits(model, data, rows, found), "check": check}


def unsure_limits(model: loader.Model, data: Data, rows: np.ndarray, found: np.ndarray) -> dict[str, float | None]:
    """Limits of `confidence` and `strangeness` beyond which a file is unsure, by these rows, of validation clips.

    `found` are their probabilities.
    """
    clips = data.clips[rows].tolist()
    _, probabilities = scoring.average_segments(clips, found)
    _, strange = scoring.average_segments(clips, model.strangeness(data, rows)[:, None])
    return {
        "confidence": float(np.quantile(probabilities.max(axis=1), DOUBTED)),
        "strangeness": float(np.quantile(strange, 1 - DOUBTED)) if model.scaler else None,
    }


def model_card(description: Mapping[str, Any]) -> str:
    """The description as a page for people (Mitchell et al. 2019, Model cards for model reporting), Markdown."""
    run, figures, clips = description["run"], description["metrics"], description["clips"]
    settings = description["settings"]
    interval = f"{figures['accuracy_low']:.1%} to {figures['accuracy_high']:.1%}"
    recall = "\n".join(
        f"| {genre} | {'no test clips' if value is None else f'{value:.0%}'} |"
        for genre, value in figures["recall"].items()
    )
    caveats = "".join(f"- **{mark}**\n" for mark in description["caveats"])
    features = ", ".join(f"`{name}`" for name in description["features"])
    length = settings.get("segments", {}).get("length_s")
    heard = f"in segments of {length:g} s" if length else f"in pieces of {description['audio']['piece_s']:g} s"
    return f"""# {description["model"]}, trained on {description["dataset"]}

Tells {len(description["genres"])} genres apart ({", ".join(description["genres"])}) by {features}; a file is heard
{heard}, whose probabilities are averaged. `python scripts/predict.py --model <this folder> song.mp3`

## How good it is
Accuracy {figures["accuracy"]:.1%} (95% interval {interval}) on {figures["n_test"]} test clips that it was
neither trained nor chosen on; always answering the most frequent genre there gives {figures["majority_accuracy"]:.1%}.
Macro F1 {figures["macro_f1"]:.3f}, expected calibration error {figures["calibration_error"]:.3f}. In training it
reached {figures["train_accuracy"]:.1%}, in validation {figures["valid_accuracy"]:.1%}.

Protocol `{run["protocol"]}`, split `{run["split"]}`, seed {run["seed"]}: {clips["train"]} clips for training,
{clips["valid"]} for validation (by which it was chosen), {clips["test"]} for the test.
{caveats}
| genre | test clips found |
|---|---|
{recall}

## What it does not know
It answers one of its genres whatever it hears. It says that it is unsure where no genre reaches
{description["unsure"]["confidence"]:.0%}, or where the features are farther from those of the training than in all but
{DOUBTED:.0%} of the validation clips: about one validation clip in ten is called unsure. That is no proof of the
contrary.

## Licence
The weights were learned from the audio of `{description["dataset"]}`; whoever passes them on must be allowed to.
GTZAN is used widely, but its recordings are copyrighted and it has no licence.

## Made with
{", ".join(f"{name} {number}" for name, number in sorted(description["versions"].items()))}.
"""
