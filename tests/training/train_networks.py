"""Train networks for a few steps under one backend, and predict with given weights.

`python tests/training/train_networks.py BACKEND FOLDER NETWORK ...`: under TensorFlow, writes into FOLDER the weights
of each network and what it predicts with them; under another backend, reads them and writes what it predicts itself.
"""

import sys
from pathlib import Path

import numpy as np

from genrebench.training import backend
from genrebench.training.data import Data, Feature
from genrebench.workflow import code_closure, config
from genrebench.workflow.entries import features_of, module_of

sys.path.insert(0, str(Path(__file__).parents[1]))

from parameters import PARAMS

CLIPS, FRAMES, GENRES = 12, 40, 3
# These have between them every kind of layer of all networks; test_onnx.py checks that.
EVERY_LAYER = ("crnn_transformer", "feature_cnn", "feature_lstm", "hybrid", "vgg16")
SHAPES = {  # of the features that networks read, small; time last
    "mel": (16, FRAMES),
    "mel_image": (24, 20),
    "mel_image_linear": (24, 20),
    "mfcc": (10, 2 * FRAMES),
    "mfcc_20": (20, FRAMES),
    "chroma": (12, 2 * FRAMES),
    "chroma_12": (12, FRAMES),
    "wavelet": (8, 4 * FRAMES),
    "spectral_contrast": (7, FRAMES),
    "spectral_centroid": (1, FRAMES),
}


def networks() -> dict[str, dict]:
    """The settings of each network that learns from scratch, as for the demo, for two epochs; variants are left out."""
    models = config.resolve(PARAMS).sections["models"]
    modules = {name: f"scripts/genrebench/models/{module_of(name, entry)}.py" for name, entry in models.items()}
    engine = "scripts/genrebench/training/keras_model.py"
    return {
        name: entry | {"epochs": 2, "batch_size": 5, "early_stopping": 0}
        for name, entry in models.items()
        if "-" not in name and not name.startswith("image_transfer") and engine in code_closure.closure(modules[name])
    }


def data_for(settings: dict) -> Data:
    """Clips of 4 s with random features, of three genres."""
    random = np.random.default_rng(0)
    clips = [{"clip_id": f"c{i}", "genre": f"g{i % GENRES}", "duration_s": "4.0"} for i in range(CLIPS)]
    split = [{"clip_id": f"c{i}", "subset": "train" if i < 9 else "valid"} for i in range(CLIPS)]
    features = []
    for name in features_of(settings):
        axes = ["row", "pixel"] if "image" in name else ["band", "frame"]
        described = {"axes": axes, "lengths": None, "seconds": 4.0}
        features.append(Feature(name, random.standard_normal((CLIPS, *SHAPES[name])).astype(np.float32), described))
    return Data.of_split(clips, split, features, settings.get("segments"), settings.get("cut"))


def main(name: str, folder: Path, chosen: list[str]) -> None:
    """Train and predict; prints a line per network."""
    compute = {"threads": 1, "backend": name, "precision": "float32"}
    backend.choose(compute)
    known = networks()
    for model in chosen:
        settings = known[model]
        module = __import__(f"genrebench.models.{module_of(model, settings)}", fromlist=["build"])
        data = data_for(settings)
        weights = folder / f"{model}.weights.h5"
        fitted = module.build(data, settings, 1, compute)
        history = fitted.fit(folder / f"{name}-{model}", "key")
        assert len(history) == 2 and all(np.isfinite(row["loss"]) for row in history)
        if name == "tensorflow":
            fitted.model.save_weights(weights)
        fitted.model.load_weights(weights)
        predicted = fitted.predict(np.arange(len(data.clips)))
        np.save(folder / f"{name}-{model}.npy", predicted)
        print(f"{model}: loss {history[0]['loss']:.3f}, {history[1]['loss']:.3f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
