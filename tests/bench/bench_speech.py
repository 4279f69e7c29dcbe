"""How fast a speech transformer of HuBERT's base size is fine-tuned, and in how much memory: by batch and precision.

The weights are random, the shapes real: clips of 30 s in windows of 5 s. Of a GPU it prints how busy it was (as
nvidia-smi says), too. Have a GPU for it; on a processor a step takes minutes.

    python tests/bench/bench_speech.py [--micro 4 8 16] [--precision float32 mixed_bfloat16]
"""

import argparse
import contextlib
import itertools
import resource
import statistics
import subprocess
import threading
import time

import numpy as np
import torch

from genrebench.training.data import Data, Feature, Windows
from genrebench.training.transformer_model import TransformerModel

BASE = {"model_type": "hubert"}  # the library's defaults are those of the base model
CLIP_S, WINDOW_S, RATE, GENRES = 30, 5, 16000, 10


def make_data(clips: int) -> Data:
    """Noise in clips of 30 s, in windows of 5 s."""
    windows = CLIP_S // WINDOW_S
    values = np.random.default_rng(0).standard_normal((clips, CLIP_S * RATE), np.float32)
    rows = np.arange(clips * windows)
    starts = rows % windows * float(WINDOW_S)
    feature = Feature("waveform", Windows(values, rows // windows, starts, WINDOW_S * RATE, RATE), {"axes": ["sample"]})
    genres = [f"g{i}" for i in range(GENRES)]
    spans = np.tile([0.0, float(CLIP_S - WINDOW_S)], (len(rows), 1))
    subsets = {"train": rows, "valid": rows[:0], "test": rows[:0]}
    return Data([feature], subsets, rows // windows % GENRES, genres, rows // windows, rows % windows, spans)


@contextlib.contextmanager
def busy(gpu: bool):
    """A list that fills with the percentage of time that the GPU is busy, each half second."""
    seen: list[float] = []
    over = threading.Event()

    def look() -> None:
        command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--id=0"]
        while gpu and not over.wait(0.5):
            seen.append(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def main() -> None:
    """Print a line for each size of a part of the batch, and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--batch", type=int, default=32, help="windows in a step of the optimiser")
    parser.add_argument("--micro", type=int, nargs="+", default=[4, 8, 16, 32], help="windows on the device at a time")
    parser.add_argument("--precision", nargs="+", default=["float32", "mixed_bfloat16", "mixed_float16"])
    parser.add_argument("--steps", type=int, default=10, help="the first two are not counted")
    options = parser.parse_args()
    gpu = torch.cuda.is_available()
    data = make_data(options.clips)
    for precision, micro in itertools.product(options.precision, options.micro):
        settings = {
            **{"epochs": 1, "batch_size": options.batch, "learning_rate": 5e-5, "warmup_epochs": 0.1},
            **{
                "schedule": "cosine",
                "early_stopping": 0,
                "keep": "best",
                "class_weights": "balanced",
                "micro_batch": micro,
            },
            **{"weight_decay": 0.01, "max_gradient": 1.0, "trained": "transformer", "layers": "last"},
            **{"projection": 256, "training_share": 1.0},
        }
        model = TransformerModel(
            None, BASE, data, settings, 0, {"threads": torch.get_num_threads(), "precision": precision}
        )
        if gpu:
            torch.cuda.reset_peak_memory_stats()
        seconds = []
        with busy(gpu) as seen:
            for number, (inputs, targets) in zip(range(options.steps), itertools.cycle(model._batches(0))):
                started = time.perf_counter()
                model.step(inputs, targets, 0, number)
                seconds.append(time.perf_counter() - started)
        windows = options.batch / statistics.median(seconds[2:] or seconds)
        memory = torch.cuda.max_memory_allocated() if gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(
            f"{precision}, {micro} windows of {options.batch} at a time: {windows:.1f} windows or "
            f"{windows * WINDOW_S / CLIP_S:.2f} clips a second in training, peak memory {memory / 1e9:.2f} GB"
            + (f", GPU busy {statistics.mean(seen or [0]):.0f}% of the time" if gpu else ""),
            flush=True,
        )


if __name__ == "__main__":
    main()
