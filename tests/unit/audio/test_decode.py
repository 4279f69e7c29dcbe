import io
import os
from contextlib import suppress
from pathlib import Path

import av
import librosa
import numpy as np
import pytest
import soundfile

from genrebench.audio import decode, formats, plausibility, samples
from genrebench.audio.plausibility import Limits, RejectedError
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
    recording = decode.read(path)
    samples = recording.samples
    assert (recording.sample_rate, recording.channels) == (RATE, 1)
    spectrum = np.abs(np.fft.rfft(samples[5000:27050]))
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
    found = decode.read(tmp_path / "piped.flac")
    assert (found.samples.shape, found.sample_rate, found.warnings) == ((9000,), 8000, [])
    np.testing.assert_allclose(found.samples, samples, atol=2**-15)


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
    np.testing.assert_array_equal(decode.resample(samples, rate, RATE), expected)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
@pytest.mark.parametrize("name", ["x.wav", "x.mp3", "x.flac"])
def test_a_recording_that_does_not_fit_in_memory_is_the_same(tmp_path, monkeypatch, name, rate):
    soundfile.write(tmp_path / name, np.random.default_rng(0).uniform(-0.5, 0.5, (3 * rate + 1, 2)), rate)
    expected = decode.read(tmp_path / name)
    in_memory = decode.load(tmp_path / name, RATE)
    monkeypatch.setattr(samples, "IN_MEMORY", rate)
    monkeypatch.setattr(plausibility, "BLOCK", 9999)
    found = decode.read(tmp_path / name)
    assert isinstance(found.samples, samples.LongSamples)
    np.testing.assert_array_equal(np.asarray(found.samples), expected.samples)
    assert (found.file_s, found.start_s, found.warnings) == (expected.file_s, expected.start_s, expected.warnings)
    np.testing.assert_array_equal(decode.load(tmp_path / name, RATE), in_memory)


def test_a_long_recording_needs_room_for_temporary_files(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "x.wav", TONE, RATE)
    monkeypatch.setattr(samples, "IN_MEMORY", RATE)
    monkeypatch.setattr(samples.tempfile, "TemporaryFile", lambda: Path("/dev/full").open("wb"))
    with pytest.raises(RejectedError, match="TMPDIR"):
        decode.read(tmp_path / "x.wav")


def test_a_codec_without_decoder_is_named(tmp_path):
    path = tmp_path / "tone.caf"
    soundfile.write(path, TONE, RATE)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"lpcm", b"what", 1))
    with pytest.raises(InputError, match=r"tone\.caf.*decoder"):
        decode.read(path)


def test_errors_name_the_file_and_both_decoders(tmp_path):
    path = tmp_path / "broken.wav"
    path.write_bytes(bytes(range(256)) * 10)
    with pytest.raises(InputError, match=r"broken\.wav.*libsndfile.*FFmpeg"):
        decode.read(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="empty"):
        decode.read(path)


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


CHORD = (0.2 * sum(np.sin(2 * np.pi * f * np.arange(6 * RATE) / RATE) for f in (220, 277, 330))).astype(np.float32)


def encode(container, codec, rate=RATE, channels=1, samples=CHORD, **options):
    """Six seconds of a chord, as FFmpeg writes them to a file; without an end that it goes back to, if it is piped."""
    file = io.BytesIO()
    target = Pipe(file) if options.pop("piped", False) else file
    layout = "mono" if channels == 1 else "stereo"
    with av.open(target, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout, options=options)
        for start in range(0, len(samples), 1000):
            part = np.tile(samples[None, start : start + 1000], (channels, 1))
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part, np.float32), format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate, start
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


class Pipe:
    """What is written to it cannot be changed afterwards."""

    def __init__(self, file):
        self.write = file.write


def swelling():
    """Noise that grows: the frames of an MP3 of variable bit rate do too."""
    noise = np.random.default_rng(0).standard_normal(len(CHORD)) * np.linspace(0, 1, len(CHORD)) ** 4 * 0.3
    return (noise + 0.01 * CHORD).astype(np.float32)


