"""Update an exported model with newly labelled clips, and test it on some of them before and after.

The new clips are split into training clips, which change the weights, validation clips, which choose how much they are
changed, if at all, and test clips. Whether the model forgets what it learned first shows on the test clips of the first
training, if its results are at hand. Then its training and validation clips can also take part in the update, so that
the model forgets less (replay, also called rehearsal; Robins 1995, Catastrophic forgetting, rehearsal and
pseudorehearsal).
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import files, scoring
from genrebench.common.cli import InputError, refusal
from genrebench.datasets import splits
from genrebench.evaluation import metrics, significance
from genrebench.inference import confidence, export, fine_tuning, loader, new_clips
from genrebench.inference.description import UNCHANGED, read_description, write_description
from genrebench.inference.model_card import model_card
from genrebench.inference.new_clips import NewClips
from genrebench.inference.predictor import Predictor
from genrebench.inference.replay import FirstTraining, join
from genrebench.training.data import Data, best_row

PROTOCOL = "update"  # of an updated model, in the place of the protocol of a training
NOT_UPDATED = {
    "estimator.skops": "the trees of a forest, or a kernel machine, cannot be trained further",
    "classifier.safetensors": "speech transformers are not updated here",
}


def update(
    folder: Path,
    new: Path,
    output: Path,
    results: Path | None = None,
    replay: bool = False,
    seed: int = 0,
    jobs: int = 1,
    catalogue: Mapping[str, dict[str, str]] | None = None,
) -> dict[str, Any]:
    """Update an exported model, and write it to another folder.

    Parameters
    ----------
    folder : Path
        The exported model.
    new : Path
        With one folder of audio files for each genre.
    output : Path
        The folder to write, which does not exist.
    results : Path, optional
        The results of the dataset that the model was trained on. With it, new clips that are in this dataset are
        rejected, and the model is also tested on the test clips of the first training.
    replay : bool
        Whether the training and validation clips of the first training take part too; it needs `results`.
    seed : int
        Of the split of the new clips, and of the training of a network.
    jobs : int
        Processes that read files.
    catalogue : mapping, optional
        The artists of GTZAN, by clip_id.

    Returns
    -------
    dict
        The description of the new model; the last entry of `updates` says what was done.

    Raises
    ------
    InputError
        If the model cannot be updated, `output` exists, a genre is unknown, or there are too few clips.
    """
    description = read_description(folder)
    _check(folder, output, description)
    if replay and not results:
        raise InputError("--replay needs the clips of the first training: name the folder of its results (--results)")
    first = FirstTraining(results, description) if results else None
    used = _used(description) | (first.used if first else {})
    predictor = Predictor(folder)
    found = new_clips.gather(new, predictor, used, jobs, dict(catalogue or {}))
    split = new_clips.assign(found.clips, seed)
    data = examples(predictor, found, split)
    learned = join(data, first.data) if first and replay else data
    with _in_one_line(output), files.atomic(output) as temporary:
        # hidden files are Snakemake's own
        shutil.copytree(folder, temporary, ignore=shutil.ignore_patterns(".*"))
        trials, expected = fine_tuning.adapt(temporary / "model", learned, description, seed)
        choice = trials[best_row(trials)]["choice"]
        model = loader.load(temporary / "model")
        _check_same(model.probabilities(learned, learned.rows["valid"]), expected)
        # The weights are written: no result on test clips can change them any more.
        counts = {subset: list(split.values()).count(subset) for subset in splits.SUBSETS}
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
            "counts": counts,
            "replayed": {
                subset: len(np.unique(learned.clips[learned.rows[subset]])) - counts[subset]
                for subset in ("train", "valid")
            },
            "genres": dict(sorted(Counter(found.genres).items())),
            "genres_without": sorted(set(predictor.genres) - set(found.genres)),
            "known_artists": first.known_artists(found, split) if first else None,
            "trials": trials,
            "choice": choice,
            "new_test": compare(predictor.model, model, data, found.genres),
            "original_test": compare(predictor.model, model, first.data, first.genres) if first else None,
        }
        description = _describe(description, done, model, data, found)
        description = write_description(temporary, description)
        (temporary / "README.md").write_text(model_card(description), encoding="utf-8")
    return description


@contextmanager
def _in_one_line(output: Path) -> Iterator[None]:
    """Say in a sentence why `output` cannot be written, whatever the system or a library refuses."""
    try:
        yield
    except shutil.Error as error:  # of a copy of a folder: (source, target, reason) of each file
        *_, reason = error.args[0][0]
        raise InputError(f"{output} cannot be written: {reason}") from None
    except OSError as error:
        if refusal(error):  # which says what to do, too
            raise
        raise InputError(f"{output} cannot be written: {error.strerror or error}") from None


def examples(predictor: Predictor, found: NewClips, split: Mapping[str, str]) -> Data:
    """Make the examples of the new clips: each window of a clip is one, in the subset of the clip (by clip_id).

    As in a training, those for the test have no label.
    """
    arrays = [array for features in found.features for array in features.arrays]
    data = predictor.data(arrays, [seconds for features in found.features for seconds in features.durations])
    windows = [len(features.arrays) for features in found.features]
    of_clip = np.repeat(np.arange(len(windows)), windows)[data.clips]
    subsets = np.array([split[clip.clip_id] for clip in found.clips])
    labels = np.array([predictor.genres.index(genre) for genre in found.genres])
    return replace(
        data,
        rows={subset: np.flatnonzero(subsets[of_clip] == subset) for subset in splits.SUBSETS},
        labels=np.where(subsets == "test", -1, labels)[of_clip],
        clips=of_clip,
    )


def compare(before: loader.Model, after: loader.Model, data: Data, genres: Sequence[str]) -> dict[str, Any]:
    """Test both models on the test clips, with McNemar's test between them; `genres` are those of all clips."""
    (old, found_before), (new, found_after) = (_score(model, data, "test", genres) for model in (before, after))
    only_before, only_after, p = significance.exact_mcnemar(found_before, found_after)
    return {"before": old, "after": new, "only_before": only_before, "only_after": only_after, "p_mcnemar": p}


