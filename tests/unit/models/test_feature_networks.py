"""The LSTM and the convolutional network on hand-made features."""

import keras
import numpy as np
import pytest
from keras import layers

import network_checks
from genrebench.common.cli import InputError
from genrebench.models import feature_cnn, feature_lstm

PAPER = {"mfcc_20": (1292, 20), "chroma_12": (1292, 12), "spectral_contrast": (1292, 7), "spectral_centroid": (1292, 1)}
PAPER_LSTM, PAPER_CNN = feature_lstm.Settings().model_dump(), feature_cnn.Settings().model_dump()
SMALL_LSTM = {"units": [6, 5], "dropout": 0.1, "recurrent_dropout": 0.2, "l2": 0.0, "max_steps": 0}
SMALL_CNN = {"convolutions": [[6, 5], [7, 3], [5, 3]], "pool": 2, "dense": [8], "dropout": 0.1, "l1": 0.0}
SHAPES = {"mfcc_20": (16, 5), "spectral_centroid": (17, 1)}


def lstm(shapes=SHAPES, **settings):
    return feature_lstm.architecture(shapes, 3, SMALL_LSTM | settings)


def cnn(shapes=SHAPES, **settings):
    return feature_cnn.architecture(shapes, 3, SMALL_CNN | settings)


def of_kind(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize("network", [lstm, cnn])
def test_they_are_what_every_network_is(network, tmp_path):
    network_checks.gives_probabilities(network())
    network_checks.trains_every_weight(network())
    network_checks.saves_its_weights(network, tmp_path)


@pytest.mark.parametrize("network", [lstm, cnn])
def test_features_of_any_size_work_if_their_frames_are_as_many(network):
    network_checks.gives_probabilities(network({"mfcc": (1, 1)}))
    network_checks.gives_probabilities(network({"mfcc": (2, 3), "chroma": (3, 2)}))
    with pytest.raises(InputError, match=r"mel \(1292, 128\), mfcc \(2584, 40\)"):
        network({"mel": (1292, 128), "mfcc": (2584, 40)})


def test_they_have_the_parameters_of_the_paper():
    recurrent = feature_lstm.architecture(PAPER, 10, PAPER_LSTM)
    convolutional = feature_cnn.architecture(PAPER, 10, PAPER_CNN)
    for model, count, module in ((recurrent, 107_466, feature_lstm), (convolutional, 52_298, feature_cnn)):
        assert model.count_params() == count
        assert f"{count:,}" in module.__doc__
    short = {name: (130, values) for name, (_, values) in PAPER.items()}
    assert feature_cnn.architecture(short, 10, PAPER_CNN).count_params() == 52_298


def test_the_lstm_has_both_dropouts_and_few_steps_where_it_is_told():
    model = lstm({"mfcc": (40, 4)}, max_steps=12)
    first, last = of_kind(model, layers.LSTM)
    assert first.input.shape == (None, 10, 4)
    assert (first.return_sequences, last.return_sequences) == (True, False)
    assert all((layer.dropout, layer.recurrent_dropout) == (0.1, 0.2) for layer in (first, last))
    values = np.random.default_rng(0).standard_normal((1, 40, 4)).astype(np.float32)
    for only in ({"dropout": 0.5, "recurrent_dropout": 0.0}, {"dropout": 0.0, "recurrent_dropout": 0.5}):
        dropping = lstm({"mfcc": (40, 4)}, **only)
        assert not np.allclose(dropping({"mfcc": values}, training=True), dropping({"mfcc": values}))


def test_the_convolutions_are_pooled_between_and_averaged_at_the_end():
    model = cnn({"mfcc": (50, 4)})
    kinds = (layers.Conv1D, layers.MaxPooling1D, layers.GlobalAveragePooling1D, layers.Dropout, layers.Dense)
    hidden = [layers.Conv1D, layers.MaxPooling1D]
    expected = [*hidden * 2, layers.Conv1D, layers.GlobalAveragePooling1D, *[layers.Dropout, layers.Dense] * 2]
    assert [type(layer) for layer in model.layers if isinstance(layer, kinds)] == expected
    assert [(layer.filters, layer.kernel_size) for layer in of_kind(model, layers.Conv1D)] == [
        (6, (5,)),
        (7, (3,)),
        (5, (3,)),
    ]
    assert [layer.input.shape[1] for layer in of_kind(model, layers.Conv1D)] == [50, 25, 13]
    assert [layer.activation.__name__ for layer in of_kind(model, layers.Dense)] == ["relu", "softmax"]


@pytest.mark.parametrize(("network", "name", "norm"), [(lstm, "l2", np.square), (cnn, "l1", np.abs)])
def test_all_weights_but_the_biases_are_penalised(network, name, norm):
    model = network(**{name: 0.01})
    weights = [variable for variable in model.trainable_variables if variable.name != "bias"]
    expected = 0.01 * sum(norm(keras.ops.convert_to_numpy(variable)).sum() for variable in weights)
    np.testing.assert_allclose(sum(map(float, model.losses)), expected, rtol=1e-5)
    assert len(model.losses) == len(weights) > 3
