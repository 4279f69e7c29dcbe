"""Every network of params.yaml as ONNX: the same probabilities as Keras gives."""

import importlib

import keras
import numpy as np
import onnxruntime
import pytest
from train_networks import GENRES, SHAPES, networks

from genrebench.inference import onnx_export
from genrebench.workflow.entries import features_of, module_of

NETWORKS = networks()


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_the_same_as_onnx(name, tmp_path):
    settings = NETWORKS[name]
    shapes = {feature: SHAPES[feature] for feature in features_of(settings)}
    shapes = {n: shape if n.startswith("mel_image") else shape[::-1] for n, shape in shapes.items()}  # time first
    module = importlib.import_module(f"genrebench.models.{module_of(name, settings)}")
    keras.utils.set_random_seed(0)
    model = module.architecture(shapes, GENRES, settings)
    onnx_export.write_onnx(model, tmp_path / "model.onnx")
    random = np.random.default_rng(0)
    inputs = {feature: random.standard_normal((7, *shape)).astype(np.float32) for feature, shape in shapes.items()}
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for some in (slice(0, 7), slice(3, 4)):  # of any number of examples
        given = {feature: values[some] for feature, values in inputs.items()}
        np.testing.assert_allclose(session.run(None, given)[0], model.predict_on_batch(given), atol=1e-5)
