"""The models, one module each; scripts/train_model.py loads one by name.

A module has SETTINGS (the JSON schema of its settings in params.yaml) and `build(data, settings, seed, numerics)`.
This returns an object, not yet fitted, with `fit(folder, key) -> history`, `save(folder)`, `predict(rows) ->
probabilities`, `parameters` (how many) and `seconds` (of each epoch). Classical models are `genrebench.classical`'s,
networks `genrebench.neural`'s. A module may have `marks(settings)`: what is to be said wherever its numbers appear.
"""
