"""The models, one module each; scripts/train_model.py loads one by name.

A module has SETTINGS (the JSON schema of its settings in params.yaml) and `build(data, settings, seed, compute)`.
This returns an object, not yet fitted, with `fit(folder, key) -> history`, `save(folder)`, `predict(rows) ->
probabilities`, `describe() -> {backend, device}`, `parameters` (how many) and `seconds` (of each epoch). SklearnModel
models are `genrebench.training.sklearn_model`'s, networks of Keras `genrebench.training.keras_model`'s, speech transformers `genrebench.training.transformer_model`'s.

A module may have `caveats(settings)`: what is to be said wherever its numbers appear; EXTRA, the packages that it needs
(genrebench.workflow.extras); and SCALES = False, if it needs no scaler.
"""
