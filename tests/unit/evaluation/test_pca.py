"""Principal components of an ablation's features, and the job that writes them."""

import numpy as np
import pytest

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.evaluation import pca
from genrebench.training.data import Feature

CLIPS = 12
LENGTHS = [9] * 10 + [4, 5]


@pytest.fixture
def features():
    """Six values per frame that have three sources, of 9 and 10 frames; two clips end earlier, in padding."""
    random = np.random.default_rng(0)
    sources = random.standard_normal((CLIPS, 3, 10))
    mixed = np.einsum("vs,csf->cvf", random.standard_normal((6, 3)), sources) * np.array([1, 10, 100, 1, 1, 5])[:, None]
    for clip, length in enumerate(LENGTHS):
        mixed[clip, :, length:] = 1e6
    mixed[:, :, 9] = 1e6
    mfcc, rms = mixed[:, :4, :9], mixed[:, 4:, :]
    return [
        Feature(name, values.astype(np.float32), described(values)) for name, values in (("mfcc", mfcc), ("rms", rms))
    ]


def described(values):
    facts = {"available": True, "reason": None, "axes": ["value", "frame"], "seconds": 0.2, "lengths": LENGTHS}
    return facts | {"shape": list(values.shape), "sha256": "x"}


def test_components_are_those_of_the_correlations_of_the_clips_own_frames(features):
    fitted = pca.fit(features, range(CLIPS), 0.9999)
    values = pca.transform(fitted, features)
    assert values.shape == (CLIPS, 3, 9) and values.dtype == np.float32
    own = np.concatenate([pca.joined(features, clip)[:length] for clip, length in enumerate(LENGTHS)])
    eigenvalues = np.sort(np.linalg.eigvalsh(np.corrcoef(own.T)))[::-1]
    shares = pca.describe(fitted, features, values)["explained_variance"]
    np.testing.assert_allclose(shares, eigenvalues[:3] / 6, atol=1e-5)
    of_own = np.concatenate([values[clip, :, :length].T for clip, length in enumerate(LENGTHS)])
    np.testing.assert_allclose(np.corrcoef(of_own.T), np.eye(3), atol=1e-4)


def test_only_the_given_clips_are_seen(features):
    fitted = pca.fit(features, range(6), 2)
    for feature in features:
        feature.values[6:] *= 7
    again = pca.fit(features, range(6), 2)
    np.testing.assert_array_equal(fitted[-1].components_, again[-1].components_)


def test_what_cannot_be_is_a_sentence(features):
    with pytest.raises(InputError, match=r"ablation\.pca is 7, but mfcc, rms together have 6 values per frame"):
        pca.fit(features, range(CLIPS), 7)
    features[1].values = features[1].values[..., :5]
    with pytest.raises(InputError, match=r"do not fit \(mfcc \(4, 9\), rms \(2, 5\)\)"):
        pca.fit(features, range(CLIPS), 2)


def run(tmp_path, features, available=True):
    for feature in features:
        np.save(tmp_path / f"{feature.name}.npy", feature.values)
        files.write_json(tmp_path / f"{feature.name}.json", feature.description)
    clips = [{"clip_id": f"clip{i}"} for i in range(CLIPS)]
    files.write_rows(tmp_path / "manifest.csv", ["clip_id"], clips)
    split = [clip | {"subset": "train" if i % 2 else "test"} for i, clip in enumerate(clips)]
    files.write_rows(tmp_path / "split.csv", ["clip_id", "subset"], split if available else [])
    files.write_json(tmp_path / "split.json", {"available": available, "reason": None if available else "no artists"})
    pca.reduce_features(
        str(tmp_path / "manifest.csv"), str(tmp_path / "split.csv"),
        [str(tmp_path / f"{feature.name}.json") for feature in features], 2, 1,
        tmp_path / "pca.npy", tmp_path / "pca.json",
    )  # fmt: skip
    return Feature.open(tmp_path / "pca.json")


def test_the_cache_is_as_any_features_and_fitted_on_the_training_clips(features, tmp_path):
    cache = run(tmp_path, features)
    expected = pca.fit(features, range(1, CLIPS, 2), 2)
    np.testing.assert_array_equal(cache.values, pca.transform(expected, features))
    assert cache.name == "pca" and cache.has_time and not cache.by_column
    assert cache.description["available"] and cache.description["lengths"] == LENGTHS
    assert len(cache.description["sha256"]) == 64


def test_without_a_split_or_a_feature_there_is_the_reason(features, tmp_path):
    assert run(tmp_path, features, available=False).description["reason"] == "no artists"
    features[1].description |= {"available": False, "reason": "nobody has it"}
    cache = run(tmp_path, features)
    assert not cache.description["available"] and cache.description["reason"] == "rms is missing: nobody has it"
