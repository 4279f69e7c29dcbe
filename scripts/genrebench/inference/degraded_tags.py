"""How degraded recordings change the tags of MusiCNN: measured on clips, and applied to the tags of other clips.

Where the audio of only some training clips is at hand, the tags of the others are moved as theirs move. A linear map
for each condition predicts by how much the logit of each tag changes (ridge regression of the changes on the logits);
what it leaves unexplained of a clip drawn at random is added, so that copies vary as recordings do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import expit

from genrebench.audio.degradations import Condition
from genrebench.audio.recipes import CONDITIONS
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.extraction.degraded import store_of
from genrebench.extraction.store import Store
from genrebench.features import musicnn
from genrebench.features.musicnn_tags import logit
from genrebench.workflow.sections import AudioSettings

CLEAN = "clean"
# What the clips are degraded by. A lower level is not among them: clips are scaled to one loudness before the network.
DEGRADED = ("clipped", "mp3_64", "low_pass", "telephone", "noise_20", "noise_10", "reverberation", "microphone")
SEED = 0  # of the noises and rooms
RIDGE = 10.0  # the penalty of the maps, whose inputs are standardised
AUDIO_SUFFIX = ".wav"  # of the released clips


@dataclass
class Measured:
    """Tags of clips as they are and degraded.

    Attributes
    ----------
    ids, genres, groups : ndarray of shape (n_clips,)
        Of each clip; clips of one group have a common artist.
    tags : dict
        By condition, CLEAN among them, the mean of each tag: (n_clips, 50).
    """

    ids: np.ndarray
    genres: np.ndarray
    groups: np.ndarray
    tags: dict[str, np.ndarray]

    def only(self, rows: np.ndarray) -> "Measured":
        """Some of the clips."""
        tags = {condition: values[rows] for condition, values in self.tags.items()}
        return Measured(self.ids[rows], self.genres[rows], self.groups[rows], tags)


def measure(audio: Path, known: Mapping[str, Mapping[str, str]], hop_frames: int, cache: Path) -> Measured:
    """Compute the tags of clips of GTZAN as they are and under each condition of `DEGRADED`.

    Parameters
    ----------
    audio : Path
        A folder with clips of GTZAN, as released; others in it are passed over.
    known : mapping
        GTZAN's catalogue by clip_id: md5 and artist_group.
    hop_frames : int
        See `genrebench.features.musicnn`.
    cache : Path
        A folder that keeps the tags, so that what was computed is not computed again.

    Raises
    ------
    InputError
        If there are no such clips.
    """
    clips = [
        {"clip_id": path.stem, "path": str(path), "md5": known[path.stem]["md5"]}
        for path in sorted(audio.rglob(f"*{AUDIO_SUFFIX}"))
        if path.stem in known and files.md5_file(path) == known[path.stem]["md5"]
    ]
    if not clips:
        raise InputError(f"{audio} has no clip of GTZAN as it was released; name another folder")
    features = {"musicnn": musicnn.Settings(hop_frames=hop_frames).model_dump(exclude_none=True)}
    tags: dict[str, np.ndarray] = {}
    for name in (CLEAN, *DEGRADED):
        given = (cache / name, features, AudioSettings().model_dump())
        store = Store(*given) if name == CLEAN else store_of(*given, Condition(name, CONDITIONS[name], SEED))
        store.fill(clips, 0, 1)
        found = dict(store.read("musicnn", clips, 1))
        tags[name] = np.array([found[row].mean(axis=1) for row in range(len(clips))])
    ids = np.array([clip["clip_id"] for clip in clips])
    groups = [group_of(known[clip]["artist_group"], clip) for clip in ids]
    return Measured(ids, np.array([genre_of(clip) for clip in ids]), np.array(groups), tags)


def genre_of(clip: str) -> str:
    """The genre of a clip of GTZAN, which its clip_id begins with."""
    return clip.partition(".")[0]


def group_of(artist_group: str, clip: str) -> str:
    """The group of a clip: that of its artist, or one for the unknown artists of a genre."""
    return artist_group or f"unknown, {genre_of(clip)}"


def move(tags: np.ndarray, measured: Measured, seed: int = 0) -> np.ndarray:
    """Move tags as those of the measured clips move.

    Parameters
    ----------
    tags : array of shape (clips, 50)
        Mean probability of each tag.
    measured : Measured
        What the changes are learned from.
    seed : int
        Of what is drawn.

    Returns
    -------
    array of shape (conditions, clips, 50)
        A copy of all clips for each condition but CLEAN, in the order of `measured.tags`.
    """
    random = np.random.default_rng(seed)
    clean, given = logit(measured.tags[CLEAN]), logit(tags)
    mean, scale = clean.mean(axis=0), clean.std(axis=0) + 1e-9
    inputs = (clean - mean) / scale
    inverse = np.linalg.inv(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])) @ inputs.T
    copies = []
    for condition, degraded in measured.tags.items():
        if condition == CLEAN:
            continue
        change = logit(degraded) - clean
        offset = change.mean(axis=0)
        weights = inverse @ (change - offset)
        unexplained = change - offset - inputs @ weights
        drawn = unexplained[random.integers(len(unexplained), size=len(given))]
        copies.append(expit(given + offset + (given - mean) / scale @ weights + drawn))
    return np.array(copies)
