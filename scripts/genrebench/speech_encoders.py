"""Transformers that were pretrained on sound: HuBERT, WavLM, wav2vec 2.0, and what has their interface.

They come from Hugging Face's library, as a folder with `config.json`, `preprocessor_config.json` and
`model.safetensors`, and run on PyTorch.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from genrebench.job import InputError

SAMPLE_RATE = 16000  # Hz


def load(folder: Path) -> tuple[Any, torch.nn.Module]:
    """The processor and the encoder that a folder has; InputError where it does not have them."""
    try:
        processor = transformers.AutoFeatureExtractor.from_pretrained(folder, local_files_only=True)
        encoder = transformers.AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} has no model of sound that the library transformers can load: {' '.join(str(error).split())}"
        ) from None
    if not hasattr(processor, "sampling_rate"):
        raise InputError(f"{folder} has a model of something else than sound: its preprocessor has no sampling rate")
    if processor.sampling_rate != SAMPLE_RATE:
        raise InputError(f"{folder} has a model that hears {processor.sampling_rate} Hz; ours hear {SAMPLE_RATE} Hz")
    return processor, encoder


def new(config: dict[str, Any]) -> tuple[Any, torch.nn.Module]:
    """A processor, and an encoder with random weights, of the kind and the sizes that `config` gives."""
    sizes = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
    configuration = transformers.AutoConfig.for_model(sizes.pop("model_type"), **sizes)
    processor = transformers.FEATURE_EXTRACTOR_MAPPING[type(configuration)]()
    return processor, transformers.AutoModel.from_config(configuration)


def embed(folder: Path | None, config: dict[str, Any], samples: np.ndarray, layers: str) -> np.ndarray:
    """What a network hears in windows (windows, samples): the mean over each, of its `last` layer or the `mean` of all.

    float32 (windows, dimensions). On one thread of the processor: sums in another order are other numbers.
    """
    processor, encoder = _listener(folder, json.dumps(config, sort_keys=True))
    heard = []
    with torch.inference_mode():
        for window in samples:  # one at a time, so that a clip's numbers do not depend on how many there are
            values = processor([window], sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_values"]
            outputs = encoder(values, output_hidden_states=layers == "mean")
            steps = torch.stack(outputs.hidden_states).mean(0) if layers == "mean" else outputs.last_hidden_state
            heard.append(steps[0].mean(0).numpy())
    return np.stack(heard)


@cache
def _listener(folder: Path | None, config: str) -> tuple[Any, torch.nn.Module]:
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
