"""The clips of the first training of an exported model: to test an update on, and to take part in it (replay)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.datasets import artists
from genrebench.inference import export
from genrebench.inference.new_clips import NewClips
from genrebench.training.data import Data


class FirstTraining:
    """The examples of the first training, read from the folder of its results.

    Parameters
    ----------
    results : Path
        Such as results/demo.
    description : mapping
        Of the exported model.

    Attributes
    ----------
    data : Data
        The examples.
    genres : list of str
        The genre of each clip of the dataset.
    used : dict
        The clips of the dataset, by the MD5 of their samples, and where they are.

    Raises
    ------
    InputError
        If these are not the results of the training that the model is from.
    """

    def __init__(self, results: Path, description: Mapping[str, Any]):
        first = description.get("original", description)
        run = first["run"]
        split = results / "splits" / run["protocol"] / f"{run['split']}.csv"
        for path in (results / "manifest.csv", split):
            if not path.is_file():
                raise InputError(
                    f"{path} does not exist: {results} is not the folder with the results of {first['dataset']}, on "
                    "which the model was trained. Without --results the model is tested on the new clips only."
                )
        self.clips = files.read_rows(results / "manifest.csv")
        _, self.data = export.read_data(description["settings"], self.clips, split, results / "features")
        self.genres = [clip["genre"] for clip in self.clips]
        self.used = {clip["md5"]: f"it is in {first['dataset']}, as {clip['clip_id']}" for clip in self.clips}
        if len(np.unique(self.data.clips[self.data.rows["test"]])) != first["metrics"]["n_test"]:
            raise InputError(f"{split} has other test clips than the model was tested on: export the model again")

    def known_artists(self, found: NewClips, split: Mapping[str, str]) -> int:
        """Count the new test clips that are by artists of the training clips."""
        rows = set(self.data.clips[self.data.rows["train"]])
        trained = set().union(*(artists.names(self.clips[i]["artist"]) for i in rows))
        tested = (clip for clip in found.clips if split[clip.clip_id] == "test")
        return sum(bool(artists.names(clip.artist) & trained) for clip in tested)


def join(new: Data, old: Data) -> Data:
    """Join the examples for training and validation; those for the test are the new ones alone."""
    if new.genres != old.genres:
        raise InputError(f"the results are of a training on {', '.join(old.genres)}, and the model has other genres")
    count = len(new.labels)
    rows = {name: np.concatenate([new.rows[name], old.rows[name] + count]) for name in ("train", "valid")}
    return Data(
        [
            replace(a, values=cast(Any, _Joined(a.values, b.values)))
            for a, b in zip(new.features, old.features, strict=True)
        ],
        rows | {"test": new.rows["test"]},
        np.concatenate([new.labels, old.labels]),
        new.genres,
        np.concatenate([new.clips, old.clips + new.clips.max() + 1]),
        np.concatenate([new.segments, old.segments]),
        np.concatenate([new.spans, old.spans]),
    )


class _Joined:
    """The values of a feature of two sets of examples as one array, of which only the rows asked for are read."""

    def __init__(self, first: Any, second: Any):
        self.first, self.second = first, second
        self.shape = (len(first) + len(second), *first.shape[1:])
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return self._read(rows, lambda part, some, _: part[some])

    def at(self, rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """As `Windows.at`."""
        return self._read(rows, lambda part, some, where: part.at(some, starts[where]))

    def _read(self, rows: np.ndarray, read: Callable[[Any, np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        out = np.empty((len(rows), *self.shape[1:]), np.float32)
        first = rows < len(self.first)
        out[first] = read(self.first, rows[first], first)
        out[~first] = read(self.second, rows[~first] - len(self.first), ~first)
        return out
