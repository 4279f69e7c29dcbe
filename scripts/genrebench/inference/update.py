"""An exported model goes on learning from newly labelled clips, and is tested on some of them before and after.

The new clips are dealt to three subsets: training clips change the weights, validation clips choose how much they are
changed, if at all, and test clips are heard once, by the model before and by what was chosen. Whether what was learned
first is forgotten shows on the test clips of the first training, if its results are at hand; then its training clips
may be heard again with the new ones, so that less is forgotten (rehearsal: Robins 1995, Catastrophic forgetting,
rehearsal and pseudorehearsal), and its validation clips choose with them.
"""

import importlib
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from genrebench.common import files, scoring
from genrebench.common.cli import InputError
from genrebench.datasets import artists, splits
from genrebench.evaluation import metrics, significance
from genrebench.inference import adaptation, export, loader, new_clips
from genrebench.inference.new_clips import NewClips
from genrebench.inference.predictor import DESCRIPTION, Predictor, read_description
from genrebench.training import backend, linear, serialization
from genrebench.training.data import Data, Scaler, best_row
from genrebench.workflow.entries import module_of

PROTOCOL = "update"  # in the description of an updated model, where that of a trained one names its split's
UNCHANGED = "unchanged"
PENALTIES = 10.0 ** np.arange(3, -5, -1)  # of linear models: multiples of the mean squared length of the inputs
GENTLE = 0.1  # of the learning rate that a network was trained with
FEW_EPOCHS = {"epochs": 10, "warmup_epochs": 1, "schedule": "cosine", "early_stopping": 0}
NOT_UPDATED = {
    "estimator.skops": "trees of a forest, or a kernel machine, cannot go on learning",
    "classifier.safetensors": "speech transformers are not updated here",
}

Trial = dict[str, Any]  # what may be chosen: `choice`, with the `val_accuracy` and `val_loss` it has


def update(
    folder: Path,
    new: Path,
    output: Path,
    results: Path | None = None,
    rehearse: bool = False,
    seed: int = 0,
    jobs: int = 1,
    catalogue: Mapping[str, dict[str, str]] | None = None,
) -> dict[str, Any]:
    """Update the exported model in `folder` with the clips of `new` (a folder for each genre); write it to `output`.

    `results` is the folder with the results of the dataset that the model was trained on: with it, clips of this
    dataset are left out, and the test clips of that training are heard too; with `rehearse` the others take part in
    the update. `catalogue` is what is known of GTZAN's
    artists. Returns the new model's description, whose last of `updates` says what was done. Raises InputError for
    a model that cannot be updated, an `output` that is there already, unknown genres, and too few clips.
    """
    description = read_description(folder)
    _require_updatable(folder / "model", description)
    if output.exists():
        raise InputError(f"{output} is there already: name another folder with --output")
    if folder.resolve() in output.resolve().parents:
        raise InputError(
            f"{output} lies in the model that is updated, which stays as it is: name another with --output"
        )
    if rehearse and not results:
        raise InputError(
            "The clips of the first training can be heard again where its results are: name them (--results)"
        )
    original = _Original(results, description) if results else None
    used = _used(description) | (original.used if original else {})
    predictor = Predictor(folder)
    found = new_clips.gather(new, predictor, used, jobs, dict(catalogue or {}))
    split = new_clips.deal(found.clips, seed)
    data = examples(predictor, found, split)
    learned = join(data, original.data) if original and rehearse else data
    with files.atomic(output) as temporary:
        shutil.copytree(folder, temporary, ignore=shutil.ignore_patterns(".*"))  # Snakemake's marks
        trials, expected = adapt(temporary / "model", learned, description, seed)
        choice = trials[best_row(trials)]["choice"]
        model = loader.load(temporary / "model")
        _require_same(model.probabilities(learned, learned.rows["valid"]), expected)
        # The weights are written: from here on nothing that the test clips say can change them.
        done = {
            "folder": new.name,
            "seed": seed,
            "clips": [
                {"clip_id": c.clip_id, "genre": c.genre, "subset": split[c.clip_id], "md5": c.figures["md5"]}
                for c in found.clips
            ],
            "rejected": [
                {"path": c.path.as_posix(), "genre": c.genre, "reason": c.reason, "detail": c.detail}
                for c in found.rejected
            ],
            "counts": {subset: list(split.values()).count(subset) for subset in splits.SUBSETS},
            "rehearsed": {
                subset: len(np.unique(learned.clips[learned.rows[subset]])) - list(split.values()).count(subset)
                for subset in ("train", "valid")
            },
            "genres": dict(sorted(Counter(found.truth).items())),
            "genres_without": sorted(set(predictor.genres) - set(found.truth)),
            "known_artists": original.known_artists(found, split) if original else None,
            "trials": trials,
            "choice": choice,
            "new_test": compare(predictor.model, model, data, found.truth),
            "original_test": compare(predictor.model, model, original.data, original.truth) if original else None,
        }
        description = _describe(description, done, model, data, found)
        files.write_json(temporary / DESCRIPTION, description)
        card = export.model_card(description) + card_of_updates(description)
        (temporary / "README.md").write_text(card, encoding="utf-8")
    return description


