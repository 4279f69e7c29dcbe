"""Networks of params.yaml as ONNX: the same probabilities as Keras gives."""

import importlib

import keras
import numpy as np
import pytest
from train_networks import EVERY_LAYER, GENRES, SHAPES, networks

from genrebench.common import onnx_model
from genrebench.inference import onnx_export
from genrebench.workflow.entries import features_of, module_of

pytestmark = pytest.mark.long

NETWORKS = networks()


def built(name):
    """The network, and the shapes of its inputs (time first)."""
    settings = NETWORKS[name]
    shapes = {feature: SHAPES[feature] for feature in features_of(settings)}
    shapes = {n: shape if n.startswith("mel_image") else shape[::-1] for n, shape in shapes.items()}
    module = importlib.import_module(f"genrebench.models.{module_of(name, settings)}")
    keras.utils.set_random_seed(0)
    return module.architecture(shapes, GENRES, settings), shapes


def kinds_of_layers(layer):
    """The classes of the layers inside a model, and whether those over time return every step."""
    inner = [
        *getattr(layer, "layers", []),
        *(getattr(layer, name, None) for name in ("forward_layer", "backward_layer")),
    ]
    found = {(type(layer), getattr(layer, "return_sequences", None))}
    return found.union(*(kinds_of_layers(one) for one in inner if one is not None))


def test_few_networks_have_every_kind_of_layer():
    kinds = {name: kinds_of_layers(built(name)[0]) for name in NETWORKS}
    assert set().union(*kinds.values()) == set().union(*(kinds[name] for name in EVERY_LAYER))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in EVERY_LAYER else pytest.mark.exhaustive) for name in NETWORKS]
)
def test_a_network_is_the_same_as_onnx(name, tmp_path):
    model, shapes = built(name)
    onnx_export.write_onnx(model, tmp_path / "model.onnx")
    random = np.random.default_rng(0)
    inputs = {feature: random.standard_normal((7, *shape)).astype(np.float32) for feature, shape in shapes.items()}
    session = onnx_model.load(tmp_path / "model.onnx")
    for some in (slice(0, 7), slice(3, 4)):  # of any number of examples
        given = {feature: values[some] for feature, values in inputs.items()}
        np.testing.assert_allclose(session.run(None, given)[0], model.predict_on_batch(given), atol=1e-5)
