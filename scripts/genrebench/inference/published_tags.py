"""The model that comes with the project: GTZAN's genres from the tags that were published with MusiCNN.

Its training clips are the training subset of the fault-filtered split. A logistic regression reads the mean of each
tag over the windows of a clip, and its logit. Where audio of some clips is at hand, it also learns from copies of the
tags, moved as the tags of these clips move when they are degraded (`genrebench.inference.degraded_tags`). The penalty
is chosen by cross-validation, whose folds keep artists apart; the accuracy is that of a cross-validation around this
choice (nested; Varma and Simon 2006, Bias in error estimation when using cross-validation for model selection, BMC
Bioinformatics 7), because no other clips have published tags.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.formatting import interval, percent
from genrebench.common.packages import version
from genrebench.evaluation import metrics
from genrebench.evaluation.intervals import wilson_interval
from genrebench.features import musicnn_tags
from genrebench.inference import confidence, degraded_tags
from genrebench.inference.degraded_tags import AUDIO_SUFFIX, Measured, genre_of, group_of
from genrebench.inference.description import write_description
from genrebench.inference.export import metrics_of
from genrebench.inference.loader import Model
from genrebench.inference.predictor import Predictor
from genrebench.models import logistic
from genrebench.training.data import Data, Feature
from genrebench.training.sklearn_model import SklearnModel
from genrebench.workflow import pretrained
from genrebench.workflow.sections import AudioSettings, ManifestSettings

MODEL, FEATURE = "logistic_musicnn", "musicnn_tags"
HOP = 61  # frames from one published window to the next
STEP = 3  # every third window is used, so that they hardly overlap: as accurate, and a third of the time
SECONDS = 30.0  # of a clip
SCALES: list[musicnn_tags.Scale] = ["probability", "logit"]  # of the tags: with both, degraded recordings cost less
PENALTIES = (0.03, 0.1, 0.3, 1.0)  # the candidates for C
FOLDS, REPEATS = 5, 3
JUDGED_FOLDS = 8  # of the clips whose audio is at hand, by artist
RIGHT = 0.9  # share of the answers that are not marked as of low confidence, to be right in the cross-validation
CACHE = Path(".cache/gtzan_model")
COMPUTE = {"threads": 1}
CAVEAT = "the accuracy is of a cross-validation whose folds keep artists apart, not of separate test clips"


@dataclass
class Clips:
    """The clips with published tags.

    Attributes
    ----------
    ids, genres : list of str
        Of each clip.
    groups : ndarray of shape (n_clips,)
        Clips of one group are never in different folds: those of one artist, and of a genre those of unknown artists.
    tags : ndarray of shape (n_clips, 50)
        The mean of each tag over the windows, float32.
    measured : Measured, optional
        How the tags of some clips change when these are degraded.
    """

    ids: list[str]
    genres: list[str]
    groups: np.ndarray
    tags: np.ndarray
    measured: Measured | None = None

    @property
    def names(self) -> list[str]:
        """The genres in their order."""
        return sorted(set(self.genres))

    @classmethod
    def read(cls, dataset: Path, catalogue: Path) -> "Clips":
        """Read manifest.csv and features/musicnn.npy of a dataset, and the artists from GTZAN's catalogue.

        Raises
        ------
        InputError
            If the dataset is not there, or is not one of GTZAN's clips with 50 tags.
        """
        for path in (dataset / "manifest.csv", dataset / "features/musicnn.npy"):
            if not path.is_file():
                raise InputError(f"{path} is missing: put the tags that were published with MusiCNN into {dataset}")
        rows = files.read_rows(dataset / "manifest.csv")
        windows = np.load(dataset / "features/musicnn.npy")
        known = {row["clip_id"]: row for row in files.read_rows(catalogue)}
        ids, genres = ([row[name] for row in rows] for name in ("clip_id", "genre"))
        if windows.ndim != 3 or windows.shape[::2] != (len(rows), 50):
            raise InputError(f"{dataset} has tags of the shape {windows.shape}, not ({len(rows)}, windows, 50)")
        if unknown := [clip for clip in ids if clip not in known]:
            raise InputError(f"{dataset} has the clip {unknown[0]}, which {catalogue} lacks")
        groups = [group_of(known[clip]["artist_group"], clip) for clip in ids]
        means = windows[:, ::STEP].mean(axis=1, dtype=np.float64).astype(np.float32)
        return cls(ids, genres, np.array(groups), means)

    def data(self) -> Data:
        """The clips as examples for training."""
        return data_of(self.tags, self.genres, self.names)


def data_of(tags: np.ndarray, genres: Sequence[str], names: Sequence[str]) -> Data:
    """Examples with these mean tags (n_clips, 50) and genres, of which `names` are all; each is for training."""
    count = len(tags)
    none, every = np.array([], int), np.arange(count)
    feature = Feature(FEATURE, musicnn_tags.scaled(tags, SCALES), {"axes": list(musicnn_tags.AXES)})
    labels = np.array([names.index(genre) for genre in genres])
    rows = {"train": every, "valid": none, "test": none}
    return Data([feature], rows, labels, list(names), every, np.zeros(count, int), np.zeros((count, 2)))


def make_model(dataset: Path, catalogue: Path, output: Path, audio: Path | None = None) -> dict[str, Any]:
    """Train the model and write it as an export; the same input gives the same bytes.

    Parameters
    ----------
    dataset : Path
        The published tags: manifest.csv and features/musicnn.npy (clips, windows, 50).
    catalogue : Path
        GTZAN's catalogue, which has the artists.
    output : Path
        The folder of the export, which is replaced.
    audio : Path, optional
        A folder with clips of GTZAN, from which is learned how degraded recordings change the tags. Those whose tags
        are not in the dataset, nor those of one of their artists, are a test.

    Returns
    -------
    dict
        The description (export.json).
    """
    clips = Clips.read(dataset, catalogue)
    known = {row["clip_id"]: row for row in files.read_rows(catalogue)}
    if audio is not None:
        clips.measured = degraded_tags.measure(audio, known, STEP * HOP, CACHE)
    data = clips.data()
    every = data.rows["train"]
    accuracies = validate(clips, every, REPEATS)
    chosen = best(accuracies)
    nested = predict_nested(clips)
    settings = logistic.Settings(module="logistic", features=[FEATURE], C=chosen).model_dump(exclude_none=True)
    entry = musicnn_tags.Settings(hop_frames=STEP * HOP, scales=SCALES).model_dump(exclude_none=True)
    with files.atomic(output) as temporary:
        (temporary / "model").mkdir(parents=True)
        model = fit(clips, every, chosen)
        model.save(temporary / "model")
        fitted = float((model.predict(every).argmax(axis=1) == data.labels).mean())
        description = {
            "model": MODEL,
            "settings": settings,
            "compute": COMPUTE,
            "dataset": "gtzan",
            "synthetic": False,
            "genres": data.genres,
            "clips": {"train": len(every), "valid": 0, "test": 0},
            "audio": AudioSettings().model_dump() | {"window_s": SECONDS},
            "limits": {
                name: value
                for name, value in ManifestSettings().model_dump().items()
                if name in ("min_duration_s", "max_duration_s", "min_rms")
            },
            "features": {
                FEATURE: {
                    "entry": entry,
                    "weights": pretrained.digest_of_package(entry),
                    "axes": list(musicnn_tags.AXES),
                    "unit": musicnn_tags.UNIT,
                    "steps": data.features[0].values.shape[1],
                    "seconds": None,
                    "cut": None,
                }
            },
            "run": {"protocol": "artist", "split": f"{FOLDS} folds, {REPEATS} times", "seed": 0},
            "metrics": _metrics(clips, data, nested.probabilities[:, 0], fitted, accuracies[chosen]),
            "caveats": [CAVEAT],
            "selection": {str(penalty): accuracy for penalty, accuracy in accuracies.items()},
            "versions": {name: version(name) for name in ("numpy", "scikit-learn", "scipy")},
            "confidence": limits(nested, data.labels, every),
        }
        if clips.measured:
            description["degraded"] = judge(clips, nested)
        complete = write_description(temporary, description)
        if audio is not None:
            tested = predict_others(Predictor(temporary), audio, clips, known)
            complete = write_description(temporary, description | {"other_clips": tested})
        (temporary / "README.md").write_text(card(complete), encoding="utf-8")
    return complete


def fit(clips: Clips, rows: np.ndarray, penalty: float) -> SklearnModel:
    """Fit the logistic regression with this C, and the scaler, on some clips and degraded copies of them.

    All copies of a clip together weigh as much as the clip.
    How recordings change is learned from clips whose artist is not among the clips that are left out.
    """
    tags, genres = clips.tags, clips.genres
    weights = np.ones(len(rows))
    if measured := _of_others(clips, rows):
        copies = degraded_tags.move(tags[rows], measured)
        tags = np.concatenate([tags, *copies]).astype(np.float32)
        genres = [*genres, *[genres[row] for row in rows] * len(copies)]
        weights = np.concatenate([weights, np.full(copies.shape[0] * copies.shape[1], 1 / len(copies))])
        rows = np.concatenate([rows, np.arange(len(clips.tags), len(tags))])
    data = data_of(tags, genres, clips.names)
    settings = logistic.Settings(features=[FEATURE], C=penalty).model_dump()
    model = logistic.build(replace(data, rows=data.rows | {"train": rows}), settings, 0, COMPUTE)
    model.estimator.fit(model.scaler.flat(data.features, rows), data.labels[rows], weights)
    return model


def predict(model: SklearnModel, tags: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities (clips, genres) and the out-of-distribution scores (clips,) of mean tags (clips, 50)."""
    data = data_of(tags, [names[0]] * len(tags), names)  # the genres are not used
    model = copy(model)
    model.data = data
    every = data.rows["train"]
    return model.predict(every), Model(lambda _, rows: model.predict(rows), model.scaler).ood_scores(data, every)


