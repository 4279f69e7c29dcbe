"""From caches to trained models."""
