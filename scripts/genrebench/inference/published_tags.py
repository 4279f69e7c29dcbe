"""The model that comes with the project: GTZAN's genres from the tags that were published with MusiCNN.

Its training clips are the training subset of the fault-filtered split; their audio is not needed. A logistic
regression reads the mean of each tag over the windows of a clip. The penalty is chosen by cross-validation, whose folds
keep artists apart; the accuracy is that of a cross-validation around this choice (nested; Varma and Simon 2006, Bias in
error estimation when using cross-validation for model selection, BMC Bioinformatics 7), because no other clips have
published tags.
"""

from collections.abc import Iterator, Mapping
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
from genrebench.inference import confidence
from genrebench.inference.description import write_description
from genrebench.inference.export import metrics_of
from genrebench.inference.loader import Model
from genrebench.inference.predictor import Predictor
from genrebench.models import logistic
from genrebench.training import linear
from genrebench.training.data import Data, Feature
from genrebench.training.sklearn_model import SklearnModel
from genrebench.workflow import pretrained
from genrebench.workflow.sections import AudioSettings, ManifestSettings

MODEL, FEATURE = "logistic_musicnn", "musicnn_tags"
HOP = 61  # frames from one published window to the next
STEP = 3  # every third window is used, so that they hardly overlap: as accurate, and a third of the time
SECONDS = 30.0  # of a clip
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # the candidates for C
FOLDS, REPEATS = 5, 5
AUDIO_SUFFIX = ".wav"  # of the released clips
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
    """

    ids: list[str]
    genres: list[str]
    groups: np.ndarray
    tags: np.ndarray

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
        groups = [known[clip]["artist_group"] or f"unknown, {known[clip]['clip_id'].partition('.')[0]}" for clip in ids]
        means = windows[:, ::STEP].mean(axis=1, dtype=np.float64).astype(np.float32)
        return cls(ids, genres, np.array(groups), means)

    def data(self) -> Data:
        """The clips as examples for training."""
        count, names = len(self.ids), sorted(set(self.genres))
        none, every = np.array([], int), np.arange(count)
        feature = Feature(FEATURE, self.tags, {"axes": list(musicnn_tags.AXES)})
        labels = np.array([names.index(genre) for genre in self.genres])
        rows = {"train": every, "valid": none, "test": none}
        return Data([feature], rows, labels, names, every, np.zeros(count, int), np.zeros((count, 2)))


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
        A folder with clips of GTZAN: those that are not in the dataset, nor by one of its artists, are a test.

    Returns
    -------
    dict
        The description (export.json).
    """
    clips = Clips.read(dataset, catalogue)
    data = clips.data()
    every = data.rows["train"]
    accuracies = validate(data, clips.groups, every, REPEATS)
    chosen = best(accuracies)
    predicted, scores = predict_nested(data, clips.groups)
    settings = logistic.Settings(module="logistic", features=[FEATURE], C=chosen).model_dump(exclude_none=True)
    entry = musicnn_tags.Settings(hop_frames=STEP * HOP).model_dump(exclude_none=True)
    with files.atomic(output) as temporary:
        (temporary / "model").mkdir(parents=True)
        model = fit(data, every, chosen)
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
                    "steps": clips.tags.shape[1],
                    "seconds": None,
                    "cut": None,
                }
            },
            "run": {"protocol": "artist", "split": f"{FOLDS} folds, {REPEATS} times", "seed": 0},
            "metrics": _metrics(clips, data, predicted, fitted, accuracies[chosen]),
            "caveats": [CAVEAT],
            "selection": {str(penalty): accuracy for penalty, accuracy in accuracies.items()},
            "versions": {name: version(name) for name in ("numpy", "scikit-learn", "scipy")},
            "confidence": {
                "min_probability": float(np.quantile(predicted.mean(axis=0).max(axis=1), confidence.SHARE)),
                "max_ood_score": float(np.quantile(scores.mean(axis=0), 1 - confidence.SHARE)),
            },
        }
        complete = write_description(temporary, description)
        if audio is not None:
            tested = predict_others(Predictor(temporary), audio, clips, catalogue)
            complete = write_description(temporary, description | {"other_clips": tested})
        (temporary / "README.md").write_text(card(complete), encoding="utf-8")
    return complete


