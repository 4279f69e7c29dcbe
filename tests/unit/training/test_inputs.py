"""From features to the one tensor that a network reads."""

import keras
import numpy as np
import pytest

from genrebench.common.cli import InputError
from genrebench.training import inputs


def test_frames_of_features_lie_side_by_side_and_the_longer_lose_one():
    shapes = {"mfcc": (5, 3), "contrast": (4, 2), "centroid": (5, 1)}
    model = keras.Model(*inputs.sequence(shapes))
    values = {name: np.random.default_rng(0).standard_normal((2, *shape)) for name, shape in shapes.items()}
    expected = np.concatenate([values[name][:, :4] for name in shapes], axis=2)
    np.testing.assert_allclose(model.predict(values, verbose=0), expected, rtol=1e-6)


def test_features_that_have_no_frames_in_common_are_told():
    with pytest.raises(InputError, match=r"mel \(1292, 128\), mfcc \(2584, 40\)\): give them one hop"):
        inputs.sequence({"mel": (1292, 128), "mfcc": (2584, 40)})
    for function in (inputs.sequence, inputs.plane):
        with pytest.raises(InputError, match=r"feature tabular of a clip has the shape \(57,\)"):
            function({"tabular": (57,)})
    with pytest.raises(InputError, match=r"cannot read 2 features \(mel \(9, 4\), mfcc \(9, 3\)\)"):
        inputs.plane({"mel": (9, 4), "mfcc": (9, 3)})


@pytest.mark.parametrize(("max_steps", "mean_of"), [(0, 1), (7, 1), (9, 1), (6, 2), (3, 3), (2, 4), (1, 7)])
def test_fewer_steps_are_means_of_equally_many(max_steps, mean_of):
    given, x = inputs.sequence({"mel": (7, 2)})
    model = keras.Model(given, inputs.fewer_steps(x, max_steps))
    values = np.random.default_rng(0).standard_normal((2, 7, 2)).astype(np.float32)
    steps = 7 // mean_of
    expected = values[:, : steps * mean_of].reshape(2, steps, mean_of, 2).mean(axis=2)
    np.testing.assert_allclose(model.predict({"mel": values}, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_a_plane_is_the_feature_itself():
    model = keras.Model(*inputs.plane({"mel": (4, 3)}))
    values = np.random.default_rng(0).standard_normal((2, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(model.predict({"mel": values}, verbose=0), values[..., None])
