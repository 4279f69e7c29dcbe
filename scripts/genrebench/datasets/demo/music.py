"""Artists and their clips: drawn from a genre's style, written down as notes, played, mixed and produced."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from genrebench.datasets.demo.styles import CHORDS, GENRES, INSTRUMENTS, STYLES, Band, Groove, Harmony, Pattern
from genrebench.datasets.demo.synthesis import (
    Kit,
    Timbre,
    drum,
    high_pass,
    level,
    low_pass,
    reverberate,
    saturate,
    shelve,
    tone,
)

# How often an artist takes its groove, harmony, band or production from a neighbouring genre instead of its
# own. It sets how hard the corpus is: logistic regression on all features scores about 60% on random splits and 53%
# on artist-disjoint ones.
CROSSOVER = 0.06
VELOCITY = {"X": 1.0, "x": 0.7, "o": 0.35}
BASS_INTERVALS = {"1": 0, "5": 7, "6": 9, "8": 12}


@dataclass(frozen=True)
class Artist:
    """What the clips of one artist share."""

    groove: Groove
    harmony: Harmony
    band: Band
    tuning_cents: float
    timbres: dict[str, Timbre]  # of bass, chords and lead
    levels: dict[str, float]  # linear, of bass, chords, lead and drums
    kit: Kit
    production: dict[str, float]  # one value for each range of styles.Production
    keys: np.ndarray  # shape (12,): pitch classes in the order in which the clips take them
    room_seed: int
    tempo: float  # of the first clip, within the groove's range: 0 is its low end, 1 its high end


def draw_artist(seed: int, genre: str, artist: int) -> Artist:
    """The `artist`-th artist of a genre."""
    rng = _generator(seed, genre, artist)
    style = STYLES[genre]

    def drawn_from(part: str) -> Any:
        neighbour = STYLES[rng.choice(style.neighbours)]
        return getattr(neighbour if rng.random() < CROSSOVER else style, part)

    band = drawn_from("band")
    production = drawn_from("production")
    instruments = {role: str(rng.choice(getattr(band, role))) for role in ("bass", "chords", "lead")}
    return Artist(
        groove=drawn_from("groove"),
        harmony=drawn_from("harmony"),
        band=band,
        tuning_cents=rng.uniform(-30, 30),
        timbres={role: _draw_timbre(name, rng) for role, name in instruments.items()},
        levels={"chords": 1.0}
        | {role: 10 ** (rng.uniform(*getattr(band, f"{role}_db")) / 20) for role in ("bass", "lead", "drums")},
        kit=Kit(
            kick_hz=rng.uniform(42, 70),
            kick_s=rng.uniform(0.15, 0.45),
            snare_hz=rng.uniform(160, 260),
            snare_s=rng.uniform(0.1, 0.25),
            snare_noise=rng.uniform(0.4, 0.8),
            hat_hz=rng.uniform(4500, 7500),
            hat_s=rng.uniform(0.03, 0.09),
        ),
        production={name: rng.uniform(*range_) for name, range_ in vars(production).items()},
        keys=rng.permutation(12),
        room_seed=int(rng.integers(2**32)),
        tempo=rng.random(),
    )


def _generator(seed: int, genre: str, *numbers: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(GENRES.index(genre), *numbers)))


def _draw_timbre(instrument: str, rng: np.random.Generator) -> Timbre:
    values = {name: rng.uniform(*range_) for name, range_ in INSTRUMENTS[instrument].items()}
    sings = "sings" in values
    values.pop("sings", None)
    return Timbre(**values, sings=sings)


@dataclass(frozen=True)
class Song:
    """What is one clip's own."""

    tempo_bpm: float
    swing: float
    key: int  # pitch class, C is 0
    pattern: Pattern
    progression: tuple[tuple[int, str], ...]
    melody: float  # probability of a new note on each eighth


@dataclass(frozen=True)
class Note:
    """One note or drum stroke."""

    role: str
    start_s: float  # in the clip; negative if it began before
    duration_s: float
    pitch: int | str  # MIDI note, or name of the drum
    gain: float


