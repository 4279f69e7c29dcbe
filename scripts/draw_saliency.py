"""Draw which parts of a few clips the networks of spectrograms go by: rule draw_saliency."""

import argparse
import importlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from genrebench.common import cli, files
from genrebench.common.run_key import RunKey
from genrebench.evaluation import occlusion
from genrebench.plots import saliency, style
from genrebench.plots.saliency import Map
from genrebench.training import backend
from genrebench.training.data import Data, Feature
from genrebench.workflow.config import features_of

PALETTE = 128  # colours in the file
SAME = 0.02  # how far a probability may be from that of predictions.csv, which another device may have written
PLANES = (["band", "frame"], ["row", "pixel"])  # axes of the features that are looked at


@dataclass
class Run:
    """A finished training of a model, and what it said of the clips that it was tested on: rows of predictions.csv."""

    folder: Path
    tested: dict[str, dict[str, str]]

    @classmethod
    def all_of(cls, runs: Path, statuses: Sequence[dict[str, str]], model: str, protocol: str) -> "list[Run]":
        """The runs of a model under a protocol, in the order of `statuses` (statuses.csv), as far as they are done."""
        found = []
        for row in statuses:
            if (row["model"], row["protocol"], row["status"]) == (model, protocol, "done"):
                folder = runs / str(RunKey(model, protocol, row["split"], int(row["seed"])))
                said = files.read_rows(folder / "predictions.csv")
                found.append(cls(folder, {one["clip_id"]: one for one in said if one["subset"] == "test"}))
        return found


def draw_saliency(
    manifest: Path,
    errors: Path,
    statuses: Path,
    models: Sequence[str],
    settings: dict[str, Any],
    runs: Path,
    splits: Path,
    features: Path,
    plot: Path,
    description: Path,
) -> None:
    """Draw `plot`: for a few test clips, some hard and some easy, what each of `models` goes by; and write its JSON.

    `errors` is errors.csv, which says which clips and which protocol, `statuses` names the runs, `settings` is the
    section study.saliency of params.yaml. `runs`, `splits` and `features` are folders of
    the dataset's results. Each clip is shown to the model's first run that was tested on it.
    """
    clips = files.read_rows(manifest)
    rows = files.read_rows(errors)
    chosen = choose(rows, settings["clips"])
    found: dict[str, dict[str, Map]] = {}
    missing: dict[str, str] = {}
    for model in models if rows else ():
        done = Run.all_of(runs, files.read_rows(statuses), model, rows[0]["protocol"])
        reason = reason_not_to_look(done, features)
        maps = {} if reason else look(done, chosen, clips, splits, features)
        if reason := reason or disagreement(done, maps):
            missing[model] = reason
        else:
            found[model] = maps
    facts = {
        "clips": [clip["clip_id"] for clip in chosen] if found else [],
        "models": {
            model: {
                clip["clip_id"]: _described(maps[clip["clip_id"]]) | {"genre": clip["genre"]}
                for clip in chosen
                if clip["clip_id"] in maps
            }
            for model, maps in found.items()
        },
        "not_looked_at": missing,
    }
    if found:
        style.write(saliency.draw(chosen, found), plot, dpi=100, palette=PALETTE)
    else:
        style.write(style.empty("No network that reads a spectrogram was run under the protocol that is quoted."), plot)
    files.write_json(description, facts)


