"""Which settings train a network fastest on this machine: threads, backend, XLA, precision, size of a batch.

Each is what params.yaml has, changed in one thing. A backend that is not installed is left out. (The layout of the
planes is no choice: TensorFlow's convolutions on a CPU take channels last only.)

    python tests/bench/bench_settings.py [--models cnn rnn] [--clips 72]
"""

import argparse
import statistics
import tempfile
from importlib.util import find_spec
from pathlib import Path

from bench_training import make_corpus, measure

VARIANTS = {
    "as in params.yaml": (),
    "2 threads": ("--threads=2",),
    "XLA": ("--xla",),
    "mixed_bfloat16": ("--precision=mixed_bfloat16",),
    "batches of 16": ("--batch=16",),
    "batches of 64": ("--batch=64",),
    "JAX": ("--backend=jax",),
    "JAX, 2 threads": ("--backend=jax", "--threads=2"),
    "PyTorch": ("--backend=torch",),
    "PyTorch, 2 threads": ("--backend=torch", "--threads=2"),
}
BACKENDS = {"--backend=jax": "jax", "--backend=torch": "torch"}


def main() -> None:
    """Print a table: seconds of an epoch, and how much faster than with params.yaml's settings that is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["cnn", "rnn"])
    parser.add_argument("--clips", type=int, default=72)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a clip")
    parser.add_argument("--epochs", type=int, default=3, help="the first of them is not counted")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    variants = {
        name: changes
        for name, changes in VARIANTS.items()
        if all(find_spec(BACKENDS[change]) for change in changes if change in BACKENDS)
    }
    with tempfile.TemporaryDirectory() as temporary:
        make_corpus(Path(temporary), options.clips, options.seconds)
        for model in options.models:
            found: dict[str, list[dict[str, float]]] = {name: [] for name in variants}
            for _ in range(options.rounds):  # in turn, because the speed of a machine changes while one waits
                for name, changes in variants.items():
                    found[name].append(measure("ours", model, Path(temporary), f"--epochs={options.epochs}", *changes))
            seconds = {name: statistics.median(run["epoch"] for run in runs) for name, runs in found.items()}
            first = {name: statistics.median(run["first"] for run in runs) for name, runs in found.items()}
            default = seconds["as in params.yaml"]
            print(f"{model}, {options.clips} clips of {options.seconds:g} s, one training at a time:")
            for name in variants:
                print(
                    f"    {name:20} {seconds[name]:6.2f} s an epoch (the first {first[name]:5.1f} s), "
                    f"{default / seconds[name]:5.2f} times as fast",
                    flush=True,
                )


if __name__ == "__main__":
    main()
