"""What is said of a dataset of synthetic music, and of every result and model of it.

Whether a dataset is synthetic is the setting `manifest.synthetic`, which the preset of the demo switches on.
"""

KIND = "synthetic music"
NOTE = f"{KIND}: the accuracy does not hold for real recordings"


def label(dataset: str, synthetic: bool) -> str:
    """The name of a dataset, and that it is synthetic."""
    return f"{dataset} ({KIND})" if synthetic else dataset
