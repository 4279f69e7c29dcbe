import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.plots import FEATURES_OF_CLIP, clip, style

ROOT = Path(__file__).parents[3]
RATE = 22050
AUDIO = {"sample_rate": RATE, "duration": "longest"}
STFT = {"n_fft": 2048, "hop_length": 512}
SETTINGS = {
    "mel": STFT | {"n_mels": 64},
    "mfcc": STFT | {"n_mels": 64, "n_mfcc": 13},
    "spectral_centroid": STFT,
    "spectral_bandwidth": STFT,
    "spectral_rolloff": STFT | {"roll_percent": 0.85},
    "spectral_contrast": STFT | {"n_bands": 6, "fmin": 200.0, "quantile": 0.02},
    "chroma": STFT | {"n_chroma": 12},
    "zero_crossing_rate": {"frame_length": 2048, "hop_length": 512},
    "rms": {"frame_length": 2048, "hop_length": 512},
}
NAMES = [
    *("Waveform", "Mel spectrogram", "Spectrum", "Spectral contrast", "Chroma", "Zero-crossing rate", "RMS"),
    "Standardised features",
]


def write_tone(path: Path, hz: float = 440.0, seconds: float = 2.0) -> Path:
    """Next to silence in the first half (silence would be cut), a tone of amplitude 0.5 in the second."""
    time = np.arange(round(seconds * RATE)) / RATE
    loudness = np.where(time < seconds / 2, 0.0005, 0.5)
    soundfile.write(path, loudness * np.sin(2 * np.pi * hz * time), RATE, subtype="FLOAT")
    return path


def panels(figure) -> dict:
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_title(loc="left")}


@pytest.fixture(scope="module")
def tone(tmp_path_factory) -> Path:
    return write_tone(tmp_path_factory.mktemp("clip") / "tone.wav")


@pytest.fixture(scope="module")
def view(tone) -> clip.View:
    return clip.look(tone, SETTINGS, AUDIO)


@pytest.fixture(scope="module")
def drawn(view) -> dict:
    return panels(clip.draw(view, "tone"))


def test_all_panels_stand_above_one_axis_of_seconds(drawn):
    assert list(drawn) == NAMES
    assert {axes.get_xlim() for axes in drawn.values()} == {(0, 2)}
    assert len({axes.get_position().intervalx.tobytes() for axes in drawn.values()}) == 1
    assert [axes.get_xlabel() for axes in drawn.values()] == [*[""] * 7, "time (s)"]
    bottoms = [axes.get_position().y0 for axes in drawn.values()]
    assert bottoms == sorted(bottoms, reverse=True)


def test_the_images_are_the_features_and_a_frame_is_centred_on_its_time(drawn, view):
    for name, feature in (("Mel spectrogram", "mel"), ("Spectral contrast", "spectral_contrast"), ("Chroma", "chroma")):
        image = drawn[name].images[0]
        np.testing.assert_allclose(image.get_array(), view.arrays[feature], rtol=1e-6)
        left, right, bottom, top = image.get_extent()
        assert (left, right) == pytest.approx((-256 / RATE, (87 - 0.5) * 512 / RATE))
        assert (bottom, top) == (-0.5, len(view.arrays[feature]) - 0.5)


def test_the_lines_are_the_features(drawn, view):
    lines = {line.get_label(): line for line in drawn["Spectrum"].lines}
    assert list(lines) == ["rolloff", "centroid", "bandwidth"]
    for name, line in lines.items():
        seconds, octaves = line.get_data()
        np.testing.assert_allclose(seconds, np.arange(87) * 512 / RATE)
        np.testing.assert_allclose(2**octaves, np.maximum(view.arrays[f"spectral_{name}"][0], 1), rtol=1e-5)
    assert 2 ** lines["centroid"].get_ydata()[70] == pytest.approx(440, rel=0.02)
    for name, feature in (("Zero-crossing rate", "zero_crossing_rate"), ("RMS", "rms")):
        np.testing.assert_array_equal(drawn[name].lines[0].get_ydata(), view.arrays[feature][0])


def test_standardised_features_stand_above_each_other_with_each_row_over_the_clip(drawn, view):
    axes = drawn["Standardised features"]
    assert [label.get_text() for label in axes.get_yticklabels()] == list(clip.STANDARDISED.values())
    bottom = 0
    for image, feature in zip(axes.images, clip.STANDARDISED, strict=True):
        values = view.arrays[feature]
        np.testing.assert_allclose(np.mean(image.get_array(), axis=1), 0, atol=1e-5)
        spread = np.std(image.get_array(), axis=1)
        np.testing.assert_allclose(spread, values.std(axis=1) > 0, atol=1e-5)  # a constant row stays 0
        assert image.get_extent()[2:] == pytest.approx((bottom, bottom + len(values) ** 0.5))
        assert image.get_clim() == (-3, 3)
        bottom = image.get_extent()[3]
    assert axes.get_ylim() == pytest.approx((0, bottom))


