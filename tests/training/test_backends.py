"""Networks train on TensorFlow, JAX and PyTorch, and weights of one are weights of all."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from train_networks import EVERY_LAYER, networks

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
OTHERS = tuple(name for name in networks() if name not in EVERY_LAYER)


def run(backend, folder, names):
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, HERE / "train_networks.py", backend, folder, *names]
    print(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(EVERY_LAYER, id="every kind of layer"),
        pytest.param(OTHERS, id="the other networks", marks=pytest.mark.exhaustive),
    ],
)
def trained(request, tmp_path_factory):
    """The names of networks, and the folder with their weights and predictions of TensorFlow."""
    folder = tmp_path_factory.mktemp("networks")
    run("tensorflow", folder, request.param)
    return request.param, folder


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_networks_train_and_predict_as_under_tensorflow(trained, backend):
    pytest.importorskip(backend)
    names, folder = trained
    run(backend, folder, names)
    for name in names:
        ours, theirs = (np.load(folder / f"{library}-{name}.npy") for library in ("tensorflow", backend))
        np.testing.assert_allclose(ours, theirs, atol=1e-4, err_msg=name)
