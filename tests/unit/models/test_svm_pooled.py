"""The model of the leakage study: what it reads of each segment, what it is, and what is saved."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from genrebench.common import files
from genrebench.models import svm_pooled
from genrebench.training import serialization
from genrebench.training.data import Data, Feature

GENRES = ("jazz", "metal", "pop")
SETTINGS = {
    **{"features": ["mel"], "scaler_fit_on": "train", "pooling": ["mean", "std"], "C": 10.0},
    "segments": {"length_s": 1.0, "hop_s": 1.0},
}


@pytest.fixture(scope="module")
def data():
    """Segments of 1 s, 4 of each of 45 clips, at 10 frames per second."""
    random = np.random.default_rng(0)
    clips = [{"clip_id": f"{i:02d}", "genre": GENRES[i % 3], "duration_s": "4.0"} for i in range(45)]
    subsets = ("train", "train", "train", "valid", "test")
    split = [{"clip_id": clip["clip_id"], "subset": subsets[i // 3 % 5]} for i, clip in enumerate(clips)]
    values = random.standard_normal((45, 8, 40)) + 0.2 * random.standard_normal((3, 8, 1))[np.arange(45) % 3]
    described = {"axes": ["band", "frame"], "lengths": None, "seconds": 4.0}
    feature = Feature("mel", values.astype(np.float32), described)
    return Data.of_split(clips, split, [feature], SETTINGS["segments"])


def by_hand(data, rows):
    """Means, then standard deviations, of each band of a segment."""
    segments = data.features[0].values[rows].astype(float)
    return np.concatenate([segments.mean(axis=2), segments.std(axis=2)], axis=1)


def test_it_is_scikit_learns_machine_on_means_and_deviations_of_each_segment(data, tmp_path):
    fitted = svm_pooled.build(data, SETTINGS, 0, {"threads": 1})
    (row,) = fitted.fit(None, "")
    train, test = data.rows["train"], data.rows["test"]
    assert (len(train), len(test)) == (27 * 4, 9 * 4)
    scaler = StandardScaler().fit(by_hand(data, train))
    plain = SVC(C=10.0, break_ties=True).fit(scaler.transform(by_hand(data, train)), data.labels[train])
    found = fitted.predict(test)
    inputs = scaler.transform(by_hand(data, test))
    np.testing.assert_array_equal(found.argmax(axis=1), plain.predict(inputs))
    scores = plain.decision_function(inputs)
    np.testing.assert_allclose(found, np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), atol=1e-4)
    assert row["val_accuracy"] > 0.5
    assert fitted.parameters == plain.support_vectors_.size + plain.dual_coef_.size + plain.intercept_.size
    fitted.save(tmp_path)
    saved = serialization.load_estimator(tmp_path / "estimator.skops")
    np.testing.assert_array_equal(saved.decision_function(inputs), fitted.estimator.decision_function(inputs))
    described = files.read_json(tmp_path / "model.json")
    assert (described["estimator"], described["features"]) == ("SVC", ["mel.mean", "mel.std"])


SAVE = """
import sys; sys.path.insert(0, "scripts")
import numpy as np
from sklearn.svm import SVC
from genrebench.training import serialization
x = np.random.default_rng(0).standard_normal((60, 6)); junk = [object() for _ in range(int(sys.argv[2]))]
serialization.save_estimator(sys.argv[1], SVC(C=10.0, break_ties=True).fit(x, np.arange(60) % 3))
"""


def test_two_processes_save_the_same_bytes(tmp_path):
    for name, junk in (("one", "0"), ("two", "5000")):
        subprocess.run([sys.executable, "-c", SAVE, str(tmp_path / name), junk], check=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
