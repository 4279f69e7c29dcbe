import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genrebench.common import cli, files
from genrebench.datasets.demo import corpus as demo_corpus
from genrebench.datasets.demo import music, synthesis
from genrebench.datasets.demo.styles import CHORDS, GENRES, INSTRUMENTS, STYLES

SCRIPT = Path(__file__).parents[3] / "scripts/render_demo.py"
SMALL = {"seed": 1, "artists_per_genre": 2, "clips_per_artist": 1, "duration_s": 1.0, "sample_rate": 22050}
RATE = 22050


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("raw") / "demo"
    demo_corpus.render_demo(folder, **SMALL)
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_another_process_with_other_threads_writes_the_same_bytes(corpus, tmp_path):
    options = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
    threads = {name: "3" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")} | {"PYTHONHASHSEED": "7"}
    command = [sys.executable, SCRIPT, "--output", tmp_path / "demo", *options]
    subprocess.run(command, check=True, env=os.environ | threads, capture_output=True)
    assert contents(tmp_path / "demo") == contents(corpus)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_files_are_those_of_clips_csv_and_the_readme(corpus):
    found = {str(path.relative_to(corpus)) for path in corpus.glob("*/*")}
    artists = {row["path"]: row["artist"] for row in files.read_rows(corpus / "clips.csv")}
    readme = (corpus / "README.md").read_text()
    unlisted = found - set(artists)
    assert len(artists) == 2 * len(GENRES) + 2 and set(artists) < found
    assert {Path(path).stem for path in unlisted} == {
        "disco.unreadable",
        "hiphop.empty",
        "reggae.silent",
        "rock.too_short",
    }
    in_readme = {line.split("|")[1].strip() for line in readme.splitlines() if line.startswith("| ")} - {"file"}
    odd = {path for path in artists if "_" in path or not path.endswith(".wav")}
    assert in_readme == unlisted | odd | {"metal/metal.demo000.wav", "pop/pop.demo000.wav"}
    assert artists["blues/blues.demo000_copy.wav"] == artists["blues/blues.demo000.wav"]
    assert artists["country/country.demo000_shifted.mp3"] == artists["country/country.demo000.wav"]
    assert str(corpus.parent) not in readme


def test_good_clips_have_the_promised_format(corpus):
    for genre in GENRES:
        assert len(list((corpus / genre).glob(f"{genre}.demo00[01].*"))) >= 2
        info = soundfile.info(corpus / genre / f"{genre}.demo001.wav")
        assert (info.samplerate, info.channels, info.subtype, info.frames) == (RATE, 1, "PCM_16", RATE)
        audio, _ = soundfile.read(corpus / genre / f"{genre}.demo001.wav")
        assert np.sqrt((audio**2).mean()) > 0.03 and (np.abs(audio) > 0.999).mean() < 0.001


def test_rejected_faults_are_what_the_readme_says(corpus):
    assert (corpus / "blues/blues.demo000_copy.wav").read_bytes() == (corpus / "blues/blues.demo000.wav").read_bytes()
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.info(corpus / "disco/disco.unreadable.wav")
    assert (corpus / "hiphop/hiphop.empty.wav").stat().st_size == 0
    silent, _ = soundfile.read(corpus / "reggae/reggae.silent.wav")
    assert len(silent) == RATE and not silent.any()
    short = soundfile.info(corpus / "rock/rock.too_short.wav")
    assert short.duration == pytest.approx(0.3, abs=0.001)


def test_shifted_duplicate_is_the_end_of_its_original_3_db_softer(corpus):
    original, _ = soundfile.read(corpus / "country/country.demo000.wav")
    shifted, _ = soundfile.read(corpus / "country/country.demo000_shifted.mp3")
    assert soundfile.info(corpus / "country/country.demo000_shifted.mp3").format == "MP3"
    expected = original[RATE // 2 :]
    # Encoders add a delay: find it.
    lags = np.correlate(shifted, expected, "full")
    delay = int(lags.argmax()) - len(expected) + 1
    assert 0 <= delay < 2500
    heard = shifted[delay : delay + len(expected)]
    likeness = np.corrcoef(heard, expected[: len(heard)])[0, 1]
    assert 0.9 < likeness < 0.99999
    assert 20 * np.log10(heard.std() / expected[: len(heard)].std()) == pytest.approx(-3, abs=0.5)


def test_kept_oddities_are_what_the_readme_says(corpus):
    clipped, _ = soundfile.read(corpus / "metal/metal.demo000.wav")
    assert (np.abs(clipped) > 0.9999).mean() > 0.1
    stereo = soundfile.info(corpus / "pop/pop.demo000.wav")
    assert (stereo.samplerate, stereo.channels, stereo.frames) == (44100, 2, 44100)
    left, right = soundfile.read(corpus / "pop/pop.demo000.wav")[0].T
    assert not np.array_equal(left, right)
    assert soundfile.info(corpus / "classical/classical.demo000.au").format == "AU"
    assert soundfile.info(corpus / "jazz/jazz.demo000.flac").format == "FLAC"


def test_an_earlier_corpus_is_replaced_and_other_folders_are_left_alone(tmp_path):
    (tmp_path / "song.wav").write_bytes(b"mine")
    with pytest.raises(cli.InputError, match="left alone"):
        demo_corpus.render_demo(tmp_path, **SMALL)
    assert (tmp_path / "song.wav").read_bytes() == b"mine"

    demo = tmp_path / "demo"
    tiny = SMALL | {"artists_per_genre": 1, "sample_rate": 8000}
    demo.mkdir()
    (demo / "README.md").write_text(demo_corpus.TITLE)
    (demo / "old.wav").touch()
    demo_corpus.render_demo(demo, **tiny)
    assert not (demo / "old.wav").exists() and (demo / "clips.csv").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("seed", -1),
        ("artists_per_genre", 0),
        ("clips_per_artist", 0),
        ("duration_s", 0.5),
        ("duration_s", float("nan")),
        ("sample_rate", 10),
    ],
)
def test_bad_options_are_input_errors(tmp_path, option, value):
    with pytest.raises(cli.InputError, match=f"--{option.replace('_', '-')} is"):
        demo_corpus.render_demo(tmp_path / "demo", **SMALL | {option: value})
    assert not list(tmp_path.iterdir())


