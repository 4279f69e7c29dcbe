"""The models, one module each; scripts/train_model.py loads one by name.

A module has SETTINGS (the JSON schema of its settings in params.yaml) and `build(data, settings, seed, threads)`.
This returns an object, not yet fitted, with `fit() -> history`, `save(folder)` and `predict(rows) -> probabilities`.
"""
