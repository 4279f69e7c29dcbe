"""Networks as ONNX: nothing is sent, and a file that is no network, or wants more than itself, is refused."""

import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from genrebench.common import onnx_model
from genrebench.common.cli import InputError


def network(path, operator="Add", domain=""):
    """Save a network that adds 1 to its input."""
    one = onnx.numpy_helper.from_array(np.ones(1, np.float32), "one")
    node = helper.make_node(operator, ["x", "one"], ["y"], domain=domain)
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = helper.make_graph([node], "graph", value[:1], value[1:], [one])
    opsets = [helper.make_opsetid("", 18)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    path.write_bytes(model.SerializeToString())
    return model


def test_a_network_is_computed(tmp_path):
    network(tmp_path / "model.onnx")
    (found,) = onnx_model.load(tmp_path / "model.onnx").run(None, {"x": np.array([2], np.float32)})
    assert found == [3]


# What ONNX Runtime keeps for its telemetry (an identifier of the machine, events to send) shows that there is some.
USE = """
import sys
from pathlib import Path
{load}
session.run(None, {{"x": __import__("numpy").zeros(1, "float32")}})
"""
OURS = "from genrebench.common import onnx_model; session = onnx_model.load(Path(sys.argv[1]))"
WITHOUT = "import onnxruntime; session = onnxruntime.InferenceSession(sys.argv[1])"


@pytest.mark.parametrize(("load", "sends"), [(OURS, False), (WITHOUT, True)])
def test_no_telemetry(tmp_path, load, sends):
    network(tmp_path / "model.onnx")
    (tmp_path / "home").mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": "", "CI": "", "GITHUB_ACTIONS": ""}
    command = [sys.executable, "-c", USE.format(load=load), tmp_path / "model.onnx"]
    subprocess.run(command, env=environment, check=True)
    kept = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and "onnxruntime" in str(path)]
    if sends and not kept:
        pytest.skip("this build of ONNX Runtime has no telemetry that is seen from outside")
    assert bool(kept) == sends


def test_weights_in_other_files_are_refused(tmp_path):
    model = network(tmp_path / "model.onnx")
    (tmp_path / "secret").write_bytes(np.array([41], np.float32).tobytes())
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="other files"):
        onnx_model.load(tmp_path / "model.onnx")


@pytest.mark.parametrize("content", [b"", b"\x08\x09", b"PK\x03\x04", b"\0\0\0\0ORTM" + bytes(64)])
def test_what_is_no_network_is_refused_in_a_line(tmp_path, content, capfd):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(InputError, match=r"model\.onnx is no network") as error:
        onnx_model.load(tmp_path / "model.onnx")
    assert "\n" not in str(error.value)
    assert capfd.readouterr().err == ""


def test_operators_of_other_libraries_are_refused(tmp_path):
    network(tmp_path / "model.onnx", "PyOp", "ai.onnx.contrib")
    with pytest.raises(InputError, match=r"model\.onnx is no network"):
        onnx_model.load(tmp_path / "model.onnx")
