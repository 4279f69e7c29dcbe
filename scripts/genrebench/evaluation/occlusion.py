"""Occlusion saliency: which parts of a spectrogram a network's prediction depends on.

Parts of the spectrogram are covered, and the change of the prediction is measured as weight of evidence, in odds: the
probability itself hardly changes while it is close to 1. Only predictions are needed, so any backend will do.

References
----------
Zeiler and Fergus (2014), Visualizing and understanding convolutional networks, arXiv:1311.2901, section 4.2.
Zintgraf et al. (2017), Visualizing deep neural network decisions: prediction difference analysis, arXiv:1702.04595.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from genrebench.common import files
from genrebench.common.run_key import RunKey
from genrebench.evaluation import predictions
from genrebench.training import backend
from genrebench.training.data import Data, Feature
from genrebench.workflow.entries import features_of

GRID = (8, 16)  # cells of a map: in frequency, in time
CERTAIN = 1e-6  # probabilities are clipped this far from 0 and 1
BATCH = 11  # planes per prediction; with GRID all batches are full
TOLERANCE = 0.02  # between a probability and that of the evaluation, which another device may have computed
PLANES = (["band", "frame"], ["row", "pixel"])  # axes of the features that count as spectrograms


@dataclass
class Map:
    """Occlusion saliency of one clip.

    Attributes
    ----------
    plane : array (bands, time)
        The standardised spectrogram, low bands first.
    genre : str
        The predicted genre.
    probability : float
        Its probability.
    evidence : array (cells in frequency, cells in time)
        See `sensitivity`.
    seconds : float
        Duration of the clip, 0 if unknown.
    """

    plane: np.ndarray
    genre: str
    probability: float
    evidence: np.ndarray
    seconds: float


class Explainer:
    """The saliency of networks that read spectrograms of whole clips.

    Parameters
    ----------
    manifest : path
        manifest.csv, the order of the feature caches.
    protocol : str
        Only runs of this protocol are used.
    evaluation, runs, features : path
        Folders of all models' evaluations and runs, and of the dataset's features.
    """

    def __init__(self, manifest: Path, protocol: str, evaluation: Path, runs: Path, features: Path):
        self.clips = files.read_rows(manifest)
        self.protocol = protocol
        self.evaluation = evaluation
        self.runs = runs
        self.features = features

    def explain(self, model: str, clip_ids: Sequence[str]) -> tuple[dict[str, Map], str | None]:
        """Compute the maps of test clips, each with the first run of the model that was tested on it.

        Returns
        -------
        maps : dict
            Maps by clip_id; clips that no run was tested on are left out.
        reason : str or None
            Why there are no maps.
        """
        tested = predictions.read(self.evaluation, [model])
        tested = tested[(tested["protocol"] == self.protocol) & (tested["subset"] == "test")]
        if tested.empty:
            return {}, "It has no results under this protocol."
        maps: dict[str, Map] = {}
        for (split, seed), own in tested.groupby(["split", "seed"]):
            folder = self.runs / str(RunKey(model, self.protocol, split, seed))
            config = files.read_json(folder / "config.json")
            if reason := self._unsuitable(config):
                return {}, reason
            missing = [clip for clip in clip_ids if clip in set(own["clip_id"]) and clip not in maps]
            found = self._explain_run(folder, config, missing) if missing else {}
            if reason := _disagreement(found, own.set_index("clip_id")):
                return {}, reason
            maps |= found
        return maps, None

    def _unsuitable(self, config: dict[str, Any]) -> str | None:
        if "backend" not in config["compute"]:
            return "It is not a Keras model."
        if "segments" in config["settings"]:
            return "It reads segments, and saliency is computed for whole clips."
        axes = [files.read_json(self.features / f"{name}.json")["axes"] for name in features_of(config["settings"])]
        return None if any(one in PLANES for one in axes) else "It reads no spectrogram."

    def _explain_run(self, folder: Path, config: dict[str, Any], clip_ids: Sequence[str]) -> dict[str, Map]:
        with threadpool_limits(config["compute"]["threads"]):
            network = self._load(folder, config)
            return {clip: explain(network, self.clips, clip) for clip in clip_ids}

    def _load(self, folder: Path, config: dict[str, Any]) -> "Network":
        settings, compute = config["settings"], config["compute"]
        names = features_of(settings)
        backend.choose(compute)  # before anything imports Keras
        module = importlib.import_module(f"genrebench.models.{settings.get('module', config['model'])}")
        from genrebench.training import keras_model

        model, scaler = keras_model.load(folder / "model", module.architecture, names, compute)
        description = files.read_json(folder / "model" / "model.json")
        data = Data.of_clips(
            [float(clip["duration_s"] or 0) for clip in self.clips],
            [Feature.open(self.features / f"{name}.json") for name in names],
            description["genres"],
            steps={name: shape[0] for name, shape in description["shapes"].items()},
        )
        return Network(data, lambda row: _inputs(data, scaler, row), model.predict_on_batch)


@dataclass
class Network:
    """A trained network: the examples, the `inputs` of one of them (a batch of 1), and `probabilities` of a batch."""

    data: Data
    inputs: Callable[[int], dict[str, np.ndarray]]
    probabilities: Callable[[dict[str, np.ndarray]], np.ndarray]


def _inputs(data: Data, scaler: Any, row: int) -> dict[str, np.ndarray]:
    return {feature.name: scaler.network_input(feature, np.array([row])) for feature in data.features}


def explain(network: Network, clips: Sequence[Mapping[str, str]], clip_id: str) -> Map:
    """Compute the saliency of the most probable genre of a clip.

    The first spectrogram of the network is covered with 0, the mean of the training clips after standardisation; its
    other features stay unchanged. The network's examples are `clips`, the rows of manifest.csv.
    """
    row = next(i for i, clip in enumerate(clips) if clip["clip_id"] == clip_id)
    inputs = network.inputs(row)
    feature = next(feature for feature in network.data.features if feature.description["axes"] in PLANES)
    given = inputs[feature.name][0]
    plane = given.T if feature.has_time else given[::-1]  # (bands, time), low bands first
    genre = int(network.probabilities(inputs)[0].argmax())

    def probability(planes: np.ndarray) -> np.ndarray:
        batch = {name: np.repeat(values, len(planes), axis=0) for name, values in inputs.items()}
        covered = planes.swapaxes(1, 2) if feature.has_time else planes[:, ::-1]
        return network.probabilities(batch | {feature.name: np.ascontiguousarray(covered)})[:, genre]

    whole, evidence = sensitivity(plane, probability)
    return Map(plane, network.data.genres[genre], whole, evidence, float(clips[row].get("duration_s") or 0))


def _disagreement(maps: Mapping[str, Map], tested: pd.DataFrame) -> str | None:
    """Why a loaded network is not the one that was evaluated; None if its probabilities are the same."""
    for clip, found in maps.items():
        evaluated = float(tested.loc[clip, found.genre])
        if abs(evaluated - found.probability) > TOLERANCE:
            return (
                f"The loaded network predicts {found.genre} for {clip} with probability {found.probability:.3f}, "
                f"but it was evaluated with {evaluated:.3f}."
            )
    return None


def choose_clips(rows: Sequence[dict[str, str]], count: int) -> list[dict[str, str]]:
    """Choose about half of the clips from either end of `rows`, hard to easy, of different genres if possible."""
    chosen: list[dict[str, str]] = []
    for ordered, enough in ((rows, (count + 1) // 2), (rows[::-1], count)):
        fresh = [row for row in ordered if row not in chosen]
        for row in fresh:
            if len(chosen) < enough and row["genre"] not in {one["genre"] for one in chosen}:
                chosen.append(row)
        chosen += [row for row in fresh if row not in chosen][: enough - len(chosen)]
    return sorted(chosen, key=rows.index)


def summarise(found: Map) -> dict[str, Any]:
    """Describe a map: prediction, probability, the `largest` evidence (bits), the share of it in the `low` bands."""
    effect = np.abs(found.evidence)
    low = effect[: len(effect) // 2].sum() / effect.sum() if effect.any() else 0.0
    return {
        "predicted": found.genre,
        "probability": round(found.probability, 6),
        "largest": round(float(found.evidence.flat[effect.argmax()]), 6),
        "low": round(float(low), 6),
    }


def sensitivity(
    plane: np.ndarray,
    probability: Callable[[np.ndarray], np.ndarray],
    fill: float = 0.0,
    grid: tuple[int, int] = GRID,
) -> tuple[float, np.ndarray]:
    """Measure how much each part of a spectrogram is evidence for a class.

    A patch of 2 x 2 cells is replaced by `fill`, cell by cell along both axes and across the borders, so each cell is
    covered four times.

    Parameters
    ----------
    plane : array (rows, columns)
    probability : callable
        Takes planes (n, rows, columns), returns probabilities of the class (n,).
    fill : float
        Value of covered parts.
    grid : tuple of int
        Number of cells in rows and in columns.

    Returns
    -------
    whole : float
        Probability for the whole plane.
    evidence : array (cells in rows, cells in columns)
        log2 odds(p) - log2 odds(p, cell covered) in bits, the mean over the patches. It is positive where the cell is
        evidence for the class; 1 bit means that covering the cell halves the odds.
    """
    rows, columns = (
        np.rint(np.linspace(0, size, min(cells, size) + 1)).astype(int)
        for size, cells in zip(plane.shape, grid, strict=True)
    )
    corners = [(i, j) for i in range(len(rows)) for j in range(len(columns))]
    values: list[float] = []
    for some in _batches([None, *corners]):
        planes = np.repeat(plane[None], len(some), axis=0)
        for one, corner in zip(planes, some, strict=True):
            if corner:
                one[_around(corner[0], rows), _around(corner[1], columns)] = fill
        values += [float(p) for p in probability(planes)]
    whole, covered = values[0], np.reshape(values[1:], (len(rows), len(columns)))
    bits = _log2_odds(whole) - _log2_odds(covered)
    # a cell lies in the patches around its four corners
    return whole, (bits[:-1, :-1] + bits[:-1, 1:] + bits[1:, :-1] + bits[1:, 1:]) / 4


def _log2_odds(probability: np.ndarray | float) -> np.ndarray:
    p = np.clip(np.asarray(probability, np.float64), CERTAIN, 1 - CERTAIN)
    return np.log2(p / (1 - p))


def _around(corner: int, edges: np.ndarray) -> slice:
    """The cells on both sides of an edge, within the plane."""
    return slice(edges[max(corner - 1, 0)], edges[min(corner + 1, len(edges) - 1)])


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    for at in range(0, len(items), BATCH):
        yield items[at : at + BATCH]
