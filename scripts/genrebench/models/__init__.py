"""The models, one module each; `genrebench.training.run` loads one by name.

A module has `Settings`, a pydantic model of its settings with their defaults, and the function
`build(data, settings, seed, compute)`, where `settings` are those of an entry under `models` in the parameters, with
every default. It returns an object that is not yet fitted, with `fit(folder, key) -> history`, `save(folder)`,
`predict(rows) -> probabilities`, `describe() -> {backend, device}`, `parameters` (how many) and `seconds` (of each
epoch): a `SklearnModel`, a `KerasModel` or a `TransformerModel` of genrebench.training.

A module may have `caveats(settings)`: what is to be said wherever its numbers appear; and EXTRA, the packages that it
needs (genrebench.workflow.extras).

The Snakefile imports the modules for their settings: what takes time to import (keras, scikit-learn, PyTorch) is
imported by the functions that need it.

An entry under `models` in the parameters is named after its module, or names it (`module`).
"""
