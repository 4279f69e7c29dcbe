"""Settings that models share. Importing them costs nothing but pydantic, so that the Snakefile can.

A setting whose default differs from model to model is a type here (`Epochs`), which has its bounds and its description.
"""

from typing import Annotated, Literal

from pydantic import Field, Strict

from genrebench.common.strict_model import Distinct, StrictModel

Features = Annotated[Distinct[str], Field(min_length=1, description="The features that the model reads.")]
Seeds = Annotated[
    Annotated[Distinct[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None,
    Field(description="Instead of the seeds of all models; one is enough where nothing is drawn."),
]
Protocols = Annotated[
    Annotated[Distinct[str], Field(min_length=1)] | None,
    Field(description="The protocols under which the model is run; without it, all that suit it."),
]
Layers = list[Annotated[int, Field(ge=1)]]
Share = Annotated[float, Field(ge=0, lt=1)]
Epochs = Annotated[int, Field(ge=1, description="Epochs at most.")]
LearningRate = Annotated[float, Field(gt=0, description="The highest learning rate.")]
WarmupEpochs = Annotated[float, Field(ge=0, description="Epochs in which the learning rate rises to that.")]
Schedule = Annotated[
    Literal["constant", "cosine"],
    Field(
        description="After that: constant, or cosine, falling to 0 at the last epoch (Loshchilov and Hutter 2017).",
    ),
]
EarlyStopping = Annotated[
    int,
    Field(
        ge=0,
        description="Epochs without a better one on the validation clips after which training ends; 0 trains them all.",
    ),
]
ClassWeights = Annotated[
    Literal["balanced", "none"],
    Field(description="balanced: each genre counts the same, however many clips it has; none: each clip does."),
]
Keep = Annotated[
    Literal["best", "last"],
    Field(
        description=(
            "The epoch whose weights are kept: the one that is best on the validation clips (accuracy, then loss), or "
            "the last."
        )
    ),
]
Optimizer = Annotated[Literal["adam", "adamw", "sgd"], Field(description="An optimiser of Keras.")]


class SegmentSettings(StrictModel):
    """How clips are cut into segments."""

    length_s: float = Field(gt=0, description="Length in seconds.")
    hop_s: float = Field(gt=0, description="From the start of a segment to that of the next, in seconds.")


Segments = Annotated[
    SegmentSettings | None,
    Field(description="Train on segments of clips, and predict a clip by the mean over its segments."),
]


class CutSettings(StrictModel):
    """How time axes are shortened."""

    percentile: float = Field(ge=0, le=100, description="Of the lengths of the training clips.")
    at_least: int = Field(ge=1, description="The shortest that an axis is cut to, in steps.")


Cut = Annotated[
    CutSettings | None,
    Field(
        description=(
            "Cut time axes to this percentile of the training clips' lengths (Huang and Minami 2024), but not below "
            "at_least steps. It does nothing to segments."
        )
    ),
]


DegradedCopies = Annotated[
    Annotated[Distinct[str], Field(min_length=1)] | None,
    Field(
        description=(
            "Conditions of `robustness.conditions`: each training clip has a copy under each of them, which is trained "
            "on beside it. Validation and test clips have none."
        )
    ),
]


class ModelSettings(StrictModel):
    """What every model understands."""

    module: str | None = Field(None, description="The module of the entry, if not of the entry's name.")
    features: Features
    seeds: Seeds = None
    protocols: Protocols = None
    segments: Segments = None
    cut: Cut = None
    degraded_copies: DegradedCopies = None


class ScaledSettings(ModelSettings):
    """Of models whose inputs are standardised."""

    scaler_fit_on: Literal["train", "all"] = Field(
        "train",
        description=(
            "Clips that the scaler is fitted on: train, or all as in Huang and Minami 2024: it has then seen the test "
            "clips, and the report says so."
        ),
    )


Pooling = Annotated[
    Distinct[Literal["mean", "std", "max"]],
    Field(min_length=1, description="Statistics of each dimension over time."),
]


class PoolingSettings(StrictModel):
    """Of models that read statistics of features over time."""

    pooling: Pooling = ["mean", "std"]


class TrainingSettings(StrictModel):
    """Of the loop over epochs that all networks share.

    The defaults are what the papers state. None of them weighs genres, ends a training early, or says that it keeps
    another epoch than the last.
    """

    epochs: Epochs
    batch_size: int = Field(32, ge=1, description="Examples in a step of the optimiser.")
    learning_rate: LearningRate = 0.001
    warmup_epochs: WarmupEpochs = 0
    schedule: Schedule = "cosine"
    early_stopping: EarlyStopping = 0
    keep: Keep = "last"
    class_weights: ClassWeights = "none"


# How many masks, and the largest share of the axis that one covers; YAML has lists, no tuples.
Masks = Annotated[tuple[Annotated[int, Field(ge=1)], Annotated[float, Field(gt=0, le=1)]], Strict(False)]


class AugmentationSettings(StrictModel):
    """How training examples are changed at random."""

    crop: bool | None = Field(
        None,
        description="Whether segments start anywhere in the clip in training, instead of on the grid of `segments`.",
    )
    excerpt: float | None = Field(
        None,
        gt=0,
        lt=1,
        description=(
            "Shortest share of the time that is shown, from a random start, stretched to the whole time: random "
            "sampling, and a change of tempo (Li)."
        ),
    )
    time_masks: Masks | None = Field(
        None, description="[how many, longest share of the time]: stretches set to 0 (SpecAugment, Park et al. 2019)."
    )
    band_masks: Masks | None = Field(
        None, description="[how many, largest share of the bands]: bands set to 0 (SpecAugment)."
    )
    mixup: float | None = Field(
        None,
        gt=0,
        description="alpha of the beta distribution of two mixed examples' weights (mixup, Zhang et al. 2018).",
    )
    gain: float | None = Field(
        None, gt=0, description="Standard deviation of what is added to a whole example: to a log spectrogram, a gain."
    )
    noise: float | None = Field(None, gt=0, description="Standard deviation of white noise added to every value.")


Augmentation = Annotated[
    AugmentationSettings,
    Field(description="How training examples are changed at random; {} leaves them as they are."),
]


class KerasSettings(ScaledSettings, TrainingSettings):
    """Of the networks of Keras."""

    optimizer: Optimizer = "adam"
    augmentation: Augmentation = AugmentationSettings()


Dropout = Annotated[
    Share,
    Field(description="Share that is dropped after the convolutions, after each other layer, and before the last."),
]


class PictureSettings(StrictModel):
    """Of `inputs.photograph`; the scale of a picture is a setting of its feature."""

    orientation: Literal["picture", "frames"] = Field(
        "picture",
        description="What the feature is: a picture (rows, pixels), or (frames, bands), to be turned into one.",
    )
    image_size: list[Annotated[int, Field(ge=32)]] = Field(
        [224, 224], min_length=2, max_length=2, description="Rows and columns that the picture is resized to."
    )


class ClassifierSettings(StrictModel):
    """Of the networks that end in `blocks.classifier`."""

    dropout: Dropout = 0.3
    dense: int = Field(64, ge=1, description="Units of the dense layer before the last.")


class ConvolutionSettings(StrictModel):
    """Of `blocks.residual_stack`."""

    filters: Layers = Field(
        [16, 32, 64, 128],
        min_length=2,
        description="Maps of the first convolution and of each residual block; each halves time and frequency.",
    )
    kernel: int = Field(3, ge=2, description="Side of the convolutions' kernels.")


class RecurrentSettings(StrictModel):
    """Of the bidirectional LSTMs, whose sequences `blocks.shorten` shortens."""

    max_steps: int = Field(
        256, ge=1, description="Steps of an LSTM at most; longer sequences are shortened by a convolution over time."
    )
    units: Layers = Field([64, 64], min_length=1, description="Units of each LSTM layer, in each direction.")
    summary: Literal["last", "mean"] = Field(
        "mean", description="What is taken of the last LSTM layer: each direction's last output, or the mean over time."
    )


Units = Annotated[Layers, Field(min_length=1, description="Units of each LSTM layer.")]


class LstmSettings(StrictModel):
    """Of the LSTMs that read features frame by frame."""

    units: Units
    max_steps: int = Field(
        0, ge=0, description="Steps that the LSTM makes at most: frames are averaged to as many; 0 for each frame."
    )
