"""Versions of the packages that results depend on, and where packages are."""

import importlib.metadata
from importlib.metadata import PackageNotFoundError
from pathlib import Path

__all__ = ["PackageNotFoundError", "folder", "version"]


def version(package: str) -> str:
    """The version of an installed package; TensorFlow's, whichever of its two packages it is."""
    try:
        return importlib.metadata.version(package)
    except PackageNotFoundError:
        if package != "tensorflow":
            raise
        return importlib.metadata.version("tensorflow-cpu")  # the same code without the parts for GPUs


def folder(package: str) -> Path | None:
    """The folder of an installed package, which has its name, without importing it; None if it is not installed."""
    try:
        path = Path(str(importlib.metadata.distribution(package).locate_file(package)))
    except PackageNotFoundError:
        return None
    return path if path.is_dir() else None
