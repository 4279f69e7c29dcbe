import io

import av
import numpy as np
import pytest

from genrebench.audio import excerpt


def tone(seconds, hz=440.0, rate=22050, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_an_excerpt_begins_where_the_energy_is():
    samples = np.full(1000, 0.1, np.float32)
    samples[400:500] = -0.9
    assert excerpt.loudest(samples, 100) == 400
    assert excerpt.loudest(samples, 1000) == 0
    assert excerpt.loudest(samples, 5000) == 0


def test_an_excerpt_decodes_to_what_it_was():
    samples = tone(2.0, amplitude=1.7)  # beyond full scale: scaled, not clipped
    encoded = excerpt.encode(samples, excerpt.SAMPLE_RATE)
    assert encoded == excerpt.encode(samples, excerpt.SAMPLE_RATE)
    assert len(encoded) < 15_000
    with av.open(io.BytesIO(encoded)) as container:
        (stream,) = container.streams.audio
        assert (stream.rate, stream.channels) == (excerpt.SAMPLE_RATE, 1)
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(stream)])
    assert len(decoded) / excerpt.SAMPLE_RATE == pytest.approx(2.0, abs=0.15)  # MP3 adds silence at its ends
    middle = decoded[11025:22050].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * excerpt.SAMPLE_RATE / len(middle) == pytest.approx(440, abs=3)
    assert spectrum[spectrum.argmax() + 20 :].max() < 0.01 * spectrum.max()  # of a clipped tone: a third harmonic
