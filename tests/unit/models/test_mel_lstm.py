"""The LSTM on mel frames."""

import keras
import numpy as np
from keras import layers

import network_checks
from genrebench.models import mel_lstm

SETTINGS = {"units": [6, 5], "summary": "last", "dense": [4], "dropout": 0.3, "max_steps": 0}


def network(shape=(16, 20), **settings):
    return mel_lstm.architecture({"mel": shape}, 3, SETTINGS | settings)


def of_kind(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def test_it_is_what_every_network_is(tmp_path):
    network_checks.gives_probabilities(network())
    network_checks.trains_every_weight(network())
    network_checks.saves_its_weights(network, tmp_path)


def test_layers_and_their_sizes_are_those_of_the_settings():
    model = network(shape=(9, 7))
    assert [layer.units for layer in of_kind(model, layers.LSTM)] == [6, 5]
    assert [layer.units for layer in of_kind(model, layers.Dense)] == [4, 3]
    assert [layer.rate for layer in of_kind(model, layers.Dropout)] == [0.3] * 3
    by_hand = 4 * 6 * (7 + 6 + 1) + 4 * 5 * (6 + 5 + 1) + (5 + 1) * 4 + (4 + 1) * 3
    assert model.count_params() == by_hand
    assert network(units=[5], dense=[]).count_params() == 4 * 5 * (20 + 5 + 1) + (5 + 1) * 3


def test_the_order_of_the_frames_matters_and_the_lstm_makes_few_steps():
    model = network(shape=(40, 4), max_steps=12)
    first, *_ = of_kind(model, layers.LSTM)
    assert first.input.shape == (None, 10, 4)
    assert model.count_params() == network(shape=(40, 4)).count_params()
    values = np.random.default_rng(0).standard_normal((1, 40, 4)).astype(np.float32)
    forwards, backwards = (model.predict({"mel": x}, verbose=0) for x in (values, values[:, ::-1]))
    assert not np.allclose(forwards, backwards)


def test_the_summary_is_the_last_output_or_the_mean_of_all():
    """Of a network whose dense layers are left out, by what its LSTM gives."""
    values = np.random.default_rng(0).standard_normal((2, 16, 20)).astype(np.float32)
    for summary, expected in (("last", lambda steps: steps[:, -1]), ("mean", lambda steps: steps.mean(axis=1))):
        model = network(summary=summary, dense=[])
        *_, last = of_kind(model, layers.LSTM)
        steps = layers.LSTM(last.units, return_sequences=True)
        steps.build(last.input.shape)
        steps.set_weights(last.get_weights())
        heard = keras.Model(model.inputs, last.input).predict({"mel": values}, verbose=0)
        summarised = expected(np.asarray(steps(heard)))
        dense = of_kind(model, layers.Dense)[-1]
        found = keras.Model(model.inputs, dense.input).predict({"mel": values}, verbose=0)
        np.testing.assert_allclose(found, summarised, atol=1e-6)


def test_several_features_and_one_frame_work():
    model = mel_lstm.architecture({"mel": (9, 4), "centroid": (10, 1)}, 2, SETTINGS)
    network_checks.gives_probabilities(model)
    network_checks.gives_probabilities(network(shape=(1, 1), max_steps=5))
