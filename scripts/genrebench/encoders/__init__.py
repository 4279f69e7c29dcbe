"""Pretrained networks that turn samples into embeddings: SavedModels of TensorFlow, and speech transformers."""