def fit(data: Data, rows: np.ndarray, penalty: float) -> SklearnModel:
    """Fit the logistic regression with this C, and the scaler, on some clips."""
    settings = logistic.Settings(features=[FEATURE], C=penalty).model_dump()
    model = logistic.build(replace(data, rows=data.rows | {"train": rows}), settings, 0, COMPUTE)
    linear.fit_in_span(model.estimator, model.scaler.flat(data.features, rows), data.labels[rows])
    return model


def folds(data: Data, groups: np.ndarray, rows: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split some clips into folds by artist, stratified by genre; yields the rows for training and for the test."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in splitter.split(rows, data.labels[rows], groups[rows]):
        yield rows[train], rows[test]


def validate(data: Data, groups: np.ndarray, rows: np.ndarray, repeats: int, seed: int = 0) -> dict[float, float]:
    """The accuracy of each C in a repeated cross-validation on some clips."""
    right = dict.fromkeys(PENALTIES, 0)
    for repeat in range(repeats):
        for train, test in folds(data, groups, rows, seed + repeat):
            for penalty in PENALTIES:
                found = fit(data, train, penalty).predict(test)
                right[penalty] += int((found.argmax(axis=1) == data.labels[test]).sum())
    return {penalty: count / (repeats * len(rows)) for penalty, count in right.items()}


def best(accuracies: Mapping[float, float]) -> float:
    """The C of the highest accuracy, of equals the smallest."""
    return max(sorted(accuracies), key=lambda penalty: accuracies[penalty])


def predict_nested(data: Data, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Predict every clip by models that saw no clip of its artist, nor chose their C with one.

    Returns
    -------
    probabilities : ndarray of shape (REPEATS, n_clips, n_genres)
    scores : ndarray of shape (REPEATS, n_clips)
        The out-of-distribution scores.
    """
    every = data.rows["train"]
    probable = np.empty((REPEATS, len(every), len(data.genres)))
    scores = np.empty((REPEATS, len(every)))
    for repeat in range(REPEATS):
        for train, test in folds(data, groups, every, repeat):
            model = fit(data, train, best(validate(data, groups, train, 1, seed=repeat)))
            probable[repeat, test] = model.predict(test)
            scores[repeat, test] = _loaded(model).ood_scores(data, test)
    return probable, scores


def predict_others(predictor: Predictor, audio: Path, clips: Clips, catalogue: Path) -> dict[str, Any]:
    """Classify the clips below a folder that are not in the training, nor by an artist who is."""
    known = {row["clip_id"]: row["artist_group"] for row in files.read_rows(catalogue)}
    heard = set(clips.ids)
    artists = set(clips.groups.tolist())
    found = {
        path.stem: predictor.predict(path).genre
        for path in sorted(audio.rglob(f"*{AUDIO_SUFFIX}"))
        if path.stem in known and path.stem not in heard and known[path.stem] not in artists
    }
    if not found:
        raise InputError(f"{audio} has no clip of GTZAN that is not in the training; name another folder")
    right = sum(genre == clip.partition(".")[0] for clip, genre in found.items())
    return {"clips": len(found), "right": right, "predicted": found}


def _loaded(model: SklearnModel) -> Model:
    return Model(lambda _, rows: model.predict(rows), model.scaler)


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
probabilities of 50 tags every 3 s. A logistic regression reads their means. The probabilities of a file are the means
over its windows.

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

## Data

{description["clips"]["train"]} clips of GTZAN (Tzanetakis and Cook 2002): the training subset of the fault-filtered
split (Kereliuk, Sturm and Larsen 2015), with the tags that Pons and Serra published beside the code of MusiCNN. Audio
was not used. The published tags are those of the clips as loud as they are.

## How it was selected

C is {chosen:g}, the best of these in a cross-validation whose folds keep artists apart ({description["run"]["split"]};
clips of unknown artists stay together by genre). Folds that mix artists would promise several points more.

| C | accuracy |
|---|---|
{compared}

`make gtzan-model` makes this folder from the published tags.

## Limitations

The model predicts one of its genres for every file, also for one of another genre or without music. A prediction is
marked as one of low confidence in two cases: no genre has a probability of at least
{percent(description["confidence"]["min_probability"], 0)}, or the tags differ from those of the training clips more
than {percent(1 - confidence.SHARE, 0)} of these did in the cross-validation. A prediction without the mark can still be
wrong. GTZAN's clips are from 2000 and before, mostly Western, and its genres are broad. The
accuracy on recordings from a telephone, or through the air of a room, was not measured.

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
