"""Exported models updated with new clips: what is chosen, what is refused, and that test clips change nothing."""

import errno
import shutil
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
import soundfile

import worker_jobs
from exported_models import CLASSICAL, CNN, NETWORKS, PITCHES, RATE, Corpus, tone
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.inference import fine_tuning, loader, model_card, new_clips, update
from genrebench.inference.description import UNCHANGED
from genrebench.inference.predictor import Predictor
from genrebench.inference.replay import FirstTraining, join

# other instruments: a model that knows the first ones is mostly wrong
HIGHER = {"bass": "middle", "middle": "treble", "treble": "bass"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = Corpus(tmp_path_factory.mktemp("tones"))
    for model in ("logistic", "linear_probe", "random_forest", "sgd"):
        corpus.train(model, CLASSICAL[model])
        corpus.export(model)
    rows = [row | {"artist": "Ann" if row["genre"] == "bass" else ""} for row in corpus.clips]
    files.write_rows(corpus.folder / "manifest.csv", rows[0], rows)
    return corpus


def new_folder(folder, voices, clips=10, first=100, seconds=1.5):
    """Clips of the genres `voices`, each in the pitch of the genre that it maps to; the first of each is long."""
    for genre, voice in voices.items():
        (folder / genre).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + clips):
            length = 5.0 if number == first else seconds
            soundfile.write(folder / genre / f"new {number}.wav", tone(voice, number, length), RATE)
    return folder


@pytest.fixture(scope="module")
def higher(tmp_path_factory):
    return new_folder(tmp_path_factory.mktemp("new") / "higher", HIGHER)


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("model", ["logistic", "linear_probe"])
def test_a_linear_model_learns_the_new_clips_and_the_folder_it_was_in_stays(corpus, higher, tmp_path, model):
    folder = corpus.folder / "export" / model
    before = tree(folder)
    description = update.update(folder, higher, tmp_path / "out", results=corpus.folder)
    assert tree(folder) == before
    (done,) = description["updates"]
    test = done["new_test"]
    assert done["counts"] == {"train": 18, "valid": 6, "test": 6}
    assert test["after"]["accuracy"] > test["before"]["accuracy"] + 0.4
    assert test["only_after"] - test["only_before"] == round(
        6 * (test["after"]["accuracy"] - test["before"]["accuracy"])
    )
    assert done["choice"].startswith("penalty")
    # it turned what it had learned upside down, and says so
    first = done["original_test"]
    assert first["before"]["accuracy"] == description["original"]["metrics"]["accuracy"]
    assert first["after"]["accuracy"] < first["before"]["accuracy"]
    # what is written says the same of the files, the long one too
    predictor = Predictor(tmp_path / "out")
    tested = [clip for clip in done["clips"] if clip["subset"] == "test"]
    found = [predictor.predict(higher / c["genre"] / f"{c['clip_id'].partition('.')[2]}.wav").genre for c in tested]
    assert np.mean([genre == clip["genre"] for genre, clip in zip(found, tested, strict=True)]) == pytest.approx(
        test["after"]["accuracy"]
    )
    card = (tmp_path / "out" / "README.md").read_text()
    assert all(line in card for line in model_card.update_sentences(done))


def test_with_the_clips_of_the_first_training_less_is_forgotten(corpus, tmp_path):
    folder = corpus.folder / "export" / "logistic"
    new = new_folder(tmp_path / "new", {"bass": "middle", "middle": "bass"}, clips=8)
    alone, both = (
        update.update(folder, new, tmp_path / name, corpus.folder, replay)["updates"][0]
        for name, replay in (("alone", False), ("both", True))
    )
    assert alone["replayed"] == {"train": 0, "valid": 0}
    assert both["replayed"] == {"train": 12, "valid": 6}
    accuracies = [one["original_test"]["after"]["accuracy"] for one in (alone, both)]
    assert accuracies[0] < accuracies[1]
    with pytest.raises(InputError, match="--results"):
        update.update(folder, new, tmp_path / "out", replay=True)


