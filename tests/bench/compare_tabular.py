"""Our table of GTZAN against the published features_30_sec.csv, column by column.

    python tests/bench/compare_tabular.py --audio GENRES --published FOLDER

GENRES holds `<clip_id>.wav` somewhere below, FOLDER a dataset that brings the table: manifest.csv, features/tabular.npy
and features/tabular.columns.txt. Of the clips that are in both it prints, per column, the correlation and the median
and the greatest relative difference: of our table, and of our table as librosa computed it before version 0.9 (2022),
which explains what differs. At the clip's ends that reflected the signal where zeros stand now, and `effects.hpss` left
the samples after the last frame's centre 0.
"""

import argparse
from pathlib import Path

import numpy as np
import soundfile

from genrebench.audio import hpss
from genrebench.audio.clip import Clip
from genrebench.common import files
from genrebench.features import tabular

FAMILIES = "chroma_stft rms spectral_centroid spectral_bandwidth rolloff zero_crossing_rate harmony perceptr tempo mfcc"
SIZES = {"n_fft": 2048, "hop_length": 512, "n_mfcc": 20, "n_chroma": 12}
SETTINGS = {**SIZES, "columns": FAMILIES.split(), "statistics": ["mean", "var"]}


class Reflected(Clip):
    """A clip that goes on backwards beyond its ends."""

    def frames(self, frame_length: int, hop_length: int, mode: str = "constant") -> np.ndarray:
        """Padded by reflection where zeros are asked for."""
        return super().frames(frame_length, hop_length, "reflect" if mode == "constant" else mode)


def compare_tabular(audio: str, published: str) -> None:
    """Print the comparison of the clips that are both in `audio` and in `published`."""
    folder = Path(published)
    names = (folder / "features" / "tabular.columns.txt").read_text().split()
    assert names == tabular.columns(**SETTINGS), "the columns are others"
    rows = {clip["clip_id"]: row for row, clip in enumerate(files.read_rows(folder / "manifest.csv"))}
    paths = sorted(path for path in Path(audio).rglob("*.wav") if path.stem in rows)
    theirs = np.load(folder / "features" / "tabular.npy")[[rows[path.stem] for path in paths]]
    clips = [soundfile.read(path, dtype="float32") for path in paths]
    ours = np.array([tabular.extract(Clip(*clip, [(2048, 512)]), **SETTINGS) for clip in clips])
    before = np.array([as_before(Reflected(*clip, [(2048, 512)]), names) for clip in clips])
    print(f"{len(paths)} clips; correlation, median and greatest relative difference")
    print(f"{'':24}{'ours':>33}{'as librosa before 0.9':>33}")
    for column, name in enumerate(names):
        figures = [compare(table[:, column], theirs[:, column]) for table in (ours, before)]
        print(f"{name:24}" + "".join(f"{r:13.7f}{middle:10.1e}{most:10.1e}" for r, middle, most in figures))


def as_before(clip: Clip, names: list[str]) -> np.ndarray:
    """The row of a reflected clip, with the end of its two parts 0."""
    row = dict(zip(names, tabular.extract(clip, **SETTINGS), strict=True))
    end = len(clip.samples) // 512 * 512
    harmonic = hpss.harmonic(clip, 2048, 512)
    for name, part in (("harmony", harmonic), ("perceptr", clip.samples - harmonic)):
        part[end:] = 0
        row |= {f"{name}_mean": part.mean(dtype=np.float64), f"{name}_var": part.var(dtype=np.float64)}
    return np.array([row[name] for name in names])


def compare(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
    """Correlation over clips, median and greatest relative difference."""
    difference = np.abs(ours - theirs) / np.abs(theirs)
    return np.corrcoef(ours, theirs)[0, 1], np.median(difference), difference.max()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--audio", required=True, help="folder of GTZAN's .wav files")
    parser.add_argument("--published", required=True, help="folder of the published table")
    compare_tabular(**vars(parser.parse_args()))
