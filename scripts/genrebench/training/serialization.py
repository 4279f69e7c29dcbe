"""Saving trained models so that equal models have equal bytes: no dates, no memory addresses."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import files

DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive knows


def save_arrays(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Save arrays as .npz, uncompressed, sorted by name."""
    contents = {}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
        contents[f"{name}.npy"] = buffer.getvalue()
    _write_zip(path, contents, zipfile.ZIP_STORED)


def save_estimator(path: str | Path, estimator: Any) -> None:
    """Save a scikit-learn estimator with skops, its ids renumbered in the order of their appearance."""
    from skops.io import dumps  # 0.3 s, for forests only

    with zipfile.ZipFile(io.BytesIO(dumps(estimator))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    schema = contents.pop("schema.json").decode()
    ids: dict[str, str] = {}
    for old in re.findall(r'"__id__": (\d+)', schema):
        ids.setdefault(old, str(len(ids)))
    # members are named by the ids of the arrays that they hold
    schema = re.sub(r'("__id__": |"file": ")(\d+)', lambda match: match[1] + ids.get(match[2], match[2]), schema)
    renamed = {
        re.sub(r"^\d+", lambda match: ids.get(match[0], match[0]), name): data for name, data in contents.items()
    }
    if len(renamed) != len(contents):
        raise RuntimeError("skops changed the names of its members; see serialization.save_estimator")
    json.loads(schema)
    _write_zip(path, {"schema.json": schema.encode(), **renamed}, zipfile.ZIP_DEFLATED)


def load_estimator(path: str | Path) -> Any:
    """Load what `save_estimator` saved: only types that skops trusts, and the trees of scikit-learn.

    Trees are indexed without bounds checks: a malicious file can crash the process.
    """
    from skops.io import load

    return load(path, trusted=["sklearn.tree._tree.Tree"])


def _write_zip(path: str | Path, contents: dict[str, bytes], compression: int) -> None:
    with files.atomic(path) as temporary, zipfile.ZipFile(temporary, "w", compression) as archive:
        for name, data in sorted(contents.items()):
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = compression
            archive.writestr(info, data)
