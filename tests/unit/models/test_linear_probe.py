"""The linear probe on embeddings: pooling, the choice of C, and what is saved."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from genrebench.common import files
from genrebench.models import linear_probe, random_forest
from genrebench.training.data import Data, Feature, pool
from genrebench.workflow import code_closure

GENRES = ("jazz", "metal", "pop")
SETTINGS = {
    "features": ["yamnet", "table"],
    "scaler_fit_on": "train",
    "pooling": ["mean", "std", "max"],
    "classifier": "logistic",
    "C": [10.0, 0.01, 1.0],
    "max_iter": 500,
}


def feature(name, values, axes=("dimension", "frame"), lengths=None):
    described = {"axes": list(axes), "lengths": lengths, "available": True, "reason": None, "sha256": "x"}
    return Feature(name, values.astype(np.float32), described)


@pytest.fixture
def corpus():
    """Embeddings of 90 clips of 5 to 9 frames, of which the rest is padding that would give the genre away."""
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    clips = [{"clip_id": f"{GENRES[g]}.{i}", "genre": GENRES[g]} for i, g in enumerate(labels)]
    subsets = ("train", "train", "train", "valid", "test")
    split = [{"clip_id": clip["clip_id"], "subset": subsets[i // 3 % 5]} for i, clip in enumerate(clips)]
    values = random.standard_normal((90, 16, 9)) + random.standard_normal((3, 16, 1))[labels] * 0.1
    lengths = random.integers(5, 10, 90).tolist()
    for row, length in enumerate(lengths):
        values[row, :, length:] = 100 * labels[row]
    table = feature("table", random.uniform(0, 9, (90, 4)), ("column",))
    return clips, split, [feature("yamnet", values, lengths=lengths), table]


def by_hand(features, rows):
    """Mean, standard deviation and maximum of each clip's own frames, and the table."""
    yamnet, table = features
    own = [yamnet.values[r, :, : yamnet.description["lengths"][r]].astype(float) for r in rows]
    parts = [np.array([function(x, axis=1) for x in own]) for function in (np.mean, np.std, np.max)]
    return np.concatenate([*parts, table.values[rows]], axis=1)


def test_pooling_is_over_a_clips_own_frames(corpus):
    embedding, table = corpus[2]
    mean, std, largest = pool(embedding, ["mean", "std", "max"])
    assert [part.name for part in (mean, std, largest)] == ["yamnet.mean", "yamnet.std", "yamnet.max"]
    assert mean.by_column
    found = np.concatenate([mean.values, std.values, largest.values, table.values], axis=1)
    np.testing.assert_allclose(found, by_hand(corpus[2], range(90)), rtol=1e-5, atol=1e-6)
    assert pool(table, ["mean"]) == [table]
    (whole,) = pool(feature("precomputed", embedding.values), ["max"])  # without lengths: all frames
    np.testing.assert_array_equal(whole.values, embedding.values.max(axis=2))
    (deep,) = pool(feature("deep", embedding.values.reshape(90, 4, 4, 9)), ["max"])
    np.testing.assert_array_equal(deep.values, whole.values)


@pytest.mark.parametrize("scaler_fit_on", ["train", "all"])
@pytest.mark.parametrize("classifier", ["logistic", "svm"])
def test_the_probe_is_scikit_learns_with_the_c_that_validation_chooses(corpus, classifier, scaler_fit_on):
    data = Data.of_split(*corpus)
    settings = {**SETTINGS, "classifier": classifier, "scaler_fit_on": scaler_fit_on, "max_iter": 5000}
    settings["C"] = [10.0, 0.0003, 0.003, 0.1]
    fitted = linear_probe.build(data, settings, 0, {"threads": 1})
    (row,) = fitted.fit(None, "")
    train, valid, test = (data.rows[name] for name in ("train", "valid", "test"))
    scaler = StandardScaler().fit(by_hand(corpus[2], train if scaler_fit_on == "train" else range(90)))
    inputs = {name: scaler.transform(by_hand(corpus[2], rows)) for name, rows in data.rows.items()}
    accuracy, models = {}, {}
    for C in sorted(settings["C"]):
        plain = LinearSVC(C=C, dual=False, tol=1e-6) if classifier == "svm" else LogisticRegression(C=C, max_iter=5000)
        models[C] = plain.fit(inputs["train"], data.labels[train])
        accuracy[C] = models[C].score(inputs["valid"], data.labels[valid])
    best = max(accuracy, key=accuracy.get)
    assert len(set(accuracy.values())) > 1
    assert fitted.estimator.C == best
    assert row["val_accuracy"] == accuracy[best] > 0.4
    found = fitted.predict(test)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(found.argmax(axis=1), models[best].predict(inputs["test"]))
    if classifier == "logistic":
        np.testing.assert_allclose(found, models[best].predict_proba(inputs["test"]), atol=2e-3)
    else:
        scores = models[best].decision_function(inputs["test"])
        expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_of_equals_the_smallest_c_is_chosen_and_every_candidate_is_on_record(corpus, tmp_path, capsys):
    clips, split, (embedding, table) = corpus
    embedding.values[:, 0] = np.arange(90)[:, None] % 3 * 50  # the genre itself
    data = Data.of_split(clips, split, [embedding, table])
    fitted = linear_probe.build(data, {**SETTINGS, "C": [10, 1, 0.5]}, 0, {"threads": 1})
    (row,) = fitted.fit(None, "")
    assert row["val_accuracy"] == 1
    fitted.save(tmp_path)
    saved = files.read_json(tmp_path / "model.json")
    assert saved["settings"]["C"] == 0.5
    assert [trial["C"] for trial in saved["candidates"]] == [0.5, 1, 10]
    assert {trial["val_accuracy"] for trial in saved["candidates"]} == {1.0}
    assert saved["features"] == ["yamnet.mean", "yamnet.std", "yamnet.max", "table"]
    assert capsys.readouterr().out == "{'C': 0.5} is the best of 3 on the validation clips\n"