def _check(folder: Path, output: Path, description: Mapping[str, Any]) -> None:
    for name, why in NOT_UPDATED.items():
        if (folder / "model" / name).is_file():
            raise InputError(
                f"{description['model']} cannot be updated: {why}. Add the clips to the dataset in data/raw and train "
                "it again, or update an exported linear model or network."
            )
    if output.exists():
        raise InputError(f"{output} exists already: name another folder with --output")
    if folder.resolve() in output.resolve().parents:
        raise InputError(f"{output} lies in the folder of the model, which is not changed: name another with --output")


def _check_same(found: np.ndarray, expected: np.ndarray) -> None:
    deviation = float(np.abs(found - expected).max())
    if deviation > export.LARGEST_DEVIATION:
        raise InputError(f"The updated model predicts other probabilities after it was written (by {deviation:.2g})")


def _used(description: Mapping[str, Any]) -> dict[str, str]:
    """The clips of earlier updates, by the MD5 of their samples, and what they were used for."""
    return {
        clip["md5"]: f"the model was updated with it before ({clip['subset']} of {done['folder']})"
        for done in description.get("updates", [])
        for clip in done["clips"]
    }


def _score(model: loader.Model, data: Data, subset: str, genres: Sequence[str]) -> tuple[dict[str, Any], np.ndarray]:
    """Metrics on the clips of a subset, and which of them were predicted correctly (n_clips,)."""
    rows = data.rows[subset]
    clips, found = scoring.average_segments(data.clips[rows].tolist(), model.probabilities(data, rows))
    true = [genres[clip] for clip in clips]
    scores = metrics.score(true, found, data.genres) | {"n_test": len(clips)}
    return export.metrics_of(scores), np.array(scoring.most_probable(found, data.genres)) == np.array(true)


def _describe(
    before: Mapping[str, Any], done: Mapping[str, Any], model: loader.Model, data: Data, found: NewClips
) -> dict[str, Any]:
    """The description of the updated model: its metrics are those on the new clips."""
    valid = data.rows["valid"]
    limits = confidence.limits(model, data, valid, model.probabilities(data, valid))
    seen = {f"{name}_accuracy": _score(model, data, name, found.genres)[0]["accuracy"] for name in ("train", "valid")}
    dataset = before["dataset"] if done["choice"] == UNCHANGED else f"{before['dataset']} + {done['folder']}"
    return {
        **before,
        "dataset": dataset,
        "synthetic": False,  # what people add to a model is real
        "clips": done["counts"],
        "run": {"protocol": PROTOCOL, "split": done["folder"], "seed": done["seed"]},
        "metrics": done["new_test"]["after"] | seen,
        # what is like the clips of any of the trainings is in distribution
        "confidence": {
            "min_probability": min(before["confidence"]["min_probability"], limits["min_probability"]),
            "max_ood_score": max(before["confidence"]["max_ood_score"], limits["max_ood_score"]),
        },
        "original": before.get("original")
        or {name: before[name] for name in ("dataset", "synthetic", "run", "clips", "metrics")},
        "updates": [*before.get("updates", []), done],
    }
