"""Permutation importance of whole features of a trained model (Breiman 2001, Random forests; Fisher et al. 2019)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance

from genrebench.training.data import Data, Feature


class Borrowed:
    """Values of a feature of which some rows are read from others: `origin` has the row that each is read from."""

    def __init__(self, values: Any, origin: np.ndarray):
        self.values = values
        self.origin = origin
        self.shape = values.shape
        self.ndim = values.ndim

    def __len__(self) -> int:
        """How many rows."""
        return len(self.values)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Some rows, by their numbers: (rows, ...)."""
        return self.values[self.origin[rows]]


def importance(fitted: Any, features: Sequence[str], repeats: int, seed: int) -> tuple[float, dict[str, list[float]]]:
    """The accuracy of a trained model on its validation clips, and what is lost of it when one feature is permuted.

    `fitted` is a model as genrebench.models describes it. A feature with all its values and frames, and all that is
    made of it (`<feature>.mean`), goes to another validation example at random, `repeats` times; the losses are in the
    order of the repeats. No other subset is read.

    scikit-learn permutes columns. So that it permutes features, its table here has a column per feature with the row
    that the feature is read from.
    """
    data: Data = fitted.data
    rows = data.rows["valid"]
    table = np.tile(rows[:, None], len(features))

    def accuracy(model: Any, table: np.ndarray, labels: np.ndarray) -> float:
        with read_from(data, rows, dict(zip(features, table.T, strict=True))):
            return data.scores(rows, model.predict(rows))["accuracy"]

    found = permutation_importance(
        fitted, table, data.labels[rows], scoring=accuracy, n_repeats=repeats, random_state=seed
    )
    losses = {feature: values.tolist() for feature, values in zip(features, found.importances, strict=True)}
    return accuracy(fitted, table, data.labels[rows]), losses


@contextmanager
def read_from(data: Data, rows: np.ndarray, origins: dict[str, np.ndarray]) -> Iterator[None]:
    """Have the features of these `rows` read from the rows that `origins` gives for each of them, by feature."""
    own = list(data.features)
    data.features[:] = [_borrowed(feature, rows, origins[_source(feature.name)]) for feature in own]
    try:
        yield
    finally:
        data.features[:] = own


def _borrowed(feature: Feature, rows: np.ndarray, origin: np.ndarray) -> Feature:
    whole = np.arange(len(feature.values))
    whole[rows] = origin
    return Feature(feature.name, Borrowed(feature.values, whole), feature.description)


def _source(name: str) -> str:
    """The feature that something was pooled from (`<feature>.<statistic>`)."""
    return name.partition(".")[0]
