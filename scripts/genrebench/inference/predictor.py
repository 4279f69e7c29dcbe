"""An exported model: from a file of any format and length to probabilities of genres.

A file is heard in pieces as long as the clips of the training, one after the other, the last one ending with the file;
each is treated as a clip of the training was, and the file's probabilities are the mean over all pieces (and over the
segments of each, for a model that trains on segments).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.audio import decode
from genrebench.audio.lengths import given_seconds
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.prediction import Prediction
from genrebench.extraction import store
from genrebench.extraction.engine import FAST
from genrebench.inference import loader
from genrebench.training.data import Data, Feature
from genrebench.workflow import pretrained
from genrebench.workflow.entries import is_pretrained

DESCRIPTION = "export.json"
FORMAT = 1  # of that file
TAIL = 0.25  # of a piece: what is left of a file is a piece of its own if it is longer


@dataclass
class Heard:
    """A file of so many `seconds`: the stretches (start, end) that are heard on their own, and the features of each."""

    seconds: float
    bounds: list[tuple[float, float]]
    arrays: list[dict[str, np.ndarray]]

    @property
    def durations(self) -> list[float]:
        """Seconds of each stretch."""
        return [end - start for start, end in self.bounds]


class Predictor:
    """The exported model in `folder`, computed by so many threads; InputError where there is none, or one too new."""

    def __init__(self, folder: str | Path, threads: int = 1):
        self.folder = Path(folder)
        self.description = read_description(self.folder)
        self.genres: list[str] = self.description["genres"]
        self.settings: dict[str, Any] = self.description["settings"]
        # in the order of the training, which is that of the weights: JSON has them by the alphabet
        order = [*self.settings["features"], self.settings.get("embedding")]
        described = self.description["features"]
        self.entries = {
            name: _placed(described[name]["entry"], self.folder) for name in sorted(described, key=order.index)
        }
        self.model = loader.load(self.folder / "model", threads)

    def predict(self, path: str | Path) -> Prediction:
        """What the model says of a file; InputError, naming it, if it cannot be read or has nothing to be heard."""
        heard = self.hear(path)
        bounds = heard.bounds
        data = self.data(heard.arrays, heard.durations)
        rows = data.rows["test"]
        curve = self.model.probabilities(data, rows)
        length = self.settings["segments"]["length_s"] if "segments" in self.settings else None
        spans = []
        for piece, (offset, _) in zip(data.clips, data.spans, strict=True):
            start, end = bounds[piece]
            first = start + float(offset)
            spans.append((first, min(end, first + length) if length else end))
        probabilities = curve.mean(axis=0)
        doubts = self._doubts(float(probabilities.max()), float(self.model.strangeness(data, rows).mean()))
        return Prediction(Path(path), heard.seconds, self.genres, probabilities, spans, curve, doubts)

    def hear(self, path: str | Path) -> Heard:
        """The features of a file, piece by piece; InputError, naming it, as `predict`."""
        samples, rate = decode.decode(path)
        self._require_sound(path, samples, rate)
        seconds = len(samples) / rate
        reading = self.description["audio"]
        bounds = pieces(seconds, reading["piece_s"])
        arrays = store.extract_pieces(
            path,
            samples,
            rate,
            reading["sample_rate"],
            self.entries,
            bounds,
            given_seconds(reading["duration"]),
            reading.get("engine", FAST),
        )
        return Heard(seconds, bounds, arrays)

    def data(self, arrays: list[dict[str, np.ndarray]], durations: list[float]) -> Data:
        """The examples that clips are, from the arrays of their features and their `durations` in seconds."""
        features = [self._feature(name, [one[name] for one in arrays]) for name in self.entries]
        cut = {name: feature["cut"] for name, feature in self.description["features"].items()}
        data = Data.of_clips(durations, features, self.genres, self.settings.get("segments"), cut)
        return data.pooled(self.settings["pooling"]) if "pooling" in self.settings else data

    def _feature(self, name: str, arrays: list[np.ndarray]) -> Feature:
        """A feature of some clips, cut or padded to the length that it had in the training's cache."""
        described = self.description["features"][name]
        steps = described["steps"]
        pad_value = store.module(name, self.entries[name]).PAD_VALUE
        values = np.full((len(arrays), *arrays[0].shape[:-1], steps), pad_value, np.float32)
        for place, array in zip(values, arrays, strict=True):
            length = min(steps, array.shape[-1])
            place[..., :length] = array[..., :length]
        lengths = [min(steps, array.shape[-1]) for array in arrays]
        return Feature(name, values, {"axes": described["axes"], "seconds": described["seconds"], "lengths": lengths})

    def _require_sound(self, path: str | Path, samples: np.ndarray, rate: int) -> None:
        """Raise InputError for what the manifest of a corpus would have rejected."""
        limits = self.description["limits"]
        mono = decode.to_mono(samples, rate, rate)
        if found := decode.fault(samples, rate, mono, limits["min_duration_s"], limits["min_rms"]):
            raise InputError(f"{path} is {found[0]}: {found[1]}")

    def _doubts(self, confidence: float, strangeness: float) -> str:
        limits = self.description["unsure"]
        found = []
        if confidence < limits["confidence"]:
            found.append(f"no genre reaches {limits['confidence']:.0%}")
        if limits["strangeness"] is not None and strangeness > limits["strangeness"]:
            found.append("it sounds unlike the clips of the training")
        return " and ".join(found)


def read_description(folder: Path) -> dict[str, Any]:
    """The description of the exported model in `folder`; InputError if there is none that this version can read."""
    path = folder / DESCRIPTION
    if not path.is_file():
        raise InputError(f"{folder} is no exported model, it has no {DESCRIPTION}: `snakemake export` makes one")
    description = files.read_json(path)
    if description.get("format") != FORMAT:
        raise InputError(
            f"{path} has the format {description.get('format')}, and this version of genrebench reads {FORMAT}: "
            "export the model again"
        )
    if "reason" in description:
        raise InputError(f"{folder} holds no model: {description['reason']}")
    return description


def pieces(seconds: float, length: float) -> list[tuple[float, float]]:
    """The stretches (start, end) of a file that are heard on their own, each of `length` seconds, or all if shorter."""
    if seconds <= length:
        return [(0.0, seconds)]
    whole = int(seconds / length)
    found = [(k * length, (k + 1) * length) for k in range(whole)]
    if seconds - whole * length > TAIL * length:
        found.append((seconds - length, seconds))
    return found


def _placed(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings of a feature, with the path of its weights if they came with the model."""
    if is_pretrained(entry) and entry["handle"] != pretrained.NONE:
        return entry | {"handle": str((folder / entry["handle"]).resolve())}
    return entry
