"""A small corpus of audio, and models that are trained on it, evaluated and exported as the workflow does."""

import numpy as np
import soundfile

from evaluate_model import evaluate_model
from genrebench.audio import decode
from genrebench.common import files
from genrebench.extraction.collect import collect_feature
from genrebench.inference import export
from genrebench.inference.description import read_description, write_description
from genrebench.inference.predictor import Predictor
from genrebench.training.run import train

RATE = 8000
READING = {"sample_rate": RATE, "duration": "longest"}
LIMITS = {"min_duration_s": 0.5, "max_duration_s": 600.0, "min_rms": 0.0001, "duplicates": "reject"}
ENTRIES = {
    "mel": {"n_fft": 512, "hop_length": 256, "n_mels": 8},
    "rms": {"frame_length": 512, "hop_length": 256},
}
PITCHES = {"bass": 150.0, "middle": 600.0, "treble": 2400.0}  # Hz, of the genres
CLIPS = 8  # of each
SECONDS = 2.0  # of the longest
NUMERICS = {"threads": 1}
NETWORKS = NUMERICS | {"backend": "tensorflow", "precision": "float32"}
CLASSICAL = {
    "logistic": {"features": ["rms", "mel"], "scaler_fit_on": "train", "C": 1.0, "max_iter": 200},
    "sgd": {"features": ["rms"], "scaler_fit_on": "train", "alpha": 0.001, "max_iter": 50},
    "random_forest": {"features": ["mel"], "scaler_fit_on": "train", "n_estimators": 5},
    "linear_probe": {
        **{"features": ["mel"], "scaler_fit_on": "train", "pooling": ["mean", "std"]},
        **{"classifier": "svm", "C": [0.1, 1.0], "max_iter": 500},
        "segments": {"length_s": 0.5, "hop_s": 0.25},
    },
    "svm_pooled": {"features": ["mel"], "scaler_fit_on": "train", "pooling": ["mean", "std"], "C": 10.0},
}
CNN = {
    **{"features": ["mel"], "scaler_fit_on": "train", "epochs": 4, "batch_size": 4, "optimizer": "adam"},
    **{
        "learning_rate": 0.05,
        "warmup_epochs": 0,
        "schedule": "constant",
        "early_stopping": 0,
        "keep": "best",
        "dropout": 0.1,
    },
    **{"class_weights": "balanced", "augmentation": {}, "filters": [4, 8], "kernel": 3, "dense": 8},
}


def describe(folder, **changes):
    """Write an export without files to a folder: the description of a model that was never trained, with changes."""
    figures = {"accuracy": 0.5, "accuracy_low": 0.4, "accuracy_high": 0.6, "majority_accuracy": 0.1}
    description = {
        **{"model": "logistic", "dataset": "demo", "genres": ["blues", "jazz"], "synthetic": False},
        "settings": {"features": ["mel"]},
        **{
            "compute": NUMERICS,
            "audio": READING | {"window_s": 2.0},
            "limits": {"min_duration_s": 0.5, "max_duration_s": 600.0, "min_rms": 0.1},
        },
        "features": {
            "mel": {"entry": {}, "axes": ["mel", "frame"], "unit": "dB", "steps": 9, "seconds": 2.0, "cut": None}
        },
        "run": {"protocol": "artist", "split": "repeat0", "seed": 0},
        "metrics": figures | {"n_test": 60, "valid_accuracy": 0.5},
        **{"caveats": [], "confidence": {"min_probability": 0.1, "max_ood_score": None}},
    }
    folder.mkdir(parents=True)
    return write_description(folder, description | changes)


def sure_logistic(folder):
    """A logistic regression on tones that never abstains, as one of so few clips often does; its exported folder."""
    corpus = Corpus(folder)
    corpus.train("logistic", CLASSICAL["logistic"])
    export = corpus.export("logistic")
    confidence = {"min_probability": 0.0, "max_ood_score": None}
    write_description(export, read_description(export) | {"confidence": confidence})
    return export


def tone(genre, number, seconds):
    """A tone of the genre's pitch with overtones and noise: no two are alike."""
    random = np.random.default_rng([len(genre), number])
    times = np.arange(round(seconds * RATE)) / RATE
    pitch = PITCHES[genre] * random.uniform(0.8, 1.25)
    voice = sum(np.sin(2 * np.pi * pitch * k * times) / k for k in (1, 2, 3) if pitch * k < RATE / 2)
    swell = 1 + 0.5 * np.sin(2 * np.pi * random.uniform(1, 4) * times)
    return (0.2 * swell * voice + 0.02 * random.standard_normal(len(times))).astype(np.float32)