def test_joined_examples_are_those_of_both(corpus, higher):
    predictor = Predictor(corpus.folder / "export" / "linear_probe")
    found = new_clips.gather(higher, predictor, {}, 1, {})
    new = update.examples(predictor, found, new_clips.assign(found.clips, 0))
    old = FirstTraining(corpus.folder, predictor.description).data
    both = join(new, old)
    rows = both.rows["train"]
    assert len(rows) == len(new.rows["train"]) + len(old.rows["train"])
    for joined, first, second in zip(both.features, new.features, old.features, strict=True):
        expected = [first.values[new.rows["train"]], second.values[old.rows["train"]]]
        np.testing.assert_array_equal(joined.values[rows], np.concatenate(expected))
        np.testing.assert_array_equal(joined.values[rows[::-1]], np.concatenate(expected)[::-1])
    labels = [new.labels[new.rows["train"]], old.labels[old.rows["train"]]]
    np.testing.assert_array_equal(both.labels[rows], np.concatenate(labels))
    assert not set(new.clips) & set(both.clips[len(new.labels) :])
    assert len(set(both.clips)) == len(set(new.clips)) + len(set(old.clips))


def test_unchanged_is_kept_where_nothing_is_gained_in_validation(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(fine_tuning, "PENALTIES", [1e12])  # what changes nothing gains nothing
    folder = corpus.folder / "export" / "logistic"
    new = new_folder(tmp_path / "more", {genre: genre for genre in PITCHES}, clips=5)
    weights = (folder / "model" / "weights.npz").read_bytes()
    monkeypatch.setattr(
        fine_tuning.adaptation, "adapt", lambda coef, intercept, *_: (-coef, -intercept)
    )  # surely worse
    description = update.update(folder, new, tmp_path / "out")
    done = description["updates"][0]
    assert done["choice"] == UNCHANGED
    assert done["new_test"]["before"] == done["new_test"]["after"]
    assert done["new_test"]["p_mcnemar"] == 1
    assert (tmp_path / "out/model/weights.npz").read_bytes() == weights
    assert description["dataset"] == "tones"


def test_an_updated_model_is_updated_again_without_the_clips_that_it_knows(corpus, higher, tmp_path):
    update.update(corpus.folder / "export" / "logistic", higher, tmp_path / "once")
    again = new_folder(tmp_path / "again", HIGHER, clips=4, first=200)
    for genre in HIGHER:
        shutil.copy(higher / genre / "new 103.wav", again / genre / "known.wav")
    shutil.copy(corpus.clips[0]["path"], again / "bass" / "first.wav")
    description = update.update(tmp_path / "once", again, tmp_path / "twice", results=corpus.folder)
    done = description["updates"][1]
    assert [done["counts"][name] for name in ("train", "valid", "test")] == [6, 3, 3]
    assert [one["reason"] for one in done["rejected"]] == ["used"] * 4
    assert "in tones, as bass.0" in done["rejected"][0]["detail"]
    assert "updated with it before" in done["rejected"][1]["detail"]
    assert description["original"]["run"]["protocol"] == "artist"
    assert description["original"]["dataset"] == "tones"
    assert Predictor(tmp_path / "twice").predict(again / "bass" / "new 201.wav").genre in PITCHES


def test_test_clips_never_influence_the_weights(corpus, higher, tmp_path):
    folder = corpus.folder / "export" / "logistic"
    predictor = Predictor(folder)
    found = new_clips.gather(higher, predictor, {}, 1, {})
    split = new_clips.assign(found.clips, 0)
    others = [
        replace(clip, genre=HIGHER[clip.genre]) if split[clip.clip_id] == "test" else clip for clip in found.clips
    ]
    negated = [
        replace(one, arrays=[{name: -array for name, array in arrays.items()} for arrays in one.arrays])
        if split[clip.clip_id] == "test"
        else one
        for clip, one in zip(found.clips, found.features, strict=True)
    ]
    written = []
    for number, clips in enumerate([found, replace(found, clips=others), replace(found, features=negated)]):
        shutil.copytree(folder / "model", tmp_path / str(number))
        data = update.examples(predictor, clips, split)
        assert (data.labels[data.rows["test"]] == -1).all()
        assert (data.labels[data.rows["train"]] >= 0).all()
        fine_tuning.adapt(tmp_path / str(number), data, predictor.description, 0)
        written.append(tree(tmp_path / str(number)))
    assert written[0] == written[1] == written[2]
    assert written[0] != tree(folder / "model")


def test_a_long_file_is_several_examples_of_one_clip(corpus, higher):
    predictor = Predictor(corpus.folder / "export" / "logistic")
    found = new_clips.gather(higher, predictor, {}, 1, {})
    split = new_clips.assign(found.clips, 0)
    data = update.examples(predictor, found, split)
    long = next(number for number, clip in enumerate(found.clips) if clip.path.name == "new 100.wav")
    assert (data.clips == long).sum() == 3  # 5 s in windows of 2 s
    assert sum((data.clips[rows] == long).any() for rows in data.rows.values()) == 1
    model = loader.load(predictor.folder / "model")
    rows = np.flatnonzero(data.clips == long)
    np.testing.assert_allclose(
        model.probabilities(data, rows).mean(axis=0), predictor.predict(found.clips[long].path).probabilities
    )


def test_features_are_in_the_order_of_the_training(corpus):
    run = corpus.train("unsorted", CLASSICAL["logistic"] | {"module": "logistic", "features": ["mel"]})
    predictor = Predictor(corpus.export("unsorted"))
    expected = files.read_rows(run / "predictions.csv")[0]
    (path,) = (one["path"] for one in corpus.clips if one["clip_id"] == expected["clip_id"])
    np.testing.assert_allclose(
        predictor.predict(path).probabilities, [float(expected[genre]) for genre in predictor.genres], atol=1e-6
    )


def test_too_few_clips_or_artists_are_refused_with_the_number_needed(corpus, tmp_path):
    folder = corpus.folder / "export" / "logistic"
    new = new_folder(tmp_path / "few", {"bass": "bass", "middle": "middle"}, clips=3)
    (new / "bass" / "new 102.wav").unlink()
    with pytest.raises(InputError, match=r"bass 2 \(of 2 artists .* at least 3 artists"):
        update.update(folder, new, tmp_path / "out")
    (new / "clips.csv").write_text("path,artist\n" + "".join(f"middle/new {n}.wav,Ann\n" for n in (100, 101)))
    with pytest.raises(InputError, match=r"middle 3 \(of 2 artists"):
        update.update(folder, new, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_updated_is_refused(corpus, higher, tmp_path):
    export = corpus.folder / "export"
    with pytest.raises(InputError, match="random_forest cannot be updated"):
        update.update(export / "random_forest", higher, tmp_path / "out")
    new = new_folder(tmp_path / "polka", {"polka": "bass"}, clips=1)
    with pytest.raises(InputError, match=r"polka.*bass, middle, treble"):
        update.update(export / "logistic", new, tmp_path / "out")
    with pytest.raises(InputError, match="is no folder"):
        update.update(export / "logistic", tmp_path / "nowhere", tmp_path / "out")
    with pytest.raises(InputError, match="exists already"):
        update.update(export / "logistic", higher, export / "sgd")
    with pytest.raises(InputError, match="lies in the folder of the model"):
        update.update(export / "logistic", higher, export / "logistic" / "new")
    with pytest.raises(InputError, match="results of tones"):
        update.update(export / "logistic", higher, tmp_path / "out", results=tmp_path)


def test_what_cannot_be_written_is_one_sentence(corpus, higher, tmp_path, monkeypatch):
    errors = [
        shutil.Error([("a", "b", "[Errno 5] Input/output error: 'a'")]),
        OSError("Unable to synchronously create dataset"),
        OSError(errno.EREMOTEIO, "Remote I/O error"),
    ]
    for error, said in zip(errors, ("Input/output error", "Unable to synch", "Remote"), strict=True):
        monkeypatch.setattr(fine_tuning, "adapt", mock.Mock(side_effect=error))
        with pytest.raises(InputError, match=f"out cannot be written: .*{said}"):
            update.update(corpus.folder / "export" / "logistic", higher, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(fine_tuning, "adapt", mock.Mock(side_effect=OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space left") as full:  # the command says what to do
        update.update(corpus.folder / "export" / "logistic", higher, tmp_path / "out")
    assert full.value.filename == str(tmp_path / "out")


def test_recordings_under_two_genres_and_unreadable_files_are_rejected_with_the_reason(corpus, tmp_path):
    new = new_folder(tmp_path / "new", {genre: genre for genre in PITCHES}, clips=4)
    shutil.copy(new / "bass" / "new 101.wav", new / "treble" / "again.wav")
    (new / "middle" / "broken.wav").write_bytes(b"RIFF")
    done = update.update(corpus.folder / "export" / "logistic", new, tmp_path / "out")["updates"][0]
    reasons = [(one["path"].rpartition("new/")[2], one["reason"]) for one in done["rejected"]]
    assert reasons == [
        ("bass/new 101.wav", "contradiction"),
        ("middle/broken.wav", "unreadable"),
        ("treble/again.wav", "contradiction"),
    ]
    assert "labelled bass and treble" in done["rejected"][0]["detail"]


def test_a_file_that_ends_the_process_is_rejected_and_no_other(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("genrebench.datasets.manifest._checking", worker_jobs.check_that_dies)
    new = new_folder(tmp_path / "new", {genre: genre for genre in PITCHES}, clips=3)
    shutil.copy(new / "bass" / "new 101.wav", new / "middle" / "deadly.wav")
    found = new_clips.gather(new, Predictor(corpus.folder / "export" / "logistic"), {}, 2, {})
    assert [(one.path.name, one.reason) for one in found.rejected] == [("deadly.wav", "unreadable")]
    assert "SIGABRT" in found.rejected[0].detail
    assert len(found.clips) == 9


def test_genres_without_new_clips_are_named(corpus, tmp_path):
    new = new_folder(tmp_path / "new", {"bass": "middle", "middle": "bass"}, clips=6)
    description = update.update(corpus.folder / "export" / "logistic", new, tmp_path / "out", seed=1)
    done = description["updates"][0]
    assert done["genres_without"] == ["treble"]
    assert any("treble" in line for line in model_card.update_sentences(done))
    assert description["metrics"]["recall"]["treble"] is None


def test_a_network_is_fine_tuned_and_written_for_onnx(corpus, higher, tmp_path, monkeypatch):
    corpus.train("cnn", CNN, NETWORKS)
    folder = corpus.export("cnn")
    before = tree(folder)
    monkeypatch.setattr(fine_tuning, "LEARNING_RATE", 1.0)  # so that it learns in a few epochs
    new = new_folder(tmp_path / "two", {"bass": "middle", "middle": "bass"}, clips=8)
    description = update.update(folder, new, tmp_path / "out", corpus.folder)
    assert tree(folder) == before
    done = description["updates"][0]
    assert [trial["choice"] for trial in done["trials"][:2]] == [UNCHANGED, "epoch 1"]
    assert done["choice"].startswith("epoch")
    assert done["new_test"]["after"]["accuracy"] > done["new_test"]["before"]["accuracy"]
    changed = {name for name, content in tree(tmp_path / "out").items() if before.get(name) != content}
    assert changed == {"README.md", "export.json", "model/model.onnx", "model/model.weights.h5"}
    assert files.read_json(tmp_path / "out/export.json") == description
