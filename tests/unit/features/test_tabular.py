"""The tables against librosa called the plain way, column by column, and as they are written for people."""

import csv
import os
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from genrebench.audio.clip import Clip
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.extraction import feature_tables
from genrebench.features import tabular, tabular_segments

RATE = 22050
FAMILIES = "chroma_stft rms spectral_centroid spectral_bandwidth rolloff zero_crossing_rate harmony perceptr tempo mfcc"
SIZES = {"n_fft": 2048, "hop_length": 512, "n_mfcc": 20, "n_chroma": 12}
SETTINGS = {**SIZES, "columns": FAMILIES.split(), "statistics": ["mean", "var"]}
MORE = ["spectral_contrast", "tonnetz", "onset_strength"]
RANDOM = np.random.default_rng(0)
NOISE = (0.1 * RANDOM.standard_normal(4 * RATE + 17)).astype(np.float32)
TIME = np.arange(len(NOISE)) / RATE
SINE = np.sin(2 * np.pi * 440 * TIME).astype(np.float32)
SIGNALS = {
    "noise": NOISE,
    "sine": SINE,
    "clicks": (0.01 * NOISE + SINE * (TIME % 0.5 < 0.02)).astype(np.float32),
    "silence": np.zeros_like(NOISE),
    "clipped": np.clip(20 * NOISE, -1, 1),
    "short": NOISE[:700],
}
# Real clips are no part of the project: a folder of .wav files that are tested as well.
REAL_CLIPS = sorted(Path(os.environ.get("GENREBENCH_CLIPS") or os.devnull).rglob("*.wav"))


def make_clip(samples, spectra=((2048, 512),)):
    return Clip(samples, RATE, list(spectra))


def assert_equal_librosa(samples):
    """Within 1e-4, or 1e-5 of what the peak of the numbers would give: a sine's variance is all rounding."""
    for family in [*FAMILIES.split(), *MORE]:
        settings = SETTINGS | {"columns": [family]}
        ours = tabular.extract(make_clip(samples), **settings)
        values = tabular.librosa_values(make_clip(samples), family, **SIZES)
        theirs = tabular.extract_librosa(make_clip(samples), **settings)
        peak = np.abs(values).max()
        power = np.array([2 if name.endswith("_var") else 1 for name in tabular.columns(**settings)])
        assert ours.shape == theirs.shape
        assert (np.abs(ours - theirs) <= np.maximum(1e-4 * np.abs(theirs), 1e-5 * peak**power)).all(), family


@pytest.mark.filterwarnings("ignore::UserWarning")  # librosa warns of short and silent signals
@pytest.mark.parametrize("signal", SIGNALS)
def test_columns_equal_librosa(signal):
    assert_equal_librosa(SIGNALS[signal])


@pytest.mark.skipif(not REAL_CLIPS, reason="GENREBENCH_CLIPS names no folder of .wav files")
def test_columns_equal_librosa_on_real_clips():
    for path in REAL_CLIPS:
        assert_equal_librosa(soundfile.read(path, dtype="float32")[0])


def test_the_columns_are_those_of_features_30_sec():
    scalars = "chroma_stft rms spectral_centroid spectral_bandwidth rolloff zero_crossing_rate harmony perceptr"
    expected = [f"{name}_{statistic}" for name in scalars.split() for statistic in ("mean", "var")] + ["tempo"]
    expected += [f"mfcc{number}_{statistic}" for number in range(1, 21) for statistic in ("mean", "var")]
    assert tabular.columns(**SETTINGS) == expected
    assert tabular_segments.columns(segment_s=3.0, **SETTINGS) == expected
    assert len(expected) == 57 == len(tabular.extract(make_clip(NOISE), **SETTINGS))


@pytest.mark.parametrize("columns, statistics", [(["mfcc", "tempo", "rms"], ["var", "max"]), (MORE, ["median"])])
def test_families_and_statistics_stand_in_the_order_asked_for(columns, statistics):
    settings = SETTINGS | {"columns": columns, "statistics": statistics}
    row = dict(zip(tabular.columns(**settings), tabular.extract(make_clip(NOISE), **settings), strict=True))
    for family in columns:
        for statistic in statistics if family != "tempo" else ["mean"]:
            alone = SETTINGS | {"columns": [family], "statistics": [statistic]}
            values = tabular.extract(make_clip(NOISE), **alone)
            np.testing.assert_array_equal(values, [row[name] for name in tabular.columns(**alone)])


