"""New clips are assigned to subsets by artist and recording."""

from dataclasses import replace
from pathlib import Path

from genrebench.datasets.manifest import Clip
from genrebench.inference import new_clips


def clip(name, genre, artist="", duplicate_of=""):
    return Clip(None, genre, name, artist=artist, duplicate_of=duplicate_of, figures={})


def test_clips_of_one_artist_or_recording_stay_together():
    clips = []
    for genre in ("a", "b"):
        for number in range(20):
            name = f"{genre}{number}"
            clips.append(clip(name, genre, artist=f"{genre} {number // 2}" if number < 10 else ""))
        clips.append(clip(f"{genre}20", genre, duplicate_of=f"{genre}19"))
    clips = [replace(one, path=Path(one.clip_id)) for one in clips]
    for seed in range(5):
        split = new_clips.assign(clips, seed)
        assert len(split) == 42
        for genre in ("a", "b"):
            assert split[f"{genre}20"] == split[f"{genre}19"]
            assert all(split[f"{genre}{k}"] == split[f"{genre}{k + 1}"] for k in range(0, 10, 2))
            own = [subset for name, subset in split.items() if name.startswith(genre)]
            assert 3 <= own.count("test") <= 6
            assert 3 <= own.count("valid") <= 6
