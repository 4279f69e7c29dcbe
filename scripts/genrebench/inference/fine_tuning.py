"""Train the weights of an exported model further, and choose by the validation clips how far."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from genrebench.inference import adaptation
from genrebench.inference.description import UNCHANGED
from genrebench.inference.onnx_export import write_network
from genrebench.training import backend, linear, serialization
from genrebench.training.data import Data, Scaler, best_row
from genrebench.workflow.entries import module_of

PENALTIES = 10.0 ** np.arange(3, -5, -1)  # of linear models: multiples of the mean squared norm of the inputs
LEARNING_RATE = 0.1  # of that of the first training of a network
FEW_EPOCHS = {"epochs": 10, "warmup_epochs": 1, "schedule": "cosine", "early_stopping": 0, "keep": "best"}

Trial = dict[str, Any]  # a candidate: `choice`, `val_accuracy`, `val_loss`


def adapt(folder: Path, data: Data, description: Mapping[str, Any], seed: int) -> tuple[list[Trial], np.ndarray]:
    """Replace the weights of a model by the candidate that is best on the validation clips.

    Parameters
    ----------
    folder : Path
        The weights: folder `model` of an export, which is changed.
    data : Data
        The examples.
    description : mapping
        Of the export.
    seed : int
        Of the training of a network.

    Returns
    -------
    trials : list of dict
        The candidates; the first one is the model as it is.
    probabilities : ndarray of shape (n_valid, n_genres)
        What the best of them (`best_row`) predicts for the validation examples.
    """
    if (folder / "weights.npz").is_file():
        return _adapt_linear(folder, data)
    return _adapt_network(folder, data, description, seed)


def _adapt_linear(folder: Path, data: Data) -> tuple[list[Trial], np.ndarray]:
    """A candidate for each penalty on the distance from the old weights."""
    scaler = Scaler.load(folder / "scaler.npz")
    saved = serialization.load_arrays(folder / "weights.npz")
    before = best = saved["coef"], saved["intercept"]
    train, valid = data.rows["train"], data.rows["valid"]
    inputs, held_out = scaler.flat(data.features, train), scaler.flat(data.features, valid)
    chosen = linear.probabilities(*before, held_out)
    trials = [_trial(UNCHANGED, data, chosen)]
    # each clip has the same weight, however long
    counts = 1 / np.bincount(data.clips[train])[data.clips[train]]
    square = np.square(inputs, dtype=np.float64).sum(axis=1).mean()
    for penalty in PENALTIES:
        weights = adaptation.adapt(*before, inputs, data.labels[train], counts, penalty * square)
        found = linear.probabilities(*weights, held_out)
        trials.append(_trial(f"penalty {penalty:g}", data, found))
        if best_row(trials) == len(trials) - 1:
            best, chosen = weights, found
    if best is not before:
        serialization.save_arrays(folder / "weights.npz", {"coef": best[0], "intercept": best[1]})
    return trials, chosen


def _adapt_network(
    folder: Path, data: Data, description: Mapping[str, Any], seed: int
) -> tuple[list[Trial], np.ndarray]:
    """A candidate for each epoch with a low learning rate (the best of them is kept)."""
    # TensorFlow, whichever backend trained: the weights are the same, and ONNX is written with it
    compute = {"backend": "tensorflow", "precision": "float32", "threads": description["compute"]["threads"]}
    backend.choose(compute)
    from genrebench.training.keras_model import KerasModel

    settings = description["settings"]
    own = settings | FEW_EPOCHS | {"learning_rate": LEARNING_RATE * settings["learning_rate"], "scaler_fit_on": "train"}
    if len(np.unique(data.labels[data.rows["train"]])) < len(data.genres):
        own["class_weights"] = "none"  # a genre without clips has no weight
    name = module_of(description["model"], settings)
    architecture = importlib.import_module(f"genrebench.models.{name}").architecture
    weights = folder / "model.weights.h5"
    network = KerasModel(architecture, data, own, seed, compute, lambda model, _: model.load_weights(weights))
    network.scaler = Scaler.load(folder / "scaler.npz")
    valid = data.rows["valid"]
    chosen = network.predict(valid)
    trials = [_trial(UNCHANGED, data, chosen)]
    with TemporaryDirectory() as checkpoints:
        history = network.fit(Path(checkpoints), "update")
    for row in history:
        trials.append({"choice": f"epoch {row['epoch']}", **{n: row[n] for n in ("val_accuracy", "val_loss")}})
    if best_row(trials):
        chosen = network.predict(valid)
        network.model.save_weights(weights)
        write_network(folder, name, settings)
    return trials, chosen


def _trial(choice: str, data: Data, found: np.ndarray) -> Trial:
    scores = data.scores(data.rows["valid"], found)
    return {"choice": choice, "val_accuracy": scores["accuracy"], "val_loss": scores["loss"]}
