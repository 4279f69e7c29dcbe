"""What a clone can do without until something reads it."""

from collections.abc import Collection, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from genrebench.workflow.entries import is_precomputed, load_module, module_of

KINDS = ("audio", "features")


def is_recoverable(path: str, features: Mapping[str, Any], kinds: Collection[str] = KINDS) -> bool:
    """Whether an output is of one of these kinds; `features` is that section of params.yaml.

    Audio is also what has pieces of it, or gives it back: excerpts, and features such as a wavelet transform. A folder
    that brings features is neither: nothing here could make them again.
    """
    if fnmatch(path, "data/raw/*"):
        return "audio" in kinds and not Path(path, "manifest.csv").is_file()
    if fnmatch(path, "results/*/excerpts"):
        return "audio" in kinds
    if fnmatch(path, "results/*/features/*.npy"):
        return "features" in kinds or ("audio" in kinds and _gives_audio_back(Path(path).stem, features))
    return False


def _gives_audio_back(name: str, features: Mapping[str, Any]) -> bool:
    if name not in features or is_precomputed(features[name]):
        return False
    return getattr(load_module("features", module_of(name, features[name])), "GIVES_AUDIO_BACK", False)
