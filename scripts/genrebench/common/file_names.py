"""Names of files that are made from other names: titles of songs, ids of clips, genres."""

import hashlib

LONGEST = 255  # bytes of a name, on the common file systems
ROOM = 28  # bytes for a suffix, and for what a writer puts around a name while it writes


def shortened(name: str, suffix: str = "") -> str:
    """A name with a suffix, short enough for a file: each part between slashes is cut as `cut` does."""
    return "/".join(cut(part, LONGEST - ROOM) for part in name.split("/")) + suffix


def cut(name: str, longest: int) -> str:
    """A name of at most `longest` bytes: of a longer one the beginning, and a digest that keeps it apart."""
    data = name.encode(errors="surrogateescape")
    if len(data) <= longest:
        return name
    end = f"~{hashlib.sha256(data).hexdigest()[:8]}"
    return data[: longest - len(end)].decode(errors="ignore").rstrip() + end  # whole characters only