def test_an_mp3_of_variable_bit_rate_without_its_length_is_read_to_the_end(tmp_path):
    data = encode("mp3", "libmp3lame", samples=swelling(), piped=True, write_xing="0", q="2")
    (tmp_path / "piped.mp3").write_bytes(data)
    recording = decode.read(tmp_path / "piped.mp3")
    assert recording.seconds == pytest.approx(6, abs=0.2)
    assert recording.warnings == []


JOINED = {
    "mp3": ("mp3", "libmp3lame"),
    "flac": ("flac", "flac"),
    "ogg": ("ogg", "flac"),
    "opus": ("ogg", "libopus"),
    "aac": ("adts", "aac"),
}


@pytest.mark.parametrize("suffix", JOINED)
def test_joined_files_are_read_whole(tmp_path, suffix):
    container, codec = JOINED[suffix]
    data = encode(container, codec, rate=48000, samples=CHORD)
    seconds = len(CHORD) / 48000
    (tmp_path / f"once.{suffix}").write_bytes(data)
    (tmp_path / f"twice.{suffix}").write_bytes(data * 2)
    assert decode.read(tmp_path / f"once.{suffix}").warnings == []
    assert decode.read(tmp_path / f"twice.{suffix}").seconds == pytest.approx(2 * seconds, abs=0.2)


def test_joined_files_of_different_rates_and_channels_sound_at_their_pitch(tmp_path):
    high = encode("mp3", "libmp3lame", 44100, 2, np.sin(2 * np.pi * 500 * np.arange(3 * 44100) / 44100) * 0.5)
    low = encode("mp3", "libmp3lame", 22050, 1, np.sin(2 * np.pi * 500 * np.arange(3 * 22050) / 22050) * 0.5)
    (tmp_path / "joined.mp3").write_bytes(high + low)
    recording = decode.read(tmp_path / "joined.mp3")
    assert recording.sample_rate == 44100
    assert recording.seconds == pytest.approx(6, abs=0.2)
    for start in (1, 4):
        second = recording.samples[start * 44100 : (start + 1) * 44100]
        assert np.abs(np.fft.rfft(second)).argmax() == pytest.approx(500, abs=1)
    assert [w for w in recording.warnings if "44100, 22050" in w] and [w for w in recording.warnings if "1, 2" in w]


def test_two_wav_files_in_one_are_read_as_the_first_and_it_is_said(tmp_path):
    soundfile.write(tmp_path / "one.wav", CHORD, RATE)
    data = (tmp_path / "one.wav").read_bytes()
    (tmp_path / "two.wav").write_bytes(data * 2)
    recording = decode.read(tmp_path / "two.wav")
    assert recording.seconds == pytest.approx(6)
    assert recording.warnings == [f"{len(data)} bytes after the end that its header announces are not read"]


WITH_LENGTH = ["x.wav", "x.aiff", "x.au", "x.w64", "x.rf64", "x.caf", "x.flac", "x.mp3"]


