"""The demo corpus: synthetic music in ten genres, with the faults that real collections have.

Files are WAV, 16 bits, mono, named as in GTZAN, apart from the planted faults, which README.md in the folder lists.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import soxr

from genrebench.common import cli, files
from genrebench.datasets import tables
from genrebench.datasets.demo.music import render_clip
from genrebench.datasets.demo.styles import GENRES

TITLE = "# The demo corpus"
SHIFT_S = 0.5
SHORT_S = 0.3
CLIPPING_GAIN = 6.0
# Clip 0 of these genres is among the good ones, but in another form.
CLIPPED, STEREO, AU, FLAC = "metal", "pop", "classical", "jazz"


def render_demo(
    output: Path,
    seed: int,
    artists_per_genre: int,
    clips_per_artist: int,
    duration_s: float,
    sample_rate: int,
    jobs: int = 1,
) -> None:
    """Write the corpus to a folder: <genre>/<genre>.<number>.wav, clips.csv and README.md.

    The same options give the same bytes on the same type of CPU.

    Parameters
    ----------
    output : Path
        The folder. An earlier demo corpus there is replaced.
    seed : int
        From 0.
    artists_per_genre, clips_per_artist : int
        From 1.
    duration_s : float
        Length of a clip in seconds, from 1.
    sample_rate : int
        Hz, from 8000.
    jobs : int
        Processes that render at a time.

    Raises
    ------
    InputError
        If the folder holds something else, or an option is out of range.
    """
    for name, value, least in (
        ("--seed", seed, 0),
        ("--artists-per-genre", artists_per_genre, 1),
        ("--clips-per-artist", clips_per_artist, 1),
        ("--duration-s", duration_s, 1.0),
        ("--sample-rate", sample_rate, 8000),
    ):
        if not value >= least:
            raise cli.InputError(f"{name} is {value}; it must be at least {least}.")
    _refuse_foreign(output)
    with files.atomic(output) as folder:
        clips = []
        render = partial(_render_genre, folder, seed, artists_per_genre, clips_per_artist, duration_s, sample_rate)
        with ProcessPoolExecutor(jobs, initializer=cli.start_worker, initargs=(os.getpid(),)) as pool:
            for genre, rows in zip(GENRES, pool.map(render, GENRES), strict=True):
                clips += rows
                print(f"{genre}: {len(rows)} clips", flush=True)
        clips += _plant_faults(folder, seed, duration_s, sample_rate)
        tables.CLIPS.write(folder / "clips.csv", clips)
        (folder / "README.md").write_text(
            _readme(seed, artists_per_genre, clips_per_artist, duration_s, sample_rate), encoding="utf-8"
        )


def _render_genre(
    folder: Path,
    seed: int,
    artists: int,
    clips_per_artist: int,
    duration_s: float,
    sample_rate: int,
    genre: str,
) -> list[dict[str, str]]:
    """Write the good clips of a genre; return their rows of clips.csv."""
    (folder / genre).mkdir(parents=True)
    rows = []
    for artist in range(artists):
        for clip in range(clips_per_artist):
            audio = render_clip(seed, genre, artist, clip, duration_s, sample_rate)
            path = _write_clip(folder, genre, artist * clips_per_artist + clip, audio, sample_rate)
            rows.append(_row(path, genre, artist))
    return rows


def _refuse_foreign(output: Path) -> None:
    """A person's own music is never overwritten."""
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    readme = output / "README.md"
    if not (readme.is_file() and readme.read_text(encoding="utf-8", errors="replace").startswith(TITLE)):
        raise cli.InputError(
            f"{output} is there and is not an earlier demo corpus, so it is left alone. "
            "Give --output another name, or move it away."
        )


def _row(path: str, genre: str, artist: int) -> dict[str, str]:
    name = f"{genre} artist {artist}"
    return {"path": path, "artist": name, "group": name}


def _write_clip(folder: Path, genre: str, number: int, audio: np.ndarray, sample_rate: int) -> str:
    """Write one good clip; return its path in the corpus."""
    kind = genre if number == 0 else ""
    suffix = {AU: "au", FLAC: "flac"}.get(kind, "wav")
    if kind == CLIPPED:
        audio = CLIPPING_GAIN * audio
    if kind == STEREO:
        audio = _widen(soxr.resample(audio, sample_rate, 44100))
        sample_rate = 44100
    path = f"{genre}/{genre}.demo{number:03d}.{suffix}"
    _write_audio(folder / path, audio, sample_rate)
    return path


def _widen(audio: np.ndarray) -> np.ndarray:
    """(samples, 2): the right channel is softer, and 0.5 ms late at 44.1 kHz."""
    return np.column_stack([audio, 0.8 * np.concatenate([np.zeros(22), audio[:-22]])])


