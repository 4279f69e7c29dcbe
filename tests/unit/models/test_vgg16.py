"""VGG-16: the layers of keras.applications, reading ImageNet's weights, and its switches."""

from itertools import pairwise

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import network_checks
from genrebench.common.cli import InputError
from genrebench.models import vgg16
from genrebench.workflow import pretrained

PAPER = vgg16.Settings().model_dump() | {"handle": "https://storage.googleapis.com/vgg16.h5"}
SMALL = PAPER | {"handle": "none", "image_size": [32, 40], "width": 0.0625, "fully_connected": [9, 8], "head": [7]}


def network(shape=(16, 20), **settings):
    return vgg16.architecture({"mel_image": shape}, 3, SMALL | settings)


def weighted(model):
    return {layer.name: [tuple(w.shape) for w in layer.weights] for layer in model.layers if layer.weights}


def write_as_keras_applications_did(model, path):
    """The layers' weights in Keras 1's HDF5: a group for each, its attribute naming its arrays."""
    with h5py.File(path, "w") as file:
        names = [layer.name for layer in model.layers]
        file.attrs["layer_names"] = np.array(names, "S")
        for layer in model.layers:
            group = file.create_group(layer.name)
            arrays = dict(zip((f"{layer.name}_W_1:0", f"{layer.name}_b_1:0"), layer.get_weights(), strict=False))
            group.attrs["weight_names"] = np.array(list(arrays), "S")
            for name, array in arrays.items():
                group[name] = array


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_what_every_network_is(tmp_path):
    network_checks.gives_probabilities(network())
    network_checks.trains_every_weight(network(dropout=0.0))
    network_checks.saves_its_weights(network, tmp_path)


@pytest.mark.parametrize("shape", [(1, 1), (50, 13), (217, 336)])
def test_pictures_of_any_size_work(shape):
    network_checks.gives_probabilities(network(shape))
    network_checks.gives_probabilities(network(shape, fully_connected=[]))


def test_layers_up_to_fc2_are_those_of_vgg16(monkeypatch):
    add_weight = layers.Layer.add_weight  # zeros: 138 million random numbers take seconds
    monkeypatch.setattr(layers.Layer, "add_weight", lambda *a, **k: add_weight(*a, **k | {"initializer": "zeros"}))
    ours = vgg16.architecture({"mel_image": (224, 224)}, 10, PAPER)
    published = keras.applications.VGG16(weights=None)
    expected = weighted(published)
    del expected["predictions"]
    assert {name: shapes for name, shapes in weighted(ours).items() if name in expected} == expected
    assert vgg16._imagenet_shapes() == expected
    kinds = (layers.Conv2D, layers.MaxPooling2D, layers.Flatten, layers.Dense)
    order = [type(layer) for layer in ours.layers if isinstance(layer, kinds)]
    theirs = [type(layer) for layer in published.layers if isinstance(layer, kinds)]
    assert order[: len(theirs)] == theirs
    assert ours.get_layer("fc1").input.shape == published.get_layer("fc1").input.shape
    units = [layer.units for layer in ours.layers if isinstance(layer, layers.Dense)]
    assert units == [4096, 4096, 2048, 512, 256, 128, 64, 10]
    assert [layer.rate for layer in ours.layers if isinstance(layer, layers.Dropout)] == [0.5, 0.5]
    head = sum((a + 1) * b for a, b in pairwise(units[1:]))
    assert ours.count_params() == 138_357_544 - 4097 * 1000 + head


def test_with_the_weights_of_vgg16_it_computes_what_vgg16_computes():
    settings = SMALL | {"handle": PAPER["handle"], "image_size": [64, 64], "width": 1.0, "fully_connected": []}
    model = vgg16.architecture({"mel_image": (64, 64)}, 3, settings)
    published = keras.applications.VGG16(weights=None, include_top=False, input_shape=(64, 64, 3), pooling="avg")
    for layer in published.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    pooled = next(layer for layer in model.layers if isinstance(layer, layers.GlobalAveragePooling2D))
    values = np.random.default_rng(0).standard_normal((2, 64, 64)).astype(np.float32)
    found = keras.Model(model.inputs, pooled.output).predict({"mel_image": values}, verbose=0)
    expected = published.predict(np.repeat(values[..., None], 3, axis=3) * vgg16.SPREAD, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * expected.max())


@pytest.mark.parametrize("size", [(7, 7), (1, 2), (3, 10), (14, 21), (9, 22)])
def test_planes_of_other_sizes_are_averaged_to_the_grid_as_torchvision_does(size):
    plane = np.random.default_rng(0).standard_normal((2, *size, 3)).astype(np.float32)
    given = keras.Input(plane.shape[1:])
    found = keras.Model(given, vgg16._on_grid(given)).predict(plane, verbose=0)
    starts = np.floor(np.outer(range(7), size) / 7).astype(int)
    ends = np.ceil(np.outer(range(1, 8), size) / 7).astype(int)
    for i, j in np.ndindex(7, 7):
        part = plane[:, starts[i, 0] : ends[i, 0], starts[j, 1] : ends[j, 1]]
        np.testing.assert_allclose(found[:, i, j], part.mean(axis=(1, 2)), rtol=1e-5, atol=1e-6)


# Weights


