"""Settings that features share. Importing them costs nothing but pydantic, so that the Snakefile can."""

from typing import Any

from pydantic import Field, field_validator

from genrebench.common.strict_model import StrictModel

HUBERT = "https://huggingface.co/facebook/hubert-base-ls960/tree/dba3bb02fda4248b6e082697eee756de8fe8aa8a"
# Sizes of a small network with random weights, for trying a speech transformer out, by its kind.
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "num_feat_extract_layers": 3,
    "conv_dim": [32, 32, 32],
    "conv_kernel": [10, 8, 8],
    "conv_stride": [10, 8, 8],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}
SIZES = {"hubert": SMALL, "wavlm": SMALL | {"num_buckets": 32}, "wav2vec2": SMALL}


class FeatureSettings(StrictModel):
    """What every feature understands."""

    module: str | None = Field(None, description="The module that computes the entry, if not of the entry's name.")
    normalise_loudness: bool = Field(False, description="Whether clips are first scaled to the loudness of `audio`.")


class PretrainedSettings(FeatureSettings):
    """Of networks that were pretrained on music of the usual loudness."""

    normalise_loudness: bool = Field(True, description="Whether clips are first scaled to the loudness of `audio`.")


class SpectrumSettings(FeatureSettings):
    """Of features that are computed from the short-time Fourier transform."""

    n_fft: int = Field(2048, ge=16, description="Samples of the analysis window (Hann).")
    hop_length: int = Field(512, ge=1, description="Samples from one frame to the next.")


class FrameSettings(FeatureSettings):
    """Of features that are computed from frames of the samples."""

    frame_length: int = Field(2048, ge=2, description="Samples of a frame.")
    hop_length: int = Field(512, ge=1, description="Samples from one frame to the next.")


class OnsetSettings(SpectrumSettings):
    """Of features that are computed from the onset strength."""

    n_mels: int = Field(128, ge=1, description="Mel bands in which onsets are looked for.")


class HubSettings(StrictModel):
    """Of a pretrained encoder of Hugging Face's hub, frozen or fine-tuned."""

    handle: str = Field(
        HUBERT,
        min_length=1,
        description="Page of the weights on Hugging Face's hub, with its revision, or a folder; none: random weights.",
    )
    config: dict[str, Any] = Field(
        {"model_type": "hubert"},
        description=(
            "With the handle none, the network: model_type and its sizes, as transformers names them (hidden_size, "
            "num_hidden_layers ...). hubert, wavlm and wav2vec2 have small sizes where none are given."
        ),
    )

    @field_validator("handle")
    @classmethod
    def _has_revision(cls, handle: str) -> str:
        revision = handle.rpartition("/tree/")[2]
        if handle.startswith("https://huggingface.co/") and not (len(revision) == 40 and revision.isalnum()):
            raise ValueError("an address on the hub ends with /tree/ and the 40 digits of a revision")
        return handle

    @field_validator("config")
    @classmethod
    def _complete(cls, config: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(config.get("model_type"), str):
            raise ValueError("needs the key model_type: hubert, wavlm, wav2vec2 ...")
        return SIZES.get(config["model_type"], {}) | config
