"""The features, one module each; `genrebench.extraction` finds them by name.

A module has the constants SETTINGS (the JSON schema of each of its settings in params.yaml), AXES (names of the axes
of one clip's array; the last is time, except where it is `column`), UNIT and PAD_VALUE (what stands after the end of
a shorter clip), and `extract(clip, **settings)`, which returns one clip's array, unpadded.
"""

BROUGHT = "brought"  # in place of settings: a feature that only a dataset with features of its own has
