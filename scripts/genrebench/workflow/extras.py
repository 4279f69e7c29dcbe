"""Packages beyond requirements.lock, which only some features and models need: whether they are installed."""

from pathlib import Path

from genrebench.common.packages import PackageNotFoundError, version
from genrebench.workflow.entries import load_module

PACKAGES = {"speech": ("torch", "transformers", "safetensors")}


def of(module: str | Path) -> str | None:
    """The extra that a module, given as a file, names as its EXTRA; None where it needs none."""
    kind, name = Path(module).with_suffix("").parts[-2:]
    return getattr(load_module(kind, name), "EXTRA", None)


def versions(extra: str) -> dict[str, str] | None:
    """The versions of an extra's packages; None if one of them is not installed."""
    try:
        return {package: version(package) for package in PACKAGES[extra]}
    except PackageNotFoundError:
        return None


def unavailable(extra: str) -> str | None:
    """Why what needs this extra cannot be run: a sentence for people; None if it can."""
    if versions(extra):
        return None
    return f"it needs {' and '.join(PACKAGES[extra][:2])}, which are not installed: `make {extra}` installs them"
