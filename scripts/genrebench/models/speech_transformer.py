"""HuBERT, WavLM or wav2vec 2.0, fine-tuned (paper 000), or another transformer that hears samples or spectra of them.

The paper states that the three were fine-tuned on a smaller set "due to computational constraints", neither its size
nor any setting. Ours is how the field fine-tunes them for classification (Wang et al. 2021, "A fine-tuned wav2vec
2.0/HuBERT benchmark"): the convolutions that hear the samples stay as they are, the transformer and the head learn at
5e-5 with a warm-up over a tenth of the steps; a clip is heard in windows, and its prediction is their mean. Which model
is a question of the `handle`: a page of Hugging Face's hub with the revision, or a folder.
"""

from typing import Any

from genrebench.audio import speech_settings
from genrebench.training import transformer_model
from genrebench.training.data import Data
from genrebench.workflow import pretrained

SETTINGS = {
    **transformer_model.SETTINGS,
    **speech_settings.SETTINGS,
}
EXTRA = "speech"
SCALES = False  # the network's own processor does that


def build(
    data: Data, settings: dict[str, Any], seed: int, compute: dict[str, Any]
) -> transformer_model.TransformerModel:
    """The model for these data."""
    folder = pretrained.locate("speech_transformer", settings["handle"])
    return transformer_model.TransformerModel(folder, settings["config"], data, settings, seed, compute)


def unavailable(settings: dict[str, Any]) -> str | None:
    """Why the model cannot be trained with these settings on this machine: a sentence for people; None if it can."""
    return pretrained.unavailable("speech_transformer", settings)


def caveats(settings: dict[str, Any]) -> list[str]:
    """What is to be said wherever its numbers appear."""
    found = ["random weights, not pretrained"] if settings["handle"] == pretrained.NONE else []
    if settings["training_share"] < 1:
        found.append(f"trained on {settings['training_share']:.0%} of the training clips")
    return found
