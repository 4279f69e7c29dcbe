"""The engine of the scikit-learn models: flattened, standardised features in, probabilities out."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.metrics import accuracy_score, log_loss

from genrebench import files, storage
from genrebench.training import Data, Scaler, batches


class Classical:
    """An estimator and the scaler of its inputs."""

    def __init__(self, estimator: ClassifierMixin, data: Data, scaler_fit_on: str):
        self.estimator = estimator
        self.data = data
        self.scaler = Scaler(data.features, data.scaler_rows(scaler_fit_on))

    def fit(self) -> list[dict[str, Any]]:
        """Fit on the training clips; return the history: one row with the figures of training and validation."""
        rows = self.data.rows["train"]
        inputs = self.scaler.flat(self.data.features, rows)
        if isinstance(self.estimator, LinearClassifierMixin):
            _fit_linear(self.estimator, inputs, self.data.labels[rows])
        else:
            self.estimator.fit(inputs, self.data.labels[rows])
        row: dict[str, Any] = {"epoch": int(np.max(getattr(self.estimator, "n_iter_", 1)))}
        for subset, prefix in (("train", ""), ("valid", "val_")):
            labels, probabilities = self.data.labels[self.data.rows[subset]], self.predict(self.data.rows[subset])
            row[f"{prefix}accuracy"] = accuracy_score(labels, probabilities.argmax(1))
            row[f"{prefix}loss"] = log_loss(labels, probabilities, labels=range(len(self.data.genres)))
        return [row]

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities (rows, genres)."""
        parts = [self.estimator.predict_proba(self.scaler.flat(self.data.features, part)) for part in batches(rows)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.data.genres)))

    def save(self, folder: Path) -> None:
        """Write the scaler, the weights and what is needed to read them."""
        storage.save_arrays(folder / "scaler.npz", self.scaler.arrays())
        if isinstance(self.estimator, LinearClassifierMixin):
            weights = {"coef": self.estimator.coef_.astype(np.float32), "intercept": self.estimator.intercept_}
            storage.save_arrays(folder / "weights.npz", weights)
        else:
            storage.save_estimator(folder / "estimator.skops", self.estimator)
        description = {
            "estimator": type(self.estimator).__name__,
            "settings": {name: value for name, value in sorted(self.estimator.get_params().items())},
            "features": [feature.name for feature in self.data.features],
            "genres": self.data.genres,
        }
        files.write_json(folder / "model.json", description)


def _fit_linear(estimator: LinearClassifierMixin, inputs: np.ndarray, labels: np.ndarray) -> None:
    """Fit in the span of the training clips, then turn the weights back.

    With fewer clips (n) than values (d), a linear model with an L2 penalty has its solution in the span of the clips,
    and losses and penalty see only inner products, which a rotation keeps. So the fit on n coordinates instead of d
    is the same model at a thousandth of the cost (Hastie and Tibshirani 2004, Efficient quadratic regularization for
    expression arrays, Biostatistics 5). The same holds, step by step, for stochastic gradient descent.
    """
    clips, size = inputs.shape
    if size <= clips:
        estimator.fit(inputs, labels)
        return
    # inputs = rotated @ basis.T, the columns of basis (d, n) being orthonormal
    gram = (inputs @ inputs.T).astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    keep = values > values.max() * clips * np.finfo(np.float32).eps
    scale = np.sqrt(values[keep])
    estimator.fit(vectors[:, keep] * scale, labels)
    estimator.coef_ = ((estimator.coef_ / scale) @ vectors[:, keep].T).astype(np.float32) @ inputs
    estimator.n_features_in_ = size