def render_clip(seed: int, genre: str, artist: int, clip: int, duration_s: float, rate: int) -> np.ndarray:
    """Clip number `clip` of an artist at a sampling rate of `rate` Hz: float64, shape (samples,), within ±1."""
    who = draw_artist(seed, genre, artist)
    rng = _generator(seed, genre, artist, clip)
    notes = _write(_draw_song(who, clip, rng), who, duration_s, rng)
    mix = np.zeros(round(duration_s * rate))
    for role, gain in who.levels.items():
        track = _play([note for note in notes if note.role == role], who, len(mix), rng, rate)
        if role in who.timbres and who.timbres[role].drive:
            track = low_pass(high_pass(saturate(track, who.timbres[role].drive), 80, rate), 5000, rate)
        mix += gain * rng.uniform(0.85, 1.18) * level(track, 0.1)
    return _produce(mix, who, rng, rate)


def _draw_song(artist: Artist, clip: int, rng: np.random.Generator) -> Song:
    low, high = artist.groove.tempo_bpm
    # Golden-ratio steps: clips of one artist differ in tempo however many there are.
    place = (artist.tempo + 0.618034 * clip + rng.uniform(0, 0.08)) % 1
    return Song(
        tempo_bpm=low + (high - low) * place,
        swing=rng.uniform(*artist.groove.swing),
        key=int(artist.keys[clip % 12]),
        pattern=artist.groove.patterns[rng.integers(len(artist.groove.patterns))],
        progression=artist.harmony.progressions[rng.integers(len(artist.harmony.progressions))],
        melody=rng.uniform(*artist.groove.melody),
    )


def _write(song: Song, artist: Artist, duration_s: float, rng: np.random.Generator) -> list[Note]:
    """The notes that sound within `duration_s`; the clip is an excerpt, so it begins anywhere in a bar."""
    beat_s = 60 / song.tempo_bpm
    steps = len(song.pattern.bass)
    bar_s = steps / 4 * beat_s
    bar_start_s = -rng.uniform(0, bar_s)
    first_bar = int(rng.integers(len(song.progression)))
    melody = Melody(song, artist, rng)
    notes = []
    for bar in range(math.ceil((duration_s - bar_start_s) / bar_s)):
        root, quality = song.progression[(first_bar + bar) % len(song.progression)]
        chord = [song.key + root + interval for interval in CHORDS[quality]]
        for role, step, length, pitch, gain in (
            *_drum_notes(song.pattern, rng),
            *_bass_notes(song.pattern, chord, rng),
            *_chord_notes(song.pattern, chord, artist.band.register, rng),
            *melody.bar(chord, steps),
        ):
            at_s = bar_start_s + _beats(step, song.swing) * beat_s + rng.normal(0, 0.004)
            held_s = min(length * beat_s / 4, 2.0)
            if at_s < duration_s and at_s + held_s > 0:
                notes.append(Note(role, at_s, held_s, pitch, gain))
        bar_start_s += bar_s
    return notes


