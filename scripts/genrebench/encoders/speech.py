"""Transformers that were pretrained on samples of speech, to be fine-tuned: HuBERT, WavLM, wav2vec 2.0, and others.

They are encoders of the hub (genrebench.encoders.hub) that read samples at 16 kHz and have layers of one width.
"""

from pathlib import Path
from typing import Any

import torch

from genrebench.audio import SPEECH_SAMPLE_RATE as SAMPLE_RATE
from genrebench.common.cli import InputError
from genrebench.encoders import hub


def load(folder: Path) -> tuple[Any, torch.nn.Module]:
    """The processor and the encoder that a folder has; InputError where it does not have them, or reads no samples."""
    processor, encoder = hub.load(folder)
    _require_samples(processor, encoder, folder)
    return processor, encoder


def new(config: dict[str, Any]) -> tuple[Any, torch.nn.Module]:
    """A processor, and an encoder with random weights, of the kind and the sizes that `config` gives.

    Raises InputError where there is none of that kind or not of these sizes, or where it reads no samples.
    """
    processor, encoder = hub.new(config)
    _require_samples(processor, encoder, config["model_type"])
    return processor, encoder


def _require_samples(processor: Any, encoder: Any, what: Any) -> None:
    layered = all(hasattr(encoder.config, name) for name in ("hidden_size", "num_hidden_layers"))
    if encoder.main_input_name != "input_values" or encoder.config.is_encoder_decoder or not layered:
        raise InputError(f"{what} is a model that does not read windows of samples; take one as HuBERT or wav2vec 2.0")
    if processor.sampling_rate != SAMPLE_RATE:
        raise InputError(f"{what} is a model for audio at {processor.sampling_rate} Hz; {SAMPLE_RATE} Hz are needed")