@pytest.mark.parametrize("name", WITH_LENGTH)
def test_a_truncated_file_says_what_its_header_announces(tmp_path, name):
    soundfile.write(tmp_path / name, CHORD, RATE)
    data = (tmp_path / name).read_bytes()
    assert decode.read(tmp_path / name).warnings == []
    (tmp_path / f"cut_{name}").write_bytes(data[: len(data) // 2])
    recording = decode.read(tmp_path / f"cut_{name}")
    assert recording.seconds == pytest.approx(3, abs=0.3)
    announced = [warning for warning in recording.warnings if warning.startswith("its header announces")]
    assert len(announced) == 1 and ("6.0 s" in announced[0] or "6.1 s" in announced[0])


def test_a_truncated_ogg_file_lacks_its_last_page(tmp_path):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 12 * RATE)
    soundfile.write(tmp_path / "x.ogg", noise, RATE)
    data = (tmp_path / "x.ogg").read_bytes()
    assert decode.read(tmp_path / "x.ogg").warnings == []
    (tmp_path / "cut.ogg").write_bytes(data[: len(data) // 2])
    assert "mark of its end" in decode.read(tmp_path / "cut.ogg").warnings[0]


def with_bytes(path, position, data):
    changed = bytearray(path.read_bytes())
    changed[position : position + len(data)] = data
    path.write_bytes(changed)
    return path


@pytest.mark.parametrize("rate", [1, 2, 8, 44, 2**31 - 1])
def test_an_implausible_rate_is_refused_before_anything_is_allocated(tmp_path, rate):
    soundfile.write(tmp_path / "x.wav", TONE, RATE)
    path = with_bytes(tmp_path / "x.wav", 24, rate.to_bytes(4, "little"))
    with pytest.raises(RejectedError) as refused:
        decode.read(path)
    assert refused.value.reason == "implausible" and "x.wav" in str(refused.value)
    assert decode.reckon_seconds(path) == 0


def test_an_implausible_number_of_channels_is_refused(tmp_path):
    soundfile.write(tmp_path / "x.wav", np.zeros((100, 200)), RATE)
    with pytest.raises(RejectedError, match="200 channels"):
        decode.read(tmp_path / "x.wav")


def test_an_aiff_whose_rate_is_zero_is_refused(tmp_path):
    soundfile.write(tmp_path / "x.aiff", TONE, RATE)
    place = (tmp_path / "x.aiff").read_bytes().index(b"COMM") + 16
    with pytest.raises(RejectedError, match="implausible"):
        decode.read(with_bytes(tmp_path / "x.aiff", place, bytes(10)))


def test_hours_in_a_small_file_are_refused_by_the_header_and_without_it(tmp_path):
    soundfile.write(tmp_path / "x.flac", np.zeros(600 * RATE, np.int16), RATE)
    limits = Limits(max_duration_s=500)
    with pytest.raises(RejectedError, match="too long"):
        decode.read(tmp_path / "x.flac", limits)
    assert decode.reckon_seconds(tmp_path / "x.flac", limits) == 0
    piped = with_bytes(tmp_path / "x.flac", 22, bytes(4))  # of the number of samples: unknown
    with pytest.raises(RejectedError, match="too long"):
        decode.read(piped, limits)


def test_memory_and_time_of_a_file_are_bounded(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "x.wav", CHORD, RATE)
    monkeypatch.setattr(plausibility, "MOST_PROCESSOR_S", 0.0)
    with pytest.raises(RejectedError, match="of the processor"):
        decode.read(tmp_path / "x.wav")
    monkeypatch.undo()
    monkeypatch.setattr(plausibility, "MOST_SAMPLES", 1000)
    with pytest.raises(RejectedError, match="too long"):
        decode.read(tmp_path / "x.wav")


@pytest.mark.parametrize(
    "error", [ZeroDivisionError, ValueError("bad\nnews"), MemoryError, KeyError("x"), RuntimeError]
)
def test_no_error_of_a_decoder_leaves_the_function(tmp_path, monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    soundfile.write(tmp_path / "x.wav", TONE, RATE)
    monkeypatch.setattr(soundfile, "SoundFile", fail)
    monkeypatch.setattr(av, "open", fail)
    with pytest.raises(RejectedError, match="unreadable") as refused:
        decode.read(tmp_path / "x.wav")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", sorted({*formats.SUFFIXES, ".gsm", ".ul", ".raw", ".vox", ".g722", ".txt"}))
def test_a_web_page_is_no_music_whatever_its_name(tmp_path, suffix):
    (tmp_path / f"404{suffix}").write_text("<!DOCTYPE html><html><title>404 Not Found</title></html>\n" * 300)
    with pytest.raises(RejectedError, match="unreadable"):
        decode.read(tmp_path / f"404{suffix}")
    assert decode.reckon_seconds(tmp_path / f"404{suffix}") == 0


def test_a_large_picture_before_the_sound_does_not_hide_it(tmp_path):
    picture = np.random.default_rng(0).bytes(3_000_000)
    frame = b"APIC" + len(picture).to_bytes(4, "big") + b"\0\0" + picture
    header = b"ID3\3\0\0" + bytes((len(frame) >> shift) & 127 for shift in (21, 14, 7, 0))
    (tmp_path / "x.mp3").write_bytes(header + frame + encode("mp3", "libmp3lame", id3v2_version="0"))
    assert decode.read(tmp_path / "x.mp3").seconds == pytest.approx(6, abs=0.2)


def test_a_header_that_points_outside_of_the_file_prints_nothing(tmp_path, capfd):
    sound = encode("ipod", "aac")
    random = np.random.default_rng(0)
    for number in range(60):  # some of them have FFmpeg seek to negative places
        data = bytearray(sound)
        place = data.index(b"moov") + int(random.integers(600))
        data[place : place + 4] = b"\xff\xff\xff\xf0"
        (tmp_path / f"{number}.m4a").write_bytes(data)
        with suppress(RejectedError):
            decode.read(tmp_path / f"{number}.m4a")
    assert capfd.readouterr().err == ""
    with (tmp_path / "0.m4a").open("rb") as file:
        assert decode._Nameless(file).seek(-5) == -1


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    for path in (tmp_path / "pipe.wav", tmp_path, tmp_path / "none.wav"):
        with pytest.raises(RejectedError, match="unreadable"):
            decode.read(path)


def test_damaged_packets_are_left_out_and_counted(tmp_path):
    data = bytearray(encode("adts", "aac"))
    data[len(data) // 2 : len(data) // 2 + 600] = bytes(600)
    (tmp_path / "x.aac").write_bytes(data)
    assert decode.read(tmp_path / "x.aac").seconds == pytest.approx(6, abs=0.6)
    noise = np.random.default_rng(0).bytes(50_000)
    (tmp_path / "noise.mp3").write_bytes(b"ID3\4\0\0\0\0\0\0" + noise)
    with pytest.raises(RejectedError, match="unreadable"):
        decode.read(tmp_path / "noise.mp3")


def silence(seconds, value=0.0):
    return np.full(round(seconds * RATE), value, np.float32)


@pytest.mark.parametrize("suffix", [".wav", ".mp3", ".flac"])
@pytest.mark.parametrize(("before", "after"), [(20.0, 0.0), (0.0, 20.0), (3.0, 4.0)])
def test_digital_silence_around_music_is_left_out(tmp_path, suffix, before, after):
    path = tmp_path / f"x{suffix}"
    soundfile.write(path, np.concatenate([silence(before), CHORD, silence(after)]), RATE)
    recording = decode.read(path)
    assert recording.seconds == pytest.approx(6, abs=0.1)
    assert recording.start_s == pytest.approx(before, abs=0.1)
    assert recording.file_s == pytest.approx(before + 6 + after, abs=0.1)
    assert len(recording.warnings) == bool(before) + bool(after)
    whole = decode.read(path, with_silence=True)
    assert whole.seconds == whole.file_s == pytest.approx(before + 6 + after, abs=0.1)


def test_short_silence_belongs_to_the_music(tmp_path):
    samples = np.concatenate([silence(0.9), CHORD, silence(0.9)])
    soundfile.write(tmp_path / "x.wav", samples, RATE, subtype="FLOAT")
    recording = decode.read(tmp_path / "x.wav")
    np.testing.assert_array_equal(recording.samples, samples)
    assert recording.warnings == []


@needs_real_clips
def test_nothing_is_cut_or_said_of_the_real_clips():
    for path in sorted(REAL.glob("*/*.wav"))[::6]:
        recording = decode.read(path, Limits(1.0, 7200.0, 1e-4))
        assert (recording.file_s, recording.warnings) == (recording.seconds, [])


@needs_real_clips
@pytest.mark.parametrize(
    ("clip", "printed"),
    [("jazz/jazz.00007", (0.077327, 0.105113, 0.574005)), ("blues/blues.00028", (0.079170, 0.118491, 0.979095))],
)
def test_summary_is_what_huang_and_minami_print(clip, printed):
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
    recording = decode.read(name)
    assert recording.sample_rate == RATE and len(recording.samples) == pytest.approx(len(TONE), abs=3000)


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
    with pytest.raises(InputError, match=f"list.{suffix} is unreadable"):
        decode.read(tmp_path / f"list.{suffix}")
