"""Embeddings of a clip from pretrained networks with windows of 0.975 s: YAMNet and VGGish.

A network is a SavedModel, or ONNX in an exported model, called with mono samples (n,) float32 at 16 kHz, full scale 1.
It gives the embeddings (frames, dimensions), alone or as the second of several outputs, as YAMNet does (scores,
embeddings, log-mel).

TensorFlow is imported for the first clip (6 s), and runs on one thread of the processor: sums in another
order are other numbers, and a GPU has an order of its own.
"""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from genrebench.audio.clip import Clip
from genrebench.common import onnx_model
from genrebench.common.cli import InputError
from genrebench.common.quiet import without_stderr
from genrebench.workflow import pretrained

SAMPLE_RATE = 16000  # Hz
WINDOW = 15600  # samples of a frame's window: 96 spectra, 10 ms apart, the last of them 25 ms long
# Frames at a time: memory does not grow with the clip. (Fewer than four take other kernels, with other roundings.)
FRAMES = 32
FILE = "saved_model.pb"  # in the folder of a SavedModel, which can hold a program
ONNX = "model.onnx"

Network = Callable[[np.ndarray], np.ndarray]


def extract(clip: Clip, name: str, handle: str, dimensions: int, hop: int) -> np.ndarray:
    """Compute the embeddings of a clip.

    Parameters
    ----------
    clip : Clip
        The samples, at 16 kHz. What is shorter than one window is padded with zeros to it.
    name, handle : str
        Of the network, and the address or folder of its weights.
    dimensions : int
        Of an embedding.
    hop : int
        Samples from one frame to the next.

    Returns
    -------
    array of shape (frames, dimensions)
        float32. Whether a last window that is not full counts is the network's choice.

    Raises
    ------
    InputError
        If the weights are not there, or not those of such a network.
    """
    if clip.sample_rate != SAMPLE_RATE:
        raise ValueError(f"{name} takes audio at {SAMPLE_RATE} Hz, not at {clip.sample_rate} Hz")
    folder = folder_of(name, handle)
    return in_blocks(network(folder, name, dimensions), clip.samples, hop, str(folder))


def folder_of(name: str, handle: str) -> Path:
    """Where the weights are; raises InputError, saying how to get them, if they are not there."""
    folder = pretrained.locate(name, handle)
    if folder is None:
        raise InputError(pretrained.missing(name, handle))
    return folder


def in_blocks(network: Network, samples: np.ndarray, hop: int, where: str) -> np.ndarray:
    """`network(samples)`, computed of some frames at a time (from `FRAMES` to nearly twice as many).

    Raises InputError, naming the folder `where` the network is, if its frames are not `hop` samples apart.
    """
    samples = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    full = 1 + (len(samples) - WINDOW) // hop
    *earlier, last = range(0, FRAMES * max(1, full // FRAMES), FRAMES)
    # a window more, which the network may have padded, is the first of the next block
    parts = [network(samples[at * hop : (at + FRAMES - 1) * hop + WINDOW])[:FRAMES] for at in earlier]
    parts.append(network(samples[last * hop :]))
    frames = sum(map(len, parts))
    if not full <= frames <= full + 1:
        raise InputError(
            f"{where} holds a model that gives {frames} frames of {len(samples)} samples instead of {full}, one each "
            f"{hop} samples: put the weights there that the feature is named after"
        )
    return np.concatenate(parts)


@cache
def network(folder: Path, name: str, dimensions: int) -> Network:
    """Load the network in `folder`; raises InputError, then or when it is called, if it is not such a network."""
    if (folder / ONNX).is_file():
        return _onnx_network(folder / ONNX, name, dimensions)
    tf = tensorflow()
    failures = (OSError, ValueError, TypeError, KeyError, tf.errors.OpError)
    try:
        model = tf.saved_model.load(str(folder))
    except failures as error:
        raise InputError(f"{folder} holds no SavedModel that TensorFlow can load: {_first_line(error)}") from None
    if not callable(model):
        raise InputError(f"{folder} holds a model that cannot be called; {_expected(name, dimensions)}")

    def call(samples: np.ndarray) -> np.ndarray:
        try:
            outputs = model(tf.constant(samples, tf.float32))
        except failures as error:
            raise InputError(
                f"{folder} holds a model that does not take audio ({_first_line(error)}); {_expected(name, dimensions)}"
            ) from None
        embeddings = outputs[1] if isinstance(outputs, tuple | list) and len(outputs) > 1 else outputs
        shape = getattr(embeddings, "shape", None)
        if shape is None or len(shape) != 2 or shape[1] != dimensions:
            found = type(outputs).__name__ if shape is None else tuple(shape)
            raise InputError(f"{folder} holds a model that gives {found}; {_expected(name, dimensions)}")
        return embeddings.numpy()

    return call


def _onnx_network(path: Path, name: str, dimensions: int) -> Network:
    session = onnx_model.load(path)
    try:
        (given,), (output,) = session.get_inputs(), session.get_outputs()
    except ValueError:
        raise InputError(f"{path} has several inputs or outputs; {_expected(name, dimensions)}") from None

    def call(samples: np.ndarray) -> np.ndarray:
        (embeddings,) = session.run([output.name], {given.name: samples.astype(np.float32, copy=False)})
        if embeddings.ndim != 2 or embeddings.shape[1] != dimensions:
            raise InputError(f"{path} is a model that gives {embeddings.shape}; {_expected(name, dimensions)}")
        return embeddings

    return call


@cache
def tensorflow() -> ModuleType:
    """TensorFlow, on one thread of the processor, and silent; to be called before anything else uses it.

    Raises RuntimeError if TensorFlow has already begun to work on more threads.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with without_stderr():
        import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return tf


def _expected(name: str, dimensions: int) -> str:
    return f"that of {name} takes samples and gives (frames, {dimensions}): put its weights there"


def _first_line(error: Any) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
