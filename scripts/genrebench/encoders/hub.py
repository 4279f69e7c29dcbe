"""Encoders of sound from Hugging Face's hub, by its library transformers, on PyTorch.

An encoder is a folder with `config.json`, `preprocessor_config.json` and `model.safetensors`. What it takes as input is
made by its own feature extractor: samples (HuBERT, WavLM, wav2vec 2.0 ...) or a spectrogram (CLAP, AST, Whisper ...).
Code that a folder brings is never run, and weights are read as tensors and nothing else.
"""

import inspect
import json
import math
import os
import pickle
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read by the import of Hugging Face's libraries
import transformers
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from genrebench.common.cli import InputError

# what the library raises where a folder or a configuration is not what it should be
FAULTS = (
    *(OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError, ImportError, NotImplementedError),
    *(pickle.UnpicklingError, SafetensorError, StrictDataclassError),
)
# False, or the library asks at the terminal whether to run code that the folder brings
HERE = {"local_files_only": True, "trust_remote_code": False}
AUDIO_PARTS = ("audio_model", "audio_tower", "audio_encoder", "speech_encoder")  # of models that also take other input
FRAME_S = 0.01  # from one frame to the next of the spectrograms whose length AST's extractor gives
UNLIMITED_S = 5.0  # windows of a model that takes input of any length


def load(folder: Path, safe: bool = True) -> tuple[Any, torch.nn.Module]:
    """The processor and the model that a folder has, in single precision; InputError where it does not have them.

    Weights that are not `safe`tensors are read as tensors and nothing else.
    """
    try:
        processor = transformers.AutoFeatureExtractor.from_pretrained(folder, **HERE)
        draw_from(0)  # what no published weights have is drawn: the mask, which only training uses
        model, found = transformers.AutoModel.from_pretrained(
            folder, **HERE, use_safetensors=safe, dtype=torch.float32, output_loading_info=True
        )
    except FAULTS as error:
        raise InputError(
            f"{folder} has no model of sound that the library transformers can load: {_line(error)}"
        ) from None
    if missing := sorted(set(found["missing_keys"]) - {"masked_spec_embed"}):
        raise InputError(
            f"{folder} lacks {len(missing)} of the weights of a {type(model).__name__}, such as {missing[0]}, which "
            "would be random: were they saved under other names?"
        )
    return processor, model


def empty(folder: Path) -> tuple[Any, torch.nn.Module]:
    """The processor and the model that a folder describes, without its weights: those are random."""
    try:
        processor = transformers.AutoFeatureExtractor.from_pretrained(folder, **HERE)
        model = transformers.AutoModel.from_config(transformers.AutoConfig.from_pretrained(folder, **HERE))
    except FAULTS as error:
        raise InputError(f"{folder} describes no model of sound that transformers knows: {_line(error)}") from None
    return processor, model


def new(config: dict[str, Any]) -> tuple[Any, torch.nn.Module]:
    """A processor, and a model with random weights, of the kind and the sizes that `config` gives.

    Raises InputError where there is none of that kind, or not of these sizes.
    """
    sizes = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
    kind = sizes.pop("model_type")
    try:
        configuration = transformers.AutoConfig.for_model(kind)
        if unknown := sorted(set(sizes) - set(configuration.to_dict())):
            raise InputError(f"A network of the kind {kind} has no {', '.join(unknown)}; correct it in params.yaml")
        configuration = transformers.AutoConfig.for_model(kind, **sizes)
        processor = transformers.FEATURE_EXTRACTOR_MAPPING[type(configuration)]()
        model = transformers.AutoModel.from_config(configuration)
    except FAULTS as error:
        raise InputError(
            f"No network of sound of the kind {kind} can be made of the sizes in params.yaml: {_line(error)}"
        ) from None
    return processor, model