def test_a_tone_lies_at_its_frequency_and_in_its_time(drawn):
    for name, y in (("Spectrum", np.log2(440)), ("Chroma", 9)):  # 440 Hz is an A
        image = drawn[name].images[0]
        values = np.asarray(image.get_array())
        left, right, bottom, top = image.get_extent()
        loud = values.mean(axis=0) > values.mean(axis=0)[:30].max() + 1e-3
        start = left + (right - left) * np.flatnonzero(loud)[0] / values.shape[1]
        assert start == pytest.approx(1, abs=0.06)
        height = (top - bottom) / len(values)
        assert bottom + (values[:, 70].argmax() + 0.5) * height == pytest.approx(y, abs=height)
    mel = drawn["Mel spectrogram"]
    band = np.asarray(mel.images[0].get_array())[:, 70].argmax()
    ticks = {int(tick.get_text()): y for y, tick in zip(mel.get_yticks(), mel.get_yticklabels(), strict=True)}
    assert list(ticks) == [512, 1024, 2048, 4096, 8192]
    assert ticks[512] - 3 < band < ticks[512]


def test_no_peak_of_the_waveform_is_lost_and_none_stands_outside(tmp_path):
    samples = np.zeros(RATE, np.float32)
    samples[12345], samples[400] = 0.9, -0.7
    soundfile.write(tmp_path / "clicks.wav", samples, RATE, subtype="FLOAT")
    view = clip.look(tmp_path / "clicks.wav", {}, AUDIO)
    view.columns = 100
    figure = clip.draw(view, "clicks")
    axes = panels(figure)["Waveform"]
    assert list(panels(figure)) == ["Waveform"]  # no feature is given
    outline = axes.collections[0].get_paths()[0].vertices
    assert (outline[:, 1].min(), outline[:, 1].max()) == pytest.approx((-0.7, 0.9))
    assert outline[outline[:, 1].argmax(), 0] == pytest.approx(12345 / RATE, abs=0.01)
    assert outline[:, 0].max() == 1
    assert axes.get_ylim()[1] > 0.9


def test_what_is_not_configured_is_left_out(tone):
    settings = {"rms": SETTINGS["rms"], "mel": "precomputed", "chroma": SETTINGS["chroma"] | {"module": "mel"}}
    settings |= {"spectral_rolloff": SETTINGS["spectral_rolloff"], "wavelet": {"wavelet": "haar", "levels": 5}}
    figure = clip.draw(clip.look(tone, settings, AUDIO), "tone")
    assert list(panels(figure)) == ["Waveform", "Spectrum", "RMS", "Standardised features"]
    assert len(panels(figure)["Standardised features"].images) == 1  # RMS
    assert [line.get_label() for line in panels(figure)["Spectrum"].lines] == ["rolloff"]


def test_a_duration_cuts_and_does_not_pad(tone):
    for duration, seconds in ((0.5, 0.5), (30.0, 2.0)):
        view = clip.look(tone, SETTINGS, AUDIO | {"duration": duration})
        drawn = panels(clip.draw(view, "tone"))
        assert drawn["RMS"].get_xlim() == (0, seconds)
        image = drawn["Spectrum"].images[0]
        frames = 1 + round(seconds * RATE) // 512
        assert image.get_extent()[1] == pytest.approx((frames - 0.5) * 512 / RATE)


def test_silence_can_be_drawn(tmp_path):
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    view = clip.look(tmp_path / "silence.wav", SETTINGS, AUDIO)
    style.to_png(clip.draw(view, "silence"), 40)


def test_coarse_drawing_averages_frames(view):
    coarse = clip.View(view.samples, view.sample_rate, view.settings, view.arrays, columns=29, shades=8)
    image = panels(clip.draw(coarse, "tone"))["Mel spectrogram"].images[0]
    expected = view.arrays["mel"].reshape(64, 29, 3).mean(axis=2)
    np.testing.assert_allclose(image.get_array(), expected, rtol=1e-5)
    assert image.get_cmap().N == 8


def test_control_characters_of_a_name_are_written_as_escapes(view):
    assert "a\\rb" in [text.get_text() for text in clip.draw(view, "a\rb").texts]


