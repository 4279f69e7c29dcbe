"""Write a network as ONNX, which ONNX Runtime computes without Keras and TensorFlow; the same one as the same bytes."""

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
SAMPLES = "samples"  # the input of the network of a pretrained feature


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
        converted, _ = tf2onnx.convert.from_function(call, signature, opset=OPSET, custom_op_handlers=handlers)
        temporary.write_bytes(canonical(converted))


def write_saved_model(folder: Path, path: Path) -> None:
    """Write the network of a pretrained feature, a SavedModel (genrebench.encoders.saved_model), as ONNX."""
    import tensorflow as tf
    import tf2onnx
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = tf.saved_model.load(str(folder))

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.float32, name=SAMPLES)])
    def call(samples: "tf.Tensor") -> "tf.Tensor":
        outputs = model(samples)
        return outputs[1] if isinstance(outputs, tuple | list) and len(outputs) > 1 else outputs

    concrete = call.get_concrete_function()
    frozen = convert_variables_to_constants_v2(concrete)
    # constants that the network holds as tensors are inputs of the graph, unless they are put in their places
    held = {tensor.name: value for value, tensor in concrete.graph.captures if value.dtype != tf.resource}
    with tf.Graph().as_default() as graph:
        constants = {name: tf.constant(value.numpy()) for name, value in held.items()}
        tf.import_graph_def(frozen.graph.as_graph_def(), input_map=constants, name="")
    with files.atomic(path) as temporary:
        converted, _ = tf2onnx.convert.from_graph_def(
            graph.as_graph_def(), input_names=[f"{SAMPLES}:0"], output_names=[frozen.outputs[0].name], opset=OPSET
        )
        temporary.write_bytes(canonical(converted))


def canonical(model: Any) -> bytes:
    """Serialise a network of ONNX so that the same computation has the same bytes.

    The converter names what it makes by counters of the process, and orders it by these names. Here nodes are ordered
    by what they need, beginning with the outputs of the graph, and named by their places.
    """
    del model.metadata_props[:]
    model.doc_string = ""
    kept = {value.name: value.name for value in (*model.graph.input, *model.graph.output)}
    _rename(model.graph, kept, "")
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    opsets = [type(opset).FromString(opset.SerializeToString()) for opset in opsets]
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    return model.SerializeToString(deterministic=True)


def _rename(graph: Any, names: dict[str, str], prefix: str) -> None:
    """Order the nodes of a graph and rename what is in it; `names` has the names from outside, by the old ones."""
    graph.name = graph.doc_string = ""
    makers = {name: node for node in graph.node for name in node.output if name}
    stored = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[Any] = []
    constants: list[Any] = []
    seen: set[str] = set()
    pending = [value.name for value in reversed(graph.output)]
    while pending:
        name = pending[-1]
        node = makers.get(name)
        if name in seen or (node is None and name not in stored):
            pending.pop()  # done, an input, or from outside
            continue
        missing = [] if node is None else [n for n in _needed(node) if n in {*makers, *stored} and n not in seen]
        if missing:
            pending.extend(reversed(missing))
            continue
        pending.pop()
        if node is None:
            constants.append(stored[name])
            names[name] = names.get(name, f"{prefix}c{len(constants)}")
            seen.add(name)
        else:
            nodes.append(node)
            for place, output in enumerate(node.output):
                if output:
                    names[output] = names.get(output, f"{prefix}v{len(nodes)}_{place}")
                    seen.add(output)
    for tensor in constants:
        tensor.name = names[tensor.name]
    for number, node in enumerate(nodes):
        node.name = node.doc_string = ""
        inputs, outputs = ([names.get(name, name) for name in some] for some in (node.input, node.output))
        del node.input[:], node.output[:]
        node.input.extend(inputs)
        node.output.extend(outputs)
        attributes = sorted((type(a).FromString(a.SerializeToString()) for a in node.attribute), key=lambda a: a.name)
        for inner in attributes:
            inner.doc_string = ""
            if inner.HasField("t"):
                inner.t.name = ""
            for place, part in enumerate([inner.g] if inner.HasField("g") else inner.graphs):
                own = {value.name: f"{prefix}n{number}_{inner.name}{place}_i{i}" for i, value in enumerate(part.input)}
                for value in part.input:
                    value.name = own[value.name]
                scope = names | own
                _rename(part, scope, f"{prefix}n{number}_{inner.name}{place}_")
                for value in part.output:
                    value.name = scope.get(value.name, value.name)
        del node.attribute[:]
        node.attribute.extend(attributes)
    copies = [[type(one).FromString(one.SerializeToString()) for one in some] for some in (nodes, constants)]
    for field, copied in zip((graph.node, graph.initializer), copies, strict=True):
        del field[:]
        field.extend(copied)
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.Clear()  # of any size


def _needed(node: Any) -> list[str]:
    """What a node takes as input, and what the graphs in it take from outside."""
    found = [name for name in node.input if name]
    for attribute in sorted(node.attribute, key=lambda a: a.name):
        for graph in [attribute.g] if attribute.HasField("g") else attribute.graphs:
            own = {value.name for value in (*graph.input, *graph.initializer)}
            own |= {name for inner in graph.node for name in inner.output}
            wanted = [*(name for inner in graph.node for name in _needed(inner)), *(v.name for v in graph.output)]
            found += [name for name in wanted if name not in own]
    return found


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
