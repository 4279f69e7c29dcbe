"""Networks as ONNX, computed by ONNX Runtime: it starts in 0.1 s, where TensorFlow takes 5 s.

Such a file describes a computation and cannot run code. It may name other files that hold its weights, and may use
operators of other libraries; one that does so is refused, whoever wrote it.
"""

import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from genrebench.common.cli import InputError


@cache
def runtime() -> ModuleType:
    """ONNX Runtime, which sends telemetry from its import on unless it was told before not to."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


def load(path: Path, threads: int = 1) -> Any:
    """Load a network to be computed by this many threads; returns a session of ONNX Runtime.

    Raises
    ------
    InputError
        If the file is no network, needs other files, or uses unknown operators.
    """
    return load_content(path.read_bytes(), str(path), threads)


def load_content(content: bytes, path: str, threads: int = 1) -> Any:
    """Load a network from the bytes of a file, as `load` does; `path` says in messages where they are from."""
    onnxruntime = runtime()
    # The key under which a tensor says where else it is stored. The names in an export do not have it.
    if b"location" in content:
        raise InputError(f"{path} takes weights from other files, which no export of genrebench does; export it again")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.load_model_format", "ONNX")  # not one of its own, whose parser trusts
    options.log_severity_level = 4  # fatal errors only: the others are raised
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of a kind of its own for each of its codes, and of the parser
        raise InputError(
            f"{path} is no network that ONNX Runtime can compute ({_line(error)}); export it again"
        ) from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
