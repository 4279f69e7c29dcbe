"""Libraries that speak before anybody can tell them not to."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def without_stderr() -> Iterator[None]:
    """Keep what is written to file descriptor 2: libraries of TensorFlow write there before any setting counts.

    If the block fails, what they wrote is shown after all.
    """
    sys.stderr.flush()
    before = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(before, said.read())
            raise
        finally:
            os.dup2(before, 2)
            os.close(before)