def _drum_notes(pattern: Pattern, rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    for name, strokes in pattern.drums.items():
        for step, length, symbol in _events(strokes):
            yield "drums", step, length, name, VELOCITY[symbol] * rng.uniform(0.85, 1.1)


def _bass_notes(pattern: Pattern, chord: list[int], rng: np.random.Generator) -> Iterator[tuple[Any, ...]]:
    for step, length, symbol in _events(pattern.bass):
        if symbol == "w":
            pitch = int(rng.choice([*chord, chord[0] + 2, chord[0] - 1]))
        else:
            pitch = chord[1] if symbol == "3" else chord[0] + BASS_INTERVALS[symbol]
        octave = 12 if symbol == "8" else 0
        yield "bass", step, length, _nearest(pitch, 36) + octave, rng.uniform(0.8, 1)


def _chord_notes(
    pattern: Pattern, chord: list[int], register: int, rng: np.random.Generator
) -> Iterator[tuple[Any, ...]]:
    voicing = [_nearest(pitch, register + 2 * i) for i, pitch in enumerate(chord)]
    for i, (step, length, symbol) in enumerate(_events(pattern.chords)):
        for pitch in voicing if symbol == "x" else [voicing[i % len(voicing)]]:
            yield "chords", step, length, pitch, rng.uniform(0.7, 1)


def _beats(step: int, swing: float) -> float:
    """Beats from the start of the bar to a sixteenth, with the off-beat eighths at `swing` in their beat."""
    beat, sixteenth = divmod(step, 4)
    return beat + (0, swing / 2, swing, (1 + swing) / 2)[sixteenth]


def _events(pattern: str) -> Iterator[tuple[int, int, str]]:
    """(step, length in steps, symbol) of each note of a pattern."""
    for step, symbol in enumerate(pattern):
        if symbol not in ".-":
            held = pattern[step + 1 :]
            yield step, 1 + len(held) - len(held.lstrip("-")), symbol


def _nearest(pitch: int, register: int) -> int:
    """The MIDI note of this pitch class in the octave around `register`."""
    return register - 6 + (pitch - register + 6) % 12


class Melody:
    """A random walk over the scale, drawn to the notes of the chord on the beats."""

    def __init__(self, song: Song, artist: Artist, rng: np.random.Generator) -> None:
        self.song, self.rng = song, rng
        self.notes = [octave + song.key + note for octave in (48, 60, 72) for note in artist.harmony.scale]
        self.at = len(self.notes) // 2

    def bar(self, chord: list[int], steps: int) -> Iterator[tuple[Any, ...]]:
        """The notes of one bar."""
        onsets = [step for step in range(0, steps, 2) if self.rng.random() < self.song.melody]
        for step, end in pairwise([*onsets, steps]):
            self.at = int(np.clip(self.at + self.rng.integers(-2, 3), 3, len(self.notes) - 4))
            if step % 4 == 0:
                self.at = min(
                    range(max(0, self.at - 3), min(len(self.notes), self.at + 4)),
                    key=lambda i: (self.notes[i] % 12 not in {note % 12 for note in chord}, abs(i - self.at)),
                )
            yield "lead", step, min(end - step, 6), self.notes[self.at], self.rng.uniform(0.7, 1)


def _play(notes: list[Note], artist: Artist, samples: int, rng: np.random.Generator, rate: int) -> np.ndarray:
    track = np.zeros(samples)
    strokes: dict[str, np.ndarray] = {}
    for note in notes:
        if isinstance(note.pitch, str):
            if note.pitch not in strokes:
                strokes[note.pitch] = drum(note.pitch, artist.kit, rng, rate)
            sound = strokes[note.pitch]
        else:
            hz = 440 * 2 ** ((note.pitch - 69) / 12 + artist.tuning_cents / 1200)
            sound = tone(hz, note.duration_s, artist.timbres[note.role], rng, rate)
        at = round(note.start_s * rate)
        heard = track[max(at, 0) : max(at + len(sound), 0)]
        heard += note.gain * sound[max(-at, 0) :][: len(heard)]
    return track


def _produce(mix: np.ndarray, artist: Artist, rng: np.random.Generator, rate: int) -> np.ndarray:
    how = artist.production
    room = np.random.default_rng(artist.room_seed)
    mix = reverberate(mix, how["reverb"], how["reverb_s"], room, rate)
    mix = shelve(saturate(mix, how["drive"]), how["bass_db"], how["treble_db"], rate)
    mix = mix + 0.25 * 10 ** (how["noise_db"] / 20) * rng.standard_normal(len(mix))
    mix = low_pass(mix, how["low_pass_hz"], rate, order=4)
    mix = level(mix, 10 ** ((how["rms_db"] + rng.uniform(-1, 1)) / 20))
    return np.tanh(mix)  # a limiter
