"""How long an epoch of a network takes, and in how much memory, against the plain way of training with Keras.

The plain way has all inputs standardised in one array in memory and calls `model.fit`. Both train the same network from
the same weights with batches of the same size, one after the other, each in a process of its own.

    PYTHONPATH=scripts:tests python tests/bench/bench_training.py [--models cnn rnn hybrid] [--clips 96]
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

from genrebench import backend, config
from genrebench.features import module_of
from genrebench.training import Data, Feature, Scaler

RATES = {"mel": 22050 / 512, "mfcc": 22050 / 256, "chroma": 22050 / 256, "wavelet": 22050 / 32}  # steps per second
VALUES = {"mel": 128, "mfcc": 40, "chroma": 24, "wavelet": 32}  # per step
GENRES = 10


def settings_of(model: str, epochs: int) -> dict:
    """The model's settings in params.yaml, for so many epochs, without what changes the examples."""
    entry = config.load()["models"][model]
    return entry | {"epochs": epochs, "augmentation": {}, "embedding": "none", "early_stopping": 0}


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
    features = [Feature.open(folder / f"{name}.json") for name in config.features_of(settings)]
    count = len(features[0].values)
    clips = [{"clip_id": f"c{i}", "genre": f"g{i % GENRES}", "duration_s": "1"} for i in range(count)]
    split = [{"clip_id": f"c{i}", "subset": "valid" if i // GENRES % 6 == 5 else "train"} for i in range(count)]
    return Data.of_split(clips, split, features)


def train(way: str, model: str, folder: Path, epochs: int, numerics: dict) -> dict[str, float]:
    """Train for some epochs; seconds of an epoch after the first, and the process's peak memory in MB."""
    settings = settings_of(model, epochs)
    backend.choose(numerics)
    module = __import__(f"genrebench.models.{module_of(model, settings)}", fromlist=["build"])
    data = read_corpus(folder, settings)
    if way == "plain" and numerics["backend"] == "tensorflow":
        backend.prepare = prepare_plainly
    fitted = module.build(data, settings, 0, numerics)
    if way == "ours":
        with tempfile.TemporaryDirectory() as checkpoints:
            fitted.fit(Path(checkpoints), "")
        seconds = fitted.seconds
    else:
        seconds = fit_plainly(fitted, data, settings)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"first": seconds[0], "epoch": statistics.median(seconds[1:]), "memory": memory}


def prepare_plainly(numerics: dict, seed: int) -> None:
    """As many threads as ours, but operations that need not be deterministic."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(numerics["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(numerics["threads"])


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
    parser.add_argument("--clips", type=int, default=96)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a clip")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--backend", default="tensorflow")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--train", nargs=3, help=argparse.SUPPRESS)  # way, model, folder: in a process of its own
    options = parser.parse_args()
    numerics = {"threads": options.threads, "backend": options.backend, "precision": options.precision}
    if options.train:
        way, model, folder = options.train
        print(json.dumps(train(way, model, Path(folder), options.epochs, numerics)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        corpora = {clips: Path(temporary, str(clips)) for clips in (options.clips, 2 * options.clips)}
        for clips, folder in corpora.items():
            folder.mkdir()
            make_corpus(folder, clips, options.seconds)
        for model in options.models:
            runs = {}
            for way, clips in (("ours", options.clips), ("plain", options.clips), ("ours", 2 * options.clips)):
                command = [sys.executable, __file__, *sys.argv[1:], "--train", way, model, str(corpora[clips])]
                output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
                runs[way, clips] = json.loads(output.splitlines()[-1])
            ours, plain, twice = runs.values()
            print(
                f"{model}, {options.clips} clips of {options.seconds:g} s: {ours['epoch']:.2f} s an epoch (the first "
                f"{ours['first']:.1f} s), plainly {plain['epoch']:.2f} s ({plain['first']:.1f} s), ratio "
                f"{plain['epoch'] / ours['epoch']:.2f}; peak memory {ours['memory']:.0f} MB, of twice the clips "
                f"{twice['memory']:.0f} MB, plainly {plain['memory']:.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
