"""Tags of degraded clips, and those of other clips that are moved like them."""

import numpy as np
import pytest
from scipy.special import expit

from genrebench.common.cli import InputError
from genrebench.features.musicnn_tags import logit
from genrebench.inference import degraded_tags
from genrebench.inference.degraded_tags import CLEAN, Measured

RANDOM = np.random.default_rng(0)
TAGS = RANDOM.uniform(0.05, 0.4, (60, 50))


def measured(**degraded):
    names = np.array([f"jazz.{number:05}" for number in range(60)])
    return Measured(names, np.array(["jazz"] * 60), names, {CLEAN: TAGS, **degraded})


def test_what_all_clips_lose_the_copies_lose():
    found = degraded_tags.move(TAGS[:3], measured(quieter=expit(logit(TAGS) - 0.5), same=TAGS))
    assert found.shape == (2, 3, 50)
    np.testing.assert_allclose(logit(found[0]), logit(TAGS[:3]) - 0.5, atol=1e-6)
    np.testing.assert_allclose(found[1], TAGS[:3], atol=1e-6)


def test_a_change_that_follows_from_the_tags_is_predicted(monkeypatch):
    monkeypatch.setattr(degraded_tags, "RIDGE", 1e-6)
    halved = measured(halved=expit(logit(TAGS) / 2))
    other = RANDOM.uniform(0.05, 0.4, (5, 50))
    np.testing.assert_allclose(logit(degraded_tags.move(other, halved)[0]), logit(other) / 2, atol=1e-3)


def test_what_is_unexplained_is_drawn_by_the_seed():
    noisy = measured(noise=expit(logit(TAGS) + RANDOM.standard_normal((60, 1)) * np.ones(50)))
    first, again, other = (degraded_tags.move(TAGS, noisy, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.std(logit(first) - logit(TAGS)) > 0.5 and not np.array_equal(first, other)


def test_some_of_the_clips():
    some = measured(same=TAGS).only(np.arange(60) < 4)
    assert some.ids[-1] == "jazz.00003" and len(some.groups) == 4 and some.tags["same"].shape == (4, 50)


def test_a_folder_without_clips_of_gtzan_is_refused(tmp_path):
    (tmp_path / "jazz.00000.wav").write_bytes(b"another file")
    with pytest.raises(InputError, match="has no clip of GTZAN"):
        degraded_tags.measure(tmp_path, {"jazz.00000": {"md5": "0", "artist_group": ""}}, 183, tmp_path / "cache")
