"""Zero-shot classification: an encoder that shares a space with texts, such as CLAP, scores genres by their names.

Nothing is trained. Each name becomes a sentence; the probabilities of a window are the softmax of the scaled cosines
between its embedding and those of the sentences (Wu et al. 2023, "Large-scale contrastive language-audio pretraining
with feature fusion and keyword-to-caption augmentation"). A file is split into windows and predicted as by an exported
model.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from genrebench.common.cli import InputError
from genrebench.common.prediction import Prediction
from genrebench.features import hub_embedding
from genrebench.inference.loader import Model
from genrebench.inference.predictor import Predictor
from genrebench.training.data import Data
from genrebench.workflow import extras, pretrained
from genrebench.workflow.code_closure import ROOT
from genrebench.workflow.sections import AudioSettings, ManifestSettings

HANDLE = "https://huggingface.co/laion/larger_clap_music_and_speech/tree/195c3a3e68faebb3e2088b9a79e79b43ddbda76b"
FEATURE = "hub_embedding"
ALIKE = 0.99  # cosine above which sentences are not told apart, as by published weights whose text part is broken


@dataclass(frozen=True)
class ZeroShot:
    """What is asked: the folder of the encoder, the genres, and the sentence in which {} stands for a genre."""

    folder: Path
    genres: list[str]
    prompt: str
    description: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Describe the model as an export does, as far as the writers of predictions read it."""
        described = {"model": "zero-shot", "dataset": self.folder.name, "genres": self.genres, "synthetic": False}
        object.__setattr__(self, "description", described)

    @property
    def summary(self) -> str:
        """One line: what predicts, and that nobody measured how well."""
        return (
            f"zero-shot with {self.folder.name}: {', '.join(self.genres)}, each as {self.prompt!r}; nothing was "
            "trained, and the accuracy is not known"
        )


def ask(names: str, prompt: str, encoder: str) -> ZeroShot:
    """Read what a person asks.

    Parameters
    ----------
    names : str
        Genres, with commas between them.
    prompt : str
        A sentence in which {} stands for a genre.
    encoder : str
        Page of the weights on the hub, or their folder.

    Raises
    ------
    InputError
        If there are not two genres, the sentence has no place for them, or packages or weights are missing.
    """
    genres = [name.strip() for name in names.split(",") if name.strip()]
    if len(genres) < 2 or len(set(genres)) < len(genres):
        raise InputError(f"--zero-shot takes two or more different genres with commas between them, not {names!r}")
    if prompt.count("{}") != 1:
        raise InputError(f"--prompt is a sentence with one {{}}, in which a genre is put, not {prompt!r}")
    if reason := extras.unavailable(hub_embedding.EXTRA):
        raise InputError(f"--zero-shot cannot be used: {reason}")
    for place in (pretrained.FOLDER, ROOT / pretrained.FOLDER):
        if folder := pretrained.locate(FEATURE, encoder, place):
            return ZeroShot(folder.absolute(), genres, prompt)
    if pretrained.is_address(encoder):
        raise InputError(f"--zero-shot cannot be used: {pretrained.missing(FEATURE, encoder)}")
    raise InputError(f"There is no folder {encoder}: --encoder takes a folder of weights, or their page on the hub")


class ZeroShotPredictor(Predictor):
    """Predicts what a `ZeroShot` asks; raises InputError if its encoder shares no space with texts."""

    def __init__(self, asked: ZeroShot, threads: int = 1):
        from genrebench.encoders import hub  # PyTorch, which other models do without

        self.folder, self.genres = asked.folder, asked.genres
        settings = hub_embedding.Settings(module=FEATURE, handle=str(asked.folder), pooling="projection")
        self.entries = {FEATURE: settings.model_dump(exclude_none=True)}
        self.settings = {"features": [FEATURE]}
        encoder = hub.frozen(asked.folder, settings.config)
        texts, scale = encoder.texts([asked.prompt.replace("{}", genre) for genre in self.genres])
        self.alike = bool((texts @ texts.T).min() > ALIKE)
        window_s = encoder.longest_s or hub.UNLIMITED_S
        described = {"axes": list(hub_embedding.AXES), "steps": 1, "seconds": None, "cut": None}
        self.description = asked.description | {
            "audio": AudioSettings().model_dump() | {"window_s": window_s},
            "limits": ManifestSettings().model_dump(),
            "features": {FEATURE: described},
            "confidence": {"min_probability": 0.0, "max_ood_score": None},
        }

        def probabilities(data: Data, rows: np.ndarray) -> np.ndarray:
            (feature,) = data.features
            scores = scale * feature.values[rows][:, :, 0].astype(np.float64) @ texts.T
            raised = np.exp(scores - scores.max(axis=1, keepdims=True))
            return raised / raised.sum(axis=1, keepdims=True)

        self.model = Model(probabilities, None)

    def predict(self, path: str | Path, max_duration_s: float | None = None) -> Prediction:
        """Predict the genre of a file, as `Predictor.predict` does."""
        prediction = super().predict(path, max_duration_s)
        if not self.alike:
            return prediction
        return replace(prediction, low_confidence="the encoder does not tell the names of the genres apart")
