"""Networks of Keras whose last layer alone is trained: as a linear classifier, on values that are computed once."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from genrebench.training import linear
from genrebench.training.keras_model import KerasModel

MAX_ITER = 1000  # of the solver


class FrozenModel(KerasModel):
    """A pretrained network, and a logistic regression on the values that its last layer reads.

    The regression is multinomial; its values are standardised on the training clips, and its strength C is selected on
    the validation clips, the smallest of equals. The result is written into the last layer (a softmax), so that what
    is saved is a network as any other.
    """

    def fit(self, folder: Path, key: str) -> list[dict[str, Any]]:
        """Fit the last layer; return the history, one row with the figures of training and validation.

        A fit is too short for checkpoints: `folder` and `key` are not used.
        """
        started = time.perf_counter()
        values = {subset: self._last_values(self.data.rows[subset]) for subset in ("train", "valid")}
        labels = self.data.labels[self.data.rows["train"]]
        scaler = StandardScaler().fit(values["train"])
        standardised = scaler.transform(values["train"]).astype(np.float32)
        figures, weights = [], []
        for C in sorted(self.settings["C"]):
            classifier = LogisticRegression(
                C=C, max_iter=MAX_ITER, class_weight=dict(enumerate(self.class_weights.tolist()))
            )
            linear.fit_in_span(classifier, standardised, labels)
            weights.append(_layer_weights(classifier, scaler))
            self.model.layers[-1].set_weights(weights[-1])
            figures.append({"epoch": int(np.max(classifier.n_iter_))} | self._figures(values))
        best = int(np.argmax([row["val_accuracy"] for row in figures]))
        self.model.layers[-1].set_weights(weights[best])
        print(f"C = {sorted(self.settings['C'])[best]:g} is the best of {len(figures)} on the validation clips")
        self.seconds = [time.perf_counter() - started]
        return [figures[best]]

    def _figures(self, values: Mapping[str, np.ndarray]) -> dict[str, float]:
        """Accuracy and loss of training and validation with the present weights of the last layer."""
        found: dict[str, float] = {}
        for subset, prefix in (("train", ""), ("valid", "val_")):
            predicted = keras.ops.convert_to_numpy(self.model.layers[-1](values[subset])).astype(np.float64)
            scores = self.data.scores(self.data.rows[subset], predicted / predicted.sum(axis=1, keepdims=True))
            found |= {f"{prefix}{name}": value for name, value in scores.items()}
        return found

    def _last_values(self, rows: np.ndarray) -> np.ndarray:
        """The values that the last layer reads, (rows, values)."""
        network = keras.Model(self.model.inputs, self.model.layers[-1].input)
        parts = [network.predict_on_batch(self.inputs(part)) for part in self._batches_of(rows)]
        return np.concatenate(parts)[: len(rows)]


def _layer_weights(classifier: LogisticRegression, scaler: StandardScaler) -> Sequence[np.ndarray]:
    """Kernel (values, genres) and bias (genres,) of a softmax that reads values before their standardisation."""
    kernel = linear.of_all_classes(classifier.coef_.T) / scaler.scale_[:, None]
    bias = linear.of_all_classes(np.atleast_2d(classifier.intercept_))[0] - scaler.mean_ @ kernel
    return [kernel.astype(np.float32), bias.astype(np.float32)]