def test_weights_of_the_published_format_are_read_into_every_layer_but_the_head(here):
    keras.utils.set_random_seed(0)
    source, model = network(), network()
    folder = here / "data/weights/vgg16"
    folder.mkdir(parents=True)
    write_as_keras_applications_did(source, folder / pretrained.FILES["vgg16"])
    before = {name: model.get_layer(name).get_weights() for name in weighted(model)}
    vgg16.initialise(model, SMALL)  # with the handle `none`
    for name, values in before.items():
        assert all(map(np.array_equal, model.get_layer(name).get_weights(), values))
    vgg16.initialise(model, PAPER)
    changed = {name for name in before if not np.array_equal(model.get_layer(name).get_weights()[0], before[name][0])}
    read = {f"block{b}_conv{n}" for b, (_, count) in enumerate(vgg16.BLOCKS, 1) for n in range(1, count + 1)}
    read |= {"fc1", "fc2"}
    assert changed == read
    for name in read:
        assert all(map(np.array_equal, model.get_layer(name).get_weights(), source.get_layer(name).get_weights()))


def test_weights_that_do_not_fit_are_told(here):
    write_as_keras_applications_did(network(), here / "small.h5")
    with pytest.raises(
        InputError, match=r"weights \[\(3, 3, 3, 4\), \(4,\)\] for the layer block1_conv1, .*\(3, 3, 3, 8\)"
    ):
        vgg16.load_imagenet(network(width=0.125), here / "small.h5")
    with pytest.raises(InputError, match=r"for the layer fc2, but the model needs \[\(9, 5\), \(5,\)\]"):
        vgg16.load_imagenet(network(fully_connected=[9, 5]), here / "small.h5")
    with pytest.raises(InputError, match=r"for the layer block1_conv1, .*\(3, 3, 3, 64\)"):
        vgg16.check(here / "small.h5")
    write_as_keras_applications_did(network(fully_connected=[]), here / "without_top.h5")
    with pytest.raises(InputError, match="no weights of the layer fc1"):
        vgg16.load_imagenet(network(), here / "without_top.h5")
    vgg16.load_imagenet(network(fully_connected=[]), here / "without_top.h5")
    (here / "junk.h5").write_bytes(b"junk")
    with pytest.raises(InputError, match=r"junk\.h5 is no readable HDF5 file"):
        vgg16.check(here / "junk.h5")


def test_without_weights_it_cannot_run_unless_it_is_to_be_trained_from_scratch(here):
    assert "`python scripts/fetch_weights.py vgg16`" in vgg16.unavailable(PAPER)
    assert "553 MB" in vgg16.unavailable(PAPER)
    with pytest.raises(InputError, match="fetch_weights"):
        vgg16.initialise(network(), PAPER)
    assert vgg16.unavailable(SMALL) is None
    assert vgg16.caveats(SMALL) == ["trained from scratch, without ImageNet weights"]
    assert vgg16.caveats(PAPER) == []
    mine = PAPER | {"handle": str(here / "mine")}
    assert "the folder" in vgg16.unavailable(mine)
    (here / "mine").mkdir()
    assert f"lacks the file {pretrained.FILES['vgg16']}" in vgg16.unavailable(mine)
    (here / "mine" / pretrained.FILES["vgg16"]).touch()
    assert vgg16.unavailable(mine) is None


# The paper's switches


def test_the_original_head_is_one_layer_and_the_deeper_one_has_relu_between():
    assert [shapes[0] for shapes in weighted(network(head=[])).values()][-2:] == [(9, 8), (8, 3)]
    *between, last = [layer for layer in network(head=[7, 6, 5]).layers if isinstance(layer, layers.Dense)][2:]
    assert [(layer.units, layer.activation.__name__) for layer in between] == [(n, "relu") for n in (7, 6, 5)]
    assert (last.units, last.activation.__name__) == (3, "softmax")


def test_a_second_softmax_flattens_what_the_first_gives_and_bounds_the_loss():
    once, twice = network(), network(softmax_twice=True)
    twice.set_weights(once.get_weights())
    values, _ = network_checks.batch_of(once)
    first, second = (model.predict(values, verbose=0) for model in (once, twice))
    np.testing.assert_allclose(second, np.exp(first) / np.exp(first).sum(axis=1, keepdims=True), rtol=1e-5)
    network_checks.trains_every_weight(network(softmax_twice=True, dropout=0.0))
    certain = np.exp([1.0, *[0.0] * 9])
    assert round(-np.log(certain[0] / certain.sum()), 2) == 1.46  # of its docstring


def shown(model, values):
    """What the first convolution sees, one of its three equal channels."""
    seen = keras.Model(model.inputs, model.get_layer("block1_conv1").input).predict({"mel_image": values}, verbose=0)
    np.testing.assert_array_equal(seen[..., 0], seen[..., 2])
    return seen[..., 0]


def test_frames_become_a_picture_with_high_frequencies_above():
    values = np.random.default_rng(0).standard_normal((1, 40, 32)).astype(np.float32)
    picture = shown(network((40, 32), orientation="frames"), values)
    np.testing.assert_allclose(picture[0], values[0].T[::-1], atol=1e-6)
    values = values.transpose(0, 2, 1)
    np.testing.assert_allclose(shown(network((32, 40)), values), values, atol=1e-6)


def test_with_imagenets_weights_a_picture_has_the_spread_of_photographs():
    values = np.random.default_rng(0).standard_normal((1, 32, 40)).astype(np.float32)
    picture = shown(network((32, 40), handle=PAPER["handle"]), values)
    np.testing.assert_allclose(picture, values * 255 * np.mean([0.229, 0.224, 0.225]), rtol=1e-3)
