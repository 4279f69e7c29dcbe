"""The sections of params.yaml, but for the entries of `features` and `models`: their settings are in their modules."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from genrebench.audio.recipes import CONDITIONS, Recipe
from genrebench.common.strict_model import Distinct, StrictModel

NAME = "[a-z][a-z0-9_]{0,59}"  # of features, models and protocols
Fraction = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class DemoSettings(StrictModel):
    """The demo corpus, which the project renders."""

    seed: Seed = Field(1, description="Seed of everything that is drawn.")
    artists_per_genre: int = Field(
        5, ge=1, le=100, description="Artists, each with timbres, tuning and production of its own."
    )
    clips_per_artist: int = Field(3, ge=1, le=1000, description="Clips of each artist.")
    duration_s: float = Field(4.0, ge=1, le=60, description="Length of a clip in seconds.")


class GtzanSettings(StrictModel):
    """Where GTZAN comes from. A copy of your own is named in local.yaml (`gtzan`, a folder or an archive)."""

    mirrors: list[Annotated[str, Field(pattern="^https?://")]] = Field(
        [
            "https://huggingface.co/datasets/marsyas/gtzan/resolve/main/data/genres.tar.gz",
            "http://opihi.cs.uvic.ca/sound/genres.tar.gz",
        ],
        min_length=1,
        description="Addresses of genres.tar.gz, tried in turn.",
    )


class PercentileSettings(StrictModel):
    """A length that a share of the clips does not exceed."""

    percentile: float = Field(ge=0, le=100, description="Of the clips' durations.")
    at_least_s: float = Field(ge=0, le=3600, description="The shortest that it may be, in seconds.")


class AudioSettings(StrictModel):
    """How every clip is read."""

    sample_rate: int = Field(
        22050, ge=4000, le=192_000, description="Hz; every clip is mixed to mono and resampled to it."
    )
    duration: Literal["longest"] | Annotated[float, Field(ge=0.1, le=3600)] | PercentileSettings = Field(
        "longest",
        description=(
            "The length of all clips: longest (all are padded to the longest clip), a number of seconds (clips are cut "
            "or padded before their features are computed), or {percentile, at_least_s} (features are cut or padded "
            "to that percentile of the clips' durations, or to so many seconds if that is longer)."
        ),
    )
    loudness: Annotated[float, Field(ge=-60, le=0)] | None = Field(
        -18.0,
        description=(
            "LUFS (ITU-R BS.1770-4, of the mono mix) to which clips are scaled for the features with "
            "`normalise_loudness`, by default those of pretrained networks that no paper here uses; null: for none."
        ),
    )
    engine: Literal["fast", "librosa"] = Field(
        "fast",
        description=(
            "What computes the features: fast (one spectrum for all of them) or librosa (its functions, one by one). "
            "They differ by less than 1e-5 of the largest value."
        ),
    )


class ManifestSettings(StrictModel):
    """Which files become clips, and whether they are real music."""

    min_duration_s: float = Field(1.0, ge=0, description="Shorter files are rejected (seconds).")
    max_duration_s: float = Field(
        7200.0,
        gt=0,
        le=43_200,
        description=(
            "Longer files are rejected (seconds), also in an update of an exported model, which predicts them, however."
            " An hour takes 1.5 GB of memory to read."
        ),
    )
    min_rms: float = Field(
        0.0001,
        ge=0,
        le=1,
        description="Quieter files are rejected as silent (root mean square, full scale is 1; 0.0001 is -80 dBFS).",
    )
    duplicates: Literal["group", "reject"] = Field(
        "reject",
        description=(
            "Of files that sound the same: reject all but the first, or group them (all stay, and a split by artist "
            "never separates them)."
        ),
    )
    synthetic: bool = Field(
        False,
        description=(
            "Whether the music is synthetic, as that of the demo is. Then every result and every exported model says "
            "so, because their accuracies do not hold for real recordings."
        ),
    )


Repeats = Annotated[int, Field(ge=1, le=1000, description="How many random splits.")]
SplitSeed = Annotated[Seed, Field(description="Seed of the split.")]
Duplicates = Annotated[Literal["use", "drop"], Field(description="use the clips marked duplicate_of, or drop them.")]
Fault = Literal["exact_repetition", "recording_repetition", "mislabelled", "distorted"]
Without = Annotated[
    Distinct[Fault],
    Field(
        description=(
            "Kinds of faulty clips that are in no subset: exact_repetition, recording_repetition and mislabelled, "
            "which GTZAN's catalogue lists, and distorted, which the check of the audio finds too."
        )
    ),
]


class RandomSettings(StrictModel):
    """Of the protocols that draw clips."""

    test: Fraction = Field(0.2, description="Share of the test clips.")
    valid: Fraction = Field(0.2, description="Share of the validation clips.")
    repeats: Repeats = 1
    seed: SplitSeed = 0
    duplicates: Duplicates = "use"
    leave_out: Distinct[str] | None = Field(
        None, description="Names of clips that are in no subset (Huang and Minami 2024: jazz.00054)."
    )
    without: Without = []


class StratifiedSettings(RandomSettings):
    """Random, stratified by genre (Huang and Minami 2024: 60/20/20)."""


class HoldoutSettings(RandomSettings):
    """Test first, then validation of the rest (Cao)."""

    valid: Fraction = Field(0.25, description="Share of the validation clips in those that are not for testing.")


class ArtistSettings(RandomSettings):
    """Artist-disjoint (artist filter, Flexer 2007): no artist and no recording is in two subsets."""


class SizeMatchedSettings(StrictModel):
    """Random, with the sizes of the dataset's artist-disjoint split: fault_filtered, else that of `artist`."""

    repeats: Repeats = 1
    seed: SplitSeed = 1
    duplicates: Duplicates = "drop"
    without: Without = []


