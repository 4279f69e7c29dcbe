import errno
import os

import numpy as np
import pytest
import soundfile

from genrebench.audio import loudness
from genrebench.audio.lengths import common_seconds
from genrebench.common.cli import InputError
from genrebench.extraction import store as extraction
from genrebench.extraction.shards import shard_count, shard_of

AUDIO = {"sample_rate": 22050, "duration": "longest"}
FEATURES = {"mel": {"n_fft": 2048, "hop_length": 512, "n_mels": 16}, "wavelet": {"wavelet": "haar", "levels": 5}}


def make_clips(folder, numbers):
    clips = []
    for number in numbers:
        path = folder / f"{number}.wav"
        noise = np.random.default_rng(number).standard_normal(22050 + 100 * number) * 0.1
        soundfile.write(path, noise, 22050)
        clips.append({"clip_id": f"{number}", "path": str(path), "md5": f"{number * 0x9E3779B1 % 2**32:08x}"})
    return clips


@pytest.fixture
def decoded(monkeypatch):
    paths = []
    load = extraction.decode.load
    monkeypatch.setattr(extraction.decode, "load", lambda path, rate: paths.append(path) or load(path, rate))
    return paths


def fill(store, clips, shards=2):
    return sum(store.fill(clips, shard, shards) for shard in range(shards))


def test_only_what_is_missing_is_decoded(tmp_path, decoded):
    clips = make_clips(tmp_path, range(9))
    store = extraction.Store(tmp_path / "store", FEATURES, AUDIO)
    assert fill(store, clips[:6]) == len(decoded) == 6
    assert fill(store, clips[:6]) == 0
    assert fill(store, clips) == 3  # three clips more
    other = FEATURES | {"mel": FEATURES["mel"] | {"n_mels": 20}}
    changed = extraction.Store(tmp_path / "store", other, AUDIO)
    assert changed.keys["wavelet"] == store.keys["wavelet"]
    assert changed.keys["mel"] != store.keys["mel"]
    assert fill(changed, clips) == 9
    assert fill(store, clips) == 0
    assert len(decoded) == 18


