"""What all tests need before they import anything."""

import os
from pathlib import Path

# librosa compiles some of its functions when it is imported. Processes that do so at the same time, in a new
# environment, can leave a cache that crashes all that read it: each worker has its own.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
os.environ["NUMBA_CACHE_DIR"] = str(Path(__file__).parents[1] / ".cache" / "numba" / WORKER)
