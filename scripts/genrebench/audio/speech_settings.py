"""What the fine-tuned and the frozen speech transformers have in common."""

SAMPLE_RATE = 16000  # Hz

SETTINGS = {
    "handle": {
        "description": "Page of the weights on the hub, with its revision, or a folder; none takes random ones.",
        "type": "string",
        "pattern": "^(?!https://huggingface[.]co/).|/tree/[0-9a-f]{40}$",
    },
    "config": {
        "description": "With the handle none, model_type and sizes of the network, as transformers names them.",
        "type": "object",
        "required": ["model_type"],
        "properties": {
            "model_type": {"description": "Kind of the network: hubert, wavlm ...", "type": "string"},
            "hidden_size": {"description": "Width of the transformer.", "type": "integer"},
            "num_hidden_layers": {"description": "Its layers.", "type": "integer"},
            "num_attention_heads": {"description": "Heads of each attention.", "type": "integer"},
            "intermediate_size": {"description": "Units of the dense layer in each layer.", "type": "integer"},
            "num_feat_extract_layers": {"description": "Convolutions that hear the samples.", "type": "integer"},
            "conv_dim": {"description": "Filters of each.", "type": "array"},
            "conv_kernel": {"description": "Samples, then steps, that each sees.", "type": "array"},
            "conv_stride": {"description": "Samples, then steps, from one to the next.", "type": "array"},
            "num_conv_pos_embeddings": {"description": "Steps that tell a position.", "type": "integer"},
            "num_conv_pos_embedding_groups": {"description": "Groups of that convolution.", "type": "integer"},
            "num_buckets": {"description": "Distances that WavLM tells apart.", "type": "integer"},
        },
    },
}
