"""The data of one training: rows, labels, features, and the scaler that is fitted on the training clips."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genrebench import files

BATCH_ROWS = 32  # rows of a cache that are in memory at a time


@dataclass
class Feature:
    """One feature cache: `values` (clips, ...), memory-mapped float32, and its JSON description."""

    name: str
    values: np.ndarray
    description: dict[str, Any]

    @classmethod
    def open(cls, description: str | Path) -> "Feature":
        """Open `<name>.npy` beside `<name>.json`."""
        path = Path(description)
        return cls(path.stem, np.load(path.with_suffix(".npy"), mmap_mode="r"), files.read_json(path))

    @property
    def by_column(self) -> bool:
        """Whether it has columns of a table, each with a unit of its own."""
        return self.description["axes"][0] == "column"


@dataclass
class Data:
    """The clips of one split.

    `rows` has the rows of the caches by subset (train, valid, test); `labels` the index into `genres` of every row of
    the manifest, -1 where it is not a training or validation clip: nothing that trains can see a test label.
    """

    features: list[Feature]
    rows: dict[str, np.ndarray]
    labels: np.ndarray
    genres: list[str]

    @classmethod
    def of_split(cls, clips: list[dict[str, str]], subsets: dict[str, str], features: list[Feature]) -> "Data":
        """The clips (manifest rows) that `subsets` (clip_id to subset) names. The genres are those of the training."""
        rows = {
            subset: np.array([i for i, clip in enumerate(clips) if subsets.get(clip["clip_id"]) == subset])
            for subset in ("train", "valid", "test")
        }
        genres = sorted({clips[i]["genre"] for i in rows["train"]})
        labels = np.full(len(clips), -1)
        for i in (*rows["train"], *rows["valid"]):
            labels[i] = genres.index(clips[i]["genre"])
        return cls(features, rows, labels, genres)

    def scaler_rows(self, fit_on: str) -> np.ndarray:
        """The rows that the scaler may see: `train`, or `all` as in paper 001."""
        return self.rows["train"] if fit_on == "train" else np.concatenate(list(self.rows.values()))


class Scaler:
    """Standardisation to zero mean and unit variance, per feature type.

    Paper 001 scales "each feature type independently"; its printed extremes (|z| up to 57.6 with 999 clips) show that
    one mean and variance serve all values of a type. Columns of a table have units of their own and are scaled one by
    one.
    """

    def __init__(self, features: list[Feature], rows: np.ndarray):
        from sklearn.preprocessing import StandardScaler  # 1 s, which a run that cannot be does not need

        self.scalers: dict[str, StandardScaler] = {}
        for feature in features:
            scaler = StandardScaler()
            for batch in batches(rows):
                values = feature.values[batch].astype(np.float64)
                columns = values.shape[1] if feature.by_column else 1
                scaler.partial_fit(values.reshape(len(batch), columns, -1).swapaxes(1, 2).reshape(-1, columns))
            self.scalers[feature.name] = scaler

    def transform(self, feature: Feature, rows: np.ndarray) -> np.ndarray:
        """Standardised values of these rows, float32, of the cache's shape."""
        scaler = self.scalers[feature.name]
        # one number, or one for each column, whatever axes follow
        mean, scale = (values.reshape(-1, *[1] * (feature.values.ndim - 2)) for values in (scaler.mean_, scaler.scale_))
        return ((feature.values[rows] - mean) / scale).astype(np.float32)

    def flat(self, features: list[Feature], rows: np.ndarray) -> np.ndarray:
        """Standardised values of these rows, all features side by side: float32 (rows, values)."""
        blocks = [(feature, int(np.prod(feature.values.shape[1:]))) for feature in features]
        out = np.empty((len(rows), sum(size for _, size in blocks)), np.float32)
        start = 0
        for feature, size in blocks:
            for at in range(0, len(rows), BATCH_ROWS):
                batch = rows[at : at + BATCH_ROWS]
                out[at : at + BATCH_ROWS, start : start + size] = self.transform(feature, batch).reshape(len(batch), -1)
            start += size
        return out

    def arrays(self) -> dict[str, np.ndarray]:
        """What is to be saved: mean and scale of each feature."""
        return {
            f"{name}.{kind}": getattr(scaler, f"{kind}_")
            for name, scaler in self.scalers.items()
            for kind in ("mean", "scale")
        }


def batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Consecutive parts of `rows`, in their order."""
    for at in range(0, len(rows), BATCH_ROWS):
        yield rows[at : at + BATCH_ROWS]
