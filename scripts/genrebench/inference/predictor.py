"""An exported model: from an audio file of any format and length to the probabilities of genres.

A file is split into windows as long as the training clips, one after the other; the last one ends with the file. Each
window is processed as a training clip was. The probabilities of the file are the mean over all windows (and over the
segments of each window, for a model that was trained on segments).
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.audio import decode
from genrebench.audio.lengths import given_seconds
from genrebench.audio.plausibility import Limits, offset_and_rms
from genrebench.audio.samples import Samples
from genrebench.common.cli import InputError
from genrebench.common.prediction import Prediction
from genrebench.extraction import store
from genrebench.extraction.engine import FAST
from genrebench.inference import confidence, loader
from genrebench.inference.description import AGAIN, check_files, read_description
from genrebench.training.data import Data, Feature
from genrebench.workflow import pretrained
from genrebench.workflow.entries import load_module, module_of

TRIAL_S, TRIAL_RATE = 1.0, 22050  # seconds and Hz of the noise on which a model is tried
AT_A_TIME = 16  # windows that the model processes together, so that memory does not grow with the file
SHORTEST = 0.25  # of a window: what is left at the end of a file is a window of its own if it is longer


@dataclass
class FileFeatures:
    """The features of one file.

    Attributes
    ----------
    seconds : float
        The length of the file.
    windows : list of (start, end)
        In seconds of the file; those that are silent are left out.
    arrays : list of dict
        For each window the array of each feature.
    warnings : list of str
        What a listener might not expect of the file.
    """

    seconds: float
    windows: list[tuple[float, float]]
    arrays: list[dict[str, np.ndarray]]
    warnings: list[str]

    @property
    def durations(self) -> list[float]:
        """Seconds of each window."""
        return [end - start for start, end in self.windows]


class Predictor:
    """An exported model.

    Parameters
    ----------
    folder : path
        The folder of the export.
    threads : int
        That compute the model.

    Raises
    ------
    InputError
        If the folder holds no model that this version reads.
    """

    def __init__(self, folder: str | Path, threads: int = 1):
        self.folder = Path(folder)
        self.description = read_description(self.folder)
        check_files(self.folder, self.description)
        self.genres: list[str] = self.description["genres"]
        self.settings: dict[str, Any] = self.description["settings"]
        try:
            self._load(threads)
            self._try()
        except InputError:
            raise
        except Exception as error:  # whatever a library says of what is not as it should be
            found = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
            raise InputError(f"{self.folder} holds no model that can be computed ({found}); {AGAIN}") from None

    def _load(self, threads: int) -> None:
        # in the order of the training, which is that of the weights: JSON has them in alphabetical order
        order = [*self.settings["features"], self.settings.get("embedding")]
        described = self.description["features"]
        for name, feature in described.items():
            load_module("features", module_of(name, feature["entry"])).Settings.model_validate(feature["entry"])
        self.entries = {
            name: _with_weights(name, described[name], self.folder) for name in sorted(described, key=order.index)
        }
        self.model = loader.load(self.folder / "model", threads)

    def _try(self) -> None:
        """Have the model process a second of noise: what is wrong with it shows now, and not with each file."""
        audio = self.description["audio"]
        seconds = min(TRIAL_S, audio["window_s"])
        samples = np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * TRIAL_RATE)).astype(np.float32)
        arrays = list(self._arrays(Path("noise"), samples, TRIAL_RATE, [(0.0, seconds)]))
        data = self.data(arrays, [seconds])
        found = self.model.probabilities(data, data.rows["test"])
        if found.shape[1:] != (len(self.genres),) or not np.allclose(found.sum(axis=1), 1, atol=1e-3):
            raise ValueError(f"it gives {found.shape} values that are no probabilities of {len(self.genres)} genres")
        self.model.ood_scores(data, data.rows["test"])

    def predict(self, path: str | Path, max_duration_s: float | None = None) -> Prediction:
        """Predict the genre of a file, which may be limited to `max_duration_s` seconds.

        Raises
        ------
        RejectedError
            If the manifest of a dataset would have rejected the file; the message names it.
        """
        recording, windows, warnings = self._read(path, max_duration_s)
        length = self.settings["segments"]["length_s"] if "segments" in self.settings else None
        spans: list[tuple[float, float]] = []  # in seconds of the file
        of_groups, ood_scores = [], []
        of_windows = zip(windows, self._arrays(path, recording.samples, recording.sample_rate, windows), strict=True)
        while group := list(itertools.islice(of_windows, AT_A_TIME)):
            data = self.data([arrays for _, arrays in group], [end - start for (start, end), _ in group])
            for number, (offset, _) in zip(data.clips, data.spans, strict=True):
                start, end = (recording.start_s + seconds for seconds in group[number][0])
                first = start + float(offset)
                spans.append((first, min(end, first + length) if length else end))
            of_groups.append(self.model.probabilities(data, data.rows["test"]))
            ood_scores.append(self.model.ood_scores(data, data.rows["test"]))
        curve = np.concatenate(of_groups)
        probabilities = curve.mean(axis=0)
        low_confidence = confidence.reason(
            float(probabilities.max()), float(np.concatenate(ood_scores).mean()), self.description["confidence"]
        )
        return Prediction(
            Path(path), recording.file_s, self.genres, probabilities, spans, curve, low_confidence, warnings
        )

    def extract(self, path: str | Path, max_duration_s: float | None = None) -> FileFeatures:
        """Extract the features of a file, window by window; raises RejectedError as `predict` does."""
        recording, windows, warnings = self._read(path, max_duration_s)
        arrays = list(self._arrays(path, recording.samples, recording.sample_rate, windows))
        in_file = [(recording.start_s + start, recording.start_s + end) for start, end in windows]
        return FileFeatures(recording.file_s, in_file, arrays, warnings)

    def _read(
        self, path: str | Path, max_duration_s: float | None
    ) -> tuple[decode.Recording, list[tuple[float, float]], list[str]]:
        """A file, its windows that are not silent (start, end in seconds), and what is to be said of it."""
        # that of the dataset holds for clips to train on, which are kept in memory
        longest = math.inf if max_duration_s is None else max_duration_s
        limits = replace(Limits.of(self.description["limits"]), max_duration_s=longest)
        recording = decode.read(path, limits)
        windows = split_into_windows(recording.seconds, self.description["audio"]["window_s"])
        heard = [window for window in windows if _rms(recording, window) >= limits.min_rms] or windows
        warnings = list(recording.warnings)
        if silent := len(windows) - len(heard):
            warnings.append(f"{silent} of its {len(windows)} windows are silent and left out")
        return recording, heard, warnings

    def _arrays(
        self, path: str | Path, samples: Samples, rate: int, windows: list[tuple[float, float]]
    ) -> Iterator[dict[str, np.ndarray]]:
        audio = self.description["audio"]
        return store.extract_pieces(
            path,
            samples,
            rate,
            audio["sample_rate"],
            self.entries,
            windows,
            given_seconds(audio["duration"]),
            audio.get("engine", FAST),
            audio.get("loudness"),
        )

    def data(self, arrays: list[dict[str, np.ndarray]], durations: list[float]) -> Data:
        """Make examples for the model from the features of some windows and their `durations` in seconds."""
        features = [self._feature(name, [one[name] for one in arrays]) for name in self.entries]
        cut = {name: feature["cut"] for name, feature in self.description["features"].items()}
        data = Data.of_clips(durations, features, self.genres, self.settings.get("segments"), cut)
        return data.pooled(self.settings["pooling"]) if "pooling" in self.settings else data

    def _feature(self, name: str, arrays: list[np.ndarray]) -> Feature:
        """Stack the arrays of one feature, cut or padded to the length that it had in training."""
        described = self.description["features"][name]
        steps = described["steps"]
        pad_value = store.module(name, self.entries[name]).PAD_VALUE
        values = np.full((len(arrays), *arrays[0].shape[:-1], steps), pad_value, np.float32)
        lengths = [min(steps, array.shape[-1]) for array in arrays]
        for place, array, length in zip(values, arrays, lengths, strict=True):
            place[..., :length] = array[..., :length]
        return Feature(name, values, {"axes": described["axes"], "seconds": described["seconds"], "lengths": lengths})


def split_into_windows(seconds: float, length: float) -> list[tuple[float, float]]:
    """Split a file of this many seconds into windows (start, end) of `length` seconds; a shorter file is one window."""
    if seconds <= length:
        return [(0.0, seconds)]
    whole = int(seconds / length)
    windows = [(k * length, (k + 1) * length) for k in range(whole)]
    if seconds - whole * length > SHORTEST * length:
        windows.append((seconds - length, seconds))
    return windows


def _rms(recording: decode.Recording, window: tuple[float, float]) -> float:
    """The RMS of what differs from a constant in a window (start, end in seconds)."""
    start, end = (round(seconds * recording.sample_rate) for seconds in window)
    return offset_and_rms(recording.samples[start:end])[1]


def _with_weights(name: str, feature: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings of a feature, with the path of its pretrained weights if the export has them.

    Those of an installed package have to be the ones of the training.
    """
    entry = feature["entry"]
    if pretrained.is_wanted(entry) and not pretrained.is_watched(entry):
        if pretrained.digest_of_package(entry) != feature.get("weights"):
            raise InputError(
                f"{folder} was trained on other weights of {name} than {entry['handle']} has here; remove the folder "
                ".venv, and `make setup` installs them again"
            )
        return entry
    if pretrained.is_wanted(entry):
        if entry["handle"] != f"weights/{name}":
            raise InputError(f"{folder} names weights of {name} that are not its own; {AGAIN}")
        return entry | {"handle": str((folder / entry["handle"]).resolve())}
    return entry
