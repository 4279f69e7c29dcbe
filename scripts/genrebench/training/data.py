"""The data of one training: rows, labels, features, and the scaler that is fitted on the training clips."""

import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from genrebench.audio.lengths import segment_starts
from genrebench.common import files, scoring
from genrebench.features import TIME
from genrebench.training import serialization

BATCH_ROWS = 32  # rows of a cache that are in memory at a time


def known_genres(clips: list[dict[str, str]], split: list[dict[str, str]]) -> list[dict[str, str]]:
    """The clips (rows of the manifest) with the genres of those only that are trained or validated on.

    `split` has rows with clip_id and subset. All other genres are blank.
    """
    known = {row["clip_id"] for row in split if row["subset"] in ("train", "valid")}
    return [clip if clip["clip_id"] in known else {**clip, "genre": ""} for clip in clips]


class Values(Protocol):
    """What is used of an array: a cache, `Windows` of it, or another source of rows."""

    @property
    def shape(self) -> tuple[int, ...]: ...  # noqa: D102

    @property
    def ndim(self) -> int: ...  # noqa: D102

    def __len__(self) -> int: ...  # noqa: D105

    def __getitem__(self, rows: Any, /) -> Any: ...  # noqa: D105


@dataclass
class Feature:
    """One feature: `values` (clips, ...), memory-mapped float32 or `Windows` of that, and its JSON description."""

    name: str
    values: Values
    description: dict[str, Any]

    @classmethod
    def open(cls, description: str | Path) -> "Feature":
        """Open `<name>.npy` beside `<name>.json`."""
        path = Path(description)
        return cls(path.stem, np.load(path.with_suffix(".npy"), mmap_mode="r"), files.read_json(path))

    def read(self, rows: np.ndarray, starts: np.ndarray | None = None) -> np.ndarray:
        """Return the values of these rows; of segments at `starts` (seconds), if given, where rows are segments."""
        if starts is None:
            return self.values[rows]
        assert isinstance(self.values, Windows | Stacked)
        return self.values.at(rows, starts)

    @property
    def has_time(self) -> bool:
        """Whether its last axis is time."""
        return self.description["axes"][-1] in TIME

    @property
    def by_column(self) -> bool:
        """Whether it has columns of a table, each with a unit of its own."""
        return self.description["axes"][0] == "column"


class Windows:
    """Stretches of time of a cache, as an array (rows, ..., steps) of which only what is asked for is read.

    `clips` and `starts` (seconds) say where each row comes from; `rate` is the cache's steps per second. A feature
    without time is the same in all stretches of a clip.
    """

    def __init__(self, values: Values, clips: np.ndarray, starts: np.ndarray, steps: int | None, rate: float = 0.0):
        self.cache = values
        self.clips = clips
        self.starts = starts
        self.rate = rate
        self.steps = steps
        self.shape = (len(clips), *values.shape[1:-1], values.shape[-1] if steps is None else steps)
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        """How many rows."""
        return len(self.clips)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Some rows, by their numbers, or one: float32 (rows, ..., steps) or (..., steps)."""
        if np.ndim(rows) == 0:
            return self.at(np.array([rows]), self.starts[[rows]])[0]
        return self.at(rows, self.starts[rows])

    def at(self, rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """The stretches of these rows' clips that start at other moments (seconds): float32 (rows, ..., steps)."""
        if self.steps is None:
            out = np.asarray(self.cache[self.clips[rows]], np.float32)
        else:
            out = np.empty((len(rows), *self.shape[1:]), np.float32)
            first = np.rint(starts * self.rate).astype(int).clip(0, self.cache.shape[-1] - self.steps)
            for place, clip, start in zip(out, self.clips[rows], first, strict=True):
                place[...] = self.cache[clip, ..., start : start + self.steps]
        file = getattr(self.cache, "base", None)
        if isinstance(file, mmap.mmap):
            # what has been read stays in the system's cache, but no longer counts as this process's memory
            file.madvise(mmap.MADV_DONTNEED)
        return out


