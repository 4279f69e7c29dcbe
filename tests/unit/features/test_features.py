"""Every feature: the fast engine against librosa's own functions, and what holds for both."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
import pywt
import scipy.signal
import soundfile

from genrebench.audio.clip import Clip
from genrebench.common.cli import InputError
from genrebench.extraction import engine as engines
from genrebench.extraction import store
from genrebench.workflow.entries import arguments, module_of

RATE = 22050
SCRIPTS = Path(__file__).parents[3] / "scripts"
SPECTRUM = {"n_fft": 2048, "hop_length": 512}
FRAMES = {"frame_length": 2048, "hop_length": 512}
TABLE = {
    **SPECTRUM,
    "n_mfcc": 20,
    "n_chroma": 12,
    "columns": "chroma_stft rms spectral_centroid spectral_bandwidth rolloff zero_crossing_rate harmony perceptr tempo "
    "mfcc".split(),
    "statistics": ["mean", "var"],
}
# those computed here; pretrained models have tests of their own
SETTINGS = {
    "mel": {**SPECTRUM, "n_mels": 128},
    "mfcc": {"n_fft": 2048, "hop_length": 256, "n_mels": 128, "n_mfcc": 40},
    "mfcc_20": {"module": "mfcc", **SPECTRUM, "n_mels": 128, "n_mfcc": 20},
    "chroma": {"n_fft": 2048, "hop_length": 256, "n_chroma": 24},
    "chroma_12": {"module": "chroma", **SPECTRUM, "n_chroma": 12},
    "wavelet": {"wavelet": "haar", "levels": 5},
    "spectral_centroid": SPECTRUM,
    "spectral_bandwidth": SPECTRUM,
    "spectral_rolloff": {**SPECTRUM, "roll_percent": 0.85},
    "spectral_contrast": {**SPECTRUM, "n_bands": 6, "fmin": 200.0, "quantile": 0.02},
    "zero_crossing_rate": FRAMES,
    "rms": FRAMES,
    "amplitude_statistics": SPECTRUM,
    "tonnetz": SPECTRUM,
    "onset_strength": {**SPECTRUM, "n_mels": 128},
    "tempogram": {**SPECTRUM, "n_mels": 128, "win_length": 384},
    "tempo": {**SPECTRUM, "n_mels": 128, "win_length": 344, "start_bpm": 120.0},
    "tabular": TABLE,
    "tabular_segments": {**TABLE, "segment_s": 3.0},
    "tabular_cao": {
        **TABLE,
        "module": "tabular",
        "columns": ["zero_crossing_rate", "spectral_centroid", "rolloff", "mfcc", "chroma_stft"],
        "statistics": ["mean"],
    },
    "descriptors": {"n_fft": 4096, "hop_length": 2048},
    "mel_image": {**SPECTRUM, "n_mels": 128, "size": [224, 224], "scale": "log"},
    "waveform": {},
}
BY_LIBROSA = [name for name in SETTINGS if name not in ("wavelet", "waveform")]
SPECTRA = [(s["n_fft"], s["hop_length"]) for s in SETTINGS.values() if "n_fft" in s]
NOISE = np.random.default_rng(0).standard_normal(2 * RATE + 17).astype(np.float32) * 0.1
TIME = np.arange(len(NOISE)) / RATE
SINE = np.sin(2 * np.pi * 440 * TIME).astype(np.float32)
LOW_PASS = scipy.signal.butter(10, 1000, fs=RATE, output="sos")
SIGNALS = {
    "noise": NOISE,
    "sine": SINE,
    "sine_then_silence": SINE * (TIME < 1),
    "silence": np.zeros_like(NOISE),
    "clipped": np.clip(20 * NOISE, -1, 1),
    "low_passed": scipy.signal.sosfilt(LOW_PASS, NOISE).astype(np.float32),
    "detuned": np.sin(2 * np.pi * 440 * 2 ** (0.3 / 12) * TIME).astype(np.float32) + 0.1 * NOISE,
    "short": NOISE[:700],
}
# Real clips are no part of the project: a folder of .wav files that are tested as well.
REAL_CLIPS = sorted(Path(os.environ.get("GENREBENCH_CLIPS") or os.devnull).rglob("*.wav"))


def extract(feature, clip, engine="fast"):
    function = engines.function_of(store.module(feature, SETTINGS[feature]), engine)
    return function(clip, **arguments(SETTINGS[feature]))


def assert_equals_librosa(feature, samples):
    clip = Clip(samples, RATE, SPECTRA)
    ours, theirs = extract(feature, clip), extract(feature, clip, "librosa")
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1e-5 * max(np.abs(theirs).max(), 1e-9)


@pytest.mark.filterwarnings("ignore::UserWarning")  # librosa warns of short and silent signals
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("feature", BY_LIBROSA)
def test_equals_librosa(feature, signal):
    assert_equals_librosa(feature, SIGNALS[signal])


@pytest.mark.skipif(not REAL_CLIPS, reason="GENREBENCH_CLIPS names no folder of .wav files")
@pytest.mark.parametrize("feature", BY_LIBROSA)
def test_equals_librosa_on_real_clips(feature):
    for path in REAL_CLIPS:
        assert_equals_librosa(feature, soundfile.read(path, dtype="float32")[0])


def test_every_feature_computed_here_has_the_engine_librosa():
    both = [name for name in SETTINGS if hasattr(store.module(name, SETTINGS[name]), "extract_librosa")]
    assert both == BY_LIBROSA


@pytest.mark.parametrize("feature", BY_LIBROSA)
def test_the_engine_librosa_calls_none_of_our_spectra(feature, monkeypatch):
    calls = []
    for name in ("amplitude", "by_block", "mel_power"):
        monkeypatch.setattr(Clip, name, lambda *_, name=name: calls.append(name))
    extract(feature, Clip(NOISE, RATE, SPECTRA), "librosa")
    assert not calls


def test_the_waveform_is_librosas_at_the_rate_of_speech_models(tmp_path):
    soundfile.write(tmp_path / "clip.wav", NOISE, RATE, subtype="FLOAT")
    ours = store.extract(tmp_path / "clip.wav", RATE, {"waveform": {}})["waveform"]
    theirs, rate = librosa.load(tmp_path / "clip.wav", sr=16000, res_type="soxr_hq")
    assert (rate, ours.dtype, len(ours)) == (16000, np.float32, len(theirs))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("feature", SETTINGS)
def test_a_feature_does_not_depend_on_what_else_is_asked_for(feature):
    settings = SETTINGS[feature]
    alone = Clip(NOISE, RATE, [(settings["n_fft"], settings["hop_length"])] if "n_fft" in settings else [])
    together = Clip(NOISE, RATE, SPECTRA)
    for other in SETTINGS:
        extract(other, together)
    np.testing.assert_array_equal(extract(feature, alone), extract(feature, together))


def test_extraction_does_not_depend_on_the_number_of_threads(tmp_path):
    soundfile.write(tmp_path / "clip.wav", np.resize(NOISE, 10 * RATE), RATE)
    program = (
        "import hashlib; from genrebench.extraction import store;"
        f"arrays = store.extract({str(tmp_path / 'clip.wav')!r}, {RATE}, {SETTINGS});"
        "print({name: hashlib.md5(array.tobytes()).hexdigest() for name, array in arrays.items()})"
    )
    digests = set()
    for threads in "124":
        environment = os.environ | {"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": threads}
        environment["OPENBLAS_NUM_THREADS"] = threads
        digests.add(subprocess.check_output([sys.executable, "-c", program], env=environment))
    assert len(digests) == 1


def test_extraction_imports_neither_librosa_nor_scipy():
    program = "import sys; from genrebench.extraction import store\n"
    program += "".join(
        f"store.module({name!r}, {{}})\n" for name in sorted(map(module_of, SETTINGS, SETTINGS.values()))
    )
    program += "print(*sorted({name.split('.')[0] for name in sys.modules} & {'librosa', 'numba', 'scipy'}))"
    output = subprocess.check_output([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(SCRIPTS)})
    assert output.decode().split() == []


def test_flattened_shapes_of_paper_001_on_the_longest_clip_of_gtzan():
    clip = Clip(np.resize(NOISE, 675808), RATE, SPECTRA)
    expected = {"mel": 168960, "mfcc": 105600, "chroma": 63360, "wavelet": 675808}
    assert expected == {name: extract(name, clip).size for name in expected}


def test_too_many_bands_of_contrast_are_refused():
    settings = SETTINGS["spectral_contrast"] | {"n_bands": 8}
    with pytest.raises(InputError, match=r"features\.spectral_contrast"):
        store.module("spectral_contrast", {}).extract(Clip(NOISE, RATE, SPECTRA), **settings)


@pytest.mark.parametrize("wavelet", ["haar", "db4"])
@pytest.mark.parametrize("length", [32 * 500, 32 * 499 + 1])
def test_wavelet_holds_the_coefficients_of_pywavelets_and_gives_the_signal_back(wavelet, length):
    samples = NOISE[:length]
    ours = store.module("wavelet", {}).extract(Clip(samples, RATE, []), wavelet=wavelet, levels=5)
    assert ours.shape == (32, 500)
    samples = np.pad(samples, (0, 32 * 500 - length))
    bands = pywt.wavedec(samples, wavelet, mode="periodization", level=5)
    starts = np.cumsum([0, 1, 1, 2, 4, 8, 16])
    ours_by_band = [ours[a:b].T.ravel() for a, b in itertools.pairwise(starts)]
    for ours_band, band in zip(ours_by_band, bands, strict=True):
        np.testing.assert_array_equal(ours_band, band)
    back = pywt.waverec(ours_by_band, wavelet, mode="periodization")
    np.testing.assert_allclose(back, samples, atol=1e-6)


def test_a_haar_transform_padded_at_the_end_is_that_of_the_padded_clip():
    samples = NOISE[:1000]
    extract = store.module("wavelet", {}).extract
    short = extract(Clip(samples, RATE, []), wavelet="haar", levels=5)
    long = extract(Clip(np.pad(samples, (0, 600)), RATE, []), wavelet="haar", levels=5)
    np.testing.assert_array_equal(np.pad(short, ((0, 0), (0, long.shape[1] - short.shape[1]))), long)


def test_one_transform_serves_both_hops(monkeypatch):
    counts = []
    rfft = np.fft.rfft
    monkeypatch.setattr(np.fft, "rfft", lambda frames: counts.append(len(frames)) or rfft(frames))
    clip = Clip(NOISE, RATE, SPECTRA)
    for name in ("mel", "mfcc", "chroma", "spectral_contrast"):
        extract(name, clip)
    assert sum(counts) == 1 + len(NOISE) // 256