def examples(predictor: Predictor, found: NewClips, split: Mapping[str, str]) -> Data:
    """The examples that the new clips are: each is one or several, all in the clip's subset of `split` (by clip_id).

    As in a training, those for the test have no label.
    """
    arrays = [array for heard in found.heard for array in heard.arrays]
    data = predictor.data(arrays, [seconds for heard in found.heard for seconds in heard.durations])
    of_clip = np.repeat(np.arange(len(found.heard)), [len(heard.arrays) for heard in found.heard])[data.clips]
    subsets = np.array([split[clip.clip_id] for clip in found.clips])
    labels = np.array([predictor.genres.index(genre) for genre in found.truth])
    return replace(
        data,
        rows={subset: np.flatnonzero(subsets[of_clip] == subset) for subset in splits.SUBSETS},
        labels=np.where(subsets == "test", -1, labels)[of_clip],
        clips=of_clip,
    )


def join(new: Data, old: Data) -> Data:
    """The examples of both, for training and validation; those for the test are the new ones alone."""
    if new.genres != old.genres:
        raise InputError(f"the results are of a training on {', '.join(old.genres)}, and the model knows other genres")
    count = len(new.labels)
    rows = {name: np.concatenate([new.rows[name], old.rows[name] + count]) for name in ("train", "valid")}
    return Data(
        [replace(a, values=_Joined(a.values, b.values)) for a, b in zip(new.features, old.features, strict=True)],
        rows | {"test": new.rows["test"]},
        np.concatenate([new.labels, old.labels]),
        new.genres,
        np.concatenate([new.clips, old.clips + new.clips.max() + 1]),
        np.concatenate([new.segments, old.segments]),
        np.concatenate([new.spans, old.spans]),
    )


def adapt(folder: Path, data: Data, description: Mapping[str, Any], seed: int) -> tuple[list[Trial], np.ndarray]:
    """Change the weights in `folder` (of a model, as exported) to the best on the validation clips, if any is better.

    Returns the trials, the first of which is the model as it is, and the probabilities of the validation rows by the
    best of them (`best_row`).
    """
    if (folder / "weights.npz").is_file():
        return _adapt_linear(folder, data)
    return _adapt_network(folder, data, description, seed)


def compare(before: loader.Model, after: loader.Model, data: Data, truth: Sequence[str]) -> dict[str, Any]:
    """Both models on the test clips, whose genres are `truth`, by number of the clip; McNemar's test between them."""
    (old, found_before), (new, found_after) = (_score(model, data, "test", truth) for model in (before, after))
    only_before, only_after, p = significance.exact_mcnemar(found_before, found_after)
    return {"before": old, "after": new, "only_before": only_before, "only_after": only_after, "p_mcnemar": p}


def sentences(done: Mapping[str, Any]) -> list[str]:
    """What an update did, for people; `done` is an entry of `updates` in the description of a model."""
    counts = done["counts"]
    best = done["trials"][best_row(done["trials"])]
    first = done["trials"][0]
    lines = [
        f"{sum(counts.values())} clips of {len(done['genres'])} genres: {counts['train']} to train, {counts['valid']} "
        f"to choose and {counts['test']} to test, those of one artist or recording together; "
        f"{_count(len(done['rejected']), 'file')} rejected."
    ]
    again = done["rehearsed"]
    if again["train"]:
        lines.append(
            f"Of the first training, {_count(again['train'], 'clip')} were heard again, and {again['valid']} had a say "
            "in the choice."
        )
    if done["genres_without"]:
        lines.append(
            f"There are no new clips of {', '.join(done['genres_without'])}: the figures of the new clips do not show "
            "what became of these genres."
        )
    figures = "accuracy {val_accuracy:.1%}, log loss {val_loss:.3f}".format
    if done["choice"] == UNCHANGED:
        lines.append(
            f"None of {len(done['trials']) - 1} changes was better on the validation clips ({figures(**first)}): "
            "the model stays as it was."
        )
    else:
        lines.append(
            f"Of {len(done['trials'])} candidates, {best['choice']} was the best on the validation clips: "
            f"{figures(**best)}, before {figures(**first)}."
        )
    lines.append(_sentence("new test clips", done["new_test"]))
    if done["known_artists"]:
        lines.append(
            f"Of these, {_count(done['known_artists'], 'clip')} are by artists of the first training: both figures may "
            "be too high."
        )
    if done["original_test"]:
        lines.append(_sentence("test clips of the first training", done["original_test"]))
    return lines


