import numpy as np
import pytest
import soundfile

from genrebench.extraction import engine, store
from genrebench.features import mel, wavelet

RATE = 22050
FEATURES = {
    "mel": {"n_fft": 512, "hop_length": 256, "n_mels": 16},
    "wavelet": {"wavelet": "haar", "levels": 5},
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(RATE), RATE)
    return path


def reading(**audio):
    return {"sample_rate": RATE, "duration": "longest", **audio}


def test_fast_is_the_default():
    assert engine.function_of(mel, "fast") is mel.extract
    assert store.Store("x", FEATURES, reading()).keys == store.Store("x", FEATURES, reading(engine="fast")).keys


def test_librosa_computes_what_it_can():
    assert engine.function_of(mel, "librosa") is mel.extract_librosa
    assert engine.function_of(wavelet, "librosa") is wavelet.extract


def test_another_engine_is_an_error():
    with pytest.raises(ValueError, match="quick"):
        engine.function_of(mel, "quick")


def test_the_store_keeps_the_arrays_of_the_engines_apart(tmp_path):
    fast, librosa = (store.Store(tmp_path, FEATURES, reading(engine=name)) for name in engine.ENGINES)
    assert fast.keys["mel"] != librosa.keys["mel"]
    assert fast.keys["wavelet"] == librosa.keys["wavelet"]  # one code for both


def test_extract_uses_the_engine_that_is_asked_for(path, monkeypatch):
    called = []
    monkeypatch.setattr(mel, "extract_librosa", lambda clip, **settings: called.append(settings) or np.zeros((16, 1)))
    store.extract(path, RATE, FEATURES)
    assert not called
    store.extract(path, RATE, FEATURES, engine="librosa")
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    list(store.extract_pieces(path, samples, rate, RATE, FEATURES, [(0, 0.5), (0.5, 1)], engine="librosa"))
    assert called == [FEATURES["mel"]] * 3


def test_filling_the_store_uses_its_engine(path, tmp_path):
    clips = [{"clip_id": "a", "path": str(path), "md5": "0" * 32}]
    arrays = []
    for name in engine.ENGINES:
        cache = store.Store(tmp_path / "store", FEATURES, reading(engine=name))
        cache.fill(clips, 0, 1)
        arrays += [array for _, array in cache.read("mel", clips, 1)]
    fast, librosa = arrays
    np.testing.assert_allclose(fast, librosa, atol=1e-5 * 80)