def make_manifest(folder: Path) -> Path:
    rows = []
    for genre, name, artist in (("rock", "a\ra", "Queen"), ("rock", "b", "Queen"), ("jazz & more", "live/c", "")):
        path = write_tone(folder / f"{name.replace('/', '-')}.wav", 440 + 200 * len(rows), 1.0)
        rows.append({"clip_id": f"{genre}.{name}", "path": str(path), "genre": genre, "artist": artist})
    rows.append({"clip_id": "precomputed", "path": "", "genre": "folk", "artist": "x"})
    files.write_rows(folder / "manifest.csv", list(rows[0]), rows)
    return folder / "manifest.csv"


def settings_options() -> list[str]:
    return ["--features", *SETTINGS, "--settings", *map(json.dumps, SETTINGS.values())]


def test_the_first_clip_of_each_genre_is_drawn_small_and_the_same_in_two_processes(tmp_path, monkeypatch):
    manifest = make_manifest(tmp_path)
    titles = []
    draw = clip.draw
    monkeypatch.setattr(clip, "draw", lambda view, title: titles.append(title) or draw(view, title))
    clip.draw_genres(manifest, [], SETTINGS, AUDIO, tmp_path / "here")
    assert titles == ["jazz & more.live/c  ·  jazz & more", "rock.a\ra  ·  rock  ·  Queen"]
    command = [sys.executable, "scripts/plot_genres.py", "--manifest", str(manifest), *settings_options()]
    command += ["--audio", json.dumps(AUDIO)]
    subprocess.run([*command, "--output", str(tmp_path / "there")], cwd=ROOT, check=True)
    here, there = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir()} for name in ("here", "there"))
    assert sorted(here) == ["jazz & more.png", "rock.png"]
    assert here == there
    for image in here.values():
        assert 10_000 < len(image) < 80_000
        assert b"Matplotlib" not in image
    with Image.open(tmp_path / "here" / "rock.png") as image:
        assert image.mode == "P"
        assert image.width == clip.SMALL_DPI * clip.WIDTH


def test_any_clip_of_a_manifest_and_any_recording_can_be_drawn(tmp_path):
    manifest = make_manifest(tmp_path)
    command = [sys.executable, "scripts/plot_clip.py"]
    for name in ("one.png", "two.png"):
        options = ["--manifest", str(manifest), "--clip-id", "rock.b", "--output", str(tmp_path / name)]
        options += ["--audio-settings", json.dumps(AUDIO)]
        subprocess.run([*command, *options, *settings_options()], cwd=ROOT, check=True)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    # with other settings
    title = "rock.b  ·  rock  ·  Queen"
    others = SETTINGS | {"mel": STFT | {"n_mels": 16}}
    clip.draw_clip(others, AUDIO, tmp_path / "three.png", audio=tmp_path / "b.wav", title=title)
    one, three = (Image.open(tmp_path / name) for name in ("one.png", "three.png"))
    assert one.size == three.size
    assert one.tobytes() != three.tobytes()


def test_cached_features_are_read_without_their_padding_and_the_others_computed(tone, view, tmp_path):
    frames = view.arrays["mel"].shape[-1]
    cache = np.zeros((2, 64, frames + 5), np.float32)
    cache[1, :, :frames] = view.arrays["mel"] - 1  # told apart from what would be computed
    np.save(tmp_path / "mel.npy", cache)
    files.write_json(
        tmp_path / "mel.json", {"available": True, "axes": ["band", "frame"], "lengths": [frames + 5, frames]}
    )
    np.save(tmp_path / "rms.npy", np.zeros(0, np.float32))
    files.write_json(tmp_path / "rms.json", {"available": False})
    caches = clip.Caches([{"clip_id": "a"}, {"clip_id": "b"}], [tmp_path / "mel.json", tmp_path / "rms.json"])
    found = clip.look(tone, SETTINGS, AUDIO, caches.arrays("b"))
    np.testing.assert_array_equal(found.arrays["mel"], view.arrays["mel"] - 1)
    assert found.arrays.keys() == view.arrays.keys()
    np.testing.assert_array_equal(found.arrays["rms"], view.arrays["rms"])


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ({"clip_id": "rock.z"}, "has no clip rock.z; its first column"),
        ({"clip_id": "precomputed"}, "precomputed has no audio"),
        ({"audio": Path("missing.wav"), "manifest": None}, r"missing\.wav is not a file"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(tmp_path, which, message):
    options = {"audio": None, "manifest": make_manifest(tmp_path), "clip_id": None, "title": None} | which
    with pytest.raises(InputError, match=message):
        clip.draw_clip(SETTINGS, AUDIO, tmp_path / "out.png", **options)
    assert not (tmp_path / "out.png").exists()


def test_the_rules_know_which_features_are_drawn():
    assert set(FEATURES_OF_CLIP) == {feature for panel in clip.PANELS for feature in panel.needs}
    assert set(FEATURES_OF_CLIP) == set(SETTINGS)