def test_clips_of_an_artist_differ_in_tempo_key_and_sound():
    for genre in GENRES:
        artist = music.draw_artist(1, genre, 0)
        songs = [music._draw_song(artist, clip, music._generator(1, genre, 0, clip)) for clip in range(3)]
        for one, other in combinations(songs, 2):
            assert one.key != other.key
            assert abs(one.tempo_bpm / other.tempo_bpm - 1) > 0.02
    spectra = []
    for clip in range(3):
        audio = music.render_clip(1, "disco", 0, clip, 1.0, RATE)
        spectra.append(np.abs(np.fft.rfft(audio)))
    assert max(np.corrcoef(one, other)[0, 1] for one, other in combinations(spectra, 2)) < 0.7


def test_an_artist_keeps_its_tuning_and_sound_and_another_has_others():
    assert music.draw_artist(1, "jazz", 0).timbres == music.draw_artist(1, "jazz", 0).timbres
    one, other = music.draw_artist(1, "jazz", 0), music.draw_artist(1, "jazz", 1)
    assert one.tuning_cents != other.tuning_cents and one.timbres != other.timbres and one.kit != other.kit
    again = music.draw_artist(2, "jazz", 0)
    assert again.tuning_cents != one.tuning_cents
    cents = [music.draw_artist(1, genre, artist).tuning_cents for genre in GENRES for artist in range(5)]
    assert -30 <= min(cents) < -15 and 15 < max(cents) <= 30


def test_a_tone_has_the_pitch_that_was_asked_for():
    rng = np.random.default_rng(0)
    audio = synthesis.tone(440.0, 1.0, synthesis.Timbre(slope=2.0), rng, RATE)[:RATE]
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(RATE)))
    assert spectrum.argmax() == 440
    low = synthesis.tone(110.0, 2.0, synthesis.Timbre(decay_s=1.0), rng, RATE)
    assert 20 * np.log10(np.abs(low[:2205]).max() / np.abs(low[RATE : RATE + 2205]).max()) == pytest.approx(60, abs=4)


def test_a_chord_is_played_at_the_pitches_of_its_name():
    song = music.Song(
        tempo_bpm=120,
        swing=0.5,
        key=0,
        pattern=STYLES["country"].groove.patterns[0],
        progression=((0, "major"),),
        melody=0.0,
    )
    artist = music.draw_artist(1, "country", 0)
    notes = music._write(song, artist, 4.0, np.random.default_rng(0))
    assert {note.pitch % 12 for note in notes if note.role == "chords"} == {0, 4, 7}
    assert {note.pitch % 12 for note in notes if note.role == "bass"} == {0, 7}


@pytest.mark.parametrize(("swing", "beats"), [(0.5, [0, 0.25, 0.5, 0.75, 1]), (2 / 3, [0, 1 / 3, 2 / 3, 5 / 6, 1])])
def test_swing_delays_the_off_beat(swing, beats):
    assert [music._beats(step, swing) for step in range(5)] == pytest.approx(beats)


def test_levels_and_filters():
    time_s = np.arange(RATE) / RATE
    low, high = np.sin(2 * np.pi * 100 * time_s), np.sin(2 * np.pi * 5000 * time_s)
    assert np.std(synthesis.level(low, 0.3)) == pytest.approx(0.3)
    assert not synthesis.level(np.zeros(8), 0.3).any()
    assert np.std(synthesis.low_pass(high, 500, RATE)) < 0.02 * np.std(high)
    assert np.std(synthesis.high_pass(low, 1000, RATE)) < 0.02 * np.std(low)
    assert 20 * np.log10(np.std(synthesis.shelve(low, 6, 0, RATE)) / np.std(low)) == pytest.approx(6, abs=1.5)
    assert np.abs(synthesis.saturate(low, 20)).max() < 1.05 * np.std(synthesis.saturate(low, 20)) * np.sqrt(2)


def test_styles_are_complete():
    names = set().union(*(pattern.drums for style in STYLES.values() for pattern in style.groove.patterns))
    kit = music.draw_artist(1, "rock", 0).kit
    rng = np.random.default_rng(0)
    assert all(0.05 < np.abs(synthesis.drum(name, kit, rng, RATE)).max() < 3 for name in names)
    for genre, style in STYLES.items():
        assert genre not in style.neighbours and set(style.neighbours) <= set(GENRES)
        assert {*style.band.bass, *style.band.chords, *style.band.lead} <= set(INSTRUMENTS)
        assert {quality for bars in style.harmony.progressions for _, quality in bars} <= set(CHORDS)
        for pattern in style.groove.patterns:
            lengths = {len(pattern.bass), len(pattern.chords), *map(len, pattern.drums.values())}
            assert lengths in ({16}, {12})
