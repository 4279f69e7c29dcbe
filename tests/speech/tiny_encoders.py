"""Tiny encoders with random weights, saved as those of the hub are."""

import json

import torch
import transformers
from tokenizers.pre_tokenizers import ByteLevel

from genrebench.encoders import hub

TRANSFORMER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
CLAP_RATE, CLAP_S = 12000, 1  # another rate than that of any other model here


def ast(folder):
    config = transformers.ASTConfig(**TRANSFORMER, max_length=64, num_mel_bins=16, patch_size=8)
    extractor = transformers.ASTFeatureExtractor(max_length=64, num_mel_bins=16)
    return _saved(folder, transformers.ASTForAudioClassification(config), extractor)  # with a head, as on the hub


def whisper(folder):
    layers = {f"{part}_{name}": 2 for part in ("encoder", "decoder") for name in ("layers", "attention_heads")}
    sizes = {"d_model": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "vocab_size": 100, "pad_token_id": 0}
    special = {"bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 3}
    config = transformers.WhisperConfig(**layers, **sizes, **special, num_mel_bins=16, max_source_positions=100)
    extractor = transformers.WhisperFeatureExtractor(feature_size=16, chunk_length=2)
    return _saved(folder, transformers.WhisperForConditionalGeneration(config), extractor)


def hubert(folder):
    convolutions = {"conv_dim": (8, 8), "conv_kernel": (10, 8), "conv_stride": (10, 8), "num_feat_extract_layers": 2}
    config = transformers.HubertConfig(**TRANSFORMER, **convolutions, num_conv_pos_embeddings=8)
    config.num_conv_pos_embedding_groups = 2
    return _saved(folder, transformers.HubertModel(config), transformers.Wav2Vec2FeatureExtractor())


def encodec(folder):
    sizes = {"num_filters": 4, "hidden_size": 8, "num_lstm_layers": 1, "codebook_dim": 8, "codebook_size": 16}
    config = transformers.EncodecConfig(**sizes, upsampling_ratios=[8, 4], target_bandwidths=[1.5])
    return _saved(folder, transformers.EncodecModel(config), transformers.EncodecFeatureExtractor())


def clap(folder):
    """With a tokenizer of bytes, and text weights so large that texts are told apart."""
    audio = {
        **{"spec_size": 32, "num_mel_bins": 16, "window_size": 4, "patch_size": 2, "patch_stride": [2, 2]},
        **{"hidden_size": 16, "patch_embeds_hidden_size": 8, "projection_dim": 12, "enable_fusion": False},
        **{"depths": [1, 1], "num_attention_heads": [2, 2], "patch_embed_input_channels": 1},
    }
    text = TRANSFORMER | {"vocab_size": 261, "max_position_embeddings": 80, "projection_dim": 12, "pad_token_id": 1}
    config = transformers.ClapConfig(text_config=text, audio_config=audio, projection_dim=12)
    extractor = transformers.ClapFeatureExtractor(
        feature_size=16, sampling_rate=CLAP_RATE, hop_length=240, fft_window_size=512, max_length_s=CLAP_S,
        frequency_max=6000, truncation="rand_trunc",
    )  # fmt: skip
    hub.draw_from(0)
    model = transformers.ClapModel(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name.startswith("text_model") and weights.ndim > 1:
                weights.mul_(10)
    names = ["<s>", "<pad>", "</s>", "<unk>", *sorted(ByteLevel.alphabet()), "<mask>"]
    vocabulary = {name: number for number, name in enumerate(names)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = transformers.RobertaTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return _saved(folder, model, extractor)


def _saved(folder, model, extractor):
    hub.draw_from(0)
    model.init_weights() if not isinstance(model, transformers.ClapModel) else None
    model.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder
