"""Fine-tuning of pretrained speech transformers (genrebench.encoders.speech).

The head is that of `Wav2Vec2ForSequenceClassification` of Hugging Face's transformers: a projection of each step, the
mean over the steps, a linear layer.
"""

from collections.abc import Callable, Iterator
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from genrebench.audio import SPEECH_SAMPLE_RATE as SAMPLE_RATE
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.packages import version
from genrebench.encoders import hub, speech
from genrebench.encoders.hub import draw_from, prepare
from genrebench.training import gpu
from genrebench.training.checkpoints import Arrays
from genrebench.training.data import Data
from genrebench.training.loop import Inputs, Trainer

HALF = {"float32": None, "mixed_bfloat16": torch.bfloat16, "mixed_float16": torch.float16}

SCALE = ("scale", "_growth_tracker")  # what changes of a GradScaler


class Classifier(torch.nn.Module):
    """A pretrained encoder and a head: from the output of its processor to scores (examples, genres)."""

    def __init__(self, encoder: torch.nn.Module, genres: int, layers: str, projection: int):
        super().__init__()
        self.encoder = encoder
        width, depth = encoder.config.hidden_size, encoder.config.num_hidden_layers
        self.layer_weights = torch.nn.Parameter(torch.zeros(depth + 1)) if layers == "weighted" else None
        if layers == "weighted":
            encoder.config.layerdrop = 0.0  # a layer that is passed over has no output to weigh
        self.projector = torch.nn.Linear(width, projection)
        self.classifier = torch.nn.Linear(projection, genres)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return scores (examples, genres), before the softmax."""
        if self.layer_weights is None:
            steps = self.encoder(values).last_hidden_state
        else:
            layers = torch.stack(self.encoder(values, output_hidden_states=True).hidden_states)
            steps = torch.einsum("l,lbsw->bsw", self.layer_weights.softmax(0), layers)
        return self.classifier(self.projector(steps).mean(dim=1))

    def train(self, mode: bool = True) -> "Classifier":
        """Set the mode of training; an encoder that is not trained stays in evaluation (no dropout, no masks)."""
        super().train(mode)
        if not any(parameter.requires_grad for parameter in self.encoder.parameters()):
            self.encoder.eval()
        return self


class TransformerModel(Trainer):
    """A pretrained transformer on segments of a waveform, and its fine-tuning.

    Parameters
    ----------
    folder
        Folder of the pretrained model; None for random weights.
    config
        Configuration of a model with random weights: model_type and sizes.
    data
        The examples; the one feature is a waveform at 16 kHz, (rows, samples).
    settings, seed
        As for `Trainer`.
    compute
        The section `compute` of the parameters. In half precision, on a GPU, the weights stay in single precision.

    Raises
    ------
    InputError
        If segments are too short for the network.
    """

    def __init__(
        self,
        folder: Path | None,
        config: dict[str, Any],
        data: Data,
        settings: dict[str, Any],
        seed: int,
        compute: dict[str, Any],
    ):
        prepare(compute["threads"])
        super().__init__(data, settings, seed, share_of(data, settings["training_share"], seed))
        gpu.claim()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.half = HALF[compute["precision"]]
        draw_from(seed)
        self.processor, encoder = speech.load(folder) if folder else speech.new(config)
        draw_from(seed)  # again, because loading draws too: the head depends on the seed alone
        _require_steps(encoder, data.features[0].values.shape[-1])
        freeze(encoder, settings["trained"])
        network = Classifier(encoder, len(data.genres), settings["layers"], settings["projection"])
        self.network = network.to(self.device)
        self.trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=1.0, weight_decay=settings["weight_decay"])
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=self.half == torch.float16)

    @property
    def parameters(self) -> int:
        """The number of weights, trained or frozen."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def inputs(self, rows: np.ndarray, starts: np.ndarray | None = None) -> Inputs:
        """Read the samples (rows, samples) of these rows; of segments at `starts` (seconds), if given."""
        return {feature.name: np.array(feature.read(rows, starts)) for feature in self.data.features}

    def step(self, inputs: Inputs, targets: np.ndarray, epoch: int, number: int) -> dict[str, float]:
        """Make a step of the optimiser; return `accuracy` and `loss`."""
        draw_from(self.seed, epoch, number)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate(epoch * self.steps_per_epoch() + number)
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        counted = torch.from_numpy(targets @ self.class_weights).to(self.device)
        expected = torch.from_numpy(targets).to(self.device)
        loss, right = 0.0, 0.0
        for part, values in self._parts(inputs):
            with self._precision():
                scores = self.network(values)
            each = cross_entropy(scores.float(), expected[part], reduction="none") * counted[part]
            self.scaler.scale(each.sum() / len(targets)).backward()
            loss += each.sum().item()
            right += (scores.argmax(1) == expected[part].argmax(1)).sum().item()
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.trained, self.settings["max_gradient"])
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return {"accuracy": right / len(targets), "loss": loss / len(targets)}

    def probabilities(self, inputs: Inputs) -> np.ndarray:
        """Return the probabilities (examples, genres) of a batch."""
        self.network.eval()
        with torch.inference_mode(), self._precision():
            scores = [self.network(values).float().softmax(1).cpu() for _, values in self._parts(inputs)]
        return torch.cat(scores).numpy()

    def learning_rate(self, epoch: int) -> float:
        """Return the learning rate at the beginning of an epoch."""
        return self._rate(epoch * self.steps_per_epoch())

    def state(self) -> Arrays:
        """Return weights and the moments of the optimiser."""
        moments = {
            f"optimizer.{i}.{name}": value.cpu().numpy()
            for i, values in self.optimizer.state_dict()["state"].items()
            for name, value in values.items()
        }
        scaler = self.scaler.state_dict()  # empty, unless it scales
        scale = {"scale": np.array([scaler[name] for name in SCALE])} if scaler else {}
        return self.weights() | moments | scale

    def restore(self, state: Arrays) -> None:
        """Set what `state` returned."""
        self.use({name: value for name, value in state.items() if name.startswith("network.")})
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in state.items():
            if key.startswith("optimizer."):
                _, i, name = key.split(".")
                moments.setdefault(int(i), {})[name] = torch.from_numpy(value)
        self.optimizer.load_state_dict(self.optimizer.state_dict() | {"state": moments})
        if self.scaler.is_enabled():
            scale, steps = state["scale"].tolist()
            self.scaler.load_state_dict(self.scaler.state_dict() | dict(zip(SCALE, (scale, int(steps)), strict=True)))

    def weights(self) -> Arrays:
        """Return all weights of the network."""
        # a copy: on a CPU the array would go on changing with the network
        return {f"network.{key}": value.cpu().numpy().copy() for key, value in self.network.state_dict().items()}

    def use(self, weights: Arrays) -> None:
        """Set what `weights` returned."""
        self.network.load_state_dict(
            {key.removeprefix("network."): torch.from_numpy(value) for key, value in weights.items()}
        )

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors), and the configuration that the network is built from."""
        self.network.encoder.config.save_pretrained(folder)
        self.processor.save_pretrained(folder)
        state = {name: value.contiguous().cpu() for name, value in self.network.state_dict().items()}
        save_file(state, folder / "classifier.safetensors")
        description = {"settings": self.settings, "genres": self.data.genres, "parameters": self.parameters}
        files.write_json(folder / "model.json", description)

    def describe(self) -> dict[str, str]:
        """Return `backend` (PyTorch and its version) and `device` (CPU, or the name of the GPU)."""
        device = torch.cuda.get_device_name() if self.device.type == "cuda" else "CPU"
        return {"backend": f"torch {version('torch')}", "device": device}

    def _parts(self, inputs: Inputs) -> Iterator[tuple[slice, torch.Tensor]]:
        """Split a batch: yield the slice of each part, and the output of the processor for its samples."""
        (samples,) = inputs.values()
        for at in range(0, len(samples), self.settings["micro_batch"]):
            part = slice(at, at + self.settings["micro_batch"])
            processed = self.processor(list(samples[part]), sampling_rate=SAMPLE_RATE, return_tensors="pt")
            yield part, processed["input_values"].to(self.device)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=self.half, enabled=self.half is not None)

    def _rate(self, step: int) -> float:
        """Return the learning rate of a step: a linear warm-up, then constant or a cosine."""
        settings, steps = self.settings, self.steps_per_epoch()
        peak, warmup = settings["learning_rate"], round(settings["warmup_epochs"] * steps)
        if step < warmup:
            return peak * (step + 1) / (warmup + 1)
        if settings["schedule"] == "constant":
            return peak
        return peak * (1 + cos(pi * (step - warmup) / max(1, settings["epochs"] * steps - warmup))) / 2


def load(folder: Path, threads: int) -> Callable[[np.ndarray], np.ndarray]:
    """Load the network that `TransformerModel.save` wrote, for the CPU.

    Returns
    -------
    probabilities
        Function from samples at 16 kHz, (rows, samples), to probabilities, (rows, genres).
    """
    prepare(threads)
    described = files.read_json(folder / "model.json")
    settings = described["settings"]
    processor, encoder = hub.empty(folder)
    network = Classifier(encoder, len(described["genres"]), settings["layers"], settings["projection"])
    network.load_state_dict(load_file(folder / "classifier.safetensors"))
    network.eval()

    def probabilities(samples: np.ndarray) -> np.ndarray:
        values = processor(list(samples), sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_values"]
        with torch.inference_mode():
            found = network(values).softmax(1).numpy().astype(np.float64)
        return found / found.sum(axis=1, keepdims=True)

    return probabilities


def freeze(encoder: torch.nn.Module, trained: str) -> None:
    """Freeze all weights of the encoder but those that are `trained`."""
    if trained == "head":
        encoder.requires_grad_(False)
    elif trained == "transformer" and hasattr(encoder, "feature_extractor"):
        encoder.feature_extractor.requires_grad_(False)
        encoder.feature_extractor._requires_grad = False  # or it has gradients go through it all the same


def _require_steps(encoder: torch.nn.Module, samples: int) -> None:
    """Raise InputError if segments are shorter than the masks of the training."""
    if not hasattr(encoder, "_get_feat_extract_output_lengths"):
        return  # it pads what it reads
    config = encoder.config
    # not all kinds can be told to leave it
    masks = getattr(config, "apply_spec_augment", True) and config.mask_time_prob > 0
    steps = int(encoder._get_feat_extract_output_lengths(torch.tensor(samples)))
    needed = config.mask_time_length if masks else 1
    if steps < needed:
        raise InputError(
            f"Windows of {samples / SAMPLE_RATE:g} s are {max(steps, 0)} steps of this network, which needs {needed}: "
            "lengthen the model's segments in params.yaml"
        )


def share_of(data: Data, share: float, seed: int) -> np.ndarray:
    """Draw a share of the training clips of each genre, at least one of each; return their rows."""
    rows = data.rows["train"]
    random = np.random.default_rng([seed, round(1000 * share)])
    taken: set[int] = set()
    for label in range(len(data.genres)):
        clips = np.unique(data.clips[rows[data.labels[rows] == label]])
        taken.update(random.permutation(clips)[: max(1, round(share * len(clips)))].tolist())
    return rows[np.isin(data.clips[rows], sorted(taken))]