def folds(data: Data, groups: np.ndarray, rows: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split some clips into folds by artist, stratified by genre; yields the rows for training and for the test."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in splitter.split(rows, data.labels[rows], groups[rows]):
        yield rows[train], rows[test]


def validate(clips: Clips, rows: np.ndarray, repeats: int, seed: int = 0) -> dict[float, float]:
    """The accuracy of each C in a repeated cross-validation on some clips.

    Where the model learns from degraded copies, it is the mean of the accuracy of the clips and that of their copies.
    """
    data = clips.data()
    measured = _of_others(clips, rows)
    right = dict.fromkeys(PENALTIES, 0.0)
    for repeat in range(repeats):
        for train, test in folds(data, clips.groups, rows, seed + repeat):
            given = clips.tags[test]
            copies = degraded_tags.move(given, measured, seed=1) if measured else given[None]
            for penalty in PENALTIES:
                model = fit(clips, train, penalty)
                for tags, share in ((given[None], 0.5), (copies, 0.5)):
                    found, _ = predict(model, tags.reshape(-1, tags.shape[-1]), clips.names)
                    hits = found.argmax(axis=1) == np.tile(data.labels[test], len(tags))
                    right[penalty] += share * float(hits.sum()) / len(tags)
    return {penalty: count / (repeats * len(rows)) for penalty, count in right.items()}


def _of_others(clips: Clips, rows: np.ndarray) -> Measured | None:
    """What was measured on clips of artists who are not among those of the clips that `rows` leave out, if anything."""
    if clips.measured is None:
        return None
    left_out = np.delete(clips.groups, rows)
    found = clips.measured.only(~np.isin(clips.measured.groups, left_out))
    return found if len(found.ids) else None


def best(accuracies: Mapping[float, float]) -> float:
    """The C of the highest accuracy, of equals the smallest."""
    return max(sorted(accuracies), key=lambda penalty: accuracies[penalty])


@dataclass
class Nested:
    """What models predict of clips whose artist they did not see.

    Attributes
    ----------
    probabilities : ndarray of shape (REPEATS, copies, n_clips, n_genres)
        Of the clips, and after them of each degraded copy.
    scores : ndarray of shape (REPEATS, copies, n_clips)
        The out-of-distribution scores.
    """

    probabilities: np.ndarray
    scores: np.ndarray


def predict_nested(clips: Clips) -> Nested:
    """Predict every clip by models that saw no clip of its artist, nor chose their C with one."""
    data = clips.data()
    every = data.rows["train"]
    copies = len(clips.measured.tags) if clips.measured else 1
    probable = np.empty((REPEATS, copies, len(every), len(data.genres)))
    scores = np.empty((REPEATS, copies, len(every)))
    for repeat in range(REPEATS):
        for train, test in folds(data, clips.groups, every, repeat):
            model = fit(clips, train, best(validate(clips, train, 1, seed=repeat)))
            given = clips.tags[None, test]
            if clips.measured:
                given = np.concatenate([given, degraded_tags.move(given[0], clips.measured, seed=1)])
            for number, tags in enumerate(given):
                probable[repeat, number, test], scores[repeat, number, test] = predict(model, tags, clips.names)
    return Nested(probable, scores)


def limits(nested: Nested, labels: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    """Set the limits of confidence by the nested predictions of some clips.

    `min_probability` is the smallest at which `RIGHT` of the answers that reach it are right, of the clips and their
    degraded copies, with the weights of the training. `max_ood_score` marks 5% of the clips as they are.
    """
    probable = nested.probabilities[:, :, rows]
    sure, right = probable.max(axis=3), probable.argmax(axis=3) == labels[rows]
    copies = sure.shape[1]
    weight = np.ones(sure.shape)
    weight[:, 1:] /= max(1, copies - 1)
    order = np.argsort(-sure, axis=None)
    share = np.cumsum((right * weight).flat[order]) / np.cumsum(weight.flat[order])
    enough = np.flatnonzero(share >= RIGHT)
    return {
        "min_probability": float(sure.flat[order][enough[-1]]) if len(enough) else 1.0,
        "max_ood_score": float(np.quantile(nested.scores[:, 0, rows].mean(axis=0), 1 - confidence.SHARE)),
    }


def judge(clips: Clips, nested: Nested) -> dict[str, Any]:
    """How many of the measured clips are right under each condition, and how many answers are not marked.

    A clip is judged by a model that saw neither it nor its artist: not in the tags, not in how recordings change, and
    not in the limits of confidence.
    """
    from sklearn.model_selection import GroupKFold

    assert clips.measured
    measured, labels = clips.measured, clips.data().labels
    counts = {condition: np.zeros(3, int) for condition in measured.tags}
    splitter = GroupKFold(min(JUDGED_FOLDS, len(set(measured.groups))))
    for others, judged in splitter.split(measured.ids, groups=measured.groups):
        rows = np.flatnonzero(~np.isin(clips.groups, measured.groups[judged]))
        known = replace(clips, measured=measured.only(others))
        model = fit(known, rows, best(validate(known, rows, 1)))
        within = limits(nested, labels, rows)
        for condition, tags in measured.tags.items():
            probable, scores = predict(model, tags[judged], clips.names)
            right = np.array(clips.names)[probable.argmax(axis=1)] == measured.genres[judged]
            sure = (probable.max(axis=1) >= within["min_probability"]) & (scores <= within["max_ood_score"])
            counts[condition] += [right.sum(), sure.sum(), (right & sure).sum()]
    return {
        "clips": len(measured.ids),
        "artists": len(set(measured.groups)),
        "conditions": {
            condition: {"right": int(right), "accepted": int(sure), "accepted_right": int(both)}
            for condition, (right, sure, both) in counts.items()
        },
    }


def predict_others(
    predictor: Predictor, audio: Path, clips: Clips, known: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """Classify the clips below a folder whose tags are not in the training, nor those of an artist of theirs."""
    heard = set(clips.ids)
    artists = set(clips.groups.tolist())
    found = {
        path.stem: predictor.predict(path).genre
        for path in sorted(audio.rglob(f"*{AUDIO_SUFFIX}"))
        if path.stem in known and path.stem not in heard and known[path.stem]["artist_group"] not in artists
    }
    if not found:
        raise InputError(f"{audio} has no clip of GTZAN that is not in the training; name another folder")
    right = sum(genre == genre_of(clip) for clip, genre in found.items())
    return {"clips": len(found), "right": right, "predicted": found}


def _metrics(clips: Clips, data: Data, predicted: np.ndarray, fitted: float, validated: float) -> dict[str, Any]:
    """The metrics of the nested cross-validation: each is the mean over its repetitions."""
    scores = [metrics.score(clips.genres, probable, data.genres) for probable in predicted]
    run: dict[str, Any] = {
        name: float(np.mean([score[name] for score in scores]))
        for name in ("accuracy", "macro_f1", "calibration_error", "majority_accuracy")
    }
    recall = {genre: float(np.mean([score["genres"][genre]["recall"] for score in scores])) for genre in data.genres}
    genres = {genre: {"recall": value} for genre, value in recall.items()}
    return metrics_of(
        run | {"n_test": len(clips.ids), "genres": genres, "train_accuracy": fitted, "valid_accuracy": validated}
    )


def card(description: Mapping[str, Any]) -> str:
    """Write the model card, with a header that model hubs read."""
    figures, genres = description["metrics"], description["genres"]
    ends = interval(figures["accuracy_low"], figures["accuracy_high"])
    header = yaml.safe_dump(_header(description), sort_keys=False, allow_unicode=True)
    recall = "\n".join(f"| {genre} | {percent(figures['recall'][genre], 0)} |" for genre in genres)
    chosen = description["settings"]["C"]
    compared = "\n".join(
        f"| {penalty} | {percent(accuracy)} |" for penalty, accuracy in description["selection"].items()
    )
    versions = ", ".join(f"{name} {number}" for name, number in sorted(description["versions"].items()))
    return f"""---
{header}---

# {description["model"]}: genres of GTZAN from the tags of MusiCNN

Classifies music into {len(genres)} genres: {", ".join(genres)}. `genrebench predict song.mp3`
and `genrebench app` use it where no model of real music was trained.

    genrebench predict song.mp3

A file is split into windows of {description["audio"]["window_s"]:g} s, each scaled to
{description["audio"]["loudness"]:g} LUFS. MusiCNN (Pons and Serra 2019), pretrained on 200,000 songs, gives the
probabilities of 50 tags every 3 s. A logistic regression reads their means, and the logits of these. The probabilities
of a file are the means over its windows.

## Evaluation

- **{CAVEAT[0].upper()}{CAVEAT[1:]}**

Accuracy {percent(figures["accuracy"])} (95% interval {ends}%) on {figures["n_test"]} clips: each was predicted by
models that saw no clip of its artist, neither for training nor for choosing the penalty (nested cross-validation,
{description["run"]["split"]}). Clips of one artist are not independent, so the interval is rather too narrow. Always
predicting the most frequent genre gives {percent(figures["majority_accuracy"])}. Macro F1 {figures["macro_f1"]:.3f},
expected calibration error {figures["calibration_error"]:.3f}; accuracy on the training clips
{percent(figures["train_accuracy"])}.
{_other_clips(description)}
| genre | recall |
|---|---|
{recall}
{_degraded(description)}
## Data

{description["clips"]["train"]} clips of GTZAN (Tzanetakis and Cook 2002): the training subset of the fault-filtered
split (Kereliuk, Sturm and Larsen 2015), with the tags that Pons and Serra published beside the code of MusiCNN. The
published tags are those of the clips as loud as they are.{_copies(description)}

## How it was selected

C is {chosen:g}, the best of these in a cross-validation whose folds keep artists apart ({description["run"]["split"]};
clips of unknown artists stay together by genre){_selected_by(description)}.
Folds that mix artists would promise several points more.

| C | accuracy |
|---|---|
{compared}

`make gtzan-model AUDIO=folder` makes this folder from the published tags and the clips in the folder.

## Limitations

The model predicts one of its genres for every file, also for one of another genre or without music. A prediction is
marked as one of low confidence in two cases: no genre has a probability of at least
{percent(description["confidence"]["min_probability"], 0)}, or the tags differ from those of the training clips more
than {percent(1 - confidence.SHARE, 0)} of these did in the cross-validation. Of the predictions there that reach this
probability, {percent(RIGHT, 0)} are right. A prediction without the mark can still be wrong. GTZAN's clips are from
2000 and before, mostly Western, and its genres are broad. Rooms, noise and filters were computed, not recorded.

## Licences

The weights of this model: MIT, as genrebench. The weights of MusiCNN are files of the Python package `musicnn` (ISC)
and not in this folder. GTZAN is widely used, but its recordings are copyrighted and it has no licence; this folder has
none of them.

## Software

{versions}.

## References

- C. Kereliuk, B. L. Sturm and J. Larsen (2015), Deep learning and music adversaries, IEEE Transactions on Multimedia
  17.
- J. Pons and X. Serra (2019), musicnn: pre-trained convolutional neural networks for music audio tagging, late-breaking
  demo of ISMIR.
- G. Tzanetakis and P. Cook (2002), Musical genre classification of audio signals, IEEE Transactions on Speech and Audio
  Processing 10.
"""


def _selected_by(description: Mapping[str, Any]) -> str:
    return (
        ", by the\nmean of the accuracy of the clips and that of their degraded copies"
        if "degraded" in description
        else ""
    )


def _copies(description: Mapping[str, Any]) -> str:
    if "degraded" not in description:
        return ""
    found = description["degraded"]
    return f""" Each clip has
{len(found["conditions"]) - 1} degraded copies, one for each condition of the table above. Their tags were not computed:
they are those of the clip, moved as the tags of {found["clips"]} clips whose audio was at hand move. All copies of a
clip together weigh as much as the clip."""


def _degraded(description: Mapping[str, Any]) -> str:
    if "degraded" not in description:
        return ""
    found = description["degraded"]
    count = found["clips"]
    rows = []
    for condition in (CLEAN, *degraded_tags.DEGRADED):
        figures = found["conditions"][condition]
        low, high = wilson_interval(figures["right"] / count, count)
        sure, both = figures["accepted"], figures["accepted_right"]
        rows.append(
            f"| {condition} | {percent(figures['right'] / count, 0)} | {interval(low, high, 0)} "
            f"| {percent(sure / count, 0)} | {f'{both} of {sure}'} |"
        )
    lines = "\n".join(rows)
    return f"""
### Degraded recordings

{count} clips of {found["artists"]} artists whose audio was at hand, as they are and degraded. Each was judged by a
model that saw neither it nor its artist: not among the tags, not in how recordings change, and not in the limits of
confidence. "Not marked" is the share without the mark of low confidence, and how many of these are right.
`docs/robustness.md` says what the conditions are.

| condition | right (%) | 95% interval | not marked (%) | of these right |
|---|---|---|---|---|
{lines}

A lower level is not among them, because clips are scaled to one loudness first.
"""


def _other_clips(description: Mapping[str, Any]) -> str:
    if "other_clips" not in description:
        return ""
    tested = description["other_clips"]
    low, high = wilson_interval(tested["right"] / tested["clips"], tested["clips"])
    genres = sorted({clip.partition(".")[0] for clip in tested["predicted"]})
    return f"""
From audio, as of any new file: {tested["right"]} of {tested["clips"]} clips outside the training subset,
by artists who are not in it, are right ({percent(tested["right"] / tested["clips"], 0)}, 95% interval
{interval(low, high, 0)}%). These are few, and of {", ".join(genres)} only.
"""


def _header(description: Mapping[str, Any]) -> dict[str, Any]:
    """What model hubs read of a card: https://huggingface.co/docs/hub/model-cards."""
    figures = description["metrics"]
    result = {
        "task": {"type": "audio-classification", "name": "Music genre classification"},
        "dataset": {"type": "marsyas/gtzan", "name": "GTZAN, fault-filtered training subset", "split": "train"},
        "metrics": [
            {
                "type": "accuracy",
                "value": round(figures["accuracy"], 4),
                "name": "accuracy, nested cross-validation with artist-disjoint folds",
            }
        ],
    }
    return {
        "license": "mit",
        "library_name": "genrebench",
        "pipeline_tag": "audio-classification",
        "tags": ["music", "genre", "gtzan", "musicnn"],
        "datasets": ["marsyas/gtzan"],
        "metrics": ["accuracy"],
        "model-index": [{"name": description["model"], "results": [result]}],
    }
