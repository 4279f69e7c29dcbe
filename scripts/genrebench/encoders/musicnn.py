"""MusiCNN and its VGG: networks that tag music (Pons and Serra 2019), built from their published weights as ONNX.

J. Pons and X. Serra (2019), musicnn: pre-trained convolutional neural networks for music audio tagging, late-breaking
demo of ISMIR. The weights are files of the Python package `musicnn`, whose code is never imported. Each of the networks
was trained on the 50 most frequent tags of the Million Song Dataset (MSD) or of MagnaTagATune (MTT).

ONNX Runtime computes the networks, in training as in an exported model: they are ready after a fifth of a second, where
TensorFlow alone takes several to be imported.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genrebench.common import onnx_model
from genrebench.common.cli import InputError
from genrebench.encoders import checkpoint

if TYPE_CHECKING:  # 0.1 s, and the settings of the features do without
    import onnx

SAMPLE_RATE = 16000  # Hz
N_FFT, HOP, BANDS = 512, 256, 96  # of the mel spectrogram
FRAMES = 187  # of a window: 3 s
COMPRESSION = 10000  # log10(1 + 10000 x) of the mel power x
OPSET, IR_VERSION = 17, 8
EPSILON = 0.001  # of batch normalisation
MEL = "mel"  # the input
WINDOWS = 4  # that are computed at a time: each takes 9 MB between two layers

MSD_TAGS = (
    *("rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock"),
    *("jazz", "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow"),
    *("electronica", "80s", "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient"),
    *("acoustic", "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening"),
    *("sexy", "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop", "sad"),
    *("House", "happy"),
)
MTT_TAGS = (
    *("guitar", "classical", "slow", "techno", "strings", "drums", "electronic", "rock", "fast", "piano", "ambient"),
    *("beat", "violin", "vocal", "synth", "female", "indian", "opera", "male", "singing", "vocals", "no vocals"),
    *("harpsichord", "loud", "quiet", "flute", "woman", "male vocal", "no vocal", "pop", "soft", "sitar", "solo"),
    *("man", "classic", "choir", "voice", "new age", "dance", "male voice", "female vocal", "beats", "harp", "cello"),
    *("no voice", "weird", "country", "metal", "female voice", "choral"),
)
TAGS = {"MSD_musicnn": MSD_TAGS, "MTT_musicnn": MTT_TAGS, "MSD_vgg": MSD_TAGS, "MTT_vgg": MTT_TAGS}
# What can be had of a network, and how many values that is. `penultimate` is what the last layer takes as input.
LAYERS = {
    "musicnn": {"tags": 50, "penultimate": 200, "max_pool": 753, "mean_pool": 753},
    "vgg": {"tags": 50, "penultimate": 256},
}

Network = Callable[[np.ndarray], np.ndarray]


def layers(network: str) -> dict[str, int]:
    """The layers of a network, one of `TAGS`, and how many values each has."""
    return LAYERS[network.partition("_")[2]]


@cache
def load(folder: Path, network: str, layer: str) -> Network:
    """Load a network up to a layer.

    Parameters
    ----------
    folder : Path
        The folder of the package.
    network : str
        One of `TAGS`.
    layer : str
        One of `layers`.

    Returns
    -------
    callable
        From windows of the compressed mel spectrogram, float32 (windows, 187, 96), to the values of the layer,
        (windows, values).

    Raises
    ------
    InputError
        If the weights are damaged, or those of another network.
    """
    where = folder / network
    weights = checkpoint.read(where)
    try:
        content = to_onnx(weights, network, layer).SerializeToString()
    except (KeyError, ValueError) as error:
        raise InputError(f"{where} has the weights of another network than {network} ({error})") from None
    session = onnx_model.load_content(content, str(where))

    def call(windows: np.ndarray) -> np.ndarray:
        parts = [windows[at : at + WINDOWS] for at in range(0, len(windows), WINDOWS)]
        return np.concatenate([session.run([layer], {MEL: part[:, None]})[0] for part in parts])

    return call


def compress(power: np.ndarray) -> np.ndarray:
    """The input of the networks, float32, from mel power: log10(1 + 10000 x).

    The package computes this in half precision, in which loud music overflows.
    """
    return np.log10(COMPRESSION * power.astype(np.float32) + 1)


def to_onnx(weights: dict[str, np.ndarray], network: str, layer: str) -> "onnx.ModelProto":
    """A network up to a layer, for windows (windows, 1, 187, 96); `weights` are those of its checkpoint."""
    graph = _Graph(weights)
    build = _musicnn if network.endswith("_musicnn") else _vgg
    build(graph)
    return graph.model(layer, layers(network)[layer])


class _Graph:
    """An ONNX graph that is written step by step: each function returns the name of its result."""

    def __init__(self, weights: dict[str, np.ndarray]):
        import onnx

        self.onnx = onnx
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        name = name or f"v{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: np.ndarray) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def normalised(self, x: str, number: int, name: str | None = None) -> str:
        """Batch normalisation, of the channels."""
        prefix = _numbered("batch_normalization", number)
        parts = [
            self.constant(self.weights[f"{prefix}/{part}"])
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        ]
        return self.op("BatchNormalization", x, *parts, name=name, epsilon=EPSILON)

    def convolved(self, x: str, kernel: np.ndarray, bias: np.ndarray, pads: list[int], number: int) -> str:
        """Convolution, ReLU and batch normalisation; `kernel` is (maps, maps before, ...)."""
        x = self.op("Relu", self.op("Conv", x, self.constant(kernel), self.constant(bias), pads=pads))
        return self.normalised(x, number)

    def dense(self, x: str, number: int) -> str:
        prefix = _numbered("dense", number)
        kernel, bias = (self.constant(self.weights[f"{prefix}/{part}"]) for part in ("kernel", "bias"))
        return self.op("Add", self.op("MatMul", x, kernel), bias)

    def model(self, output: str, size: int) -> "onnx.ModelProto":
        helper = self.onnx.helper
        (given, found) = (
            helper.make_tensor_value_info(name, self.onnx.TensorProto.FLOAT, shape)
            for name, shape in ((MEL, [None, 1, FRAMES, BANDS]), (output, [None, size]))
        )
        graph = helper.make_graph(self.nodes, "", [given], [found], self.constants)
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="genrebench"
        )


def _musicnn(graph: _Graph) -> None:
    """Kernels as wide as timbres and as long as rhythms, then three convolutions over time, the last two residual."""
    x = graph.normalised(MEL, 0)
    maps = []
    for number in range(5):
        name = _numbered("conv2d", number)
        kernel = graph.weights[f"{name}/kernel"].transpose(3, 2, 0, 1)
        steps = kernel.shape[2]
        pads = [(steps - 1) // 2, 0, steps // 2, 0]  # time keeps its length
        y = graph.convolved(x, kernel, graph.weights[f"{name}/bias"], pads, number + 1)
        maps.append(graph.op("ReduceMax", y, axes=[3], keepdims=0))  # over the bands
    x = graph.op("Concat", *maps, axis=1)
    found = [x]
    for number in (5, 6, 7):
        name = _numbered("conv2d", number)
        kernel = graph.weights[f"{name}/kernel"][:, :, 0].transpose(2, 1, 0)
        y = graph.convolved(x, kernel, graph.weights[f"{name}/bias"], [3, 3], number + 1)
        x = y if number == 5 else graph.op("Add", y, x)
        found.append(x)
    x = graph.op("Concat", *found, axis=1)
    pooled = [graph.op("ReduceMax", x, axes=[2], keepdims=1), graph.op("ReduceMean", x, axes=[2], keepdims=1)]
    for values, name in zip(pooled, ("max_pool", "mean_pool"), strict=True):
        graph.op("Flatten", values, name=name)
    x = graph.op("Flatten", graph.op("Concat", *pooled, axis=2))  # maximum and mean of a map side by side
    x = graph.op("Relu", graph.dense(graph.normalised(x, 9), 0))
    graph.normalised(x, 10, name="penultimate")
    graph.op("Sigmoid", graph.dense("penultimate", 1), name="tags")


def _vgg(graph: _Graph) -> None:
    """Five convolutions of 3 x 3, each followed by a maximum over (frames, bands)."""
    x = graph.normalised(MEL, 0)
    for number, pool in enumerate(([4, 1], [1, 4], [2, 2], [2, 2], [4, 4]), 1):
        kernel = graph.weights[f"{number}CNN/kernel"].transpose(3, 2, 0, 1)
        x = graph.convolved(x, kernel, graph.weights[f"{number}CNN/bias"], [1, 1, 1, 1], number)
        x = graph.op("MaxPool", x, kernel_shape=pool, strides=pool)
    x = graph.op("Transpose", x, perm=[0, 2, 3, 1])  # the order in which the last layer was trained
    graph.op("Flatten", x, name="penultimate")
    graph.op("Sigmoid", graph.dense("penultimate", 0), name="tags")


def _numbered(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name
