"""The engine of the networks, on a small one: what it learns, keeps, hides and goes on from."""

import keras
import numpy as np
import pytest
from keras import layers

from genrebench.common.cli import InputError
from genrebench.training.checkpoints import Checkpoints
from genrebench.training.data import Data, Feature, best_row
from genrebench.training.keras_model import KerasModel

GENRES = ("jazz", "metal", "pop")
NUMERICS = {"threads": 1, "backend": "tensorflow", "precision": "float32"}
SETTINGS = {
    "scaler_fit_on": "train",
    "epochs": 5,
    "batch_size": 8,
    "optimizer": "adam",
    "learning_rate": 0.01,
    "warmup_epochs": 1,
    "schedule": "cosine",
    "early_stopping": 0,
    "keep": "best",
    "class_weights": "balanced",
    "augmentation": {"time_masks": [1, 0.1], "mixup": 0.2, "noise": 0.1},
}
SEGMENTS = {"length_s": 2.0, "hop_s": 1.0}


def architecture(shapes, genres, settings):
    given = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    x = layers.Conv1D(8, 3, padding="same", activation="relu")(given["mel"])
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling1D()(layers.BatchNormalization(momentum=0.9)(x)))
    x = layers.concatenate([x, given["table"]])
    return keras.Model(given, layers.Dense(genres, activation="softmax")(x))


def feature(name, values, axes, lengths=None, seconds=None):
    described = {"axes": axes, "available": True, "lengths": lengths, "seconds": seconds}
    return Feature(name, values.astype(np.float32), described)


def corpus(clips=60, blind=False):
    """Clips of 6 s, one of 3.2 s; mel has 10 frames a second, and a genre has a band of its own."""
    random = np.random.default_rng(0)
    genre = np.arange(clips) % 3
    mel = random.standard_normal((clips, 5, 60))
    mel[np.arange(clips), genre] += 1
    subsets = np.array(["train", "train", "train", "valid", "test"])[np.arange(clips) // 3 % 5]
    table = random.uniform(0, 9, (clips, 4))
    manifest = [{"clip_id": f"c{i}", "genre": GENRES[g], "duration_s": "6.0"} for i, g in enumerate(genre)]
    manifest[0]["duration_s"] = "3.2"
    if blind:
        mel[subsets == "test"] = table[subsets == "test"] = np.nan
        for i in np.flatnonzero(subsets == "test"):
            manifest[i]["genre"] = "withheld"
    split = [{"clip_id": f"c{i}", "subset": subset} for i, subset in enumerate(subsets)]
    lengths = [32, *[60] * (clips - 1)]
    features = [feature("mel", mel, ["band", "frame"], lengths, 6.0), feature("table", table, ["column"])]
    return manifest, split, features


def network(data=None, build=architecture, seed=3, **settings):
    data = data or Data.of_split(*corpus(), settings.get("segments"))
    return KerasModel(build, data, {**SETTINGS, **settings}, seed, NUMERICS)


def saved(fitted, folder):
    folder.mkdir()
    fitted.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_learns_and_keeps_the_best_epoch(tmp_path):
    fitted = network(epochs=8)
    history = fitted.fit(tmp_path / "checkpoints", "key")
    assert [row["epoch"] for row in history] == list(range(1, 9))
    assert history[-1]["loss"] < history[0]["loss"]
    rates = [row["learning_rate"] for row in history]
    assert rates[0] < rates[1] == pytest.approx(0.01) and rates[1:] == sorted(rates[1:], reverse=True)
    valid = fitted.data.rows["valid"]
    predicted = fitted.predict(valid)
    np.testing.assert_allclose(predicted.sum(axis=1), 1)
    best = history[best_row(history)]
    assert (predicted.argmax(1) == fitted.data.labels[valid]).mean() == best["val_accuracy"] > 0.6
    assert best["val_accuracy"] == max(row["val_accuracy"] for row in history)
    assert len(fitted.seconds) == 8 and min(fitted.seconds) > 0


def test_training_sees_no_test_clip(tmp_path):
    """Weights, scaler and history are the same bytes with test features NaN and test genres withheld."""
    results = []
    for blind in (False, True):
        fitted = network(Data.of_split(*corpus(blind=blind)), epochs=2)
        results.append((fitted.fit(tmp_path / f"c{blind}", "key"), saved(fitted, tmp_path / str(blind))))
    assert results[0] == results[1]
    assert set(results[0][1]) == {"model.json", "model.weights.h5", "scaler.npz"}


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("when", ["in an epoch", "before a checkpoint"])
def test_an_interrupted_training_ends_with_the_same_bytes(tmp_path, monkeypatch, capsys, when):
    """With dropout, shuffling, segments and augmentation."""
    settings = {"segments": SEGMENTS, "augmentation": {**SETTINGS["augmentation"], "crop": True}, "epochs": 4}
    plain = network(**settings)
    expected = plain.fit(tmp_path / "a", "key"), saved(plain, tmp_path / "plain")
    capsys.readouterr()
    broken, owner, name = network(**settings), *{
        "in an epoch": (keras.Model, "train_on_batch"),
        "before a checkpoint": (Checkpoints, "save"),
    }[when]  # fmt: skip
    calls, original = [], getattr(owner, name)

    def interrupt(*arguments, **options):
        calls.append(None)
        if len(calls) == {"in an epoch": 60, "before a checkpoint": 3}[when]:
            raise Interrupted
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, interrupt)
    with pytest.raises(Interrupted):
        broken.fit(tmp_path / "b", "key")
    monkeypatch.undo()
    lines = capsys.readouterr().out.splitlines()
    resumed = network(**settings)
    history = resumed.fit(tmp_path / "b", "key")
    assert (history, saved(resumed, tmp_path / "resumed")) == expected
    after = capsys.readouterr().out.splitlines()
    checkpointed = sum(line.startswith("epoch") for line in lines)
    assert checkpointed >= 2
    assert after[0] == f"going on after epoch {checkpointed}, where the training was interrupted"
    assert after[1].startswith(f"epoch   {checkpointed + 1} of 4")


