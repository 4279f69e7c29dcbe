"""Names of files that are made from other names: titles of songs, ids of clips, genres."""

import hashlib

LONGEST = 255  # bytes of a name, on the common file systems
RESERVED = 16  # bytes for what a writer puts around a name while it writes, and for a longer suffix


def shortened(name: str, suffix: str = "", longest: int = LONGEST - RESERVED) -> str:
    """A name with a suffix, of at most `longest` bytes: a longer one is cut, and a digest of it keeps it apart.

    The same name gives the same file. The name may be a path with slashes: each part is shortened, the suffix is the
    last one's.
    """
    *folders, last = name.split("/")
    return "/".join([*(_short(one, "", longest) for one in folders), _short(last, suffix, longest)])


def _short(name: str, suffix: str, longest: int) -> str:
    data = name.encode(errors="surrogateescape")
    if len(data) + len(suffix.encode()) <= longest:
        return name + suffix
    end = f"~{hashlib.sha256(data).hexdigest()[:8]}{suffix}"
    # whole characters only
    return data[: longest - len(end.encode())].decode(errors="ignore").rstrip() + end