class Encoder:
    """A frozen encoder: from a window of samples to its embedding.

    Parameters
    ----------
    processor, model
        As `load` returns them.
    name : str
        Its folder, or what it is.

    Attributes
    ----------
    sample_rate : int
        Hz of the samples.
    longest_s : float or None
        Seconds of the model's input, to which its feature extractor pads; None where any length will do.
    """

    def __init__(self, processor: Any, model: Any, name: str):
        self.processor, self.model, self.name = processor, model.eval(), name
        self.is_codec = hasattr(model, "quantizer")
        self.part = _audio_part(self.model)
        self.sample_rate: int = processor.sampling_rate
        self.longest_s = _longest_s(processor)

    def windows(self, samples: np.ndarray, window_s: float | None) -> list[np.ndarray]:
        """Split samples into windows, by default as long as the model's input; the last one ends with the samples.

        A rest that is shorter than a quarter of a window is left out. A shorter clip is one window, which the feature
        extractor brings to the length of the model's input, or zeros pad where there is none.

        Raises
        ------
        InputError
            If the windows are longer than the model's input.
        """
        if window_s is not None and self.longest_s is not None and window_s > self.longest_s:
            raise InputError(
                f"{self.name} takes {self.longest_s:g} s at most, and window_s is {window_s:g}: correct it in "
                "params.yaml, or leave it out"
            )
        size = round((window_s or self.longest_s or UNLIMITED_S) * self.sample_rate)
        count = max(1, math.floor(len(samples) / size + 0.75))
        if len(samples) <= size:
            return [samples if self.longest_s else np.pad(samples, (0, size - len(samples)))]
        return [samples[start : start + size] for start in (min(k * size, len(samples) - size) for k in range(count))]

    def embed(self, samples: np.ndarray, layers: str | int, pooling: str) -> np.ndarray:
        """Embed a window.

        Parameters
        ----------
        samples : array of shape (samples,)
            Full scale is 1.
        layers : {"last", "mean"} or int
            The last layer, the mean of all, or one by its number (0 is what the first layer takes as input).
        pooling : {"mean", "pooler", "projection"}
            The mean over time (and frequency) of the layers; what the model itself makes of its last layer; or that in
            the space that it shares with texts.

        Returns
        -------
        array of shape (dimensions,)
            float32.

        Raises
        ------
        InputError
            If the model has no such layer or embedding.
        """
        try:
            inputs = self.processor(samples, sampling_rate=self.sample_rate, return_tensors="pt")
            with torch.inference_mode():
                found = self._pooled(inputs, layers, len(samples)) if pooling == "mean" else self._own(inputs, pooling)
        except FAULTS as error:
            raise InputError(f"{self.name} gives no embedding of sound ({_line(error)[:300]})") from None
        return found.numpy().astype(np.float32, copy=False)

    def texts(self, sentences: Sequence[str]) -> tuple[np.ndarray, float]:
        """Embed texts in the space of `pooling: projection`.

        Returns
        -------
        (array of shape (texts, dimensions), float)
            float64 of length 1, and the factor by which the model multiplies cosines of sounds and texts.

        Raises
        ------
        InputError
            If the model shares no space with texts, or its folder has no tokenizer.
        """
        if not hasattr(self.model, "get_text_features") or not hasattr(self.model, "logit_scale_a"):
            raise InputError(f"{self.name} shares no space with texts; take one as CLAP")
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(self.name, **HERE)
            if len(tokenizer) <= len(tokenizer.all_special_tokens):  # what the library makes where there are no files
                raise InputError(f"{self.name} has no words of a tokenizer: fetch the weights again")
            tokens = tokenizer(list(sentences), padding=True, return_tensors="pt")
            with torch.inference_mode():
                found = self.model.get_text_features(**tokens).pooler_output
        except FAULTS as error:
            raise InputError(f"{self.name} has no tokenizer that can be used ({_line(error)[:300]})") from None
        return found.numpy().astype(np.float64), self.model.logit_scale_a.exp().item()

    def _own(self, inputs: Any, pooling: str) -> torch.Tensor:
        if pooling == "projection":
            if not hasattr(self.model, "get_audio_features"):
                raise InputError(f"{self.name} shares no space with texts: `pooling: projection` is for one as CLAP")
            outputs = self._run(self.model.get_audio_features, inputs)
        else:
            outputs = self._run(self.part.forward, inputs)
        if getattr(outputs, "pooler_output", None) is None:
            raise InputError(f"{self.name} has no pooler: `pooling: mean` is for every model")
        return outputs.pooler_output[0]

    def _pooled(self, inputs: Any, layers: str | int, samples: int) -> torch.Tensor:
        if self.is_codec:
            if layers != "last":
                raise InputError(f"{self.name} is a codec, and gives its last layer only: set `layers: last`")
            return self._run(self.part.forward, inputs)[0].mean(-1)  # of (1, dimensions, steps)
        if layers == "last":
            return self._mean(self._run(self.part.forward, inputs).last_hidden_state, samples)
        hidden = self._run(self.part.forward, inputs, output_hidden_states=True).hidden_states
        if isinstance(layers, int):
            if layers >= len(hidden):
                raise InputError(f"{self.name} has the layers 0 to {len(hidden) - 1}, and no layer {layers}")
            return self._mean(hidden[layers], samples)
        if len({layer.shape for layer in hidden}) > 1:
            raise InputError(f"The layers of {self.name} have different sizes: `layers` is last, or a number")
        return self._mean(torch.stack(hidden).mean(0), samples)

    def _run(self, function: Any, inputs: Any, **options: bool) -> Any:
        """Call a function of the model with the sound, whatever the name of it, and the other inputs that it takes."""
        sound = self.processor.model_input_names[0]
        known = inspect.signature(function).parameters
        others = {name: value for name, value in inputs.items() if name != sound and name in known}
        return function(inputs[sound], **others, **options)

    def _mean(self, values: torch.Tensor, samples: int) -> torch.Tensor:
        """The mean over the steps, (1, steps, dimensions), or over an image, (1, dimensions, height, width)."""
        if values.ndim > 3:
            return values[0].flatten(1).mean(1)
        steps = values.shape[1]
        if length := getattr(self.processor, "n_samples", None):  # the rest is silence, with which it was padded
            steps = max(1, math.ceil(steps * min(1.0, samples / length)))
        return values[0, :steps].mean(0)


