"""How long an epoch of a network takes, and in how much memory, against the plain way of training with Keras.

The plain way has all inputs standardised in one array in memory and calls `model.fit`. Both train the same network from
the same weights with batches of the same size, in turn, each in a process of its own.

    python tests/bench/bench_training.py [--models cnn rnn hybrid] [--clips 72]
"""

import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from genrebench.training import backend
from genrebench.training.data import Data, Feature, Scaler
from genrebench.workflow import config
from genrebench.workflow.entries import features_of, module_of

RATES = {"mel": 22050 / 512, "mfcc": 22050 / 256, "chroma": 22050 / 256, "wavelet": 22050 / 32}  # steps per second
VALUES = {"mel": 128, "mfcc": 40, "chroma": 24, "wavelet": 32}  # per step
GENRES = 10
LARGER = 4  # times as many clips, to see whether memory grows


def settings_of(model: str, epochs: int, batch: int) -> dict:
    """The model's settings for GTZAN, for so many epochs, without what changes the examples."""
    entry = config.load_all(dataset="gtzan")["models"][model]
    changed = {"epochs": epochs, "augmentation": {}, "embedding": "none", "early_stopping": 0}
    return entry | changed | ({"batch_size": batch} if batch else {})


def make_corpus(folder: Path, clips: int, seconds: float) -> None:
    """Caches of random numbers: one clip in six is for validation."""
    random = np.random.default_rng(0)
    for name, rate in RATES.items():
        shape = (clips, VALUES[name], math.ceil(rate * seconds))
        values = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.float32, shape)
        for row in range(clips):
            values[row] = random.standard_normal(shape[1:], np.float32)
        values.flush()
        described = {"axes": ["band", "frame"], "lengths": None, "seconds": seconds}
        (folder / f"{name}.json").write_text(json.dumps(described))


def read_corpus(folder: Path, settings: dict) -> Data:
    """The data of one training."""
    features = [Feature.open(folder / f"{name}.json") for name in features_of(settings)]
    count = len(features[0].values)
    clips = [{"clip_id": f"c{i}", "genre": f"g{i % GENRES}", "duration_s": "1"} for i in range(count)]
    split = [{"clip_id": f"c{i}", "subset": "valid" if i // GENRES % 6 == 5 else "train"} for i in range(count)]
    return Data.of_split(clips, split, features)


def train(way: str, model: str, folder: Path, settings: dict, compute: dict, xla: bool) -> dict[str, float]:
    """Train as `settings` says; seconds of the first epoch and of a later one, and the process's peak memory in MB."""
    backend.choose(compute)
    if xla:
        backend.compiles = lambda: True
    module = __import__(f"genrebench.models.{module_of(model, settings)}", fromlist=["build"])
    data = read_corpus(folder, settings)
    if way == "plain" and compute["backend"] == "tensorflow":
        backend.prepare = prepare_plainly
    fitted = module.build(data, settings, 0, compute)
    if way == "ours":
        with tempfile.TemporaryDirectory() as checkpoints:
            fitted.fit(Path(checkpoints), "")
        seconds = fitted.seconds
    else:
        seconds = fit_plainly(fitted, data, settings)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return {"first": seconds[0], "epoch": statistics.median(seconds[1:] or seconds), "memory": memory}


def prepare_plainly(compute: dict, seed: int) -> None:
    """As many threads as ours, but operations that need not be deterministic."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(compute["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(compute["threads"])


def fit_plainly(fitted, data: Data, settings: dict) -> list[float]:
    """What a public script does: everything in memory, `fit` with Keras's defaults."""
    import keras

    scaler = Scaler(data.features, data.rows["train"])

    def arrays(subset):
        rows = data.rows[subset]
        inputs = {f.name: np.ascontiguousarray(scaler.transform(f, rows).swapaxes(1, 2)) for f in data.features}
        return inputs, keras.utils.to_categorical(data.labels[rows], GENRES)

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.started = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            seconds.append(time.perf_counter() - self.started)

    seconds: list[float] = []
    fitted.model.compile(fitted.model.optimizer, "categorical_crossentropy", metrics=["accuracy"])
    options = {"validation_data": arrays("valid"), "batch_size": settings["batch_size"], "verbose": 0}
    fitted.model.fit(*arrays("train"), epochs=settings["epochs"], callbacks=[Clock()], **options)
    return seconds


def main() -> None:
    """Print a line per network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["cnn", "rnn", "hybrid"])
    parser.add_argument("--clips", type=int, default=72)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a clip")
    parser.add_argument("--epochs", type=int, default=4, help="the first of them is not counted")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backend", default="tensorflow")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--batch", type=int, default=0, help="0: as in params.yaml")
    parser.add_argument("--xla", action="store_true", help="have XLA compile the steps of any backend")
    parser.add_argument("--train", nargs=3, help=argparse.SUPPRESS)  # way, model, folder: in a process of its own
    options = parser.parse_args()
    compute = {"threads": options.threads, "backend": options.backend, "precision": options.precision}
    if options.train:
        way, model, folder = options.train
        settings = settings_of(model, options.epochs, options.batch)
        print(json.dumps(train(way, model, Path(folder), settings, compute, options.xla)))
        return
    same = [f"--{name}={value}" for name, value in (*compute.items(), ("batch", options.batch))]
    same += ["--xla"] if options.xla else []
    with tempfile.TemporaryDirectory() as temporary:
        corpora = {clips: Path(temporary, str(clips)) for clips in (options.clips, LARGER * options.clips)}
        for clips, folder in corpora.items():
            folder.mkdir()
            make_corpus(folder, clips, options.seconds)
        for model in options.models:
            # in turn, because the speed of a machine changes while one waits
            small, large = corpora.values()
            rounds = [
                {way: measure(way, model, small, *same, f"--epochs={options.epochs}") for way in ("ours", "plain")}
                for _ in range(options.rounds)
            ]
            # in as many steps: the largest of more draws would be larger
            larger = measure("ours", model, large, *same, f"--epochs={max(1, options.epochs // LARGER)}")
            ours, plain = (
                {what: statistics.median(r[way][what] for r in rounds) for what in ("first", "epoch", "memory")}
                for way in ("ours", "plain")
            )
            print(
                f"{model}, {options.clips} clips of {options.seconds:g} s: {ours['epoch']:.2f} s an epoch (the first "
                f"{ours['first']:.1f} s), plainly {plain['epoch']:.2f} s ({plain['first']:.1f} s), ratio "
                f"{plain['epoch'] / ours['epoch']:.2f}; peak memory {ours['memory']:.0f} MB, with {LARGER} times the "
                f"clips {larger['memory']:.0f} MB, plainly {plain['memory']:.0f} MB",
                flush=True,
            )


def measure(way: str, model: str, folder: Path, *options: str) -> dict[str, float]:
    """What `train` returns, in a process of its own with these options of the command line."""
    command = [sys.executable, __file__, *options, "--train", way, model, str(folder)]
    process = subprocess.run(command, check=False, capture_output=True, text=True)
    if process.returncode:
        raise SystemExit(process.stderr)
    return json.loads(process.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
