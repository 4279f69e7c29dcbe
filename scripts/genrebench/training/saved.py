"""Trained models as their runs have saved them, ready to predict: nothing is trained again."""

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.training import backend, linear, serialization
from genrebench.training.data import Data, Scaler, batches
from genrebench.workflow.entries import features_of

Predict = Callable[[Data, np.ndarray], np.ndarray]  # (examples, rows) -> probabilities (n_rows, n_genres)


def load(run: Path) -> Predict:
    """Load the model of a run: of scikit-learn, of transformers, or of Keras on the backend of its training.

    Raises
    ------
    InputError
        If the run has no model of these kinds.
    """
    config = files.read_json(run / "config.json")
    if "backend" in config["compute"]:
        return _network(run, config)
    if is_transformer(run / "model"):
        return transformer(run / "model", config["compute"]["threads"])
    return classical(run / "model", Scaler.load(run / "model" / "scaler.npz"))


def classical(folder: Path, scaler: Scaler) -> Predict:
    """The model of scikit-learn in `folder`: `weights.npz` is a linear one, computed by NumPy alone."""
    if (folder / "weights.npz").is_file():
        saved = serialization.load_arrays(folder / "weights.npz")
        function = partial(linear.probabilities, saved["coef"], saved["intercept"])
    elif (folder / "estimator.skops").is_file():
        from genrebench.training import sklearn_model  # with scikit-learn, 1 s

        estimator = serialization.load_estimator(folder / "estimator.skops")
        function = partial(sklearn_model.probabilities, estimator)
    else:
        raise InputError(f"{folder} has no weights of a model (weights.npz or estimator.skops); train it again")

    def predict(data: Data, rows: np.ndarray) -> np.ndarray:
        return np.concatenate([function(scaler.flat(data.features, part)) for part in batches(rows)])

    return predict


def is_transformer(folder: Path) -> bool:
    """Whether the model in `folder` is a speech transformer."""
    return (folder / "classifier.safetensors").is_file()


def transformer(folder: Path, threads: int) -> Predict:
    """The speech transformer in `folder`, to be computed by this many threads."""
    # by its name, as the modules of networks: jobs for other models do without it and its packages, PyTorch among them
    network = importlib.import_module("genrebench.training.transformer_model").load(folder, threads)

    def predict(data: Data, rows: np.ndarray) -> np.ndarray:
        (samples,) = data.features
        return np.concatenate([network(samples.values[some]) for some in batches(rows)])

    return predict


def _network(run: Path, config: dict[str, Any]) -> Predict:
    backend.choose(config["compute"])  # before anything imports Keras
    settings = config["settings"]
    module = importlib.import_module(f"genrebench.models.{settings.get('module', config['model'])}")
    from genrebench.training import keras_model

    model, scaler = keras_model.load(run / "model", module.architecture, features_of(settings), config["compute"])

    def predict(data: Data, rows: np.ndarray) -> np.ndarray:
        parts = [
            model.predict_on_batch({one.name: scaler.network_input(one, some) for one in data.features})
            for some in batches(rows)
        ]
        found = np.concatenate(parts, dtype=np.float64)
        return found / found.sum(axis=1, keepdims=True)  # as in training: in single precision it is 1 only nearly

    return predict
