"""The model card: README.md of an exported model (Mitchell et al. 2019, Model cards for model reporting)."""

from collections.abc import Mapping
from typing import Any

from genrebench.common.formatting import counted, interval, percent
from genrebench.datasets.synthetic import label
from genrebench.inference import confidence
from genrebench.inference.description import UNCHANGED, caveats, test_clips, trained_on
from genrebench.training.data import best_row


def model_card(description: Mapping[str, Any]) -> str:
    """Write the model card, Markdown, from the description of an export."""
    run, figures, clips = description["run"], description["metrics"], description["clips"]
    ends = interval(figures["accuracy_low"], figures["accuracy_high"])
    recall = "\n".join(
        f"| {genre} | {'no test clips' if value is None else percent(value, 0)} |"
        for genre, value in figures["recall"].items()
    )
    warnings = "".join(f"- **{caveat}**\n" for caveat in caveats(description))
    features = ", ".join(f"`{name}`" for name in description["features"])
    segment = description["settings"].get("segments", {}).get("length_s")
    windows = f"{segment or description['audio']['window_s']:g} s"
    versions = ", ".join(f"{name} {number}" for name, number in sorted(description["versions"].items()))
    card = f"""# {description["model"]}, trained on {trained_on(description)}

Classifies music into {len(description["genres"])} genres: {", ".join(description["genres"])}. Its input is
{features}. A file is split into windows of {windows}, and their probabilities are averaged.

    genrebench predict --model <this folder> song.mp3

## Evaluation
{warnings}
Accuracy {percent(figures["accuracy"])} (95% interval {ends}%) on {test_clips(description)}, which were used
neither for training nor for choosing the model. Always predicting the most frequent genre gives
{percent(figures["majority_accuracy"])}. Macro F1 {figures["macro_f1"]:.3f}, expected calibration error
{figures["calibration_error"]:.3f}. Accuracy on the training clips {percent(figures["train_accuracy"])}, on the
validation clips {percent(figures["valid_accuracy"])}.

Protocol `{run["protocol"]}`, split `{run["split"]}`, seed {run["seed"]}: {clips["train"]} clips for training,
{clips["valid"]} for validation (they chose the model), {clips["test"]} for the test.

| genre | recall |
|---|---|
{recall}

## Limitations
The model predicts one of its genres for every file, also for one of another genre or without music. A prediction is
marked as one of low confidence in two cases: no genre has a probability of at least
{percent(description["confidence"]["min_probability"], 0)}, or the file differs from the training clips more than
{percent(1 - confidence.SHARE, 0)} of the validation clips do (out-of-distribution score). Each case marks
{percent(confidence.SHARE, 0)} of the validation clips. A prediction without the mark can still be wrong.

## Licence
The weights were learned from the audio of `{description["dataset"]}`; whoever passes them on needs the right to do so.
GTZAN is widely used, but its recordings are copyrighted and it has no licence.

## Software
{versions}.
"""
    return card + _updates(description) if "updates" in description else card


def update_sentences(done: Mapping[str, Any]) -> list[str]:
    """Say what an update did and how accurate the model was before and after; `done` is an entry of `updates`."""
    counts = done["counts"]
    best = done["trials"][best_row(done["trials"])]
    first = done["trials"][0]
    lines = [
        f"{sum(counts.values())} clips of {len(done['genres'])} genres: {counts['train']} for training, "
        f"{counts['valid']} for validation and {counts['test']} for the test, those of one artist or recording "
        f"together; {counted(len(done['rejected']), 'file')} rejected."
    ]
    replayed = done["replayed"]
    if replayed["train"]:
        lines.append(
            f"Replay: {counted(replayed['train'], 'training clip')} and "
            f"{counted(replayed['valid'], 'validation clip')} of the first training took part."
        )
    if done["genres_without"]:
        lines.append(
            f"There are no new clips of {', '.join(done['genres_without'])}: the accuracy on the new clips does not "
            "show whether these genres were forgotten."
        )
    if done["choice"] == UNCHANGED:
        lines.append(
            f"None of {len(done['trials']) - 1} updates was better on the validation clips ({_validation(first)}): "
            "the model is unchanged."
        )
    else:
        lines.append(
            f"Of {len(done['trials'])} candidates, {best['choice']} was the best on the validation clips: "
            f"{_validation(best)}, before {_validation(first)}."
        )
    lines.append(_before_and_after("new test clips", done["new_test"]))
    if done["known_artists"]:
        lines.append(
            f"Of these, {counted(done['known_artists'], 'clip')} are by artists of the first training: both accuracies "
            "may be too high."
        )
    if done["original_test"]:
        lines.append(_before_and_after("test clips of the first training", done["original_test"]))
    return lines


def _updates(description: Mapping[str, Any]) -> str:
    first = description["original"]
    text = (
        f"\n## Updates\nThe model was first trained on {label(first['dataset'], first['synthetic'])}, with an "
        f"accuracy of {percent(first['metrics']['accuracy'])} on {first['metrics']['n_test']} test clips (protocol "
        f"`{first['run']['protocol']}`). The evaluation above is on the test clips of the last update.\n"
    )
    for done in description["updates"]:
        lines = "".join(f"- {line}\n" for line in update_sentences(done))
        text += f"\n### {done['folder']}, seed {done['seed']}\n{lines}"
    return text


def _before_and_after(clips: str, test: Mapping[str, Any]) -> str:
    before, after = test["before"], test["after"]
    if before == after and test["only_before"] == test["only_after"] == 0:
        return f"Accuracy on {after['n_test']} {clips}: {_accuracy(after)} (95% interval), before and after."
    return (
        f"Accuracy on {after['n_test']} {clips}: {_accuracy(before)} before, {_accuracy(after)} after (95% intervals); "
        f"{counted(test['only_after'], 'clip')} gained and {test['only_before']} lost, exact McNemar "
        f"p = {test['p_mcnemar']:.2g}."
    )


def _accuracy(scores: Mapping[str, Any]) -> str:
    return f"{percent(scores['accuracy'])} ({interval(scores['accuracy_low'], scores['accuracy_high'], 0)}%)"


def _validation(trial: Mapping[str, Any]) -> str:
    return f"accuracy {percent(trial['val_accuracy'])}, log loss {trial['val_loss']:.3f}"
