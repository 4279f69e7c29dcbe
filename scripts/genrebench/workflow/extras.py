"""Packages beyond requirements.lock, which only some models need: whether they are here, and how to get them.

What is here is noted in a folder that git ignores and DVC watches, so that a model that could not be run is run once
its packages have come.
"""

from pathlib import Path

from genrebench.common import files
from genrebench.common.packages import PackageNotFoundError, version
from genrebench.workflow import code_closure

FOLDER = Path("data/extras")
PACKAGES = {"speech": ("torch", "transformers", "safetensors")}


def of(module: str | Path) -> str | None:
    """The extra that a module (its file) names as its EXTRA; None where it needs none."""
    return code_closure.constant(module, "EXTRA", None)


def versions(extra: str) -> dict[str, str] | None:
    """The versions of an extra's packages; None if one is not installed."""
    try:
        return {package: version(package) for package in PACKAGES[extra]}
    except PackageNotFoundError:
        return None


def unavailable(extra: str) -> str | None:
    """Why a model that needs this extra cannot be run: a sentence for people; None if it can."""
    if versions(extra):
        return None
    return f"it needs {' and '.join(PACKAGES[extra][:2])}, which are not installed: `make {extra}` installs them"


def update_notes(folder: Path = FOLDER) -> None:
    """Have `folder` hold `<extra>.json`, the versions of its packages, for each extra that is installed."""
    for extra in PACKAGES:
        note, found = folder / f"{extra}.json", versions(extra)
        if found is None:
            note.unlink(missing_ok=True)
        elif not note.is_file() or files.read_json(note) != found:
            files.write_json(note, found)


def notes(extra: str, folder: Path = FOLDER) -> list[str]:
    """The files that say what is installed of an extra: the versions, if it is, and one that is always there."""
    note = folder / f"{extra}.json"
    return [str(folder / ".gitkeep"), *([str(note)] if note.is_file() else [])]
