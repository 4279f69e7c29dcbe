"""Read the arrays of a TensorFlow checkpoint without TensorFlow, whose import takes seconds.

A checkpoint is `<prefix>.index`, a sorted table of names (the format of LevelDB), and `<prefix>.data-00000-of-00001`,
the arrays one after the other. The table has a message of protocol buffers for each name: `BundleEntryProto` in
tensorflow/core/protobuf/tensor_bundle.proto. Nothing in these files can be run.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common.cli import InputError

INDEX, DATA = ".index", ".data-00000-of-00001"
FOOTER = 48  # bytes: where the table's own index is, and the magic number
MAGIC = bytes.fromhex("57fb808b247547db")
UNCOMPRESSED = 0
FLOAT = 1  # DT_FLOAT
# numbers of the fields of BundleEntryProto, of TensorShapeProto and of its dimensions
DTYPE, SHAPE, SHARD, OFFSET, BYTES, DIMENSION, SIZE = 1, 2, 3, 4, 5, 2, 1


def read(folder: Path) -> dict[str, np.ndarray]:
    """Read the float32 arrays of the checkpoint in `folder` whose prefix is the folder itself, by their names.

    Raises
    ------
    InputError
        If there is no such checkpoint, or it is damaged.
    """
    try:
        table, data = (folder / INDEX).read_bytes(), (folder / DATA).read_bytes()
        return dict(_arrays(table, data))
    except OSError as error:
        raise InputError(f"{folder} has no checkpoint that can be read: {error.strerror or error}") from None
    except (ValueError, IndexError, KeyError) as error:
        raise InputError(f"{folder} has a checkpoint that is damaged ({error}); install its package again") from None


def _arrays(table: bytes, data: bytes) -> Iterator[tuple[str, np.ndarray]]:
    footer = table[-FOOTER:]
    if footer[-len(MAGIC) :] != MAGIC:
        raise ValueError("it is no table")
    start = 0
    for _ in range(2):  # of the block of meta data: offset and size
        _, start = _varint(footer, start)
    for _, place in _block(table, footer[start:]):
        for name, message in _block(table, place):
            entry = dict(_fields(message))
            if name and entry.get(DTYPE) == FLOAT and not entry.get(SHARD):
                yield name.decode(), _array(entry, data)


def _array(entry: dict[int, Any], data: bytes) -> np.ndarray:
    dimensions = [dict(_fields(value)) for field, value in _fields(entry.get(SHAPE, b"")) if field == DIMENSION]
    start, size = entry.get(OFFSET, 0), entry.get(BYTES, 0)
    values = np.frombuffer(data[start : start + size], "<f4")
    return values.reshape([dimension.get(SIZE, 0) for dimension in dimensions])


def _block(table: bytes, place: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the block at a place (offset and size); a key leaves out what it shares with the last one."""
    offset, end = _varint(place, 0)
    size, _ = _varint(place, end)
    block = table[offset : offset + size]
    if table[offset + size] != UNCOMPRESSED:
        raise ValueError("it is compressed")
    restarts = int.from_bytes(block[-4:], "little")
    end, at, key = len(block) - 4 * (1 + restarts), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own
        yield key, block[at : at + length]
        at += length


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of the fields of a message of protocol buffers."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
                yield tag >> 3, value
            case 2:
                size, at = _varint(message, at)
                yield tag >> 3, message[at : at + size]
                at += size
            case 5:  # a check sum
                at += 4
            case kind:
                raise ValueError(f"it has a field of the kind {kind}")


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
