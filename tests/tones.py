"""Exported models that tell tones apart, made in a second, and recordings for them."""

from pathlib import Path

import numpy as np
import soundfile
from sklearn.linear_model import LogisticRegression

from genrebench import extraction, files
from genrebench.predictor import FORMAT
from genrebench.training import Feature, Scaler

RATE, PIECE = 22050, 4.0
PITCHES = {"bass": (80, 300), "middle": (700, 1100), "whistle": (3000, 6000)}  # Hz
ENTRIES = {"spectral_centroid": {"n_fft": 2048, "hop_length": 512}}
LIMITS = {"min_duration_s": 1.0, "min_rms": 1e-4}


def tone(hz: float, seconds: float = PIECE) -> np.ndarray:
    """A sine with a little noise: float32 (samples,)."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(round(hz)).standard_normal(len(time))
    return (0.3 * np.sin(2 * np.pi * hz * time) + 1e-4 * noise).astype(np.float32)


def write(path: Path, samples: np.ndarray) -> Path:
    """Write mono samples at `RATE` Hz in the format of the file's suffix."""
    soundfile.write(path, samples, RATE)
    return path


def export_model(folder: Path, name: str, marks: list[str], accuracy: float, weakened: float = 1.0) -> Path:
    """Write an exported model that calls tones by `PITCHES`, the less sure of them the more it is `weakened`."""
    pitches = [(genre, hz) for genre, span in PITCHES.items() for hz in np.linspace(*span, 8)]
    arrays = [
        extraction.extract_pieces(genre, tone(hz)[:, None], RATE, RATE, ENTRIES, [(0, PIECE)])[0]["spectral_centroid"]
        for genre, hz in pitches
    ]
    values = np.stack(arrays)
    feature = Feature("spectral_centroid", values, {"axes": ["value", "frame"]})
    rows = np.arange(len(values))
    scaler = Scaler([feature], rows)
    fitted = LogisticRegression().fit(scaler.flat([feature], rows), [genre for genre, _ in pitches])
    (folder / "model").mkdir(parents=True)
    np.savez(folder / "model/scaler.npz", **scaler.arrays())
    np.savez(folder / "model/weights.npz", coef=fitted.coef_ / weakened, intercept=fitted.intercept_ / weakened)
    described = {
        "entry": ENTRIES["spectral_centroid"], "axes": ["value", "frame"], "unit": "Hz", "steps": values.shape[-1],
        "seconds": PIECE, "cut": None,
    }  # fmt: skip
    description = {
        "format": FORMAT,
        "model": name,
        "settings": {"features": ["spectral_centroid"]},
        "dataset": folder.parents[1].name,
        "genres": list(PITCHES),
        "audio": {"sample_rate": RATE, "duration": "longest", "piece_s": PIECE},
        "limits": LIMITS,
        "features": {"spectral_centroid": described},
        "run": {"protocol": "artist", "split": "repeat0", "seed": 0},
        "metrics": {
            "accuracy": accuracy, "accuracy_low": accuracy - 0.1, "accuracy_high": accuracy + 0.1, "n_test": 60,
            "majority_accuracy": 1 / 3, "valid_accuracy": accuracy,
        },
        "marks": marks,
        "unsure": {"confidence": 0.5, "strangeness": 20.0},
    }  # fmt: skip
    files.write_json(folder / "export.json", description)
    return folder
