"""Have the scripts and the tests' helpers importable, as pytest has them."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "scripts")]
