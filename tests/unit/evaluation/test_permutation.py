"""Permutation importance of features, held to scikit-learn's of columns."""

import importlib

import numpy as np
import pytest
from sklearn.inspection import permutation_importance

from genrebench.common import files
from genrebench.evaluation import permutation
from genrebench.models import linear_probe, logistic
from genrebench.training.data import Data, Feature

GENRES = ("jazz", "metal", "pop")
NUMERICS = {"threads": 1}


def feature(name, values, axes):
    return Feature(name, values.astype(np.float32), {"axes": list(axes), "available": True, "sha256": "x"})


def corpus(features):
    labels = np.arange(150) % 3
    clips = [{"clip_id": f"{GENRES[g]}.{i}", "genre": GENRES[g]} for i, g in enumerate(labels)]
    subsets = ("train", "valid", "test", "train", "valid")
    split = [{"clip_id": clip["clip_id"], "subset": subsets[i // 3 % 5]} for i, clip in enumerate(clips)]
    return labels, Data.of_split(clips, split, features)


@pytest.fixture
def columns():
    """Three features of one column each: one tells two genres apart, one a little, one nothing."""
    random = np.random.default_rng(0)
    labels = np.arange(150) % 3
    values = random.standard_normal((150, 3)) + np.stack([2.0 * (labels == 1), 0.8 * (labels == 2), 0 * labels], 1)
    return [feature(name, values[:, [i]], ["column"]) for i, name in enumerate(("clear", "faint", "none"))]


def trained(fitted):
    return permutation.Trained(fitted.data, lambda data, rows: fitted.predict(rows))


def fit(module, data, tmp_path, **settings):
    fitted = module.build(data, {"scaler_fit_on": "train", "max_iter": 500, **settings}, 0, NUMERICS)
    fitted.fit(tmp_path, "")
    return fitted


def test_of_single_columns_it_is_scikit_learns(columns, tmp_path):
    labels, data = corpus(columns)
    fitted = fit(logistic, data, tmp_path, C=1.0)
    accuracy, losses = permutation.importance(trained(fitted), ["clear", "faint", "none"], repeats=20, seed=3)
    rows = data.rows["valid"]
    inputs = fitted.scaler.flat(data.features, rows)
    expected = permutation_importance(
        fitted.estimator, inputs, labels[rows], scoring="accuracy", n_repeats=20, random_state=3
    )
    assert accuracy == fitted.estimator.score(inputs, labels[rows])
    np.testing.assert_allclose(list(losses.values()), expected.importances, atol=1e-12)
    mean = {name: np.mean(values) for name, values in losses.items()}
    assert mean["clear"] > 0.2 > mean["faint"] > 0.05 > mean["none"]


def test_all_of_a_feature_moves_at_once(tmp_path):
    """Two columns that cancel each other out: exchanged together they still do, one by one they would not."""
    random = np.random.default_rng(0)
    labels = np.arange(150) % 3
    noise = 50 * random.standard_normal(150)
    pair = feature("pair", np.stack([noise + (labels == 1), -noise], 1), ["column"])
    other = feature("other", (labels == 2)[:, None] + 0.0, ["column"])
    _, data = corpus([pair, other])
    fitted = fit(logistic, data, tmp_path, C=1e9)
    accuracy, losses = permutation.importance(trained(fitted), ["pair", "other"], repeats=5, seed=0)
    assert accuracy == 1
    # a genre that is moved is a third of the cases; torn columns would leave chance, a loss of 2/3
    assert 0.3 < np.mean(losses["pair"]) < 0.55


def test_what_is_pooled_from_a_feature_moves_with_it_and_the_model_is_as_before(tmp_path):
    random = np.random.default_rng(0)
    labels = np.arange(150) % 3
    loud = feature("loud", random.standard_normal((150, 2, 9)) + labels[:, None, None], ["band", "frame"])
    dull = feature("dull", random.standard_normal((150, 2, 9)), ["band", "frame"])
    _, data = corpus([loud, dull])
    settings = {"pooling": ["mean", "max"], "classifier": "logistic", "C": [1.0]}
    fitted = fit(linear_probe, data, tmp_path, **settings)
    before = fitted.predict(data.rows["test"])
    accuracy, losses = permutation.importance(trained(fitted), ["loud", "dull"], repeats=5, seed=0)
    assert accuracy - np.mean(losses["loud"]) == pytest.approx(1 / 3, abs=0.1)  # nothing else says the genre
    assert abs(np.mean(losses["dull"])) < 0.1
    np.testing.assert_array_equal(fitted.predict(data.rows["test"]), before)


def test_it_reads_validation_clips_only(columns, tmp_path):
    _, data = corpus(columns)
    fitted = fit(logistic, data, tmp_path, C=1.0)
    for one in data.features:
        one.values.cache[data.rows["test"]] = np.nan
        one.values.cache[data.rows["train"]] = np.nan
    accuracy, losses = permutation.importance(trained(fitted), ["clear", "faint", "none"], repeats=2, seed=0)
    assert np.isfinite([accuracy, *np.ravel(list(losses.values()))]).all()


@pytest.mark.parametrize("model", ["logistic", "random_forest", "linear_probe"])
def test_the_model_of_a_run_is_loaded_and_not_trained_again(columns, tmp_path, model):
    _, data = corpus(columns)
    clips = [{"clip_id": f"{GENRES[i % 3]}.{i}", "genre": GENRES[i % 3]} for i in range(150)]
    subset = {int(data.clips[row]): name for name, rows in data.rows.items() for row in rows}
    files.write_rows(tmp_path / "manifest.csv", ["clip_id", "genre"], clips)
    split = [{"clip_id": clip["clip_id"], "subset": subset[i]} for i, clip in enumerate(clips)]
    files.write_rows(tmp_path / "split.csv", ["clip_id", "subset"], split)
    paths = []
    for one in columns:
        np.save(tmp_path / f"{one.name}.npy", one.values)
        files.write_json(tmp_path / f"{one.name}.json", one.description)
        paths.append(tmp_path / f"{one.name}.json")
    settings = {"C": 1.0, "n_estimators": 10, "scaler_fit_on": "train", "max_iter": 500}
    settings |= {"pooling": ["mean"], "classifier": "logistic", "C": [1.0]} if model == "linear_probe" else {}
    module = importlib.import_module(f"genrebench.models.{model}")
    fitted = module.build(data, settings, 4, NUMERICS)
    fitted.fit(tmp_path, "")
    run = tmp_path / "run"
    (run / "model").mkdir(parents=True)
    fitted.save(run / "model")
    names = [one.name for one in columns]
    config = {"model": model, "settings": settings | {"features": names}, "compute": NUMERICS, "seed": 4}
    files.write_json(run / "config.json", config)
    files.write_json(run / "status.json", {"status": "done", "reason": None})
    found = permutation.of_run(run, tmp_path / "manifest.csv", tmp_path / "split.csv", paths, repeats=3)
    accuracy, losses = permutation.importance(trained(fitted), names, repeats=3, seed=4)
    assert found["valid_accuracy"] == pytest.approx(accuracy, abs=1e-9)
    for name in names:
        assert found["loss"][name] == pytest.approx(losses[name], abs=1e-9)
    files.write_json(run / "status.json", {"status": "unavailable", "reason": "no artists"})
    found = permutation.of_run(run, tmp_path / "manifest.csv", tmp_path / "split.csv", paths, repeats=3)
    assert found == {"available": False, "reason": "no artists", "loss": {}}
