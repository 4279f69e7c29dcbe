"""Against the standard's figures, published values, and other people's programs."""

import contextlib
import gc
import itertools

import av
import librosa
import numpy as np
import pytest
import scipy.signal
import scipy.stats

from genrebench.audio import loudness
from genrebench.audio.clip import Clip
from genrebench.features import descriptors

RATE = 22050
RANDOM = np.random.default_rng(0)
TIME = np.arange(20 * RATE) / RATE
NOISE = (0.1 * RANDOM.standard_normal(len(TIME))).astype(np.float32)
BEAT = (NOISE * (1 + 0.9 * np.sin(2 * np.pi * 2 * TIME))).astype(np.float32)
WALK = np.cumsum(RANDOM.standard_normal(2001))
WALK = np.interp(np.arange(len(TIME)), np.arange(2001) * RATE / 100, WALK)
WALK = (NOISE * np.exp((WALK - WALK.mean()) / WALK.std())).astype(np.float32)
QUIET_THEN_LOUD = (NOISE * np.where(TIME < 12, 0.03, 1)).astype(np.float32)
SIGNALS = {
    "noise": NOISE,
    "beat": BEAT,
    "walk": WALK,
    "sine": np.sin(2 * np.pi * 440 * TIME).astype(np.float32),
    "gated": QUIET_THEN_LOUD,
    "silence": np.zeros_like(NOISE),
    "clipped": np.clip(20 * NOISE, -1, 1),
    "short": NOISE[:700],
    "half a second": NOISE[:11025],
}
SETTINGS = {"n_fft": 4096, "hop_length": 2048}


