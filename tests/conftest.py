"""What all tests need before they import anything."""

import os
import sys
from pathlib import Path

# librosa compiles some of its functions when it is imported. Processes that do so at the same time, in a new
# environment, can leave a cache that crashes all that read it: each worker has its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parents[1] / ".cache" / "numba" / WORKER)


def pytest_collection_finish():
    """TensorFlow works on one thread, as in a run: once a test has used it, that could not be said any more."""
    if "keras" in sys.modules:
        from genrebench import embeddings

        embeddings.tensorflow()