class Stacked:
    """Rows of several `Windows` of the same shape, one after the other."""

    def __init__(self, parts: "Sequence[Windows | Stacked]"):
        self.parts = parts
        self.first = np.cumsum([0, *(len(part) for part in parts)])  # row of each part, and the number of all rows
        self.shape: tuple[int, ...] = (int(self.first[-1]), *parts[0].shape[1:])
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        """How many rows."""
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Some rows, by their numbers, or one: float32 (rows, ...) or (...)."""
        if np.ndim(rows) == 0:
            return self[np.array([rows])][0]
        return self._read(rows, lambda part, own, _: part[own])

    def at(self, rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """See `Windows.at`."""
        return self._read(rows, lambda part, own, chosen: part.at(own, starts[chosen]))

    def _read(self, rows: np.ndarray, read: Callable[[Any, np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        out = np.empty((len(rows), *self.shape[1:]), np.float32)
        for part, first, end in zip(self.parts, self.first[:-1], self.first[1:], strict=True):
            chosen = np.flatnonzero((rows >= first) & (rows < end))
            if len(chosen):
                out[chosen] = read(part, rows[chosen] - first, chosen)
        return out


@dataclass
class Data:
    """The examples of one split: its clips, or segments of them.

    `rows` has the rows of the features' values by subset (train, valid, test). For each row, `clips` has the row of the
    manifest, `segments` the number of the segment in its clip, and `labels` the index into `genres`, -1 where it is not
    for training or validation: nothing that trains can see a test label. Where rows are segments, `spans` has the
    first and the last moment (seconds) at which a segment in the place of this one may start: anywhere in its clip, but
    where a split assigns segments, nowhere else.
    """

    features: list[Feature]
    rows: dict[str, np.ndarray]
    labels: np.ndarray
    genres: list[str]
    clips: np.ndarray
    segments: np.ndarray
    spans: np.ndarray

    @classmethod
    def of_split(
        cls,
        clips: list[dict[str, str]],
        split: list[dict[str, str]],
        features: list[Feature],
        segments: dict[str, float] | None = None,
        cut: dict[str, float] | None = None,
    ) -> "Data":
        """The clips (manifest rows) that `split` (rows with clip_id and subset) names, and the genres of the training.

        `segments` (length_s, hop_s) cuts each clip into stretches of this length; a split with a column `segment`
        assigns these, otherwise a clip's segments are all in its subset. `cut` (percentile, at_least) shortens time
        axes to that percentile of the training clips' own lengths, but not below so many steps. For `segments` some
        feature has time, and those that have it say how many seconds they span.
        """
        number = {clip["clip_id"]: i for i, clip in enumerate(clips)}
        assigned = any("segment" in row for row in split)
        members = [(number[row["clip_id"]], row.get("segment"), row["subset"]) for row in split]
        if segments:
            grids = {
                clip: _grid(float(clips[clip]["duration_s"]), features, segments) for clip in {c for c, _, _ in members}
            }
            examples = [
                (clip, place, start, subset)
                for clip, segment, subset in members
                for place, start in enumerate(grids[clip])
                if segment in (None, str(place))
            ]
        else:
            grids = {clip: [0.0] for clip, _, _ in members}
            examples = [(clip, 0, 0.0, subset) for clip, _, subset in members]
        examples.sort()
        of_clip = np.array([clip for clip, *_ in examples])
        starts = np.array([start for _, _, start, _ in examples])
        subsets = np.array([subset for *_, subset in examples])
        rows = {subset: np.flatnonzero(subsets == subset) for subset in ("train", "valid", "test")}
        genres = sorted({clips[clip]["genre"] for clip in of_clip[rows["train"]]})
        labels = np.full(len(examples), -1)
        for row in (*rows["train"], *rows["valid"]):
            labels[row] = genres.index(clips[of_clip[row]]["genre"])
        trained = np.unique(of_clip[rows["train"]])
        return cls(
            [
                _windows(feature, of_clip, starts, segments, steps_of_cut(feature, cut, trained) if cut else None)
                for feature in features
            ],
            rows,
            labels,
            genres,
            of_clip,
            np.array([place for _, place, _, _ in examples]),
            np.array([(start, start) if assigned else (0.0, grids[clip][-1]) for clip, _, start, _ in examples]),
        )

    @classmethod
    def of_clips(
        cls,
        durations: Sequence[float],
        features: list[Feature],
        genres: list[str],
        segments: dict[str, float] | None = None,
        steps: Mapping[str, int] | None = None,
    ) -> "Data":
        """Clips of these `durations` (seconds) that have no genre yet: all of them are in the subset test.

        `features` have a row for each; `steps` are the lengths, by feature, to which `cut` shortened those of the
        training. For the rest see `of_split`.
        """
        grids = [_grid(seconds, features, segments) if segments else [0.0] for seconds in durations]
        examples = [(clip, place, start) for clip, grid in enumerate(grids) for place, start in enumerate(grid)]
        of_clip = np.array([clip for clip, _, _ in examples])
        starts = np.array([start for _, _, start in examples])
        none = np.array([], int)
        return cls(
            [_windows(feature, of_clip, starts, segments, (steps or {}).get(feature.name)) for feature in features],
            {"train": none, "valid": none, "test": np.arange(len(examples))},
            np.full(len(examples), -1),
            genres,
            of_clip,
            np.array([place for _, place, _ in examples]),
            np.stack([starts, starts], axis=1),
        )

    def pooled(self, statistics: list[str]) -> "Data":
        """The same examples with `statistics` of their features over time instead of these (`pool`)."""
        return replace(self, features=[part for feature in self.features for part in pool(feature, statistics)])

    def scores(self, rows: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
        """Accuracy and loss of predictions (rows, genres) on the clips of these rows, each the mean of its segments."""
        clips, means = scoring.average_segments(self.clips[rows].tolist(), probabilities)
        labels = dict(zip(self.clips[rows].tolist(), self.labels[rows].tolist(), strict=True))
        true = [self.genres[labels[clip]] for clip in clips]
        right = np.array(true) == np.array(scoring.most_probable(means, self.genres))
        return {"accuracy": float(np.mean(right)), "loss": scoring.log_loss(true, means, self.genres)}

    def scaler_rows(self, fit_on: str) -> np.ndarray:
        """The rows that the scaler may see: `train`, or `all` as in Huang and Minami 2024."""
        return self.rows["train"] if fit_on == "train" else np.concatenate(list(self.rows.values()))


def pool(feature: Feature, statistics: list[str]) -> list[Feature]:
    """One feature of columns, named `<feature>.<statistic>`, for each of the `statistics` (mean, std, max) over time.

    Only a clip's own frames count, not its padding. A feature without time stays as it is.
    """
    if feature.values.ndim == 2:
        return [feature]
    shape = len(feature.values), int(np.prod(feature.values.shape[1:-1]))
    pooled = {statistic: np.empty(shape, np.float32) for statistic in statistics}
    lengths = feature.description.get("lengths") or [feature.values.shape[-1]] * len(feature.values)
    for row, length in enumerate(lengths):
        frames = feature.values[row][..., :length].astype(np.float64)
        for statistic in statistics:
            pooled[statistic][row] = getattr(np, statistic)(frames, axis=-1).ravel()
    return [Feature(f"{feature.name}.{name}", values, {"axes": ["column"]}) for name, values in pooled.items()]


def steps_of_cut(feature: Feature, cut: Mapping[str, float], clips: np.ndarray) -> int | None:
    """The length to which `cut` shortens a feature: that percentile of the lengths of these `clips` (of the training).

    None for a feature without time.
    """
    if not feature.has_time:
        return None
    lengths = np.array(feature.description.get("lengths") or [feature.values.shape[-1]] * len(feature.values))[clips]
    return min(feature.values.shape[-1], max(cut["at_least"], round(np.percentile(lengths, cut["percentile"]))))


def _grid(seconds: float, features: list[Feature], segments: dict[str, float]) -> list[float]:
    """When the segments of a clip start (seconds): those that lie in the clip, and in what its features span."""
    spans = [feature.description["seconds"] for feature in features if feature.has_time]
    return segment_starts(min([seconds, *spans]), segments["length_s"], segments["hop_s"])


def _windows(
    feature: Feature, clips: np.ndarray, starts: np.ndarray, segments: dict[str, float] | None, cut: int | None
) -> Feature:
    """The rows of a feature that are the examples: the cache itself where these are its clips, whole and in order.

    `cut` is the length to which whole clips are shortened, if they are.
    """
    values, described = feature.values, feature.description
    lengths = np.array(described.get("lengths") or [values.shape[-1]] * len(values))[clips]
    steps, rate = None, 0.0
    if feature.has_time and segments:
        rate = values.shape[-1] / described["seconds"]
        steps = min(values.shape[-1], max(1, round(segments["length_s"] * rate)))
        lengths = np.clip(lengths - np.rint(starts * rate).astype(int), 1, steps)
    elif feature.has_time and cut:
        steps = cut
        lengths = np.minimum(lengths, steps)
    windows = Windows(values, clips, starts, steps, rate)
    return Feature(feature.name, windows, described | {"lengths": lengths.tolist()})


class Scaler:
    """Standardisation to zero mean and unit variance, per feature type.

    Huang and Minami 2024 scale "each feature type independently". Their printed extremes (|z| up to 57.6, 999 clips)
    show that one mean and variance serve all values of a type. Columns of a table have units of their own and are
    scaled one by one.
    """

    def __init__(self, features: list[Feature], rows: np.ndarray):
        self.mean: dict[str, np.ndarray] = {}
        self.scale: dict[str, np.ndarray] = {}
        for feature in features:
            self.mean[feature.name], self.scale[feature.name] = _mean_and_scale(feature, rows)

    @classmethod
    def load(cls, path: str | Path) -> "Scaler":
        """The scaler of a trained model, of which `path` has the `arrays` (.npz)."""
        scaler = cls([], np.array([], int))
        for key, values in serialization.load_arrays(path).items():
            name, _, kind = key.rpartition(".")
            {"mean": scaler.mean, "scale": scaler.scale}[kind][name] = values
        return scaler

    def transform(self, feature: Feature, rows: np.ndarray) -> np.ndarray:
        """Standardised values of these rows, float32, of the cache's shape."""
        return self.standardise(feature, feature.values[rows])

    def standardise(self, feature: Feature, values: np.ndarray) -> np.ndarray:
        """Standardised `values` (rows, ...) of a feature, which are float32 and changed in place."""
        # one number, or one for each column, whatever axes follow
        mean, scale = (
            of[feature.name].reshape(-1, *[1] * (values.ndim - 2)).astype(np.float32) for of in (self.mean, self.scale)
        )
        values -= mean
        values /= scale
        return values

    def network_input(self, feature: Feature, rows: np.ndarray, starts: np.ndarray | None = None) -> np.ndarray:
        """Return the standardised values that a network gets.

        Parameters
        ----------
        feature
            The feature.
        rows
            Rows of its values.
        starts
            Where the segments start (seconds), if not where those of `data` do.

        Returns
        -------
        values
            float32. Of a feature with time the axes are (rows, time, bands), of another those of the cache.
        """
        values = self.standardise(feature, feature.read(rows, starts))
        return np.ascontiguousarray(np.moveaxis(values, -1, 1)) if feature.has_time else values

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
            f"{name}.{kind}": values
            for kind, by_name in (("mean", self.mean), ("scale", self.scale))
            for name, values in by_name.items()
        }