class KfoldSettings(StrictModel):
    """Cross-validation: fold k is the test subset, the next one the validation subset."""

    folds: int = Field(5, ge=3, le=100, description="How many.")
    seed: SplitSeed = 0
    duplicates: Duplicates = "use"
    without: Without = []


class FaultFilteredSettings(StrictModel):
    """GTZAN's 443/197/290 clips of Kereliuk, Sturm and Larsen (2015)."""

    without: Without = []


class SegmentRandomSettings(RandomSettings):
    """A deliberately leaky split that measures leakage: segments, not clips, are drawn, so that subsets share clips.

    It is for models that train on segments of the same length and hop.
    """

    test: Fraction = Field(0.2, description="Share of the test segments.")
    valid: Fraction = Field(0.2, description="Share of the validation segments.")
    length_s: float = Field(3.0, ge=0.1, le=3600, description="Seconds of a segment.")
    hop_s: float = Field(3.0, ge=0.1, le=3600, description="Seconds from the start of a segment to that of the next.")


class FileSettings(StrictModel):
    """A split of your own."""

    file: str = Field(min_length=1, description="A CSV file with the columns clip_id and subset (train, valid, test).")


PROTOCOLS: dict[str, type[StrictModel]] = {
    "stratified": StratifiedSettings,
    "holdout": HoldoutSettings,
    "artist": ArtistSettings,
    "size_matched": SizeMatchedSettings,
    "kfold": KfoldSettings,
    "fault_filtered": FaultFilteredSettings,
    "segment_random": SegmentRandomSettings,
}


def splits_of(protocol: str, settings: Mapping[str, Any]) -> list[str]:
    """Names of the splits of a protocol with these settings."""
    if protocol == "fault_filtered" or "file" in settings:
        return ["fixed"]
    if protocol == "kfold":
        return [f"fold{number}" for number in range(settings["folds"])]
    return [f"repeat{number}" for number in range(settings.get("repeats", 1))]


class PrecomputedSettings(StrictModel):
    """A feature that is not computed here: only a dataset that comes with it has it."""

    precomputed: Distinct[str] = Field(
        min_length=1, description="Names of the axes of a clip's array; time is the axis called frame."
    )


class LeakageSettings(StrictModel):
    """The leakage study: how much of an accuracy is shared clips, shared artists, or the size of the training set."""

    models: Distinct[str] = Field(
        ["svm_pooled", "mel_lstm_segments"],
        min_length=1,
        description="Models of the leakage study. Models of segments show most: they also have the leaky protocol.",
    )


class ComputeSettings(StrictModel):
    """Threads, backend and precision: they change the last digits of the results."""

    threads: int = Field(
        1,
        ge=1,
        le=256,
        description="Threads of BLAS, OpenMP and the networks' backend in a training, whatever --cores is.",
    )
    backend: Literal["tensorflow", "jax", "torch"] = Field(
        "tensorflow", description="The backend of Keras. Install jax or torch before you choose it."
    )
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32", description="Of the networks; a mixed one is for GPUs."
    )


class LabelSettings(StrictModel):
    """The label-quality study: a random forest, fitted by cross-validation, predicts the label of each clip."""

    features: Distinct[str] = Field(
        ["tabular"], description="The features that it reads, as far as there are; tables are best."
    )
    folds: int = Field(5, ge=2, le=100, description="Parts that are left out in turn.")
    seed: Seed = Field(0, description="Seed of the folds and of the forest.")


class SaliencySettings(StrictModel):
    """Occlusion saliency: what networks use in a spectrogram, by covering parts of it."""

    models: Distinct[str] = Field(
        ["cnn", "vgg16", "mel599_cnn"],
        description="Networks that read spectrograms of whole clips, as far as they run.",
    )
    clips: int = Field(4, ge=1, le=50, description="How many test clips, about half of them hard.")


