"""Trained models as functions: from the features of examples to probabilities, with no more than that needs.

What a folder of a trained model holds says how it is computed: `weights.npz` (linear, by NumPy), `estimator.skops` (by
scikit-learn), `model.onnx` (a network, by ONNX Runtime, which starts in a tenth of a second where TensorFlow takes
five) or `classifier.safetensors` (a speech transformer, by PyTorch).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from genrebench.common.cli import InputError
from genrebench.training import linear, serialization
from genrebench.training.data import Data, Scaler, batches

NETWORK = "model.onnx"

Predict = Callable[[Data, np.ndarray], np.ndarray]  # of some rows of the examples: probabilities (rows, genres)


@dataclass
class Model:
    """A trained model: `probabilities(data, rows)` are (rows, genres); without a `scaler` it hears samples."""

    probabilities: Predict
    scaler: Scaler | None

    def strangeness(self, data: Data, rows: np.ndarray) -> np.ndarray:
        """How far these rows are from the clips of the training, (rows,): the mean square of their standardised values.

        Of each feature the mean, then of all features; about 1 for what is like the training clips. It is 0 where
        nothing is standardised.
        """
        if self.scaler is None:
            return np.zeros(len(rows))
        parts = [
            np.mean([_mean_square(self.scaler.transform(feature, some)) for feature in data.features], axis=0)
            for some in batches(rows)
        ]
        return np.concatenate(parts)


def load(folder: Path, threads: int = 1) -> Model:
    """The trained model in `folder`, computed by so many threads; InputError if there is none that is known."""
    if (folder / "classifier.safetensors").is_file():
        return Model(_speech(folder, threads), None)
    if not (folder / "scaler.npz").is_file():
        raise InputError(f"{folder} has no scaler.npz, so no trained model is there; export it again")
    scaler = Scaler.load(folder / "scaler.npz")
    if (folder / NETWORK).is_file():
        return Model(_network(folder / NETWORK, scaler, threads), scaler)
    if (folder / "weights.npz").is_file():
        return Model(_linear(folder / "weights.npz", scaler), scaler)
    if (folder / "estimator.skops").is_file():
        from genrebench.training import sklearn_model  # with scikit-learn, 1 s

        estimator = serialization.load_estimator(folder / "estimator.skops")
        return Model(partial(_by_batch, scaler, partial(sklearn_model.probabilities, estimator)), scaler)
    raise InputError(f"{folder} has no weights of a model (weights.npz, estimator.skops or {NETWORK}); export it again")


def _mean_square(values: np.ndarray) -> np.ndarray:
    return np.square(values.reshape(len(values), -1)).mean(axis=1, dtype=np.float64)


def _linear(path: Path, scaler: Scaler) -> Predict:
    with np.load(path) as saved:
        function = partial(linear.probabilities, saved["coef"], saved["intercept"])
    return partial(_by_batch, scaler, function)


def _by_batch(
    scaler: Scaler, probabilities: Callable[[np.ndarray], np.ndarray], data: Data, rows: np.ndarray
) -> np.ndarray:
    return np.concatenate([probabilities(scaler.flat(data.features, part)) for part in batches(rows)])


def _network(path: Path, scaler: Scaler, threads: int) -> Predict:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors only
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def predict(data: Data, rows: np.ndarray) -> np.ndarray:
        parts = []
        for some in batches(rows):
            inputs = {feature.name: scaler.network_input(feature, some) for feature in data.features}
            (scores,) = session.run(None, inputs)
            parts.append(scores)
        found = np.concatenate(parts, dtype=np.float64)
        return found / found.sum(axis=1, keepdims=True)  # as in training: in single precision it is 1 only nearly

    return predict


def _speech(folder: Path, threads: int) -> Predict:
    from genrebench.training import transformer_model  # PyTorch, which the other models do without

    network = transformer_model.load(folder, threads)

    def predict(data: Data, rows: np.ndarray) -> np.ndarray:
        (samples,) = data.features
        return np.concatenate([network(samples.values[some]) for some in batches(rows)])

    return predict
