"""EfficientNet-Lite0: its layers, reading ImageNet's weights, and the frozen network's linear classifier."""

from pathlib import Path

import keras
import numpy as np
import pytest

import network_checks
from genrebench.common.cli import InputError
from genrebench.models import image_transfer
from genrebench.training.data import Data, Feature
from genrebench.workflow import pretrained

WEIGHTS = Path("data/weights/image_transfer", pretrained.FILES["image_transfer"])
SETTINGS = image_transfer.Settings(image_size=[32, 48], handle="none").model_dump()
COMPUTE = {"threads": 1, "backend": "tensorflow", "precision": "float32"}


def network(shape=(16, 20), **settings):
    return image_transfer.architecture({"mel_image": shape}, 3, SETTINGS | settings)


def convolutions():
    given = keras.Input((96, 128, 3))
    x = image_transfer.convolutions(given, trained=False)
    return keras.Model(given, keras.layers.GlobalAveragePooling2D()(x))


def as_published(model, change=lambda arrays: arrays):
    """The weights of a network by the names and axes of PyTorch."""
    arrays = {}
    for layer in model.layers:
        if layer.name in image_transfer.LAYERS:
            inside, _, own = layer.name.rpartition(".")
            stored = f"_{inside}._{own}" if inside else f"_{own}"
            values = layer.get_weights()
            if "conv" in own:
                axes = (2, 3, 0, 1) if "depthwise" in own else (3, 2, 0, 1)
                arrays[f"{stored}.weight"] = values[0].transpose(axes)
            else:
                names = ("weight", "bias", "running_mean", "running_var")
                arrays |= {f"{stored}.{name}": value for name, value in zip(names, values, strict=True)}
    return change(arrays)


def test_it_is_what_every_network_is(tmp_path):
    tuned = {"trained": "all"}
    network_checks.gives_probabilities(network(**tuned))
    network_checks.saves_its_weights(lambda: network(**tuned), tmp_path)
    network_checks.gives_probabilities(network((20, 16), orientation="frames"))


def test_it_has_the_layers_and_the_weights_of_efficientnet_lite0():
    model = convolutions()
    assert {layer.name for layer in model.layers if layer.weights} == image_transfer.LAYERS
    assert model.count_params() == 3_413_024  # of the 4,694,024 with its last layer of 1281 x 1000
    assert model.output_shape == (None, 1280)


def test_fine_tuning_keeps_the_statistics_of_the_photographs():
    handle = image_transfer.Settings().handle
    model = network(trained="all", handle=handle)
    kinds = {type(layer).__name__ for layer in model.layers if layer.trainable_weights}
    assert kinds == {"Conv2D", "DepthwiseConv2D", "Dense"}
    assert not image_transfer.caveats(SETTINGS | {"handle": handle}) and image_transfer.caveats(SETTINGS)


def test_weights_are_read_into_every_layer(tmp_path):
    keras.utils.set_random_seed(0)
    first = convolutions()
    for layer in first.layers:
        if layer.name.endswith(("bn0", "bn1", "bn2")):
            layer.set_weights([np.random.default_rng(0).uniform(0.5, 1, w.shape) for w in layer.get_weights()])
    np.savez(tmp_path / "weights.npz", **as_published(first))
    second = convolutions()
    image_transfer.load_imagenet(second, tmp_path / "weights.npz")
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    image_transfer.check(tmp_path / "weights.npz")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays: {k: v for k, v in arrays.items() if k != "_bn0.bias"}, "no weights of the layer bn0"),
        (lambda arrays: arrays | {"_conv_head.weight": np.zeros((9, 320, 1, 1))}, "for the layer conv_head"),
        (lambda arrays: arrays | {"_conv_stem.weight": np.zeros(3)}, "no weights of the layer conv_stem"),
        (lambda arrays: {"_conv_stem.weight": np.array([print], dtype=object)}, "no readable file of weights"),
    ],
)
def test_other_weights_are_refused(tmp_path, change, words):
    np.savez(tmp_path / "weights.npz", **as_published(convolutions(), change))
    with pytest.raises(InputError, match=words):
        image_transfer.check(tmp_path / "weights.npz")


def test_without_weights_it_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = image_transfer.Settings().model_dump()
    assert "fetch_weights.py image_transfer" in image_transfer.unavailable(settings)
    with pytest.raises(InputError, match=r"fetch_weights\.py image_transfer"):
        image_transfer.initialise(None, settings)


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="`python scripts/fetch_weights.py image_transfer` was not run")
def test_with_the_weights_of_imagenet_it_computes_what_timm_computes():
    """The values were computed once by tf_efficientnet_lite0 of timm 1.0.31 with the same weights."""
    model = convolutions()
    image_transfer.load_imagenet(model, WEIGHTS)
    row, column, channel = np.meshgrid(np.arange(96), np.arange(128), np.arange(3), indexing="ij")
    picture = np.sin(row / 7 + channel) * np.cos(column / 11 - channel)
    (found,) = model.predict(picture[None].astype(np.float32), verbose=0)
    np.testing.assert_allclose(found[[5, 7]], [0.01213, 0.15328], atol=2e-5)
    np.testing.assert_allclose([found.sum(), np.linalg.norm(found)], [270.40976, 24.430025], rtol=1e-4)
    assert found.argmax() == 71


@pytest.mark.parametrize("genres", [2, 3])
def test_the_frozen_network_learns_its_last_layer_alone(genres, tmp_path):
    random = np.random.default_rng(0)
    names = ["jazz", "metal", "pop"][:genres]
    labels = np.arange(30) % genres
    pictures = random.standard_normal((30, 16, 20)).astype(np.float32)
    pictures[np.arange(30), :, 3 * labels] += 4
    manifest = [{"clip_id": f"c{i}", "genre": names[label]} for i, label in enumerate(labels)]
    split = [
        {"clip_id": f"c{i}", "subset": ("train", "train", "valid", "test", "train")[i // 3 % 5]} for i in range(30)
    ]
    described = {"axes": ["row", "pixel"], "available": True, "lengths": None, "seconds": None}
    data = Data.of_split(manifest, split, [Feature("mel_image", pictures, described)], None, None)
    fitted = image_transfer.build(data, SETTINGS, 0, COMPUTE)
    before = fitted.model.get_weights()
    (row,) = fitted.fit(tmp_path, "")
    after = fitted.model.get_weights()
    changed = [not np.array_equal(one, other) for one, other in zip(before, after, strict=True)]
    assert changed == [False] * (len(before) - 2) + [True, True]
    scores = data.scores(data.rows["valid"], fitted.predict(data.rows["valid"]))
    assert row["val_accuracy"] == scores["accuracy"] and row["val_loss"] == pytest.approx(scores["loss"], rel=1e-4)
    assert row["accuracy"] > 0.9