def choose(rows: Sequence[dict[str, str]], count: int) -> list[dict[str, str]]:
    """Of clips from the hardest to the easiest about half from either end, of different genres as far as there are."""
    chosen: list[dict[str, str]] = []
    for ordered, enough in ((rows, (count + 1) // 2), (rows[::-1], count)):
        fresh = [row for row in ordered if row not in chosen]
        for row in fresh:
            if len(chosen) < enough and row["genre"] not in {one["genre"] for one in chosen}:
                chosen.append(row)
        chosen += [row for row in fresh if row not in chosen][: enough - len(chosen)]
    return sorted(chosen, key=rows.index)


def reason_not_to_look(done: Sequence[Run], features: Path) -> str | None:
    """Why a model is not looked at: a sentence for people; None if it can be."""
    if not done:
        return "It was not run under the protocol that is quoted."
    config = files.read_json(done[0].folder / "config.json")
    if "backend" not in config["compute"]:
        return "It is no network of Keras."
    if "segments" in config["settings"]:
        return "It is trained on segments, and this looks at whole clips."
    axes = [files.read_json(features / f"{name}.json")["axes"] for name in features_of(config["settings"])]
    if not any(one in PLANES for one in axes):
        return "It reads no spectrogram."
    return None


def look(
    done: Sequence[Run], chosen: Sequence[dict[str, str]], clips: list[dict[str, str]], splits: Path, features: Path
) -> dict[str, Map]:
    """The maps of the clips, by clip_id, that one of these runs was tested on."""
    maps: dict[str, Map] = {}
    for run in done:
        ours = [clip["clip_id"] for clip in chosen if clip["clip_id"] in run.tested and clip["clip_id"] not in maps]
        if ours:
            config = files.read_json(run.folder / "config.json")
            with threadpool_limits(config["compute"]["threads"]):
                fitted = load(run.folder, config, clips, splits, features)
                maps |= {clip: look_at(fitted, clips, clip) for clip in ours}
    return maps


def disagreement(done: Sequence[Run], maps: dict[str, Map]) -> str | None:
    """Where a network that was loaded does not say what it said after its training: a sentence; None if it does."""
    for clip, found in maps.items():
        run = next(run for run in done if clip in run.tested)
        said = float(run.tested[clip][found.genre])
        if abs(said - found.probability) > SAME:
            return (
                f"The network that was loaded from {run.folder} gives {clip} {found.genre} with "
                f"{found.probability:.3f}, but its predictions.csv has {said:.3f}."
            )
    return None


def load(folder: Path, config: dict[str, Any], clips: list[dict[str, str]], splits: Path, features: Path) -> Any:
    """The trained network of a run: built as for its training, then with the weights that are saved there."""
    settings = config["settings"]
    caches = [Feature.open(features / f"{name}.json") for name in features_of(settings)]
    split = files.read_rows(splits / config["protocol"] / f"{config['split']}.csv")
    backend.choose(config["compute"])
    data = Data.of_split(clips, split, caches, settings.get("segments"), settings.get("cut"))
    module = importlib.import_module(f"genrebench.models.{settings.get('module', config['model'])}")
    fitted = module.build(data, settings, config["seed"], config["compute"])
    fitted.model.load_weights(folder / "model" / "model.weights.h5")
    return fitted


def look_at(fitted: Any, clips: list[dict[str, str]], clip_id: str) -> Map:
    """Which parts of its spectrogram the network's most probable genre for a clip depends on.

    Where a network reads other features too they are left as they are. What is covered has the mean of the training
    clips, which is 0 after the standardisation.
    """
    data = fitted.data
    row = next(i for i, number in enumerate(data.clips) if clips[number]["clip_id"] == clip_id)
    inputs = fitted.inputs(np.array([row]))
    feature = next(feature for feature in data.features if feature.description["axes"] in PLANES)
    turned = feature.has_time  # the network has time first
    given = inputs[feature.name][0]
    plane = given.T if turned else given[::-1]  # low frequencies first
    probabilities = fitted.probabilities(inputs)[0]
    genre = int(probabilities.argmax())

    def probability(planes: np.ndarray) -> np.ndarray:
        shown = planes.swapaxes(1, 2) if turned else planes[:, ::-1]
        batch = {name: np.repeat(values, len(planes), axis=0) for name, values in inputs.items()}
        return fitted.probabilities(batch | {feature.name: np.ascontiguousarray(shown)})[:, genre]

    whole, evidence = occlusion.sensitivity(plane, probability)
    return Map(plane, data.genres[genre], whole, evidence, float(clips[data.clips[row]].get("duration_s") or 0))


def _described(found: Map) -> dict[str, Any]:
    """Genre and probability that are named, the `largest` evidence (bits), the share that lies in the lower bands."""
    effect = np.abs(found.evidence)
    low = effect[: len(effect) // 2].sum() / effect.sum() if effect.any() else 0.0
    return {
        "named": found.genre,
        "probability": round(found.probability, 6),
        "largest": round(float(found.evidence.flat[effect.argmax()]), 6),
        "low": round(float(low), 6),
    }


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--errors", type=Path, required=True, help="errors.csv")
    parser.add_argument("--statuses", type=Path, required=True, help="statuses.csv, which names the runs")
    parser.add_argument("--models", nargs="*", default=[], help="networks that read a spectrogram of whole clips")
    parser.add_argument(
        "--settings", type=json.loads, required=True, help="section study.saliency of params.yaml as JSON"
    )
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--features", type=Path, required=True, help="folder of the dataset's features")
    parser.add_argument("--plot", type=Path, required=True, help="PNG to write")
    parser.add_argument("--description", type=Path, required=True, help="JSON to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(draw_saliency, vars(arguments()))