def test_reading_gives_every_clip_its_own_array(tmp_path):
    clips = make_clips(tmp_path, range(5))
    store = extraction.Store(tmp_path / "store", FEATURES, AUDIO)
    fill(store, clips)
    arrays = dict(store.read("wavelet", clips, 2))
    assert sorted(arrays) == list(range(5))
    for row, array in arrays.items():
        samples = soundfile.read(clips[row]["path"], dtype="float32")[0]
        assert array.shape == (32, -(-len(samples) // 32))
        assert np.square(array).sum() == pytest.approx(np.square(samples).sum(), rel=1e-4)  # orthonormal


def test_a_fixed_duration_cuts_and_pads(tmp_path):
    clips = make_clips(tmp_path, [0, 1])
    for seconds in (0.5, 2.0):
        store = extraction.Store(tmp_path / "store", FEATURES, AUDIO | {"duration": seconds})
        fill(store, clips)
        frames = {array.shape[-1] for _, array in store.read("mel", clips, 2)}
        assert frames == {1 + round(seconds * 22050) // 512}


def test_a_clip_that_fails_is_named_and_the_others_are_kept(tmp_path, decoded):
    clips = make_clips(tmp_path, range(3))
    (tmp_path / "1.wav").write_bytes(b"broken")
    store = extraction.Store(tmp_path / "store", FEATURES, AUDIO)
    with pytest.raises(InputError, match=r"1\.wav"):
        store.fill(clips, 0, 1)
    clips[1] = make_clips(tmp_path, [1])[0]
    decoded.clear()
    store.fill(clips, 0, 1)
    assert [path[-5:] for path in decoded] == ["1.wav", "2.wav"]


def test_a_shard_is_written_part_by_part(tmp_path, decoded, monkeypatch):
    monkeypatch.setattr(extraction, "PART_BYTES", 100_000)  # two clips
    clips = make_clips(tmp_path, range(5))
    store = extraction.Store(tmp_path / "store", FEATURES, AUDIO)
    assert store.fill(clips, 0, 1) == 5
    parts = sorted(path.name for path in store.folder_of("wavelet", 0, 1).iterdir())
    assert parts == ["0.npz", "1.npz", "2.npz"]
    assert sorted(row for row, _ in store.read("wavelet", clips, 1)) == list(range(5))
    assert store.fill(clips, 0, 1) == 0


def test_a_failure_keeps_the_parts_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(extraction, "PART_BYTES", 100_000)
    clips = make_clips(tmp_path, range(4))
    (tmp_path / "3.wav").write_bytes(b"broken")
    store = extraction.Store(tmp_path / "store", FEATURES, AUDIO)
    with pytest.raises(InputError, match=r"3\.wav"):
        store.fill(clips, 0, 1)
    assert sorted(row for row, _ in store.read("mel", clips[:3], 1)) == [0, 1, 2]


def test_a_job_fails_for_its_own_feature_alone(tmp_path):
    clips = make_clips(tmp_path, range(2))
    contrast = {"n_fft": 2048, "hop_length": 512, "n_bands": 9, "fmin": 200.0, "quantile": 0.02}  # above half the rate
    store = extraction.Store(tmp_path / "store", {**FEATURES, "spectral_contrast": contrast}, AUDIO)
    assert store.fill(clips, 0, 1, unless_complete="mel") == 2
    assert sorted(row for row, _ in store.read("mel", clips, 1)) == [0, 1]
    with pytest.raises(InputError, match="spectral_contrast"):
        store.fill(clips, 0, 1, unless_complete="spectral_contrast")


def test_nothing_is_extracted_where_there_are_no_locks(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(extraction.fcntl, "flock", refuse)
    store = extraction.Store(tmp_path / "store", FEATURES, AUDIO)
    with pytest.raises(InputError, match=r"audio-0-of-1\.lock cannot be locked \(Function not implemented\)"):
        store.fill(make_clips(tmp_path, [1]), 0, 1)


def test_a_damaged_archive_is_named(tmp_path):
    clips = make_clips(tmp_path, range(1))
    store = extraction.Store(tmp_path / "store", FEATURES, AUDIO)
    store.fill(clips, 0, 1)
    part = store.folder_of("mel", 0, 1) / "0.npz"
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(InputError, match=r"0\.npz is damaged; delete it"):
        store.fill(clips, 0, 1)


def test_entries_of_one_module_are_features_of_their_own(tmp_path):
    clips = make_clips(tmp_path, [0])
    few = {"module": "mel", "n_fft": 2048, "hop_length": 512, "n_mels": 8}
    store = extraction.Store(tmp_path / "store", {**FEATURES, "mel_8": few}, AUDIO)
    store.fill(clips, 0, 1)
    assert {name: next(store.read(name, clips, 1))[1].shape[0] for name in ("mel", "mel_8")} == {"mel": 16, "mel_8": 8}


def test_features_that_ask_for_it_get_clips_of_one_loudness(tmp_path):
    rms = {"frame_length": 2048, "hop_length": 512}
    features = {"rms": rms, "normalised": rms | {"module": "rms", "normalise_loudness": True}}
    samples = (np.random.default_rng(0).standard_normal(3 * 22050) * 0.1).astype(np.float32)
    levels = {}
    for gain in (1, 0.1):
        soundfile.write(tmp_path / "clip.wav", gain * samples, 22050, subtype="FLOAT")
        levels[gain] = extraction.extract(tmp_path / "clip.wav", 22050, features, loudness=-18)
        (piece,) = extraction.extract_pieces("clip", gain * samples, 22050, 22050, features, [(0, 3)], loudness=-18)
        for name in features:
            np.testing.assert_allclose(piece[name], levels[gain][name], rtol=1e-5)
    np.testing.assert_allclose(levels[1]["normalised"], levels[0.1]["normalised"], rtol=1e-4)
    np.testing.assert_allclose(levels[1]["rms"], 10 * levels[0.1]["rms"], rtol=1e-4)
    found = loudness.normalise(samples, 22050, -18)
    assert levels[1]["normalised"].mean() == pytest.approx(np.sqrt((found**2).mean()), rel=0.05)
    without = extraction.extract(tmp_path / "clip.wav", 22050, features)
    np.testing.assert_array_equal(without["normalised"], without["rms"])
    keys = [extraction.Store(tmp_path, features, AUDIO | {"loudness": level}).keys for level in (None, -18.0)]
    assert keys[0]["rms"] == keys[1]["rms"] and keys[0]["normalised"] != keys[1]["normalised"]


@pytest.mark.parametrize(
    "duration, expected",
    [("longest", 10), (4.5, 4.5), ({"percentile": 50, "at_least_s": 1}, 3), ({"percentile": 50, "at_least_s": 8}, 8)],
)
def test_the_seconds_that_all_clips_are_made_as_long_as(duration, expected):
    assert common_seconds(duration, [1, 2, 3, 4, 10]) == expected


def test_shards_seldom_change_and_cover_every_clip():
    assert [shard_count(n) for n in (0, 1, 127, 128, 1000, 1010, 100_000)] == [1, 1, 1, 2, 8, 8, 128]
    assert {shard_of(f"{i * 2654435761 % 2**32:08x}", 8) for i in range(1000)} == set(range(8))
