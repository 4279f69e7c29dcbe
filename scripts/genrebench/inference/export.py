"""Export a trained run as one folder that needs nothing else; `genrebench.inference.predictor` reads it.

export.json           how a file is processed, how the model was evaluated, and the versions of the software
README.md             the same for people: the model card
model/                weights and scaler as the training wrote them; of a network also model.onnx
weights/<feature>/    the weights of a pretrained feature; a SavedModel, which can hold a program, as model.onnx

The weights of a pretrained feature that are files of an installed package stay there: export.json has their digest.

The same run makes the same bytes each time.
"""

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.audio.lengths import common_seconds, given_seconds
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.formatting import percent
from genrebench.common.run_key import RunKey
from genrebench.datasets.split_leakage import describe_protocols, pick_protocols
from genrebench.encoders import saved_model
from genrebench.evaluation import results, tables
from genrebench.evaluation.intervals import wilson_interval
from genrebench.inference import confidence, loader
from genrebench.inference.description import KNOWN, write_description, write_reason
from genrebench.inference.model_card import model_card
from genrebench.inference.onnx_export import write_network, write_saved_model
from genrebench.training.data import Data, Feature, steps_of_cut
from genrebench.workflow import pretrained
from genrebench.workflow.entries import features_of, load_module, module_of

LARGEST_DEVIATION = 1e-4  # of probabilities between the trained and the exported model


class NotExportableError(InputError):
    """There is nothing to export; the message says why."""


def export_best(
    models: Sequence[str],
    evaluation: Path,
    runs: Path,
    splits: Path,
    features: Path,
    entries: Mapping[str, Any],
    audio: Mapping[str, Any],
    limits: Mapping[str, Any],
    manifest: Path,
    dataset: str,
    synthetic: bool,
    output: Path,
) -> None:
    """Export the run of `models` with the best validation accuracy (`choose_run`) to the folder `output`.

    Where there is none, or its features cannot be computed from a file, `output` holds the reason.

    Parameters
    ----------
    models : sequence of str
        The models to choose from.
    evaluation, runs, splits, features : Path
        Folders of the dataset's results: evaluations and runs of the models, splits, caches of the features.
    entries, audio, limits : mapping
        Sections `features`, `audio` and `manifest` of the parameters.
    manifest : Path
        The manifest of the dataset.
    dataset : str
        Its name.
    synthetic : bool
        Whether its music is.
    output : Path
        The folder, which is replaced as a whole.
    """
    try:
        chosen = choose_run(tables.rows(results.read_runs(evaluation, models)), models, splits)
        key = RunKey(*(chosen[name] for name in RunKey._fields))
        run = results.read_run(evaluation, key)
        split = splits / key.protocol / f"{key.split}.csv"
        description = export_run(
            run, runs / str(key), features, entries, audio, limits, manifest, split, dataset, synthetic, output
        )
    except NotExportableError as error:
        write_reason(output, str(error))
        print(f"not exported: {error}")
        return
    check = description["check"]
    print(
        f"{key}: validation accuracy {percent(run['valid_accuracy'])}, of {len(models)} models; on {check['clips']} "
        f"validation clips its probabilities differ from the trained model's by at most {check['deviation']:.1g}"
    )


