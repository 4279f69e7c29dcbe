"""Permutation importance of whole features of a trained model."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance
from threadpoolctl import threadpool_limits

from genrebench.common import files
from genrebench.training import saved
from genrebench.training.data import Data, Feature, known_genres
from genrebench.training.saved import Predict


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


class Trained:
    """A trained model as scikit-learn wants one: with a `fit`, which is never called."""

    def __init__(self, data: Data, probabilities: Predict):
        self.data = data
        self.probabilities = probabilities

    def fit(self) -> None:
        """Do nothing: it is trained."""

    def accuracy(self, rows: np.ndarray) -> float:
        """On these rows of the examples."""
        return self.data.scores(rows, self.probabilities(self.data, rows))["accuracy"]


def of_run(run: Path, manifest: Path, split: Path, features: Sequence[Path], repeats: int) -> dict[str, Any]:
    """The importance of each feature for the trained model of a run, as JSON: what each permutation loses.

    Parameters
    ----------
    run
        Folder of the run.
    manifest, split
        CSV files.
    features
        JSON descriptions of the caches that the model reads.
    repeats
        Permutations of each feature. They are drawn with the seed of the run.
    """
    status, config = files.read_json(run / "status.json"), files.read_json(run / "config.json")
    if status["status"] != "done":
        return {"available": False, "reason": status["reason"], "loss": {}}
    settings, members = config["settings"], files.read_rows(split)
    by_name = {Path(feature).stem: Feature.open(feature) for feature in features}
    caches = [by_name[name] for name in settings["features"]]
    clips = known_genres(files.read_rows(manifest), members)
    data = Data.of_split(clips, members, caches, settings.get("segments"), settings.get("cut"))
    if "pooling" in settings:
        data = data.pooled(settings["pooling"])
    with threadpool_limits(config["compute"]["threads"]):
        model = Trained(data, saved.load(run))
        accuracy, loss = importance(model, settings["features"], repeats, config["seed"])
    found = {feature: [round(value, 9) for value in values] for feature, values in loss.items()}
    return {"available": True, "reason": None, "valid_accuracy": round(accuracy, 9), "loss": found}


def importance(
    model: Trained, features: Sequence[str], repeats: int, seed: int
) -> tuple[float, dict[str, list[float]]]:
    """The accuracy of a trained model on its validation clips, and what is lost of it when one feature is permuted.

    A feature with all its values and frames, and all that is made of it (`<feature>.mean`), goes to another validation
    example at random, `repeats` times; the losses are in the order of the repeats. No other subset is read.

    scikit-learn permutes columns. So that it permutes features, its table here has a column per feature with the row
    that the feature is read from.

    References
    ----------
    L. Breiman (2001), Random forests, doi:10.1023/A:1010933404324.
    A. Fisher, C. Rudin and F. Dominici (2019), All models are wrong, but many are useful, arXiv:1801.01489.
    """
    data = model.data
    rows = data.rows["valid"]
    table = np.tile(rows[:, None], len(features))

    def accuracy(model: Trained, table: np.ndarray, labels: np.ndarray) -> float:
        with read_from(data, rows, dict(zip(features, table.T, strict=True))):
            return model.accuracy(rows)

    found = permutation_importance(
        model, table, data.labels[rows], scoring=accuracy, n_repeats=repeats, random_state=seed
    )
    losses = {feature: values.tolist() for feature, values in zip(features, found.importances, strict=True)}
    return accuracy(model, table, data.labels[rows]), losses


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
