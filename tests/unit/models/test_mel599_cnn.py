"""The convolutional network on 599 frames."""

import numpy as np
import pytest
from keras import layers

import network_checks
from genrebench.models import mel599_cnn

DEFAULTS = mel599_cnn.Settings().model_dump()
SMALL = {"frames": 24, "filters": [4, 6, 8], "kernel": 3, "pool": 2, "dropout": 0.5}


def network(shape=(16, 20), settings=SMALL):
    return mel599_cnn.architecture({"mel": shape}, 3, settings)


def test_it_is_what_every_network_is(tmp_path):
    network_checks.gives_probabilities(network())
    network_checks.trains_every_weight(network())
    network_checks.saves_its_weights(network, tmp_path)


def test_it_has_the_layers_of_the_paper_and_the_weights_of_its_docstring():
    model = mel599_cnn.architecture({"mel": (1292, 128)}, 10, DEFAULTS)
    kinds = [type(layer) for layer in model.layers[1:]]
    hidden = [layers.Conv2D, layers.MaxPooling2D]
    assert kinds == [layers.Reshape, layers.Resizing, *hidden * 3, layers.Flatten, layers.Dropout, layers.Dense]
    assert model.layers[2].output.shape == (None, 599, 128, 1)
    assert model.layers[-1].input.shape == (None, 1280)
    assert f"{model.count_params():,} weights" in mel599_cnn.__doc__
    by_two = mel599_cnn.architecture({"mel": (1292, 128)}, 10, DEFAULTS | {"pool": 2})
    assert by_two.layers[-1].input.shape == (None, 76800)


@pytest.mark.parametrize("shape", [(16, 20), (336, 217), (50, 13), (1, 1)])
def test_bands_stay_as_they_are_and_frames_become_as_many_as_the_setting_says(shape):
    model = network(shape, SMALL | {"filters": [4] * 6})
    assert model.layers[2].output.shape == (None, 24, shape[1], 1)
    network_checks.gives_probabilities(model)


def test_resizing_passes_over_no_frame():
    model = network((240, 3))
    values = np.zeros((240, 240, 3), np.float32)
    values[range(240), range(240)] = 1  # each example has one frame that is not silent
    resized = np.asarray(model.layers[2](values[..., None]))
    assert np.all(resized.max(axis=(1, 2, 3)) > 0.01)
    np.testing.assert_allclose(resized.sum(axis=0).mean(), 1, rtol=1e-5)
