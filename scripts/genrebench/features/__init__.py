"""The features, one module each; `genrebench.extraction.store` finds them by name.

A module has the constants AXES (names of the axes of one clip's array; time, where there is one, is the last), UNIT and
PAD_VALUE (what stands after the end of a shorter clip), `Settings`, a pydantic model of its settings with their
defaults, and the function `extract(clip, **settings)`, which returns one clip's array, unpadded. `extract_librosa`,
where there is one, computes the same by librosa's own functions; `audio.engine` of the parameters chooses
(`genrebench.extraction.engine`).

Where the first axis is `column`, `columns(**settings)` gives the names along it. SAMPLE_RATE is in the modules of
pretrained models, which take audio at a rate of their own (Hz), or `sample_rate(**settings)` where their settings give
it. EXTRA names the packages without which the feature is of no use (genrebench.workflow.extras), PACKAGES those that
compute a pretrained model, if not TensorFlow.

An entry under `features` in the parameters is named after its module, or names it (`module`).
"""

TIME = ("frame", "block", "segment", "sample")  # names of axes that are time