def ffmpeg_loudness(samples, rate):
    """What FFmpeg's filter ebur128 says at its end, in tenths of LUFS."""
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="mono")
    meter, sink = graph.add("ebur128", "framelog=quiet"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        with av.logging.Capture(local=False) as lines:
            for start in range(0, len(samples), 4096):
                frame = av.AudioFrame.from_ndarray(samples[None, start : start + 4096], format="flt", layout="mono")
                frame.sample_rate, frame.pts = rate, start
                graph.push(frame)
            graph.push(None)
            with contextlib.suppress(av.EOFError):
                while True:
                    graph.pull()
            del graph, source, meter, sink
            gc.collect()  # the summary is written when the filter is freed
    finally:
        av.logging.set_level(level)
    text = "".join(line for *_, line in lines)
    return float(text.partition("I:")[2].split()[0])


def plain_loudness(y, sr):
    """ITU-R BS.1770-4 step by step, with its filters in SciPy."""
    k, q, gain = np.tan(np.pi * 1681.974450955533 / sr), 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    b = [gain + gain**0.4996667741545416 * k / q + k * k, 2 * (k * k - gain)]
    b.append(gain - gain**0.4996667741545416 * k / q + k * k)
    y = scipy.signal.lfilter(b, [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k], y.astype(float))
    k, q = np.tan(np.pi * 38.13547087602444 / sr), 0.5003270373238773
    a = np.array([1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k])
    y = scipy.signal.lfilter([1, -2, 1], a / a[0], y)
    ends = [round(0.1 * sr * i) for i in range(4, 1 + int(10 * len(y) / sr))]
    powers = [np.mean(y[end - round(0.4 * sr) : end] ** 2) for end in ends] or [np.mean(y**2)]
    levels = -0.691 + 10 * np.log10(np.maximum(powers, 1e-20))
    above = [power for power, level in zip(powers, levels, strict=True) if level > -70]
    if not above:
        return -70.0
    gate = -0.691 + 10 * np.log10(np.mean(above)) - 10
    loud = [power for power, level in zip(powers, levels, strict=True) if level > max(gate, -70)]
    return -0.691 + 10 * np.log10(np.mean(loud))


def plain_danceability(y, sr):
    """Streich and Herrera (2005) with straight lines fitted by NumPy."""
    frame = int(0.01 * sr)
    envelope = np.array([np.std(y[i : i + frame].astype(float)) for i in range(0, len(y) - frame + 1, frame)])
    spans, span = [], 31.0
    while span <= 880 and int(span) < len(envelope):
        spans.append(int(span))
        span *= 1.1
    if len(spans) < 2 or not envelope.any():
        return 0.0
    profile, fluctuation = np.cumsum(envelope - envelope.mean()), []
    for span in spans:
        parts = np.array([profile[i : i + span] for i in range(0, len(profile) - span, max(1, span // 50))]).T
        residuals = np.polyfit(np.arange(span), parts, 1, full=True)[1]
        fluctuation.append(np.sqrt(np.mean(residuals) / span))
    steps = [np.log((b + 3) / (a + 3)) for a, b in itertools.pairwise(spans)]
    return 1 / np.mean(np.diff(np.log(fluctuation)) / steps)


def plain_descriptors(y, sr, **settings):
    major = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
    minor = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]
    classes = librosa.feature.chroma_stft(y=y, sr=sr, **settings).mean(axis=1)
    best = [0, 0]
    if classes.any():
        best = [max(scipy.stats.pearsonr(np.roll(key, i), classes)[0] for i in range(12)) for key in (major, minor)]
    return np.array([plain_loudness(y, sr), plain_danceability(y, sr), best[0] - best[1], max(best)])


@pytest.mark.filterwarnings("ignore::UserWarning")  # librosa warns of short signals
@pytest.mark.parametrize("signal", SIGNALS)
def test_equals_the_steps_one_by_one(signal):
    ours = descriptors.extract(Clip(SIGNALS[signal], RATE, [(4096, 2048)]), **SETTINGS)
    theirs = plain_descriptors(SIGNALS[signal], RATE, **SETTINGS)
    assert len(ours) == len(descriptors.columns(**SETTINGS))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("signal", ["noise", "beat", "walk", "sine", "gated", "clipped"])
def test_loudness_is_that_of_ffmpeg(signal):
    ours = loudness.loudness(SIGNALS[signal], RATE)
    assert ours == pytest.approx(ffmpeg_loudness(SIGNALS[signal], RATE), abs=0.06)


@pytest.mark.parametrize("signal, lufs", [("noise", -17.05412), ("beat", -15.56738), ("walk", -11.02759)])
def test_loudness_is_that_of_essentia(signal, lufs):
    """LoudnessEBUR128 of Essentia 2.1b6, of these samples in one channel."""
    assert loudness.loudness(SIGNALS[signal], RATE) == pytest.approx(lufs, abs=1e-3)


@pytest.mark.parametrize("signal, expected", [("noise", 1.96684), ("beat", 3.82853), ("walk", 0.68427)])
def test_danceability_is_that_of_essentia(signal, expected):
    """Danceability of Essentia 2.1b6, which counts fractions of a span where spans are cut off at the end."""
    assert descriptors.danceability(SIGNALS[signal], RATE) == pytest.approx(expected, rel=5e-3)


def test_exponent_of_memoryless_and_of_wandering_envelopes():
    """Peng et al. (1994): 0.5 for white noise, 1.5 for its sum."""
    assert 1 / descriptors.danceability(NOISE, RATE) == pytest.approx(0.5, abs=0.05)
    assert 1 / descriptors.danceability(WALK, RATE) == pytest.approx(1.5, abs=0.1)


def test_danceability_does_not_depend_on_the_level():
    assert descriptors.danceability(0.01 * BEAT, RATE) == pytest.approx(descriptors.danceability(BEAT, RATE), rel=1e-6)


@pytest.mark.parametrize(
    "tonic, profile, published",
    [
        (7, descriptors.MAJOR, 0.591),
        (0, descriptors.MINOR, 0.511),
        (9, descriptors.MINOR, 0.651),
        (4, descriptors.MINOR, 0.536),
        (2, descriptors.MINOR, 0.241),
    ],
)
def test_correlations_between_keys_are_those_published(tonic, profile, published):
    """Krumhansl and Kessler (1982), C major with another key, within the rounding of the printed profiles."""
    found = np.corrcoef(descriptors.MAJOR, np.roll(profile, tonic))[0, 1]
    assert found == pytest.approx(published, abs=0.005)


def chords(*triads):
    """One second each of three notes (semitones above the C of 262 Hz), five partials."""
    time = np.arange(RATE) / RATE
    seconds = []
    for triad in triads:
        notes = [262 * 2 ** (note / 12) for note in triad]
        seconds.append(sum(np.sin(2 * np.pi * k * hz * time) / k**2 for hz in notes for k in range(1, 6)))
    return (0.1 * np.concatenate(seconds)).astype(np.float32)


C, F, G = (0, 4, 7), (5, 9, 12), (7, 11, 14)
A_MINOR, D_MINOR, E = (9, 12, 16), (2, 5, 9), (4, 8, 11)


@pytest.mark.parametrize("up", [0, 3, 7])
def test_mode_tells_c_major_from_a_minor_in_any_key(up):
    for sign, progression in ((1, (C, F, G, C)), (-1, (A_MINOR, D_MINOR, E, A_MINOR))):
        samples = chords(*(tuple(note + up for note in triad) for triad in progression))
        _, _, mode, clarity = descriptors.extract(Clip(samples, RATE, [(4096, 2048)]), **SETTINGS)
        assert sign * mode > 0.05
        assert clarity > 0.7


def test_what_has_no_key_is_less_clear():
    clarity = descriptors.extract(Clip(NOISE, RATE, [(4096, 2048)]), **SETTINGS)[3]
    assert clarity < 0.6