def card_of_updates(description: Mapping[str, Any]) -> str:
    """What is added to the model card of an updated model, Markdown."""
    first = description["original"]
    text = (
        f"\n## Updates\nIt was first trained on {first['dataset']} and had {first['metrics']['accuracy']:.1%} on "
        f"{first['metrics']['n_test']} test clips then (protocol `{first['run']['protocol']}`). The figures above are "
        "those on the test clips of the last update.\n"
    )
    for done in description["updates"]:
        text += f"\n### {done['folder']}, seed {done['seed']}\n" + "".join(f"- {line}\n" for line in sentences(done))
    return text


class _Joined:
    """The values of a feature of two sets of examples, one after the other, as an array of which rows are read."""

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


class _Original:
    """The test clips of the first training, and which clips its dataset has: from its folder of results."""

    def __init__(self, results: Path, description: Mapping[str, Any]):
        first = description.get("original", description)
        run = first["run"]
        split = results / "splits" / run["protocol"] / f"{run['split']}.csv"
        for path in (results / "manifest.csv", split):
            if not path.is_file():
                raise InputError(
                    f"{path} is not there: {results} is not the folder with the results of {first['dataset']}, on "
                    "which the model was trained. Without --results the model is tested on the new clips only."
                )
        self.clips = files.read_rows(results / "manifest.csv")
        _, self.data = export.read_data(description["settings"], self.clips, split, results / "features")
        self.truth = [clip["genre"] for clip in self.clips]
        self.used = {clip["md5"]: f"it is in {first['dataset']}, as {clip['clip_id']}" for clip in self.clips}
        if len(np.unique(self.data.clips[self.data.rows["test"]])) != first["metrics"]["n_test"]:
            raise InputError(f"{split} has another test than the model was exported with: export the model again")

    def known_artists(self, found: NewClips, split: Mapping[str, str]) -> int:
        """How many of the new test clips are by artists of the first training."""
        ours = set(self.data.clips[self.data.rows["train"]])
        trained = set().union(*(artists.names(self.clips[i]["artist"]) for i in ours))
        tested = (clip for clip in found.clips if split[clip.clip_id] == "test")
        return sum(bool(artists.names(clip.artist) & trained) for clip in tested)


def _require_updatable(folder: Path, description: Mapping[str, Any]) -> None:
    for name, why in NOT_UPDATED.items():
        if (folder / name).is_file():
            raise InputError(
                f"{description['model']} cannot be updated: {why}. Add the clips to the dataset in data/raw "
                "and train it again, or update an exported linear model or network."
            )


def _used(description: Mapping[str, Any]) -> dict[str, str]:
    """Of each clip of earlier updates, by its MD5, what it was used for."""
    return {
        clip["md5"]: f"the model was updated with it before ({clip['subset']} of {done['folder']})"
        for done in description.get("updates", [])
        for clip in done["clips"]
    }


def _adapt_linear(folder: Path, data: Data) -> tuple[list[Trial], np.ndarray]:
    """Of several penalties on the distance from the weights before."""
    scaler = Scaler.load(folder / "scaler.npz")
    with np.load(folder / "weights.npz") as saved:
        before = best = saved["coef"], saved["intercept"]
    train, valid = data.rows["train"], data.rows["valid"]
    inputs, heard = scaler.flat(data.features, train), scaler.flat(data.features, valid)
    chosen = linear.probabilities(*before, heard)
    trials = [_trial(UNCHANGED, data, chosen)]
    # each clip counts the same, however long
    counts = 1 / np.bincount(data.clips[train])[data.clips[train]]
    square = np.square(inputs, dtype=np.float64).sum(axis=1).mean()
    for penalty in PENALTIES:
        weights = adaptation.adapt(*before, inputs, data.labels[train], counts, penalty * square)
        found = linear.probabilities(*weights, heard)
        trials.append(_trial(f"penalty {penalty:g}", data, found))
        if best_row(trials) == len(trials) - 1:
            best, chosen = weights, found
    if best is not before:
        serialization.save_arrays(folder / "weights.npz", {"coef": best[0], "intercept": best[1]})
    return trials, chosen