class Corpus:
    """Clips in `folder`/audio, some shorter than others, with the manifest, caches and a split of the workflow."""

    def __init__(self, folder, entries=None):
        self.folder = folder
        self.entries = entries or ENTRIES
        self.clips = []
        for genre in PITCHES:
            for number in range(CLIPS):
                path = folder / "audio" / genre / f"{number}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, tone(genre, number, SECONDS - 0.3 * (number % 3)), RATE)
                samples = decode.load(path, RATE)
                self.clips.append(
                    {
                        "clip_id": f"{genre}.{number}",
                        "path": str(path),
                        "genre": genre,
                        "duration_s": f"{len(samples) / RATE:.6f}",
                        "md5": decode.md5(samples),
                    }
                )
        files.write_rows(folder / "manifest.csv", self.clips[0], self.clips)
        for name, entry in self.entries.items():
            collect_feature(
                name, entry, READING, folder / "manifest.csv", 1, folder / "store", None,
                folder / "features" / f"{name}.npy", folder / "features" / f"{name}.json",
            )  # fmt: skip
        self.write_split()

    def write_split(self):
        """Of each genre 4 clips for training, 2 for validation and 2 for the test."""
        subsets = ["train", "valid", "train", "test"] * 2
        rows = [{"clip_id": clip["clip_id"], "subset": subsets[i % CLIPS]} for i, clip in enumerate(self.clips)]
        files.write_rows(self.folder / "splits/artist/repeat0.csv", rows[0], rows)
        counts = {"train": 4, "valid": 2, "test": 2}
        facts = {
            **{"protocol": "artist", "split": "repeat0", "available": True, "reason": None, "unit": "clip"},
            **{"artists_known": 1.0, "test_clips_sharing_artist_with_train": 0, "test_clips_with_known_artist": 6},
            **{"test_clips_duplicated_in_train": 0, "counts": {name: 3 * n for name, n in counts.items()}},
            "genres": dict.fromkeys(PITCHES, counts),
        }
        files.write_json(self.folder / "splits/artist/repeat0.json", facts)

    def train(self, model, settings, compute=NUMERICS, seed=0):
        """Train and evaluate a model; the folder of its run."""
        run = self.folder / "runs" / model / "artist" / "repeat0" / f"seed{seed}"
        run.mkdir(parents=True, exist_ok=True)
        train(
            model, settings, compute, seed, self.folder / "manifest.csv", self.folder / "splits/artist/repeat0.csv",
            [self.folder / "features" / f"{name}.json" for name in settings["features"]],
            self.folder / "checkpoints" / model, run, self.folder / "costs" / f"{model}.json",
        )  # fmt: skip
        evaluate_model(
            run.parents[2], ["artist/repeat0/seed0"], self.folder / "manifest.csv", self.folder / "splits",
            self.folder / "evaluation" / model,
        )  # fmt: skip
        return run

    def export(self, *models, name=None, synthetic=False):
        """Export the best of trained models; the folder."""
        output = self.folder / "export" / (name or models[0])
        export.export_best(
            models, self.folder / "evaluation", self.folder / "runs", self.folder / "splits", self.folder / "features",
            self.entries, READING, LIMITS, self.folder / "manifest.csv", "tones", synthetic, output,
        )  # fmt: skip
        return output

    def says_the_same(self, folder, run, tolerance=1e-5):
        """Assert that the model in `folder` predicts for each file what the `run` predicted for the clip; the model."""
        predictor = Predictor(folder)
        predicted = files.read_rows(run / "predictions.csv")
        assert {row["subset"] for row in predicted} == {"train", "valid", "test"}
        for clip in self.clips:
            rows = [row for row in predicted if row["clip_id"] == clip["clip_id"]]
            expected = np.array([[float(row[genre]) for genre in predictor.genres] for row in rows])
            found = predictor.predict(clip["path"])
            np.testing.assert_allclose(found.curve, expected, atol=tolerance)
            np.testing.assert_allclose(found.probabilities, expected.mean(axis=0), atol=tolerance)
            assert len(found.windows) == len(expected)
        return predictor