class StudySettings(StrictModel):
    """Studies that people look at; no model is trained or chosen by them."""

    labels: LabelSettings = LabelSettings()
    saliency: SaliencySettings = SaliencySettings()


class AblationSettings(StrictModel):
    """Which features a model needs (Li): `snakemake ablation`, and a part of suites that have a `<model>-selected`.

    Each model is trained on each feature alone, on all but one, and on the subset that this selects on the validation
    clips.
    """

    models: dict[str, dict[str, Any]] = Field(
        {"feature_cnn": {}, "feature_lstm": {}, "random_forest": {}},
        min_length=1,
        description="The models, each with the settings that it has here instead of those under `models`.",
    )
    features: Distinct[str] = Field(
        [
            "mfcc_20",
            "chroma_12",
            "spectral_contrast",
            "spectral_centroid",
            "zero_crossing_rate",
            "rms",
            "amplitude_statistics",
        ],
        min_length=2,
        description="The features among which to choose, whatever the models read otherwise.",
    )
    protocol: str = Field("artist", description="The protocol whose splits are used.")
    permutations: int = Field(10, ge=1, le=10_000, description="How often each feature is permuted for its importance.")
    pca: Annotated[int, Field(ge=1)] | Fraction | None = Field(
        0.95,
        description=(
            "Principal components of the features instead of them, as one more variant: as many as explain this share "
            "of the variance (less than 1), or this number of them; null: no such variant."
        ),
    )


ConditionName = Annotated[str, Field(pattern=f"^{NAME}$")]


class RobustnessSettings(StrictModel):
    """How models do on degraded recordings: `snakemake robustness`.

    The test clips, and no others, are degraded under each condition, and the trained models predict them.
    """

    in_report: bool = Field(
        False, description="Whether the study is part of the report and of DVC's stages; it computes all features anew."
    )
    models: Distinct[str] | None = Field(
        None, description="The models, as far as they run under the protocol; without it, all of them."
    )
    protocol: str = Field("artist", description="The protocol whose test clips and runs are used.")
    seed: Seed = Field(0, description="Seed of what is drawn: noise and rooms, for each clip and condition its own.")
    conditions: dict[ConditionName, Recipe] = Field(
        CONDITIONS,
        min_length=1,
        description=(
            "What is done to the clips, by the name of the condition; in the order of the settings of a recipe, "
            "whatever their order here. A condition given here is added to the defaults, or changes the settings of "
            "one of them; null leaves one out."
        ),
    )

    @field_validator("conditions", mode="before")
    @classmethod
    def _beside_the_defaults(cls, given: Any) -> Any:
        if not isinstance(given, dict) or any(isinstance(own, Recipe) for own in given.values()):
            return given
        merged: dict[str, Any] = {name: recipe.model_dump(exclude_defaults=True) for name, recipe in CONDITIONS.items()}
        for name, own in given.items():
            merged[name] = merged.get(name, {}) | own if isinstance(own, dict) else own
        return {name: own for name, own in merged.items() if own is not None}


class Sections(StrictModel):
    """The sections of params.yaml; `features`, `models` and `protocols` are added for the entries that there are."""

    dataset: str = Field(
        "demo",
        pattern="^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        max_length=100,
        description=(
            "What to work on: demo (rendered here), gtzan (downloaded), or the name of a folder under data/raw with "
            "one subfolder per genre, or with manifest.csv and features/*.npy."
        ),
    )
    suite: str | Distinct[str] = Field(
        "auto",
        min_length=1,
        description=(
            "The models to run: auto (that of the dataset's preset), quick, papers, all (what params.yaml lists), "
            "another suite of config/suites.yaml, or a list of models."
        ),
    )
    demo: DemoSettings = DemoSettings()
    gtzan: GtzanSettings = GtzanSettings()
    audio: AudioSettings = AudioSettings()
    manifest: ManifestSettings = ManifestSettings()
    seeds: Distinct[Seed] = Field(
        [0, 1, 2],
        min_length=1,
        description="Each model is trained once per seed and split, unless it names its own; splits have theirs.",
    )
    compute: ComputeSettings = ComputeSettings()
    leakage: LeakageSettings = LeakageSettings()
    study: StudySettings = StudySettings()
    ablation: AblationSettings = AblationSettings()
    robustness: RobustnessSettings = RobustnessSettings()
    variants: dict[str, dict[str, dict[str, Any]]] = Field(
        {},
        description=(
            "By model and name, what a variant has instead of the settings of the model: an entry called "
            "<model>-<name>. config/variants.yaml has those of the papers."
        ),
    )