def _mean_and_scale(feature: Feature, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.preprocessing import StandardScaler  # 1 s, which those who do not fit one do without

    scaler = StandardScaler()
    for batch in batches(rows):
        values = feature.values[batch].astype(np.float64)
        columns = values.shape[1] if feature.by_column else 1
        scaler.partial_fit(values.reshape(len(batch), columns, -1).swapaxes(1, 2).reshape(-1, columns))
    return scaler.mean_, scaler.scale_


def identity(run: Path) -> dict[str, str]:
    """Which training the folder of a run has: MD5 of what it was given and of how it went, by the name of the file."""
    return {name: files.md5_file(run / name) for name in ("config.json", "history.csv")}


def best_row(history: list[dict[str, Any]]) -> int:
    """The row, from 0, with the highest accuracy in validation, of equals that with the lowest loss, then the first."""
    return max(range(len(history)), key=lambda i: (history[i]["val_accuracy"], -history[i]["val_loss"], -i))


def kept_row(history: list[dict[str, Any]], keep: str) -> int:
    """The row, from 0, of the epoch whose weights are kept: the best one (`best_row`) or the last."""
    return best_row(history) if keep == "best" else len(history) - 1


def batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Consecutive parts of `rows`, in their order."""
    for at in range(0, len(rows), BATCH_ROWS):
        yield rows[at : at + BATCH_ROWS]
