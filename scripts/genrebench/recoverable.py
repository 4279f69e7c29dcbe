"""What a clone can do without until something reads it: by kind, patterns of paths."""

from collections.abc import Iterable
from fnmatch import fnmatch

RECOVERABLE = {
    "audio": ("data/raw/*", "results/*/excerpts"),  # excerpts are pieces of it
    "features": ("results/*/features/*.npy",),
}


def is_recoverable(path: str, kinds: Iterable[str] = tuple(RECOVERABLE)) -> bool:
    """Whether a path is of one of these kinds."""
    return any(fnmatch(path, pattern) for kind in kinds for pattern in RECOVERABLE[kind])
