"""What augmentation does to a batch."""

import numpy as np
import pytest

from genrebench.training.augmentation import augment


def batch(examples=6):
    random = np.random.default_rng(0)
    inputs = {
        "mel": random.standard_normal((examples, 50, 20)).astype(np.float32) + 9,
        "mfcc": random.standard_normal((examples, 100, 13)).astype(np.float32) + 9,
        "table": random.standard_normal((examples, 4)).astype(np.float32) + 9,
    }
    return inputs, np.eye(3, dtype=np.float32)[np.arange(examples) % 3]


def augmented(settings, seed=1):
    return augment(*batch(), settings, set(), np.random.default_rng(seed))


def test_nothing_is_changed_unless_asked_for():
    for found, expected in zip(augmented({}), batch(), strict=True):
        np.testing.assert_equal(found, expected)


def test_the_same_seed_gives_the_same_examples():
    settings = {"mixup": 0.4, "gain": 0.3, "noise": 0.1, "time_masks": [2, 0.2], "band_masks": [1, 0.3]}
    np.testing.assert_equal(augmented(settings), augmented(settings))
    assert not np.array_equal(augmented(settings)[0]["mel"], augmented(settings, seed=2)[0]["mel"])


def test_a_stretch_of_time_is_masked_in_all_features_at_once_and_a_table_never():
    inputs, targets = augmented({"time_masks": [1, 0.5]})
    silent = {name: (inputs[name] == 0).all(axis=2) for name in ("mel", "mfcc")}
    for mel, mfcc in zip(silent["mel"], silent["mfcc"], strict=True):
        assert 0 < mel.sum() <= 25
        assert abs(mel.sum() * 2 - mfcc.sum()) <= 2
        assert np.flatnonzero(np.diff(mel)).size <= 2  # in one piece
        np.testing.assert_allclose(np.flatnonzero(mel)[[0, -1]] * 2, np.flatnonzero(mfcc)[[0, -1]], atol=2)
    assert ((inputs["mel"] == 0).all(axis=2) == (inputs["mel"] == 0).any(axis=2)).all()
    np.testing.assert_array_equal(inputs["table"], batch()[0]["table"])
    np.testing.assert_array_equal(targets, batch()[1])


def test_an_excerpt_fills_the_time_of_all_features_at_once():
    ramp = {name: np.tile(np.linspace(0, 1, steps, dtype=np.float32), (6, 1))[..., None] for name, steps in
            (("mel", 50), ("mfcc", 100))}  # fmt: skip
    picture = np.tile(np.linspace(0, 1, 50, dtype=np.float32), (6, 1))[:, None]
    inputs = {name: values.copy() for name, values in ramp.items()} | {"picture": picture.copy()}
    targets = np.eye(3, dtype=np.float32)[np.arange(6) % 3]
    shown, _ = augment(inputs, targets, {"excerpt": 0.5}, {"picture"}, np.random.default_rng(1))
    lengths = [np.ptp(values[:, [0, -1]], axis=1).ravel() for values in shown.values() if values.shape[1] > 1]
    for mel in shown["mel"][..., 0]:
        assert 0.45 < mel[-1] - mel[0] < 1 and (np.diff(mel) >= 0).all()
    np.testing.assert_allclose(*lengths, atol=0.05)
    np.testing.assert_array_equal(shown["picture"][:, 0], shown["mel"][..., 0])
    assert len(set(shown["mel"][:, 0, 0])) > 1  # each example has an excerpt of its own


def test_bands_are_masked_over_all_time():
    inputs, _ = augmented({"band_masks": [2, 0.2]})
    masked = inputs["mel"] == 0
    assert (masked.all(axis=1) == masked.any(axis=1)).all()
    assert 0 < masked.mean() < 0.4


def test_time_runs_along_the_rows_of_a_picture():
    random = np.random.default_rng(0)
    picture = random.standard_normal((6, 20, 50)).astype(np.float32) + 9
    settings = {"time_masks": [1, 0.5]}
    masked = augment({"mel_image": picture}, batch()[1], settings, {"mel_image"}, random)[0]["mel_image"] == 0
    assert (masked.all(axis=1) == masked.any(axis=1)).all() and masked.any() and not masked.all(axis=2).any()


def test_mixup_mixes_examples_and_their_genres_alike():
    inputs, targets = augmented({"mixup": 1.0})
    plain, genres = batch()
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    # every mixed example is a * own + (1 - a) * partner, with one a for all features and the genres
    share = np.random.default_rng(1).beta(1.0, 1.0)
    for name, values in inputs.items():
        rest = (values - share * plain[name]) / (1 - share)
        partner = [np.abs((plain[name] - row).reshape(6, -1)).max(axis=1).argmin() for row in rest]
        np.testing.assert_allclose(rest, plain[name][partner], atol=1e-3)
        np.testing.assert_allclose(targets, share * genres + (1 - share) * genres[partner], atol=1e-6)


@pytest.mark.parametrize(("name", "axes"), [("gain", (1, 2)), ("noise", ())])
def test_gain_is_one_number_for_an_example_and_noise_one_for_each_value(name, axes):
    inputs, _ = augmented({name: 0.5})
    added = inputs["mel"] - batch()[0]["mel"]
    assert 0.1 < added.std() < 1.2
    if axes:
        np.testing.assert_allclose(added.std(axis=axes), 0, atol=1e-5)