def test_columns_and_settings_of_the_two_modules_are_the_same():
    segments = tabular_segments.Settings().model_dump()
    del segments["segment_s"]
    assert segments == tabular.Settings().model_dump()


def test_segments_are_the_table_of_slices():
    settings = SETTINGS | {"columns": ["rms", "mfcc", "harmony"]}
    ours = tabular_segments.extract(make_clip(NOISE), segment_s=1.5, **settings)
    length = round(1.5 * RATE)
    slices = [NOISE[:length], NOISE[length : 2 * length]]  # the rest is no whole segment
    expected = np.stack([tabular.extract(make_clip(part), **settings) for part in slices], axis=1)
    np.testing.assert_array_equal(ours, expected)


def test_a_clip_shorter_than_a_segment_is_one():
    ours = tabular_segments.extract(make_clip(NOISE[:700]), segment_s=3.0, **SETTINGS)
    np.testing.assert_array_equal(ours[:, 0], tabular.extract(make_clip(NOISE[:700]), **SETTINGS))
    assert ours.shape == (57, 1)


def test_tempo_is_that_of_the_beat_tracker():
    """Clicks at 150 beats a minute, every second one louder."""
    samples = NOISE * 0.001
    for number, start in enumerate(range(0, len(samples) - 400, round(0.4 * RATE))):
        samples[start : start + 400] += NOISE[:400] * (9 if number % 2 else 5)
    (tempo,) = tabular.extract(make_clip(samples), **SETTINGS | {"columns": ["tempo"]})
    assert tempo == pytest.approx(np.squeeze(librosa.beat.beat_track(y=samples, sr=RATE)[0]))


def write_feature(folder, values, **description):
    np.save(folder / "f.npy", values.astype(np.float32))
    files.write_json(folder / "f.json", {"feature": "f", "available": True, "lengths": None, **description})
    (folder / "manifest.csv").write_text("clip_id,genre\njazz.a,jazz\n" + '"rock.b, live",rock\n')
    feature_tables.write_table(str(folder / "manifest.csv"), str(folder / "f.json"), str(folder / "table.csv"))
    with (folder / "table.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_table_of_clips(tmp_path):
    values = np.array([[0.1, 2e-9], [-3, 1e6]], np.float32)
    header, *rows = write_feature(tmp_path, values, axes=["column"], columns=["rms_mean", "rms_var"])
    assert header == ["clip_id", "rms_mean", "rms_var", "label"]
    assert [(row[0], row[-1]) for row in rows] == [("jazz.a", "jazz"), ("rock.b, live", "rock")]
    assert rows[0][1] == "0.1"
    np.testing.assert_array_equal(np.array([row[1:-1] for row in rows], np.float32), values)


def test_table_of_segments_lacks_the_padding(tmp_path):
    values = np.arange(12).reshape(2, 2, 3)
    table = write_feature(tmp_path, values, axes=["column", "segment"], columns=["a", "b"], lengths=[3, 1])
    assert table[0] == ["clip_id", "segment", "a", "b", "label"]
    assert table[1:] == [
        ["jazz.a", "0", "0.0", "3.0", "jazz"],
        ["jazz.a", "1", "1.0", "4.0", "jazz"],
        ["jazz.a", "2", "2.0", "5.0", "jazz"],
        ["rock.b, live", "0", "6.0", "9.0", "rock"],
    ]


def test_table_of_what_a_dataset_brings_without_names(tmp_path):
    assert write_feature(tmp_path, np.zeros((2, 3)), axes=["column"])[0] == ["clip_id", "f1", "f2", "f3", "label"]


def test_a_spectrogram_is_no_table(tmp_path):
    with pytest.raises(InputError, match="band, frame"):
        write_feature(tmp_path, np.zeros((2, 4, 5)), axes=["band", "frame"])
    assert not (tmp_path / "table.csv").exists()