def _write_audio(path: Path, audio: np.ndarray, sample_rate: int) -> None:
    soundfile.write(path, _int16(audio), sample_rate, subtype="PCM_16")


def _int16(audio: np.ndarray) -> np.ndarray:
    return np.clip(np.round(32767 * audio), -32768, 32767).astype(np.int16)


def _plant_faults(folder: Path, seed: int, duration_s: float, sample_rate: int) -> list[dict[str, str]]:
    """Write the six files that a manifest has to reject; return the rows of those that repeat a clip."""
    copy = "blues/blues.demo000_copy.wav"
    (folder / copy).write_bytes((folder / "blues/blues.demo000.wav").read_bytes())

    shifted = "country/country.demo000_shifted.mp3"
    audio, _ = soundfile.read(folder / "country/country.demo000.wav")
    softer = 10 ** (-3 / 20) * audio[round(SHIFT_S * sample_rate) :]
    # MP3, because libsndfile draws the serial number of an Ogg stream from the clock.
    soundfile.write(
        folder / shifted, _int16(softer), sample_rate, format="MP3", bitrate_mode="CONSTANT", compression_level=0.8
    )

    # No byte is 255, with which an MPEG frame would begin: some decoders find those anywhere.
    noise = np.random.default_rng(seed).integers(0, 255, 20000, dtype=np.uint8)
    (folder / "disco/disco.unreadable.wav").write_bytes(noise.tobytes())
    (folder / "hiphop/hiphop.empty.wav").touch()
    _write_audio(folder / "reggae/reggae.silent.wav", np.zeros(round(duration_s * sample_rate)), sample_rate)
    audio, _ = soundfile.read(folder / "rock/rock.demo000.wav")
    _write_audio(folder / "rock/rock.too_short.wav", audio[: round(SHORT_S * sample_rate)], sample_rate)
    return [_row(copy, "blues", 0), _row(shifted, "country", 0)]


def _readme(seed: int, artists_per_genre: int, clips_per_artist: int, duration_s: float, sample_rate: int) -> str:
    per_genre = artists_per_genre * clips_per_artist
    return f"""{TITLE}

Synthetic music in the ten genres of GTZAN: {len(GENRES) * per_genre} good clips of {duration_s:g} s
({len(GENRES)} genres x {artists_per_genre} artists x {clips_per_artist} clips), and six files that are not.
It serves to try the whole workflow on, not to compare models: nothing here was played or sung by anyone.

Every file in this folder was made by

    python scripts/render_demo.py --output FOLDER --seed {seed} --artists-per-genre {artists_per_genre} \\
        --clips-per-artist {clips_per_artist} --duration-s {duration_s:g} --sample-rate {sample_rate}

and will be again, to the byte, on the same type of CPU. What you change here is lost when it is next rendered.

## How it is made

Each genre has its ranges of tempo, metre, swing, harmony, instruments and production
(scripts/genrebench/datasets/demo/styles.py). An artist draws timbres, tuning (-30 to +30 cents) and production from
them, and now and then borrows the groove, the harmony, the band or the production of a neighbouring genre; its clips
share these and differ in key, tempo, progression, pattern, melody and level. So artists are easier to recognise than
genres, as in real collections, and a random split flatters.

`<genre>/<genre>.<number>.wav`: {sample_rate} Hz, mono, 16 bits. Clips {clips_per_artist}k to
{clips_per_artist}k + {clips_per_artist - 1} of a genre are its artist k. `clips.csv` says so too.

## Planted faults

Files that a manifest should reject, beside the good clips:

| file | what it is |
|---|---|
| blues/blues.demo000_copy.wav | an exact duplicate of blues/blues.demo000.wav |
| country/country.demo000_shifted.mp3 | country/country.demo000.wav from {SHIFT_S:g} s on, 3 dB softer, encoded as MP3 |
| disco/disco.unreadable.wav | random bytes, no audio |
| hiphop/hiphop.empty.wav | an empty file |
| reggae/reggae.silent.wav | {duration_s:g} s of silence |
| rock/rock.too_short.wav | the first {SHORT_S:g} s of rock/rock.demo000.wav |

Good clips in an unusual form, which it should keep:

| file | what it is |
|---|---|
| {CLIPPED}/{CLIPPED}.demo000.wav | heavily clipped at full scale |
| {STEREO}/{STEREO}.demo000.wav | stereo, 44100 Hz |
| {AU}/{AU}.demo000.au | Sun AU |
| {FLAC}/{FLAC}.demo000.flac | FLAC |
"""
