import librosa
import numpy as np
import pytest
from PIL import Image

from genrebench.audio.clip import Clip
from genrebench.features import mel_image

RATE = 22050
SETTINGS = {"n_fft": 2048, "hop_length": 512, "n_mels": 128, "size": [224, 224], "scale": "log"}
NOISE = (0.1 * np.random.default_rng(0).standard_normal(6 * RATE)).astype(np.float32)
TIME = np.arange(len(NOISE)) / RATE
SIGNALS = {
    "noise": NOISE,
    "sine": np.sin(2 * np.pi * 440 * TIME).astype(np.float32),
    "silence": np.zeros_like(NOISE),
    "clipped": np.clip(20 * NOISE, -1, 1),
    "short": NOISE[:700],
}


def extract(samples, **settings):
    return mel_image.extract(Clip(samples, RATE, [(2048, 512)]), **SETTINGS | settings)


@pytest.mark.filterwarnings("ignore::UserWarning")  # librosa warns of short signals
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("size", [[224, 224], [217, 336], [64, 700]])
def test_equals_librosa_and_pillow(signal, scale, size):
    ours = extract(SIGNALS[signal], scale=scale, size=size)
    power = librosa.feature.melspectrogram(y=SIGNALS[signal], sr=RATE)
    shown = 1 + librosa.power_to_db(power, ref=np.max) / 80 if scale == "log" else power / (power.max() or 1)
    picture = Image.fromarray(np.flipud(shown).astype(np.float32))
    theirs = np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR))
    assert ours.shape == tuple(size) and ours.dtype == np.float32
    assert ours.min() >= 0 and ours.max() <= 1
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_in_its_own_size_it_is_the_spectrogram_upside_down():
    frames = 1 + len(NOISE) // 512
    theirs = librosa.power_to_db(librosa.feature.melspectrogram(y=NOISE, sr=RATE), ref=np.max)
    np.testing.assert_allclose(extract(NOISE, size=[128, frames])[::-1] * 80 - 80, theirs, atol=1e-3)


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_a_rising_tone_goes_from_the_lower_left_to_the_upper_right(scale):
    rising = librosa.chirp(fmin=200, fmax=9000, sr=RATE, duration=6).astype(np.float32)
    rows = extract(rising, scale=scale).argmax(axis=0)[5:-5]
    assert rows[0] > 190 and rows[-1] < 20
    assert (np.diff(rows) <= 2).all()  # up, but for steps of the bands


def test_nothing_is_passed_over_where_the_picture_shrinks():
    click = np.zeros(60 * RATE, np.float32)
    click[30 * RATE] = 1
    row = extract(click, scale="linear", size=[8, 20])[4]
    assert row.max() > 0.003  # 4 of 2584 frames hold it: every 129th alone would not
    assert row.argmax() in (9, 10)


def test_linear_shows_power():
    quieter = np.where(TIME < 3, 1, 0.1) * np.sin(2 * np.pi * 440 * TIME)
    picture = extract(quieter.astype(np.float32), scale="linear")
    left, right = picture[:, 50].max(), picture[:, 170].max()
    assert right / left == pytest.approx(0.01, rel=0.02)
