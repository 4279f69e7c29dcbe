"""Mono samples of recordings of any length; those of long ones lie in a temporary file, so that memory stays flat."""

import tempfile
from typing import IO, Any

import numpy as np

BYTES = 4  # of a sample
IN_MEMORY = 2**24  # samples: 64 MB, or six minutes at 44,100 Hz


class LongSamples:
    """Samples in a file, which stand for an array of shape (samples,), float32.

    A slice reads nothing yet. `np.asarray`, and so every function of NumPy, reads the samples into memory.
    """

    def __init__(self, file: IO[bytes], start: int, stop: int):
        self._file, self._start, self._stop = file, start, stop

    def __len__(self) -> int:
        """Give the number of samples."""
        return self._stop - self._start

    def __getitem__(self, part: slice) -> "LongSamples":
        """Give a part, without a step."""
        start, stop, step = part.indices(len(self))
        if step != 1:
            raise ValueError("LongSamples are sliced without a step")
        return LongSamples(self._file, self._start + start, self._start + max(start, stop))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Read the samples."""
        self._file.seek(self._start * BYTES)
        values = np.fromfile(self._file, np.float32, len(self))
        return values if dtype is None else values.astype(dtype, copy=False)


Samples = np.ndarray | LongSamples


class Collector:
    """Takes the samples of a recording block by block; more than `IN_MEMORY` are written to a temporary file."""

    def __init__(self) -> None:
        self._blocks: list[np.ndarray] = []
        self._file: IO[bytes] | None = None
        self._length = 0

    def add(self, block: np.ndarray) -> None:
        """Take the next samples, float32; raises OSError if the folder of temporary files has no room for them."""
        self._blocks.append(block)
        self._length += len(block)
        if self._file is None and self._length > IN_MEMORY:
            self._file = tempfile.TemporaryFile()
        if self._file is not None:
            try:
                for one in self._blocks:
                    self._file.write(np.ascontiguousarray(one).data)
                self._file.flush()
            except OSError as error:
                sentence = f"{error.strerror} in {tempfile.gettempdir()}, where long recordings are kept (TMPDIR)"
                raise OSError(error.errno, sentence) from None
            self._blocks = []

    def samples(self) -> Samples:
        """All samples."""
        if self._file is not None:
            return LongSamples(self._file, 0, self._length)
        return np.concatenate(self._blocks) if self._blocks else np.zeros(0, np.float32)
