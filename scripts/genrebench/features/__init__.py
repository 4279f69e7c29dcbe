"""The features, one module each; `genrebench.extraction.store` finds them by name.

A module has the constants SETTINGS (the JSON schema of each of its settings in params.yaml), AXES (names of the axes
of one clip's array; time, where there is one, is the last), UNIT and PAD_VALUE (what stands after the end of a shorter
clip), and `extract(clip, **settings)`, which returns one clip's array, unpadded. Where the first axis is
`column`, `columns(**settings)` gives the names along it. SAMPLE_RATE is in the modules of pretrained models, which
hear audio at a rate of their own (Hz); EXTRA names the packages without which the feature is of no use
(genrebench.workflow.extras).

An entry under `features` in params.yaml is named after its module, or names it (`module`).
"""

TIME = ("frame", "block", "segment", "sample")  # names of axes that are time
