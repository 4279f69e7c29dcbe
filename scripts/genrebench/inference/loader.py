"""Load a trained model as a function from features to probabilities, with only the libraries that it needs.

The files in the folder of a model say which library computes it: `weights.npz` (a linear model: NumPy),
`estimator.skops` (scikit-learn), `model.onnx` (a network: ONNX Runtime, which starts in 0.1 s where TensorFlow takes
5 s) or `classifier.safetensors` (a speech transformer: PyTorch).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from genrebench.common import onnx_model
from genrebench.common.cli import InputError
from genrebench.training import saved
from genrebench.training.data import Data, Scaler, batches
from genrebench.training.saved import Predict

NETWORK = "model.onnx"


@dataclass
class Model:
    """A trained model.

    Attributes
    ----------
    probabilities : callable
        `probabilities(data, rows)` returns an array of shape (n_rows, n_genres).
    scaler : Scaler or None
        None for a model that takes audio samples as input.
    """

    probabilities: Predict
    scaler: Scaler | None

    def ood_scores(self, data: Data, rows: np.ndarray) -> np.ndarray:
        """Out-of-distribution score of some examples: the mean square of their standardised features, (n_rows,).

        It is the mean over the values of each feature, then over the features: about 1 for what is like the training
        clips, larger the farther away. It is 0 for a model without a scaler.
        """
        if self.scaler is None:
            return np.zeros(len(rows))
        parts = [
            np.mean([_mean_square(self.scaler.transform(feature, some)) for feature in data.features], axis=0)
            for some in batches(rows)
        ]
        return np.concatenate(parts)


def load(folder: Path, threads: int = 1) -> Model:
    """Load the trained model in `folder`, to be computed by this many threads.

    Raises
    ------
    InputError
        If the folder holds no model of a known kind.
    """
    if saved.is_transformer(folder):
        return Model(saved.transformer(folder, threads), None)
    if not (folder / "scaler.npz").is_file():
        raise InputError(f"{folder} has no scaler.npz, so it holds no trained model; export it again")
    scaler = Scaler.load(folder / "scaler.npz")
    if (folder / NETWORK).is_file():
        return Model(_network(folder / NETWORK, scaler, threads), scaler)
    return Model(saved.classical(folder, scaler), scaler)


def _mean_square(values: np.ndarray) -> np.ndarray:
    return np.square(values.reshape(len(values), -1)).mean(axis=1, dtype=np.float64)


def _network(path: Path, scaler: Scaler, threads: int) -> Predict:
    session = onnx_model.load(path, threads)

    def predict(data: Data, rows: np.ndarray) -> np.ndarray:
        parts = []
        for some in batches(rows):
            inputs = {feature.name: scaler.network_input(feature, some) for feature in data.features}
            (scores,) = session.run(None, inputs)
            parts.append(scores)
        found = np.concatenate(parts, dtype=np.float64)
        return found / found.sum(axis=1, keepdims=True)  # as in training: in single precision it is 1 only nearly

    return predict