def frozen(folder: Path | None, config: dict[str, Any]) -> Encoder:
    """The encoder in a folder, or one of random weights of the kind and sizes of `config`; it computes on one thread.

    Sums in another order are other numbers.
    """
    return _frozen(folder, json.dumps(config, sort_keys=True))


@cache
def _frozen(folder: Path | None, config: str) -> Encoder:
    prepare(1)
    draw_from(0)
    described = json.loads(config)
    processor, model = load(folder) if folder else new(described)
    return Encoder(processor, model, str(folder or f"A network of the kind {described['model_type']}"))


def prepare(threads: int) -> None:
    """Have PyTorch compute the same each time, on so many threads, and the library be silent."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def draw_from(*parts: int) -> None:
    """Seed PyTorch, and NumPy's global generator, from which the library draws its masks."""
    first, second = np.random.SeedSequence(parts).generate_state(2)
    torch.manual_seed(int(first))
    np.random.seed(int(second))


def _audio_part(model: Any) -> Any:
    """The part of a model that takes what its feature extractor gives."""
    for name in AUDIO_PARTS:
        if hasattr(model, name):
            return getattr(model, name)
    if model.config.is_encoder_decoder or hasattr(model, "quantizer"):  # as Whisper, or a codec
        return model.get_encoder()
    return model


def _longest_s(processor: Any) -> float | None:
    """Seconds of the spectrogram that a feature extractor makes of any input; None where it keeps the length."""
    for name in ("n_samples", "nb_max_samples"):  # of Whisper and CLAP
        if length := getattr(processor, name, None):
            return float(length) / processor.sampling_rate
    if isinstance(processor, transformers.ASTFeatureExtractor):
        return float(processor.max_length) * FRAME_S
    return None


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
