"""Versions of the packages that results depend on."""

import importlib.metadata
from importlib.metadata import PackageNotFoundError

__all__ = ["PackageNotFoundError", "version"]


def version(package: str) -> str:
    """The version of an installed package; TensorFlow's, whichever of its two packages it is."""
    try:
        return importlib.metadata.version(package)
    except PackageNotFoundError:
        if package != "tensorflow":
            raise
        return importlib.metadata.version("tensorflow-cpu")  # the same code without the parts for GPUs
