"""The data of a training, the scaler, and the classical engine."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.preprocessing import StandardScaler

from genrebench.common import files
from genrebench.models import logistic
from genrebench.training import linear, run, serialization, sklearn_model
from genrebench.training.data import Data, Feature, Scaler, best_row, known_genres
from genrebench.workflow import code_closure

GENRES = ("jazz", "metal", "pop")


def feature(values, name="mel", axes=("band", "frame")):
    return Feature(
        name, values.astype(np.float32), {"axes": list(axes), "available": True, "reason": None, "sha256": "x"}
    )


@pytest.fixture
def corpus():
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    values = random.standard_normal((60, 8, 30)) + labels[:, None, None] * random.standard_normal((8, 30)) * 0.3
    clips = [{"clip_id": f"{GENRES[g]}.{i}", "genre": GENRES[g]} for i, g in enumerate(labels)]
    subsets = ("train", "train", "train", "valid", "test")
    split = [{"clip_id": clip["clip_id"], "subset": subsets[i // 3 % 5]} for i, clip in enumerate(clips)]
    return clips, split, [feature(values), feature(random.uniform(0, 9, (60, 4)), "table", ("column",))]


def test_data_hides_the_genres_of_test_clips(corpus):
    clips, split, features = corpus
    data = Data.of_split(known_genres(clips, split), split, features)
    assert data.genres == sorted(GENRES)
    assert (data.labels[data.rows["test"]] == -1).all()
    assert (data.labels[data.rows["train"]] >= 0).all()
    assert {name: len(rows) for name, rows in data.rows.items()} == {"train": 36, "valid": 12, "test": 12}


def test_scaler_is_scikit_learns_over_all_values_or_by_column(corpus):
    data = Data.of_split(*corpus)
    rows = data.rows["train"]
    scaler = Scaler(data.features, rows)
    mel, table = corpus[2]
    expected = StandardScaler().fit(mel.values[rows].reshape(-1, 1)).transform(mel.values.reshape(-1, 1))
    np.testing.assert_allclose(scaler.transform(mel, np.arange(60)).ravel(), expected.ravel(), rtol=1e-4, atol=1e-5)
    expected = StandardScaler().fit(table.values[rows]).transform(table.values)
    np.testing.assert_allclose(scaler.transform(table, np.arange(60)), expected, rtol=1e-4, atol=1e-5)
    flat = scaler.flat(data.features, np.array([5, 2]))
    np.testing.assert_array_equal(flat[:, :240], scaler.transform(mel, np.array([5, 2])).reshape(2, -1))
    np.testing.assert_array_equal(flat[:, 240:], scaler.transform(table, np.array([5, 2])))


@pytest.mark.parametrize(
    "make",
    [
        lambda: LogisticRegression(C=1.0, max_iter=5000, tol=1e-8),
        lambda: SGDClassifier(loss="log_loss", random_state=3),
        lambda: SGDClassifier(loss="log_loss", random_state=1, alpha=0.01),
    ],
)
def test_the_fit_in_the_span_of_the_clips_is_the_fit_on_all_values(make):
    random = np.random.default_rng(1)
    inputs = random.standard_normal((40, 900)).astype(np.float32)
    labels = np.arange(40) % 4
    inputs += labels[:, None] * random.standard_normal(900).astype(np.float32) * 0.05
    others = random.standard_normal((25, 900)).astype(np.float32)
    plain, rotated = make().fit(inputs.astype(np.float64), labels), make()
    linear.fit_in_span(rotated, inputs, labels)
    np.testing.assert_allclose(rotated.predict_proba(others), plain.predict_proba(others), atol=2e-4)


@pytest.mark.parametrize("model", ["logistic", "sgd", "random_forest", "svm_pooled"])
def test_training_sees_no_test_clip(corpus, tmp_path, model):
    """Weights, scaler and history are the same bytes with test features NaN and test genres exchanged."""
    clips, split, features = corpus
    settings = {
        "features": ["mel", "table"],
        "scaler_fit_on": "train",
        "C": 1.0,
        "max_iter": 200,
        "alpha": 1e-4,
        "n_estimators": 10,
        "pooling": ["mean", "std"],
    }
    module = __import__(f"genrebench.models.{model}", fromlist=["build"])
    results = []
    for blind in (False, True):
        if blind:
            test = [i for i, row in enumerate(split) if row["subset"] == "test"]
            features = [feature(f.values.copy(), f.name, f.description["axes"]) for f in features]
            for f in features:
                f.values[test] = np.nan
            clips = [clip | ({"genre": "withheld"} if i in test else {}) for i, clip in enumerate(clips)]
        data = Data.of_split(clips, split, features)
        fitted = module.build(data, settings, 7, {"threads": 1})
        history = fitted.fit(None, "")
        folder = tmp_path / f"{model}{blind}"
        folder.mkdir()
        fitted.save(folder)
        results.append((history, {path.name: path.read_bytes() for path in folder.iterdir()}))
    assert results[0] == results[1]
    assert len(results[0][1]) == 3


@pytest.mark.parametrize("genres", [2, 3])
def test_the_most_probable_genre_of_sgd_is_its_prediction_even_where_sigmoids_saturate(genres):
    random = np.random.default_rng(2)
    inputs, labels = 1e5 * random.standard_normal((60, 5)), np.arange(60) % genres
    model = SGDClassifier(loss="log_loss", random_state=0).fit(inputs, labels)
    probabilities = sklearn_model.probabilities(model, inputs)
    np.testing.assert_array_equal(probabilities.argmax(1), model.predict(inputs))
    np.testing.assert_allclose(probabilities.sum(1), 1)
    if genres == 2:
        found = sklearn_model.probabilities(model, inputs / 1e7)
        np.testing.assert_allclose(found, model.predict_proba(inputs / 1e7), atol=1e-12)


def test_the_papers_way_of_scaling_does_see_them(corpus):
    data = Data.of_split(*corpus)
    only, everything = (Scaler(data.features, data.scaler_rows(on)).arrays() for on in ("train", "all"))
    assert only["mel.mean"] != everything["mel.mean"]
    assert data.scaler_rows("all").size == 60


FOREST = """
import sys; sys.path.insert(0, "scripts")
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from genrebench.training import serialization
x = np.random.default_rng(0).standard_normal((50, 6)); junk = [object() for _ in range(int(sys.argv[2]))]
serialization.save_estimator(sys.argv[1], RandomForestClassifier(5, random_state=0).fit(x, np.arange(50) % 3))
serialization.save_arrays(sys.argv[1] + ".npz", {"b": x, "a": np.arange(3)})
"""


def test_two_processes_save_the_same_bytes_and_they_load(tmp_path):
    for name, junk in (("a", "1"), ("b", "100000")):
        subprocess.run([sys.executable, "-c", FOREST, tmp_path / name, junk], check=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    inputs = np.random.default_rng(0).standard_normal((50, 6))
    forest = serialization.load_estimator(tmp_path / "a")
    assert (forest.predict(inputs) == np.arange(50) % 3).mean() > 0.9
    np.testing.assert_array_equal(np.load(tmp_path / "a.npz")["b"], inputs)


def run_script(folder, clips, split, features, settings, available=True):
    files.write_rows(folder / "manifest.csv", ("clip_id", "genre"), clips)
    files.write_rows(folder / "split.csv", ("clip_id", "subset"), split if available else [])
    described = {
        "protocol": "artist",
        "split": "repeat0",
        "genres": {clip["genre"]: {"train": 1} for clip in clips},
        "available": available,
        "reason": None if available else "no artists",
    }
    files.write_json(folder / "split.json", described)
    for f in features:
        np.save(folder / f"{f.name}.npy", f.values)
        files.write_json(folder / f"{f.name}.json", f.description)
    command = ["--model", "logistic", "--settings", json.dumps(settings), "--compute", '{"threads": 1}', "--seed", "0"]
    command += ["--manifest", folder / "manifest.csv", "--split", folder / "split.csv", "--folder", folder / "run"]
    command += ["--checkpoints", folder / "checkpoints", "--cost", folder / "cost.json"]
    command += ["--features", *(folder / f"{f.name}.json" for f in features)]
    subprocess.run([sys.executable, code_closure.SCRIPTS / "train_model.py", *command], check=True)
    return files.read_json(folder / "run" / "status.json"), files.read_rows(folder / "run" / "predictions.csv")


def test_train_model_writes_what_everything_later_reads(corpus, tmp_path):
    settings = {"features": ["mel", "table"], "scaler_fit_on": "all", "C": 1.0, "max_iter": 100}
    status, predictions = run_script(tmp_path, *corpus, settings)
    assert status == {"status": "done", "reason": None, "caveats": ["scaler fitted on all clips, test clips included"]}
    assert [row["clip_id"] for row in predictions] == [clip["clip_id"] for clip in corpus[0]]
    assert set(predictions[0]) == {"clip_id", "segment", "subset", "predicted", *GENRES}
    for row in predictions:
        assert sum(float(row[genre]) for genre in GENRES) == pytest.approx(1, abs=1e-5)
        assert row["predicted"] == max(GENRES, key=lambda genre: float(row[genre]))
    assert {path.name for path in (tmp_path / "run" / "model").iterdir()} == {"model.json", "scaler.npz", "weights.npz"}


def test_the_files_of_a_run_do_not_depend_on_the_test_clips(corpus, tmp_path):
    """The same bytes with the features of test clips missing and their genres wrong; only their predictions differ."""
    clips, split, features = corpus
    settings = {"features": ["mel", "table"], "scaler_fit_on": "train", "C": 1.0, "max_iter": 100}
    test = [i for i, row in enumerate(split) if row["subset"] == "test"]
    blind = [feature(f.values.copy(), f.name, f.description["axes"]) for f in features]
    for f in blind:
        f.values[test] = 0
    wrong = [clip | ({"genre": "pop"} if i in test else {}) for i, clip in enumerate(clips)]
    written = []
    for name, *inputs in (("seen", clips, features), ("blind", wrong, blind)):
        (tmp_path / name).mkdir()
        _, predictions = run_script(tmp_path / name, inputs[0], split, inputs[1], settings)
        made = tmp_path / name / "run"
        paths = [
            *(made / f for f in ("history.csv", "status.json", "config.json")),
            *sorted((made / "model").iterdir()),
        ]
        seen = [row for row in predictions if row["subset"] != "test"]
        written.append(({str(path.relative_to(made)): path.read_bytes() for path in paths}, seen))
    assert written[0] == written[1]
    assert len(written[0][0]) == 6


def test_what_cannot_run_is_a_result_with_its_reason(corpus, tmp_path):
    settings = {"features": ["mel", "table"], "scaler_fit_on": "train", "C": 1.0, "max_iter": 100}
    status, predictions = run_script(tmp_path, *corpus, settings, available=False)
    assert (status["status"], status["reason"], predictions) == ("unavailable", "no artists", [])
    features = [*corpus[2], Feature("vggish", np.empty(0), {"available": False, "reason": "weights", "sha256": "x"})]
    status, predictions = run_script(tmp_path, *corpus[:2], features, settings)
    assert (status["status"], predictions) == ("unavailable", [])
    assert "vggish is missing: weights" in status["reason"]
    clips = [clip | {"genre": "jazz"} for clip in corpus[0]]
    status, predictions = run_script(tmp_path, clips, *corpus[1:], settings)
    assert (status["status"], predictions) == ("unavailable", [])
    assert "of one genre" in status["reason"]


def test_columns_of_segments_are_scaled_column_by_column():
    values = np.random.default_rng(0).normal([[5], [-100], [0.1]], [[1], [30], [0.001]], (50, 3, 4)).astype(np.float32)
    feature = Feature("tabular_segments", values, {"axes": ["column", "segment"]})
    rows = np.arange(40)
    scaled = Scaler([feature], rows).transform(feature, rows)
    assert scaled.shape == (40, 3, 4)
    np.testing.assert_allclose(scaled.mean(axis=(0, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=(0, 2)), 1, rtol=1e-4)


def clips_of(*durations):
    return [{"clip_id": f"c{i}", "genre": GENRES[i % 3], "duration_s": str(d)} for i, d in enumerate(durations)]


def timed(values, seconds, lengths=None, axes=("band", "frame")):
    return Feature("mel", values, {"axes": list(axes), "lengths": lengths, "seconds": seconds})


def test_segments_are_stretches_of_the_cache_and_belong_to_their_clips_subset():
    values = np.arange(3 * 2 * 60, dtype=np.float32).reshape(3, 2, 60)  # 10 frames a second
    clips = [clip | {"genre": "jazz"} for clip in clips_of(6.0, 2.5, 1.0)]
    split = [{"clip_id": f"c{i}", "subset": subset} for i, subset in enumerate(("train", "valid", "test"))]
    data = Data.of_split(clips, split, [timed(values, 6.0, [60, 25, 10])], {"length_s": 2.0, "hop_s": 1.5})
    (mel,) = data.features
    assert data.clips.tolist() == [0, 0, 0, 1, 2]
    assert data.segments.tolist() == [0, 1, 2, 0, 0]
    assert {name: rows.tolist() for name, rows in data.rows.items()} == {"train": [0, 1, 2], "valid": [3], "test": [4]}
    assert data.spans.tolist() == [[0, 3]] * 3 + [[0, 0]] * 2
    assert mel.values.shape == (5, 2, 20) and mel.description["lengths"] == [20, 20, 20, 20, 10]
    np.testing.assert_array_equal(
        mel.values[np.array([2, 1])], values[0, :, [range(30, 50), range(15, 35)]].swapaxes(1, 2)
    )
    np.testing.assert_array_equal(mel.values[3], values[1, :, :20])
    np.testing.assert_array_equal(mel.values.at(np.array([0]), np.array([3.9]))[0], values[0, :, 39:59])
    np.testing.assert_array_equal(mel.values.at(np.array([0]), np.array([99.0]))[0], values[0, :, 40:])


def test_segments_longer_than_the_cache_are_as_long_as_it():
    values = np.random.default_rng(0).standard_normal((1, 2, 10)).astype(np.float32)
    split = [{"clip_id": "c0", "subset": "train"}]
    data = Data.of_split(clips_of(1.0), split, [timed(values, 1.0)], {"length_s": 2.0, "hop_s": 2.0})
    np.testing.assert_array_equal(data.features[0].values[np.arange(1)], values)


def test_a_split_may_deal_segments():
    values = np.zeros((2, 2, 60), np.float32)
    split = [
        {"clip_id": f"c{clip}", "segment": str(segment), "subset": subset}
        for clip, subsets in enumerate((("train", "test", "valid"), ("train", "train", "test")))
        for segment, subset in enumerate(subsets)
    ]
    split.append({"clip_id": "c0", "segment": "3", "subset": "test"})  # beyond what the features span
    data = Data.of_split(clips_of(9.0, 6.0), split, [timed(values, 6.0)], {"length_s": 2.0, "hop_s": 2.0})
    assert {name: rows.tolist() for name, rows in data.rows.items()} == {
        "train": [0, 3, 4],
        "valid": [2],
        "test": [1, 5],
    }
    assert data.labels.tolist() == [0, -1, 0, 1, 1, -1]
    # a crop of a segment that was dealt would be one of the others
    assert data.spans.tolist() == [[0, 0], [2, 2], [4, 4]] * 2


def test_a_table_is_the_same_in_all_segments_of_a_clip():
    table = Feature("table", np.arange(6, dtype=np.float32).reshape(2, 3), {"axes": ["column"]})
    split = [{"clip_id": f"c{i}", "subset": "train"} for i in range(2)]
    data = Data.of_split(
        clips_of(4.0, 4.0), split, [timed(np.zeros((2, 1, 4), np.float32), 4.0), table], {"length_s": 2.0, "hop_s": 2.0}
    )
    np.testing.assert_array_equal(data.features[1].values[np.arange(4)], [[0, 1, 2]] * 2 + [[3, 4, 5]] * 2)


@pytest.mark.parametrize(
    ("used", "reason"), [("mel", "how many seconds mel spans"), ("table", "table has no axis of time")]
)
def test_segments_need_time_and_to_know_how_long_it_is(corpus, tmp_path, used, reason):
    clips, split, features = corpus
    features = [f for f in features if f.name == used]
    features[0].description["seconds"] = None
    settings = {"features": [used], "scaler_fit_on": "train", "C": 1.0, "max_iter": 100}
    settings["segments"] = {"length_s": 1.0, "hop_s": 1.0}
    status, predictions = run_script(tmp_path, clips, split, features, settings)
    assert (status["status"], predictions) == ("unavailable", []) and reason in status["reason"]


@pytest.mark.parametrize(("at_least", "expected"), [(1, 30), (45, 45), (15000, 60)])
def test_time_is_cut_to_a_percentile_of_the_training_clips_but_not_below_a_floor(at_least, expected):
    values = np.random.default_rng(0).standard_normal((4, 2, 60)).astype(np.float32)
    subsets = ("train", "train", "train", "test")
    split = [{"clip_id": f"c{i}", "subset": subset} for i, subset in enumerate(subsets)]
    cut = {"percentile": 50, "at_least": at_least}
    clips = clips_of(2.0, 3.0, 6.0, 6.0)
    (mel,) = Data.of_split(clips, split, [timed(values, 6.0, [20, 30, 60, 60])], cut=cut).features
    assert mel.values.shape == (4, 2, expected)
    np.testing.assert_array_equal(mel.values[np.arange(4)], values[:, :, :expected])


def test_a_classical_model_trains_on_segments(corpus):
    clips, split, features = corpus
    clips = [clip | {"duration_s": "3.0"} for clip in clips]
    features[0].description["seconds"] = 3.0
    data = Data.of_split(clips, split, features, {"length_s": 1.0, "hop_s": 1.0})
    settings = {"C": 1.0, "max_iter": 200, "scaler_fit_on": "train"}
    (row,) = logistic.build(data, settings, 0, {"threads": 1}).fit(None, "")
    inputs = features[0].values[[i for i, r in enumerate(split) if r["subset"] == "train"]].reshape(36, 8, 3, 10)
    assert len(data.rows["train"]) == 108
    np.testing.assert_array_equal(
        data.features[0].values[data.rows["train"]], inputs.swapaxes(1, 2).reshape(108, 8, 10)
    )
    assert row["accuracy"] > 0.9


def test_a_checkpoint_is_of_the_same_clips_split_and_settings(corpus):
    clips, split, _ = corpus
    inputs = [
        ({"seed": 0}, clips, split, "cnn"),
        ({"seed": 1}, clips, split, "cnn"),
        ({"seed": 0}, clips, split, "rnn"),
    ]
    inputs += [({"seed": 0}, clips[1:], split, "cnn"), ({"seed": 0}, clips, split[1:], "cnn")]
    assert len({run._digest(*one) for one in inputs}) == len(inputs)
    assert run._digest(*inputs[0]) == run._digest(*inputs[0])


@pytest.mark.parametrize(
    ("accuracy", "loss", "best"),
    [
        ([0.1, 0.4, 0.3], [3, 2, 1], 1),
        ([0.4, 0.4, 0.3], [2, 1, 0], 1),  # of equal accuracies the lower loss
        ([0.4, 0.4, 0.4], [1, 1, 2], 0),  # of equals in both the first
    ],
)
def test_the_best_epoch_is_that_of_the_highest_accuracy_then_the_lowest_loss(accuracy, loss, best):
    rows = [{"val_accuracy": a, "val_loss": b} for a, b in zip(accuracy, loss, strict=True)]
    assert best_row(rows) == best
