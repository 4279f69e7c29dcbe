"""Every network trains on TensorFlow, JAX and PyTorch, and weights of one are weights of all."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.long

HERE = Path(__file__).parent


def run(backend, folder):
    environment = {**os.environ, "PYTHONPATH": "scripts"}
    environment.pop("KERAS_BACKEND", None)
    return subprocess.run(
        [sys.executable, HERE / "train_networks.py", backend, folder],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder with the weights and the predictions of TensorFlow."""
    folder = tmp_path_factory.mktemp("networks")
    print(run("tensorflow", folder))
    return folder


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_networks_train_and_predict_as_under_tensorflow(trained, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    print(run(backend, trained))
    networks = [path.name.removesuffix(".weights.h5") for path in trained.glob("*.weights.h5")]
    assert len(networks) >= 9
    for network in networks:
        ours, theirs = (np.load(trained / f"{name}-{network}.npy") for name in ("tensorflow", backend))
        np.testing.assert_allclose(ours, theirs, atol=1e-4, err_msg=network)
