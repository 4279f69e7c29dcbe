"""The backend of Keras, TensorFlow, JAX or PyTorch, set to repeatable results.

No other module knows which of them it is. Call `choose`, which imports Keras, then `prepare`, then compute.
"""

import importlib
import os
from typing import Any

from genrebench.common.packages import version
from genrebench.common.quiet import without_stderr
from genrebench.training import gpu


def choose(compute: dict[str, Any]) -> None:
    """Import Keras with a backend, and claim one GPU if there are any.

    Parameters
    ----------
    compute
        The section `compute` of the parameters: `backend` and `threads`. JAX takes one thread, or all cores.
    """
    gpu.claim()
    os.environ["KERAS_BACKEND"] = compute["backend"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # of TensorFlow's log, errors only
    if compute["backend"] == "jax":  # reads these when it is imported, and has no other way to say it
        alone = "" if compute["threads"] > 1 else " --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        deterministic = " --xla_gpu_deterministic_ops=true"
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # other trainings may be on the GPU too
        os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + alone + deterministic
    with without_stderr():  # where TensorFlow says that it is there, and that there may be no GPU
        importlib.import_module("keras")


def prepare(compute: dict[str, Any], seed: int) -> None:
    """Set seeds, deterministic operations and a fixed number of threads.

    Parameters
    ----------
    compute
        The section `compute` of the parameters: `precision` (a dtype policy of Keras) and `threads`.
    seed
        Seed of the initial weights and of dropout.
    """
    import keras

    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)
    keras.config.set_floatx("float32")  # whatever ~/.keras/keras.json says
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy(compute["precision"])
    match keras.config.backend():
        case "tensorflow":
            import tensorflow as tf

            tf.config.experimental.enable_op_determinism()
            with without_stderr():  # where it says that it found none
                gpus = tf.config.list_physical_devices("GPU")
            for gpu in gpus:
                tf.config.experimental.set_memory_growth(gpu, True)  # other trainings may be on it too
            for set_threads in (
                tf.config.threading.set_intra_op_parallelism_threads,
                tf.config.threading.set_inter_op_parallelism_threads,
            ):
                try:
                    set_threads(compute["threads"])
                except RuntimeError:  # TensorFlow has begun to compute in this process, in tests, and keeps its threads
                    pass
        case "torch":
            import torch

            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True)
            torch.set_num_threads(compute["threads"])


def compiles() -> bool:
    """Whether XLA compiles the training step. JAX needs it; TensorFlow on a CPU is slower with it."""
    import keras

    return keras.config.backend() == "jax"


def describe() -> dict[str, str]:
    """Return `backend` (name and version) and `device` (CPU, or the name of the GPU)."""
    import keras

    name = keras.config.backend()
    return {"backend": f"{name} {version(name)}", "device": _gpu(name) or "CPU"}


def _gpu(name: str) -> str | None:
    match name:
        case "tensorflow":
            import tensorflow as tf

            found = tf.config.list_physical_devices("GPU")
            return tf.config.experimental.get_device_details(found[0]).get("device_name", "GPU") if found else None
        case "jax":
            import jax

            return jax.devices()[0].device_kind if jax.default_backend() == "gpu" else None
        case "torch":
            import torch

            return torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return None