@pytest.mark.parametrize("chosen", [0, 1])
def test_only_the_chosen_candidate_tells_that_it_did_not_converge(corpus, monkeypatch, chosen):
    data = Data.of_split(*corpus)
    fitted = linear_probe.build(data, {**SETTINGS, "C": [1e-6, 100], "max_iter": 5}, 0, {"threads": 1})
    tried = iter([0, 1 - chosen, 0, chosen])  # training and validation of each candidate
    monkeypatch.setattr(Data, "scores", lambda *_: {"accuracy": next(tried), "loss": 0.0})
    with warnings.catch_warnings(record=True, action="always") as caught:
        fitted.fit(None, "")
    assert fitted.estimator.C == (1e-6, 100)[chosen]
    assert [len(trial.caught) for trial in fitted.trials] == [0, 1]
    assert [warning.category for warning in caught] == [ConvergenceWarning] * chosen


@pytest.mark.parametrize("classifier", ["logistic", "svm"])
def test_training_sees_no_test_clip(corpus, tmp_path, classifier):
    """Weights, scaler and history are the same bytes with test features NaN and test genres exchanged."""
    clips, split, features = corpus
    results = []
    for blind in (False, True):
        if blind:
            test = [i for i, row in enumerate(split) if row["subset"] == "test"]
            for f in features:
                f.values[test] = np.nan
            clips = [clip | ({"genre": "withheld"} if i in test else {}) for i, clip in enumerate(clips)]
        settings = {**SETTINGS, "classifier": classifier}
        fitted = linear_probe.build(Data.of_split(clips, split, features), settings, 7, {"threads": 1})
        history = fitted.fit(None, "")
        folder = tmp_path / f"{blind}"
        folder.mkdir()
        fitted.save(folder)
        results.append((history, {path.name: path.read_bytes() for path in folder.iterdir()}))
    assert results[0] == results[1]
    assert set(results[0][1]) == {"model.json", "scaler.npz", "weights.npz"}


def train(folder, corpus, model, settings):
    """Run the script; return what it wrote, by name."""
    clips, split, features = corpus
    files.write_rows(folder / "manifest.csv", ("clip_id", "genre"), clips)
    files.write_rows(folder / "split.csv", ("clip_id", "subset"), split)
    described = {
        "protocol": "artist",
        "split": "repeat0",
        "genres": {genre: {"train": 18} for genre in GENRES},
        "available": True,
        "reason": None,
    }
    files.write_json(folder / "split.json", described)
    for f in features:
        np.save(folder / f"{f.name}.npy", f.values)
        files.write_json(folder / f"{f.name}.json", f.description)
    command = ["--model", model, "--settings", json.dumps(settings), "--compute", '{"threads": 1}', "--seed", "0"]
    command += ["--manifest", folder / "manifest.csv", "--split", folder / "split.csv", "--folder", folder / "run"]
    command += ["--checkpoints", folder / "checkpoints", "--cost", folder / "cost.json"]
    command += ["--features", *(folder / f"{f.name}.json" for f in features)]
    subprocess.run([sys.executable, code_closure.SCRIPTS / "train_model.py", *command], check=True)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("run/**/*") if path.is_file()}


@pytest.mark.parametrize("classifier", ["logistic", "svm"])
def test_two_processes_write_the_same_bytes(corpus, tmp_path, classifier):
    written = []
    for name in "ab":
        (tmp_path / name).mkdir()
        written.append(train(tmp_path / name, corpus, "linear_probe", {**SETTINGS, "classifier": classifier}))
    assert written[0] == written[1]
    assert {"run/model/weights.npz", "run/predictions.csv", "run/history.csv"} <= set(written[0])


def test_random_forest_on_vggish_is_an_entry_and_no_module(corpus, tmp_path):
    clips, split, (embedding, _) = corpus
    values = feature("vggish", embedding.values, lengths=embedding.description["lengths"])
    settings = {"module": "random_forest", "features": ["vggish"], "scaler_fit_on": "train", "n_estimators": 20}
    written = train(tmp_path, (clips, split, [values]), "random_forest_vggish", settings)
    assert json.loads(written["run/status.json"])["status"] == "done"
    assert random_forest.Settings(**settings).model_dump(exclude_none=True) == settings
