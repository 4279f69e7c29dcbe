"""The models, one module each; scripts/train_model.py loads one by name.

A module has SETTINGS (the JSON schema of its settings in params.yaml) and `build(data, settings, seed, numerics)`.
This returns an object, not yet fitted, with `fit(folder, key) -> history`, `save(folder)`, `predict(rows) ->
probabilities`, `describe() -> {backend, device}`, `parameters` (how many) and `seconds` (of each epoch). Classical
models are `genrebench.classical`'s, networks of Keras `genrebench.neural`'s, speech transformers `genrebench.speech`'s.

A module may have `marks(settings)`: what is to be said wherever its numbers appear; EXTRA, the packages that it needs
(genrebench.extras); and SCALES = False, if it needs no scaler.
"""
