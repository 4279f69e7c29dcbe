"""A trained network of Keras as ONNX, which runs without Keras and TensorFlow."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf2onnx

from genrebench.common import files

OPSET = 18


def write_onnx(model: keras.Model, path: Path) -> None:
    """Write `model`, whose inputs and one output are named, as ONNX for batches of any size; single precision."""
    names = [tensor.name for tensor in model.inputs]
    signature = [tf.TensorSpec((None, *tensor.shape[1:]), tf.float32, name=tensor.name) for tensor in model.inputs]

    @tf.function(input_signature=signature)
    def call(*values: tf.Tensor) -> tf.Tensor:
        return model(dict(zip(names, values, strict=True)), training=False)

    handlers = {"Erfc": (_erfc, []), "ScaleAndTranslate": (_scale_and_translate, [])}
    with files.atomic(path) as temporary:
        tf2onnx.convert.from_function(
            call, signature, opset=OPSET, custom_op_handlers=handlers, output_path=str(temporary)
        )


def _erfc(context: Any, node: Any, name: str, args: Any) -> None:
    """1 - erf(x), which ONNX has: the exact GELU."""
    (given,), (shape,), (kind,) = node.input, node.output_shapes, node.output_dtypes
    (output,) = node.output
    context.remove_node(node.name)
    one = context.make_const(f"{name}/one", np.float32(1)).output[0]
    erf = context.make_node("Erf", [given]).output[0]
    context.make_node("Sub", [one, erf], outputs=[output], shapes=[shape], dtypes=[kind])


def _scale_and_translate(context: Any, node: Any, name: str, args: Any) -> None:
    """Resizing with antialiasing, which is linear in the rows and in the columns: two matrices, as TensorFlow has them.

    Keras scales a picture to its new size, without a shift.
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
    unit = np.eye(given, dtype=np.float32)[None, :, :, None]
    scale = [np.float32(wanted) / np.float32(given), np.float32(1)]
    # A graph of its own: the converter calls this while it makes one, where nothing is computed.
    with tf.compat.v1.Session(graph=tf.Graph()) as session, session.graph.as_default():
        resized = tf.raw_ops.ScaleAndTranslate(
            images=unit, size=[wanted, given], scale=scale, translation=[0.0, 0.0], **attributes
        )
        return session.run(resized)[0, :, :, 0]
