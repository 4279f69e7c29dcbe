"""Transformers that were pretrained on sound: HuBERT, WavLM, wav2vec 2.0, and what has their interface.

They come from Hugging Face's library, as a folder with `config.json`, `preprocessor_config.json` and
`model.safetensors`, and run on PyTorch.
"""

import json
import os
import pickle
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read by the import of Hugging Face's libraries
import transformers
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError

from genrebench.audio import SPEECH_SAMPLE_RATE as SAMPLE_RATE
from genrebench.common.cli import InputError

# what the library raises where a folder or a configuration is not what it should be
FAULTS = (
    *(OSError, ValueError, KeyError, TypeError, RuntimeError),
    *(pickle.UnpicklingError, SafetensorError, StrictDataclassError),
)


def load(folder: Path, safe: bool = True) -> tuple[Any, torch.nn.Module]:
    """The processor and the encoder that a folder has, in single precision; InputError where it does not have them.

    Weights that are not `safe`tensors are read as tensors and nothing else.
    """
    try:
        # False, or the library asks at the terminal whether to run code that the folder brings
        here = {"local_files_only": True, "trust_remote_code": False}
        processor = transformers.AutoFeatureExtractor.from_pretrained(folder, **here)
        draw_from(0)  # what no published weights have is drawn: the mask, which only training uses
        encoder, found = transformers.AutoModel.from_pretrained(
            folder, **here, use_safetensors=safe, dtype=torch.float32, output_loading_info=True
        )
    except FAULTS as error:
        raise InputError(
            f"{folder} has no model of sound that the library transformers can load: {_line(error)}"
        ) from None
    if missing := sorted(set(found["missing_keys"]) - {"masked_spec_embed"}):
        raise InputError(
            f"{folder} lacks {len(missing)} of the weights of a {type(encoder).__name__}, such as {missing[0]}, which "
            "would be random: were they saved under other names?"
        )
    _require_samples(processor, encoder, folder)
    return processor, encoder


def empty(folder: Path) -> tuple[Any, torch.nn.Module]:
    """The processor and the encoder that a folder describes, without its weights: those are random."""
    here = {"local_files_only": True, "trust_remote_code": False}
    try:
        processor = transformers.AutoFeatureExtractor.from_pretrained(folder, **here)
        encoder = transformers.AutoModel.from_config(transformers.AutoConfig.from_pretrained(folder, **here))
    except FAULTS as error:
        raise InputError(f"{folder} describes no model of sound that transformers knows: {_line(error)}") from None
    return processor, encoder


def new(config: dict[str, Any]) -> tuple[Any, torch.nn.Module]:
    """A processor, and an encoder with random weights, of the kind and the sizes that `config` gives.

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
        encoder = transformers.AutoModel.from_config(configuration)
    except FAULTS as error:
        raise InputError(
            f"No network of sound of the kind {kind} can be made of the sizes in params.yaml: {_line(error)}"
        ) from None
    _require_samples(processor, encoder, kind)
    return processor, encoder


def _require_samples(processor: Any, encoder: torch.nn.Module, what: Any) -> None:
    layered = all(hasattr(encoder.config, name) for name in ("hidden_size", "num_hidden_layers"))
    if encoder.main_input_name != "input_values" or encoder.config.is_encoder_decoder or not layered:
        raise InputError(f"{what} is a model that does not read windows of samples; take one as HuBERT or wav2vec 2.0")
    if processor.sampling_rate != SAMPLE_RATE:
        raise InputError(f"{what} is a model for audio at {processor.sampling_rate} Hz; {SAMPLE_RATE} Hz are needed")


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())


def embed(folder: Path | None, config: dict[str, Any], samples: np.ndarray, layers: str) -> np.ndarray:
    """Embed windows of samples, on one thread of the processor: sums in another order are other numbers.

    Parameters
    ----------
    folder : Path, optional
        The network; None for one of random weights.
    config : dict
        Its kind and its sizes in that case.
    samples : array of shape (windows, samples)
        At 16 kHz, full scale is 1.
    layers : {"last", "mean"}
        The last layer, or the mean of all.

    Returns
    -------
    array of shape (windows, dimensions)
        float32, the mean over each window.
    """
    processor, encoder = _frozen(folder, json.dumps(config, sort_keys=True))
    embeddings = []
    with torch.inference_mode():
        for window in samples:  # one at a time, so that a clip's numbers do not depend on how many there are
            values = processor([window], sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_values"]
            outputs = encoder(values, output_hidden_states=layers == "mean")
            steps = torch.stack(outputs.hidden_states).mean(0) if layers == "mean" else outputs.last_hidden_state
            embeddings.append(steps[0].mean(0).numpy())
    return np.stack(embeddings)


@cache
def _frozen(folder: Path | None, config: str) -> tuple[Any, torch.nn.Module]:
    prepare(1)
    draw_from(0)
    processor, encoder = load(folder) if folder else new(json.loads(config))
    return processor, encoder.eval()


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
