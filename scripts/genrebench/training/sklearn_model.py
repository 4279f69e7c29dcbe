"""Models of scikit-learn: flat, standardised features in, probabilities out."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, clone
from sklearn.linear_model._base import LinearClassifierMixin

from genrebench.common import files
from genrebench.common.packages import version
from genrebench.training import linear, serialization
from genrebench.training.data import Data, Scaler, batches


@dataclass
class Trial:
    """One candidate: its settings, the fitted estimator, its row of the history, and the warnings of its fit."""

    candidate: dict[str, Any]
    estimator: ClassifierMixin
    figures: dict[str, Any]
    caught: list[warnings.WarningMessage]


class SklearnModel:
    """An estimator and the scaler of its inputs.

    Parameters
    ----------
    estimator
        A classifier of scikit-learn, not fitted.
    data
        The examples.
    scaler_fit_on
        The clips that the scaler is fitted on: `train` or `all`.
    candidates
        Settings of the estimator to try. The one with the highest accuracy on the validation clips is kept, the first
        of equals; `model.json` lists the accuracies of all.
    """

    def __init__(
        self,
        estimator: ClassifierMixin,
        data: Data,
        scaler_fit_on: str,
        candidates: Sequence[dict[str, Any]] = ({},),
    ):
        self.estimator = estimator
        self.data = data
        self.scaler = Scaler(data.features, data.scaler_rows(scaler_fit_on))
        self.rows = data.rows["train"]
        self.candidates = candidates
        self.trials: list[Trial] = []
        self.seconds: list[float] = []  # of the fit

    @property
    def parameters(self) -> int:
        """The number of coefficients, of values of support vectors, or of nodes of a forest."""
        if hasattr(self.estimator, "estimators_"):
            return sum(tree.tree_.node_count for tree in self.estimator.estimators_)
        found = ("coef_", "intercept_", "support_vectors_", "dual_coef_")
        return sum(np.size(getattr(self.estimator, name, ())) for name in found)

    def describe(self) -> dict[str, str]:
        """Return `backend` (name and version) and `device`."""
        return {"backend": f"scikit-learn {version('scikit-learn')}", "device": "CPU"}

    def fit(self, folder: Path, key: str) -> list[dict[str, Any]]:
        """Fit on the training clips; return the history, one row with the figures of training and validation.

        A fit is too short for checkpoints: `folder` and `key` are not used.
        """
        started = time.perf_counter()
        inputs = self.scaler.flat(self.data.features, self.rows)
        self.trials = [self._try(candidate, inputs) for candidate in self.candidates]
        best = max(self.trials, key=lambda trial: trial.figures["val_accuracy"])
        self.estimator = best.estimator
        for warning in best.caught:
            warnings.warn(warning.message, stacklevel=2)
        if len(self.trials) > 1:
            print(f"{best.candidate} is the best of {len(self.trials)} on the validation clips")
        self.seconds = [time.perf_counter() - started]
        return [best.figures]

    def _try(self, candidate: dict[str, Any], inputs: np.ndarray) -> Trial:
        labels = self.data.labels
        self.estimator = clone(self.estimator).set_params(**candidate)
        with warnings.catch_warnings(record=True, action="always") as caught:
            if isinstance(self.estimator, LinearClassifierMixin):
                linear.fit_in_span(self.estimator, inputs, labels[self.rows])
            else:
                self.estimator.fit(inputs, labels[self.rows])
        row: dict[str, Any] = {"epoch": int(np.max(getattr(self.estimator, "n_iter_", 1)))}
        for subset, prefix in (("train", ""), ("valid", "val_")):
            rows = self.data.rows[subset]
            row |= {f"{prefix}{name}": value for name, value in self.data.scores(rows, self.predict(rows)).items()}
        return Trial(candidate, self.estimator, row, caught)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Return probabilities (rows, genres)."""
        inputs = (self.scaler.flat(self.data.features, part) for part in batches(rows))
        parts = [probabilities(self.estimator, part) for part in inputs]
        return np.concatenate(parts) if parts else np.empty((0, len(self.data.genres)))

    def save(self, folder: Path) -> None:
        """Write the scaler, the weights and a description of the estimator."""
        serialization.save_arrays(folder / "scaler.npz", self.scaler.arrays())
        if isinstance(self.estimator, LinearClassifierMixin):
            weights = {"coef": self.estimator.coef_, "intercept": self.estimator.intercept_}
            serialization.save_arrays(folder / "weights.npz", weights)
        else:
            serialization.save_estimator(folder / "estimator.skops", self.estimator)
        description = {
            "estimator": type(self.estimator).__name__,
            "settings": {name: value for name, value in sorted(self.estimator.get_params().items())},
            "features": [feature.name for feature in self.data.features],
            "genres": self.data.genres,
        }
        if len(self.trials) > 1:
            description["candidates"] = [
                trial.candidate | {figure: trial.figures[figure] for figure in ("val_accuracy", "val_loss")}
                for trial in self.trials
            ]
        files.write_json(folder / "model.json", description)


def probabilities(estimator: ClassifierMixin, inputs: np.ndarray) -> np.ndarray:
    """Return probabilities (rows, classes) of a fitted estimator; of linear models the softmax of their scores."""
    if isinstance(estimator, LinearClassifierMixin):
        return linear.probabilities(estimator.coef_, estimator.intercept_, inputs)
    if hasattr(estimator, "predict_proba"):
        return estimator.predict_proba(inputs)
    return linear.softmax_of_scores(estimator.decision_function(inputs))