def _adapt_network(
    folder: Path, data: Data, description: Mapping[str, Any], seed: int
) -> tuple[list[Trial], np.ndarray]:
    """Of several epochs with a low learning rate (KerasModel keeps the best of them)."""
    # TensorFlow, whatever it was trained by: the weights are the same for all, and ONNX is written by it
    compute = {"backend": "tensorflow", "precision": "float32", "threads": description["compute"]["threads"]}
    backend.choose(compute)
    from genrebench.training.keras_model import KerasModel

    settings = description["settings"]
    own = settings | FEW_EPOCHS | {"learning_rate": GENTLE * settings["learning_rate"], "scaler_fit_on": "train"}
    if len(np.unique(data.labels[data.rows["train"]])) < len(data.genres):
        own["class_weights"] = "none"  # there is no weight for a genre without clips
    name = module_of(description["model"], settings)
    architecture = importlib.import_module(f"genrebench.models.{name}").architecture
    weights = folder / "model.weights.h5"
    network = KerasModel(architecture, data, own, seed, compute, lambda model, _: model.load_weights(weights))
    network.scaler = Scaler.load(folder / "scaler.npz")
    valid = data.rows["valid"]
    chosen = network.predict(valid)
    trials = [_trial(UNCHANGED, data, chosen)]
    with TemporaryDirectory() as checkpoints:
        history = network.fit(Path(checkpoints), "update")
    for row in history:
        trials.append({"choice": f"epoch {row['epoch']}", **{n: row[n] for n in ("val_accuracy", "val_loss")}})
    if best_row(trials):
        chosen = network.predict(valid)
        network.model.save_weights(weights)
        export.write_network(folder, name, settings)
    return trials, chosen


def _trial(choice: str, data: Data, found: np.ndarray) -> Trial:
    scores = data.scores(data.rows["valid"], found)
    return {"choice": choice, "val_accuracy": scores["accuracy"], "val_loss": scores["loss"]}


def _require_same(found: np.ndarray, expected: np.ndarray) -> None:
    deviation = float(np.abs(found - expected).max())
    if deviation > export.LARGEST_DEVIATION:
        raise InputError(f"The updated model, written and read again, says something else (by {deviation:.2g})")


def _score(model: loader.Model, data: Data, subset: str, truth: Sequence[str]) -> tuple[dict[str, Any], np.ndarray]:
    """Figures of the clips of a subset, as an export has them of its test clips, and which were right (clips,)."""
    rows = data.rows[subset]
    clips, found = scoring.average_segments(data.clips[rows].tolist(), model.probabilities(data, rows))
    true = [truth[clip] for clip in clips]
    scores = metrics.score(true, found, data.genres) | {"n_test": len(clips), "seen_in_training": {}}
    return export.metrics_of(scores), np.array(scoring.most_probable(found, data.genres)) == np.array(true)


def _describe(
    before: Mapping[str, Any], done: Mapping[str, Any], model: loader.Model, data: Data, found: NewClips
) -> dict[str, Any]:
    """The description of the updated model: its figures are those of the new clips."""
    valid = data.rows["valid"]
    limits = export.unsure_limits(model, data, valid, model.probabilities(data, valid))
    seen = {f"{name}_accuracy": _score(model, data, name, found.truth)[0]["accuracy"] for name in ("train", "valid")}
    dataset = before["dataset"] if done["choice"] == UNCHANGED else f"{before['dataset']} + {done['folder']}"
    return {
        **before,
        "dataset": dataset,
        "clips": done["counts"],
        "run": {"protocol": PROTOCOL, "split": done["folder"], "seed": done["seed"]},
        "metrics": done["new_test"]["after"] | seen,
        # what is like the clips of any of the trainings is none to doubt
        "unsure": {
            "confidence": min(before["unsure"]["confidence"], limits["confidence"]),
            "strangeness": max(before["unsure"]["strangeness"], limits["strangeness"]),
        },
        "original": before.get("original") or {name: before[name] for name in ("dataset", "run", "clips", "metrics")},
        "updates": [*before.get("updates", []), done],
    }


def _sentence(clips: str, test: Mapping[str, Any]) -> str:
    before, after = test["before"], test["after"]
    if before == after and test["only_before"] == test["only_after"] == 0:
        return f"Accuracy on {after['n_test']} {clips}: {_figures(after)} (95% interval), before and after."
    told = f"Accuracy on {after['n_test']} {clips}: {_figures(before)} before, {_figures(after)} after"
    moved = f"{_count(test['only_after'], 'clip')} gained and {test['only_before']} lost"
    return f"{told} (95% intervals); {moved}, exact McNemar p = {test['p_mcnemar']:.2g}."


def _figures(scores: Mapping[str, Any]) -> str:
    return f"{scores['accuracy']:.1%} ({scores['accuracy_low']:.0%} to {scores['accuracy_high']:.0%})"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")