def test_the_seed_decides(tmp_path):
    weights = []
    for run, seed in enumerate((3, 3, 4)):
        fitted = network(seed=seed, epochs=1)
        fitted.fit(tmp_path / f"c{run}", "key")
        weights.append(saved(fitted, tmp_path / str(run))["model.weights.h5"])
    assert weights[0] == weights[1] != weights[2]


def test_early_stopping_waits_so_many_epochs(tmp_path):
    history = network(epochs=50, early_stopping=2, learning_rate=1e-9).fit(tmp_path / "checkpoints", "key")
    assert len(history) == best_row(history) + 3 < 50


@pytest.mark.parametrize(("batch_size", "found"), [(8, "The loss is (nan|inf) in"), (64, "are not finite after")])
def test_a_training_that_diverges_is_an_error_that_says_what_to_do(tmp_path, batch_size, found):
    with pytest.raises(InputError, match=rf"{found} epoch 1: training has diverged. Lower .*1e\+38"):
        fitted = network(optimizer="sgd", learning_rate=1e38, warmup_epochs=0, batch_size=batch_size)
        fitted.fit(tmp_path / "checkpoints", "key")


def test_class_weights_make_genres_count_the_same():
    manifest, split, features = corpus()
    few = [row for i, row in enumerate(split) if i % 3 != 2 or i % 2]  # half of pop
    balanced = network(Data.of_split(manifest, few, features)).class_weights
    data = Data.of_split(manifest, few, features)
    counts = np.bincount(data.labels[data.rows["train"]])
    np.testing.assert_allclose(balanced * counts, counts.sum() / 3, rtol=1e-6)
    assert (network(class_weights="none").class_weights == 1).all()


def test_a_clip_is_judged_by_the_mean_of_its_segments(tmp_path):
    fitted = network(segments=SEGMENTS, epochs=1)
    row = fitted.fit(tmp_path / "checkpoints", "key")[0]
    data = fitted.data
    assert fitted.shapes == {"mel": (20, 5), "table": (4,)}
    right = []
    for clip in np.unique(data.clips[data.rows["valid"]]):
        rows = np.flatnonzero(data.clips == clip)
        assert len(rows) == 5
        right.append(fitted.predict(rows).mean(axis=0).argmax() == data.labels[rows[0]])
    assert row["val_accuracy"] == np.mean(right)


def test_the_last_epoch_is_kept_where_the_settings_say_so(tmp_path):
    last, best = network(keep="last", epochs=6), network(epochs=6)
    history, other = last.fit(tmp_path / "last", "key"), best.fit(tmp_path / "best", "key")
    assert history == other  # the training is the same
    valid = last.data.rows["valid"]
    assert last.data.scores(valid, last.predict(valid))["loss"] == pytest.approx(history[-1]["val_loss"])
    found = best.data.scores(valid, best.predict(valid))["loss"]
    assert found == pytest.approx(history[best_row(history)]["val_loss"])
