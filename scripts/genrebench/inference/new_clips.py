"""Newly labelled clips for an exported model: check them, extract their features, assign them to subsets."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from genrebench.audio.plausibility import Limits
from genrebench.common.cli import InputError
from genrebench.common.progress import progress
from genrebench.common.workers import Failure, Workers
from genrebench.datasets import artists, manifest, splits
from genrebench.datasets.manifest import Clip
from genrebench.inference.predictor import FileFeatures, Predictor
from genrebench.workflow import dataset_folder
from genrebench.workflow.dataset_folder import Contents

SHARES = {"test": 0.2, "valid": 0.2}
FEWEST = len(splits.SUBSETS)  # groups of clips of a genre: one each for training, validation and test


@dataclass
class NewClips:
    """The usable `clips` with the features of each, and the `rejected` ones with the reason."""

    clips: list[Clip]
    features: list[FileFeatures]
    rejected: list[Clip]

    @property
    def genres(self) -> list[str]:
        """The genre of each clip."""
        return [clip.genre for clip in self.clips]


def gather(
    folder: Path, predictor: Predictor, used: Mapping[str, str], jobs: int, catalogue: dict[str, dict[str, str]]
) -> NewClips:
    """Find and check the clips of a folder, and extract their features.

    Parameters
    ----------
    folder : Path
        With one folder of audio files for each genre.
    predictor : Predictor
        The model.
    used : mapping of str to str
        Clips that the model was trained or tested on, by the MD5 of their samples, and where. They are rejected, as
        are recordings that have two genres.
    jobs : int
        Processes that read files.
    catalogue : dict
        The artists of GTZAN, by clip_id.

    Raises
    ------
    InputError
        If a genre is unknown to the model, or no clip is usable.
    """
    contents = _find(folder, predictor.genres)
    manifest.tell(contents.notes)
    clips = manifest.clips_of(contents)
    manifest.set_known(clips, contents, folder, catalogue)
    described = predictor.description
    limits = Limits.of(described["limits"])
    manifest.take_checked(clips, manifest.check_all(clips, described["audio"]["sample_rate"], limits, jobs))
    for clip in clips:
        if where := used.get(clip.figures.get("md5", "")):
            clip.reason, clip.detail = "used", where
    manifest.mark_duplicates([clip for clip in clips if not clip.reason], reject=False)
    _reject_contradictions([clip for clip in clips if not clip.reason])
    found = [clip for clip in clips if not clip.reason]
    extracted = list(_extract_all(predictor.folder, found, jobs))
    for clip, result in zip(found, extracted, strict=True):
        if isinstance(result, str | Failure):
            clip.reason, clip.detail = "no features", result if isinstance(result, str) else result.reason
    manifest.tell_warnings([clip for clip in clips if not clip.reason])
    rejected = [clip for clip in clips if clip.reason]
    if len(rejected) == len(clips):
        first = rejected[0]
        raise InputError(f"None of the {len(clips)} files in {folder} is usable; {first.path}: {first.detail}")
    features = [features for features in extracted if isinstance(features, FileFeatures)]
    return NewClips([clip for clip in found if not clip.reason], features, rejected)


def assign(clips: Sequence[Clip], seed: int) -> dict[str, str]:
    """Assign each clip_id to a subset, an artist-disjoint split stratified by genre, with the shares `SHARES`.

    Clips of one artist or recording stay together; a clip whose artist is unknown is a group of its own. Raises
    InputError for genres of fewer than `FEWEST` groups.
    """
    table = manifest.as_table(clips)
    groups = table.groupby("genre")["group"].nunique()
    count = Counter(clip.genre for clip in clips)
    few = [
        f"{genre} {count[genre]} (of {number} artists or recordings)"
        for genre, number in groups.items()
        if number < FEWEST
    ]
    if few:
        raise InputError(
            f"Too few usable clips: {', '.join(few)}. A genre needs clips of at least {FEWEST} artists, one each for "
            "training, validation and test (a clip whose artist is unknown counts as one): add some, or leave it out."
        )
    # otherwise clips of unknown artists would be left out
    unknown = table["artist"] == ""
    table.loc[unknown, "artist"] = [f"unknown artist {number}" for number in range(unknown.sum())]
    try:
        return splits.make_split(table, "artist", "fixed", SHARES | {"seed": seed}, {}).to_dict()
    except splits.NoSplit as error:
        raise InputError(f"The new clips cannot be divided: {error}") from None


def _find(folder: Path, genres: Sequence[str]) -> Contents:
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; expected is one with {dataset_folder.LAYOUT.partition(' (')[0]}")
    contents = dataset_folder.read(folder, genres)
    if not contents.audio:
        raise InputError(f"{folder} holds features, and an exported model needs audio: give the files themselves")
    if unknown := sorted({file.genre for file in contents.audio} - set(genres)):
        raise InputError(
            f"{folder} has the genres {', '.join(unknown)}, which the model does not know; it knows "
            f"{', '.join(genres)}. Give the folders these names; a new genre needs a new training, with the clips "
            "added to the dataset."
        )
    return contents


def _reject_contradictions(clips: Sequence[Clip]) -> None:
    """Reject the recordings that stand under several genres."""
    if not clips:
        return
    table = manifest.as_table(clips)
    recording = artists.recordings(table).to_numpy()
    labels = table.groupby(recording)["genre"].agg(lambda genres: sorted(set(genres)))
    for clip, of_recording in zip(clips, recording, strict=True):
        if len(found := labels[of_recording]) > 1:
            clip.reason = "contradiction"
            clip.detail = f"the same recording is labelled {' and '.join(found)}; keep the right one"


def _start_extract(folder: Path) -> partial[FileFeatures | str]:
    return partial(_extract, Predictor(folder))


def _extract(predictor: Predictor, path: Path) -> FileFeatures | str:
    try:
        return predictor.extract(path)
    except InputError as error:
        return str(error).removeprefix(f"{path} ")


def _extract_all(folder: Path, clips: Sequence[Clip], jobs: int) -> Iterator[FileFeatures | str | Failure]:
    """The features of the file of each clip, in their order, or why there are none."""
    with progress("extracted", len(clips), "files") as advance, Workers(_start_extract, [folder], jobs) as workers:
        for result in workers.map(clip.path for clip in clips):
            yield result
            advance(1)
