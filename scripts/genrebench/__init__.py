"""genrebench: the library behind the scripts of the workflow."""

__version__ = "0.1.0"
