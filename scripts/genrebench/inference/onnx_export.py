"""Write a trained Keras network as ONNX, which ONNX Runtime computes without Keras and TensorFlow."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genrebench.common import files
from genrebench.inference.loader import NETWORK
from genrebench.training import backend
from genrebench.workflow.entries import features_of

if TYPE_CHECKING:  # they take seconds to import, and `backend` has to be set before
    import keras
    import tensorflow as tf

OPSET = 18


def write_network(folder: Path, module: str, settings: Mapping[str, Any]) -> None:
    """Write `model.onnx` beside the weights of a trained network.

    Parameters
    ----------
    folder : Path
        With model.json and model.weights.h5.
    module : str
        The module of the model in `genrebench.models`.
    settings : mapping
        Of the model.
    """
    backend.choose({"backend": "tensorflow", "threads": 1})  # whichever backend trained: the weights are the same
    backend.prepare({"backend": "tensorflow", "threads": 1, "precision": "float32"}, 0)
    described = files.read_json(folder / "model.json")
    shapes = {name: tuple(described["shapes"][name]) for name in features_of(settings)}
    network = importlib.import_module(f"genrebench.models.{module}")
    model = network.architecture(shapes, len(described["genres"]), described["settings"])
    model.load_weights(folder / "model.weights.h5")
    write_onnx(model, folder / NETWORK)


def write_onnx(model: "keras.Model", path: Path) -> None:
    """Write a Keras model, whose inputs and single output have names, for batches of any size; float32."""
    import tensorflow as tf
    import tf2onnx

    names = [tensor.name for tensor in model.inputs]
    signature = [tf.TensorSpec((None, *tensor.shape[1:]), tf.float32, name=tensor.name) for tensor in model.inputs]

    @tf.function(input_signature=signature)
    def call(*values: "tf.Tensor") -> "tf.Tensor":
        return model(dict(zip(names, values, strict=True)), training=False)

    handlers: dict[str, Any] = {"Erfc": (_erfc, []), "ScaleAndTranslate": (_scale_and_translate, [])}
    with files.atomic(path) as temporary:
        tf2onnx.convert.from_function(
            call, signature, opset=OPSET, custom_op_handlers=handlers, output_path=str(temporary)
        )


def _erfc(context: Any, node: Any, name: str, args: Any) -> None:
    """erfc(x) as 1 - erf(x), which ONNX has: part of the exact GELU."""
    (given,), (shape,), (kind,) = node.input, node.output_shapes, node.output_dtypes
    (output,) = node.output
    context.remove_node(node.name)
    one = context.make_const(f"{name}/one", np.float32(1)).output[0]
    erf = context.make_node("Erf", [given]).output[0]
    context.make_node("Sub", [one, erf], outputs=[output], shapes=[shape], dtypes=[kind])


def _scale_and_translate(context: Any, node: Any, name: str, args: Any) -> None:
    """Resize with antialiasing: linear in rows and in columns, so two matrices, taken from TensorFlow.

    Keras resizes without a shift.
    """
    picture, size = node.input[:2]
    sizes = context.get_node_by_output(size).get_tensor_value()
    (output,), (kind,), (shape,) = node.output, node.output_dtypes, node.output_shapes
    attributes = {"kernel_type": node.get_attr_str("kernel_type"), "antialias": bool(node.get_attr_int("antialias"))}
    matrices = [
        _resizing(given, wanted, attributes)
        for given, wanted in zip(context.get_shape(picture)[1:3], sizes, strict=True)
    ]
    context.remove_node(node.name)
    inputs = [context.make_const(f"{name}/axis{i}", matrix).output[0] for i, matrix in enumerate(matrices)]
    context.make_node(
        "Einsum",
        [picture, *inputs],
        attr={"equation": "nhwc,ih,jw->nijc"},
        outputs=[output],
        shapes=[shape],
        dtypes=[kind],
    )


def _resizing(given: int, wanted: int, attributes: dict[str, Any]) -> np.ndarray:
    """The matrix (wanted, given) that resizes an axis."""
    import tensorflow as tf

    unit = np.eye(given, dtype=np.float32)[None, :, :, None]
    scale = [np.float32(wanted) / np.float32(given), np.float32(1)]
    # in a graph of its own: the converter calls this while it builds one, in which nothing is computed
    with tf.compat.v1.Session(graph=tf.Graph()) as session, session.graph.as_default():
        resized = tf.raw_ops.ScaleAndTranslate(
            images=unit, size=[wanted, given], scale=scale, translation=[0.0, 0.0], **attributes
        )
        return session.run(resized)[0, :, :, 0]