def choose_run(runs: Sequence[Mapping[str, Any]], models: Sequence[str], splits: Path) -> Mapping[str, Any]:
    """Choose the run to export by validation accuracy alone.

    The protocol is the artist-disjoint one (`split_leakage.pick_protocols`), or the other where no run has it. The
    model has the highest mean validation accuracy, the first of equals in the order of `models`; of its runs the
    one with the highest accuracy is chosen.

    Parameters
    ----------
    runs : sequence of mapping
        The metrics of all runs (`genrebench.evaluation.results.read_runs`).
    models : sequence of str
        The models to choose from.
    splits : Path
        The folder of the splits.

    Raises
    ------
    NotExportableError
        If no run is done.
    """
    done = [run for run in runs if run["status"] == "done" and run["unit"] == "clip" and run["model"] in models]
    if not done:
        reasons = sorted({run["reason"] for run in runs if run["model"] in models and run["reason"]})
        raise NotExportableError(
            f"No run of {', '.join(models)} can be exported: none is done under a protocol that splits by clips. "
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
    if not by_model:  # of one model that was run under other protocols only
        protocol = done[0]["protocol"]
        by_model[done[0]["model"]] = [run for run in done if run["protocol"] == protocol]
    best = max((m for m in models if m in by_model), key=lambda m: np.mean([_valid(run) for run in by_model[m]]))
    return max(by_model[best], key=_valid)


def _valid(run: Mapping[str, Any]) -> float:
    return run["valid_accuracy"] or 0.0


def export_run(
    run: Mapping[str, Any],
    folder: Path,
    features: Path,
    entries: Mapping[str, Any],
    audio: Mapping[str, Any],
    limits: Mapping[str, Any],
    manifest: Path,
    split: Path,
    dataset: str,
    synthetic: bool,
    output: Path,
) -> dict[str, Any]:
    """Export one run; `run` is its metrics, `folder` where the training wrote it. For the rest see `export_best`.

    Returns
    -------
    dict
        The description (export.json).

    Raises
    ------
    NotExportableError
        If the features of the model cannot be computed from a file.
    InputError
        If the exported model predicts other probabilities than the trained one.
    """
    config = files.read_json(folder / "config.json")
    settings = config["settings"]
    clips = files.read_rows(manifest)
    if not any(clip["path"] for clip in clips):
        raise NotExportableError(
            f"{run['model']} cannot be exported: the features of the dataset {dataset} are precomputed, and how they "
            "are computed from audio is unknown."
        )
    caches, data = read_data(settings, clips, split, features)
    trained = np.unique(data.clips[data.rows["train"]])
    described = {cache.name: _describe_feature(cache, entries[cache.name], settings, trained) for cache in caches}
    with files.atomic(output) as temporary:
        # hidden files are Snakemake's own
        shutil.copytree(folder / "model", temporary / "model", ignore=shutil.ignore_patterns(".*"))
        for name, feature in described.items():
            _add_weights(name, feature, temporary)
        if (temporary / "model" / "model.weights.h5").is_file():
            write_network(temporary / "model", module_of(run["model"], settings), settings)
        model = loader.load(temporary / "model")
        rows = data.rows["valid"]
        probabilities = model.probabilities(data, rows)
        description = {
            "model": run["model"],
            "settings": settings,
            "compute": config["compute"],
            "dataset": dataset,
            "synthetic": synthetic,
            "genres": data.genres,
            "clips": {subset: len(np.unique(data.clips[rows])) for subset, rows in data.rows.items()},
            "audio": dict(audio) | {"window_s": _clip_seconds(audio, clips)},
            "limits": {name: limits[name] for name in ("min_duration_s", "max_duration_s", "min_rms")},
            "features": described,
            "run": {name: run[name] for name in ("protocol", "split", "seed")},
            "metrics": metrics_of(run),
            "caveats": run["caveats"],
            "versions": config["versions"],
            "check": _compare_with_training(data, rows, probabilities, folder / "predictions.csv", clips),
            "confidence": confidence.limits(model, data, rows, probabilities),
        }
        description = write_description(temporary, description)
        (temporary / "README.md").write_text(model_card(description), encoding="utf-8")
    return description


def read_data(
    settings: Mapping[str, Any], clips: list[dict[str, str]], split: Path, features: Path
) -> tuple[list[Feature], Data]:
    """Read the features of a trained model and its examples of a split.

    Parameters
    ----------
    settings : mapping
        Of the model.
    clips : list of dict
        The rows of the manifest.
    split : Path
        CSV file of the split.
    features : Path
        Folder of the caches.
    """
    caches = [Feature.open(features / f"{name}.json") for name in features_of(settings)]
    data = Data.of_split(clips, files.read_rows(split), caches, settings.get("segments"), settings.get("cut"))
    return caches, data.pooled(settings["pooling"]) if "pooling" in settings else data


def metrics_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics of a run that an export states, with the 95% Wilson interval of the accuracy."""
    low, high = wilson_interval(run["accuracy"], run["n_test"])
    return {
        "accuracy": run["accuracy"],
        "accuracy_low": low,
        "accuracy_high": high,
        "macro_f1": run["macro_f1"],
        "calibration_error": run["calibration_error"],
        "majority_accuracy": run["majority_accuracy"],
        "n_test": run["n_test"],
        "recall": {genre: figures["recall"] for genre, figures in run["genres"].items()},
        **{name: run[name] for name in ("train_accuracy", "valid_accuracy") if name in run},
    }


def _describe_feature(
    cache: Feature, entry: Mapping[str, Any], settings: Mapping[str, Any], trained: np.ndarray
) -> dict[str, Any]:
    """How a feature of a new file is computed and brought to the length that it had in training."""
    return {
        "entry": dict(entry),
        "axes": cache.description["axes"],
        "unit": cache.description["unit"],
        "steps": cache.values.shape[-1],
        "seconds": cache.description["seconds"],
        "cut": steps_of_cut(cache, settings["cut"], trained) if settings.get("cut") else None,
    }


def _add_weights(name: str, feature: dict[str, Any], folder: Path) -> None:
    """Copy the weights of a pretrained feature, and have its settings name the copy; of a package, add a digest."""
    entry = feature["entry"]
    if pretrained.is_wanted(entry) and not pretrained.is_watched(entry):
        feature["weights"] = pretrained.digest_of_package(entry)
    elif pretrained.is_wanted(entry):
        place = pretrained.locate(module_of(name, entry), entry["handle"])
        if place is None:
            raise InputError(f"The weights of {name} ({entry['handle']}) are no longer on this machine")
        target = folder / "weights" / name
        target.mkdir(parents=True)
        for path in place.iterdir():
            if path.name in KNOWN:
                shutil.copyfile(path, target / path.name)
        if (place / saved_model.FILE).is_file():  # it can hold a program: what is passed on is the network alone
            _write_as_onnx(module_of(name, entry), place, target)
        entry["handle"] = f"weights/{name}"


def _write_as_onnx(module: str, place: Path, target: Path) -> None:
    """Write the SavedModel in `place` as ONNX; NotExportableError if that computes something else."""
    dimensions = load_module("features", module).DIMENSIONS
    before = saved_model.network(place, module, dimensions)
    try:
        write_saved_model(place, target / saved_model.ONNX)
        after = saved_model.network(target, module, dimensions)
        random = np.random.default_rng(0)
        for seconds in (1.0, 3.3, 8.0):
            samples = random.uniform(-0.5, 0.5, round(seconds * saved_model.SAMPLE_RATE)).astype(np.float32)
            expected, found = before(samples), after(samples)
            if expected.shape != found.shape or np.abs(expected - found).max() > 1e-3 * np.abs(expected).max():
                raise ValueError("it computes something else")
    except Exception as error:  # of the converter, whatever it does not know
        why = " ".join(str(error).split())[:200]
        raise NotExportableError(
            f"The network in {place} cannot be written as ONNX ({why}). A SavedModel can hold a program, so it is not "
            "passed on."
        ) from None


def _clip_seconds(audio: Mapping[str, Any], clips: Sequence[Mapping[str, str]]) -> float:
    """The seconds to which the training clips were cut or padded."""
    given = given_seconds(audio["duration"])
    return given or common_seconds(audio["duration"], [float(clip["duration_s"]) for clip in clips])


def _compare_with_training(
    data: Data, rows: np.ndarray, probabilities: np.ndarray, predictions: Path, clips: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """The largest deviation of the exported model from the trained one on the validation clips; InputError if large."""
    by_example = {
        (row["clip_id"], int(row["segment"])): [float(row[genre]) for genre in data.genres]
        for row in files.read_rows(predictions)
        if row["subset"] == "valid"
    }
    keys = [(clips[data.clips[row]]["clip_id"], int(data.segments[row])) for row in rows]
    deviation = float(np.abs(probabilities - np.array([by_example[key] for key in keys])).max())
    if deviation > LARGEST_DEVIATION:
        raise InputError(
            f"The exported model's probabilities differ by {deviation:.2g} from {predictions}: were the features or "
            "the weights changed since? Train it again."
        )
    return {"deviation": deviation, "clips": len(np.unique(data.clips[rows]))}
