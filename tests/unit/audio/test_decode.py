import os
from pathlib import Path

import av
import librosa
import numpy as np
import pytest
import soundfile

from genrebench.audio import decode, formats
from genrebench.common.cli import InputError

REAL = Path("../shared/data/gtzan_audio")
RATE = 22050
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.float32)
needs_real_clips = pytest.mark.skipif(not REAL.is_dir(), reason="the real GTZAN clips are not beside the checkout")


def encode_with_ffmpeg(path, codec, samples, rate=RATE):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".au", ".aiff", ".ogg", ".mp3"])
def test_what_libsndfile_reads(tmp_path, suffix):
    path = tmp_path / f"tone{suffix}"
    soundfile.write(path, TONE, RATE)
    samples = decode.load(path, RATE)
    assert samples.dtype == np.float32 and samples.ndim == 1
    assert abs(len(samples) - len(TONE)) < 3000
    assert np.abs(samples[5000:40000]).max() == pytest.approx(0.5, abs=0.02)
    assert suffix in formats.SUFFIXES


def test_what_only_ffmpeg_reads(tmp_path):
    path = tmp_path / "tone.m4a"
    encode_with_ffmpeg(path, "aac", TONE)
    samples, rate = decode.decode(path)
    assert (rate, samples.shape[1]) == (RATE, 1)
    spectrum = np.abs(np.fft.rfft(samples[5000:27050, 0]))
    assert spectrum.argmax() == pytest.approx(440, abs=1)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_flac_whose_header_does_not_say_how_long_it_is(tmp_path):
    """As a pipe writes it: libsndfile then believes in 2^63 samples."""
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 9000)
    soundfile.write(tmp_path / "x.flac", samples, 8000)
    header = bytearray((tmp_path / "x.flac").read_bytes())
    header[21] &= 0xF0  # the number of samples has 36 bits, and 0 stands for unknown
    header[22:26] = bytes(4)
    (tmp_path / "piped.flac").write_bytes(header)
    found, rate = decode.decode(tmp_path / "piped.flac")
    assert (found.shape, rate) == ((9000, 1), 8000)
    np.testing.assert_allclose(found[:, 0], samples, atol=2**-15)


def test_stereo_at_another_rate_is_what_librosa_loads(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (44100, 2)).astype(np.float32)
    path = tmp_path / "stereo.wav"
    soundfile.write(path, noise, 44100, subtype="FLOAT")
    expected, _ = librosa.load(path, sr=RATE, res_type="soxr_hq")
    np.testing.assert_allclose(decode.load(path, RATE), expected, atol=1e-6)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("count", [30000, 30001, 30002, 48000])
def test_there_are_as_many_samples_as_librosa_gives(rate, count):
    samples = np.random.default_rng(count).uniform(-0.5, 0.5, count).astype(np.float32)
    expected = librosa.resample(samples, orig_sr=rate, target_sr=RATE, res_type="soxr_hq")
    np.testing.assert_array_equal(decode.to_mono(samples[:, None], rate, RATE), expected)


def test_a_codec_without_decoder_is_named(tmp_path):
    path = tmp_path / "tone.caf"
    soundfile.write(path, TONE, RATE)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"lpcm", b"what", 1))
    with pytest.raises(InputError, match=r"tone\.caf.*decoder"):
        decode.decode(path)


def test_errors_name_the_file_and_both_decoders(tmp_path):
    path = tmp_path / "broken.wav"
    path.write_bytes(bytes(range(256)) * 10)
    with pytest.raises(InputError, match=r"broken\.wav.*libsndfile.*FFmpeg"):
        decode.decode(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="empty"):
        decode.decode(path)


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.wav")
    with pytest.raises(InputError, match="no regular file"):
        decode.decode(tmp_path / "x.wav")


def test_md5_is_of_the_sound_and_not_of_the_file(tmp_path):
    for name in ("a.wav", "a.flac", "a.au"):
        soundfile.write(tmp_path / name, (TONE * 32767).astype(np.int16), RATE)
    digests = {decode.md5(decode.load(tmp_path / name, RATE)) for name in ("a.wav", "a.flac", "a.au")}
    assert len(digests) == 1
    assert decode.md5(TONE) not in digests  # before the rounding to 16 bits


def test_summary_of_a_sine():
    figures = decode.summary(TONE)
    assert figures["mean_amplitude"] == pytest.approx(0.5 * 2 / np.pi, rel=1e-3)
    assert figures["rms_amplitude"] == pytest.approx(0.5 / np.sqrt(2), rel=1e-4)
    assert figures["max_amplitude"] == pytest.approx(0.5, rel=1e-4)


@needs_real_clips
@pytest.mark.parametrize(
    ("clip", "printed"),
    [("jazz/jazz.00007", (0.077327, 0.105113, 0.574005)), ("blues/blues.00028", (0.079170, 0.118491, 0.979095))],
)
def test_summary_is_what_paper_001_prints(clip, printed):
    figures = decode.summary(decode.load(REAL / f"{clip}.wav", RATE))
    assert tuple(round(figures[f"{kind}_amplitude"], 6) for kind in ("mean", "rms", "max")) == printed


ODD_NAMES = ["http:x.m4a", "file:q.m4a", "a:b.m4a", "-", "%03d.m4a", "-i", "a\rb\x1b[2J.m4a", "n\udcff.m4a"]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("codec", ["aac", "wav"])
def test_a_name_is_that_of_a_file_whatever_it_looks_like(tmp_path, monkeypatch, name, codec):
    monkeypatch.chdir(tmp_path)
    encode = {
        "aac": lambda path: encode_with_ffmpeg(path, "aac", TONE),
        "wav": lambda p: soundfile.write(p, TONE, RATE),
    }
    encode[codec](tmp_path / ("tone.m4a" if codec == "aac" else "tone.wav"))
    next(tmp_path.glob("tone.*")).rename(name)
    samples, rate = decode.decode(name)
    assert rate == RATE and len(samples) == pytest.approx(len(TONE), abs=3000)


LISTS = {
    "concat": "ffconcat version 1.0\nfile other.m4a\n",
    "concat, absolute": "ffconcat version 1.0\nfile file:{folder}/other.m4a\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nother.m4a\n#EXT-X-ENDLIST\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
}


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("suffix", ["mp3", "m3u8"])
def test_no_other_file_or_address_is_opened(tmp_path, kind, suffix):
    encode_with_ffmpeg(tmp_path / "other.m4a", "aac", TONE)
    (tmp_path / f"list.{suffix}").write_text(LISTS[kind].format(folder=tmp_path))
    with pytest.raises(InputError, match=f"list.{suffix} cannot be decoded"):
        decode.decode(tmp_path / f"list.{suffix}")
