"""Saving trained models so that equal models have equal bytes: no dates, no memory addresses."""

import io
import json
import math
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common import files
from genrebench.common.cli import InputError

DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive knows

LARGEST_RATIO = 100  # of what an estimator unpacks to and its file


def save_arrays(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Save arrays as .npz, uncompressed, sorted by name."""
    contents = {}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
        contents[f"{name}.npy"] = buffer.getvalue()
    _write_zip(path, contents, zipfile.ZIP_STORED)


def load_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Load what `save_arrays` saved, whoever wrote the file: memory is taken only for what is in it.

    Raises
    ------
    InputError
        If it is another kind of file, or damaged.
    """
    arrays = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.compress_type != zipfile.ZIP_STORED or not member.filename.endswith(".npy"):
                    raise ValueError(f"{member.filename} is no array as it is saved here")
                stream = io.BytesIO(archive.read(member))
                np.lib.format.read_magic(stream)
                shape, in_columns, dtype = np.lib.format.read_array_header_1_0(stream)
                data = stream.read()
                if dtype.kind not in "biuf" or math.prod(shape) * dtype.itemsize != len(data):
                    raise ValueError(f"{member.filename} is no array of numbers of the size that it states")
                array = np.frombuffer(data, dtype).reshape(shape, order="F" if in_columns else "C")
                arrays[member.filename.removesuffix(".npy")] = array
    except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read ({' '.join(str(error).split())[:200]}); make it again") from None
    return arrays


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

    scikit-learn reads the arrays of trees and of kernel machines without looking whether they fit each other: they are
    checked here.

    Raises
    ------
    InputError
        If the file is damaged, has other types, or arrays that do not fit.
    """
    from skops.io import load

    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > LARGEST_RATIO * Path(path).stat().st_size:
            raise ValueError(f"it unpacks to {unpacked / 1e6:.0f} MB")
        estimator = load(path, trusted=["sklearn.tree._tree.Tree"])
        _check_fit(estimator)
    except Exception as error:  # of skops, whatever its nodes meet
        found = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
        raise InputError(f"{path} holds no estimator that can be used ({found}); make it again") from None
    return estimator


def _check_fit(estimator: Any) -> None:
    """Raise ValueError for a forest or a kernel machine whose arrays do not fit each other."""
    classes, width = len(estimator.classes_), estimator.n_features_in_
    for tree in (one.tree_ for one in getattr(estimator, "estimators_", [])):
        left, right, feature = tree.children_left, tree.children_right, tree.feature
        leaf = left == -1
        nodes = np.arange(tree.node_count)
        # children come after their parents, so that every path ends
        good = [
            (nodes < some) & (some < tree.node_count) & (feature >= 0) & (feature < width) for some in (left, right)
        ]
        if not (
            np.array_equal(leaf, right == -1)
            and all((leaf | of_child).all() for of_child in good)
            and tree.value.shape == (tree.node_count, 1, classes)
            and tree.n_features == width
            and tree.node_count > 0
        ):
            raise ValueError("a tree has nodes that do not fit")
    if hasattr(estimator, "support_vectors_"):
        vectors, counts = len(estimator.support_), np.asarray(estimator._n_support)
        if not (
            estimator.support_vectors_.shape == (vectors, width)
            and counts.shape == (classes,)
            and (counts >= 0).all()
            and counts.sum() == vectors
            and estimator._dual_coef_.shape == (classes - 1, vectors)
            and estimator._intercept_.shape == (classes * (classes - 1) // 2,)
            and estimator._sparse is False
        ):
            raise ValueError("a kernel machine has support vectors that do not fit")


def _write_zip(path: str | Path, contents: dict[str, bytes], compression: int) -> None:
    with files.atomic(path) as temporary, zipfile.ZipFile(temporary, "w", compression) as archive:
        for name, data in sorted(contents.items()):
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = compression
            archive.writestr(info, data)
