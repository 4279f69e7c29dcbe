"""What each genre is like: ranges that its artists and clips draw from, and the genres it borrows from.

A pattern has one character per sixteenth of a bar, so its length gives the metre. `.` is a rest and `-` holds
the note before. Drums: `X` loud, `x` medium, `o` soft. Bass: `1` root, `3` third, `5` fifth, `6` sixth,
`8` octave, `w` a step of a walking bass. Chords: `x` all notes, `a` the next note of an arpeggio.
A pair of numbers is a range, drawn from uniformly.
"""

from dataclasses import dataclass, field

Range = tuple[float, float]


@dataclass(frozen=True)
class Pattern:
    """One bar of the rhythm section."""

    bass: str
    chords: str
    drums: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Groove:
    """How it moves."""

    tempo_bpm: Range
    swing: Range  # where the off-beat eighth stands in its beat: 0.5 straight, 0.67 shuffle
    melody: Range  # probability of a new note of the melody on each eighth
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True)
class Harmony:
    """Scale in semitones above the key, and progressions of one chord per bar: (root, quality)."""

    scale: tuple[int, ...]
    progressions: tuple[tuple[tuple[int, str], ...], ...]


@dataclass(frozen=True)
class Band:
    """Who plays what (one of each is chosen), and how loud beside the chords, in dB."""

    bass: tuple[str, ...]
    chords: tuple[str, ...]
    lead: tuple[str, ...]
    bass_db: Range
    drums_db: Range
    lead_db: Range
    register: int = 60  # MIDI note around which the chords lie


@dataclass(frozen=True)
class Production:
    """What the studio does to it."""

    low_pass_hz: Range
    reverb: Range  # share of the room
    reverb_s: Range
    drive: Range  # of the mix bus
    bass_db: Range
    treble_db: Range
    noise_db: Range  # beside the music
    rms_db: Range  # full scale is 0 dB


@dataclass(frozen=True)
class Style:
    """One genre."""

    groove: Groove
    harmony: Harmony
    band: Band
    production: Production
    neighbours: tuple[str, ...]


CHORDS = {  # semitones above the root
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "9": (0, 4, 10, 14),
    "power": (0, 7, 12),
}

# Timbre (see synthesis.Timbre) of each instrument; its artist draws one value from each range.
INSTRUMENTS: dict[str, dict[str, Range]] = {
    "upright bass": dict(slope=(1.7, 2.3), decay_s=(0.7, 1.6), damping=(1.0, 2.0)),
    "electric bass": dict(slope=(1.3, 2.0), decay_s=(1.5, 3.0), damping=(0.6, 1.6)),
    "picked bass": dict(slope=(0.9, 1.4), decay_s=(1.2, 2.5), damping=(0.4, 1.0), drive=(1.0, 3.0)),
    "synth bass": dict(slope=(0.9, 1.5), decay_s=(0.6, 1.5), damping=(1.0, 2.5)),
    "sub bass": dict(slope=(2.3, 3.5), decay_s=(1.2, 3.0), attack_s=(0.004, 0.02)),
    "cello": dict(slope=(1.2, 1.7), attack_s=(0.03, 0.09), vibrato_cents=(4, 14)),
    "acoustic guitar": dict(slope=(0.9, 1.4), even=(0.6, 1.0), decay_s=(1.0, 2.5), damping=(0.6, 1.4)),
    "banjo": dict(slope=(0.5, 0.9), even=(0.6, 1.0), decay_s=(0.4, 0.8), damping=(0.4, 0.9)),
    "clean guitar": dict(slope=(1.1, 1.6), even=(0.7, 1.0), decay_s=(1.5, 3.0), damping=(0.5, 1.0)),
    "crunch guitar": dict(slope=(0.9, 1.4), decay_s=(1.5, 3.0), damping=(0.4, 0.9), drive=(3.0, 9.0)),
    "distorted guitar": dict(slope=(0.8, 1.2), decay_s=(2.0, 4.0), damping=(0.3, 0.7), drive=(7.0, 25.0)),
    "piano": dict(slope=(1.3, 1.9), decay_s=(1.5, 3.0), damping=(0.4, 0.9), detune_cents=(1, 3)),
    "electric piano": dict(slope=(1.8, 2.6), even=(0.2, 0.6), decay_s=(1.0, 2.5), damping=(0.5, 1.5)),
    "organ": dict(slope=(0.8, 1.4), even=(0.5, 1.0), attack_s=(0.004, 0.01), vibrato_cents=(3, 12)),
    "strings": dict(slope=(1.0, 1.4), attack_s=(0.06, 0.18), vibrato_cents=(4, 12), detune_cents=(5, 14)),
    "synth": dict(slope=(0.8, 1.4), decay_s=(1.0, 3.0), damping=(0.3, 1.2), detune_cents=(6, 20)),
    "brass": dict(slope=(0.7, 1.1), attack_s=(0.02, 0.05), vibrato_cents=(0, 8)),
    "saxophone": dict(slope=(0.9, 1.3), attack_s=(0.015, 0.04), vibrato_cents=(5, 20), breath=(0.03, 0.12)),
    "flute": dict(slope=(2.0, 3.0), attack_s=(0.03, 0.07), vibrato_cents=(5, 15), breath=(0.05, 0.15)),
    "fiddle": dict(slope=(0.8, 1.2), attack_s=(0.03, 0.08), vibrato_cents=(8, 24)),
    "harmonica": dict(slope=(0.5, 0.9), even=(0.4, 0.8), attack_s=(0.02, 0.05), vibrato_cents=(5, 25)),
    "pedal steel": dict(slope=(1.1, 1.7), attack_s=(0.02, 0.06), decay_s=(2.5, 5.0), vibrato_cents=(10, 30)),
    "lead guitar": dict(slope=(0.9, 1.3), decay_s=(2.0, 4.0), vibrato_cents=(5, 25), drive=(2.0, 12.0)),
    "voice": dict(slope=(0.5, 1.0), attack_s=(0.02, 0.06), vibrato_cents=(8, 40), breath=(0.02, 0.08), sings=(1, 1)),
    "speech": dict(slope=(0.4, 0.9), attack_s=(0.006, 0.02), decay_s=(0.5, 1.2), breath=(0.08, 0.3), sings=(1, 1)),
}

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
DORIAN = (0, 2, 3, 5, 7, 9, 10)
PHRYGIAN = (0, 1, 3, 5, 7, 8, 10)
PENTATONIC = (0, 2, 4, 7, 9)
MINOR_PENTATONIC = (0, 3, 5, 7, 10)
BLUES_SCALE = (0, 3, 5, 6, 7, 10)

STYLES = {
    "blues": Style(
        Groove(
            (68, 130),
            (0.58, 0.67),
            (0.3, 0.5),
            (
                Pattern(
                    "1-1-3-3-5-5-6-5-",
                    "....x-......x-..",
                    {"kick": "X.......x.......", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
                ),
                Pattern(
                    "1---3---5---6---",
                    "x-x...x-x-x...x-",
                    {"kick": "X.....x.X.......", "snare": "....X.......X...", "ride": "x.o.x.o.x.o.x.o."},
                ),
                Pattern("1-1-5-5-6-6-5-5-", "x-x-x-x-x-x-x-x-", {"kick": "x...x...x...x..."}),
            ),
        ),
        Harmony(
            BLUES_SCALE,
            (
                ((0, "7"), (5, "7"), (0, "7"), (0, "7")),
                ((5, "7"), (5, "7"), (0, "7"), (0, "7")),
                ((7, "7"), (5, "7"), (0, "7"), (7, "7")),
            ),
        ),
        Band(
            ("upright bass", "electric bass"),
            ("piano", "clean guitar", "acoustic guitar", "crunch guitar"),
            ("lead guitar", "harmonica", "voice"),
            (-2, 3),
            (-6, 0),
            (-2, 2),
            57,
        ),
        Production((4800, 7000), (0.10, 0.30), (0.4, 1.2), (0.8, 2.0), (-4, -1), (-7, -3), (-37, -30), (-20, -17)),
        ("jazz", "rock", "country"),
    ),
    "classical": Style(
        Groove(
            (58, 126),
            (0.5, 0.5),
            (0.3, 0.7),
            (
                Pattern("1---------------", "a-a-a-a-a-a-a-a-"),
                Pattern("1-------5-------", "x---------------"),
                Pattern("1-----------", "....x---x---"),
                Pattern("1---5---8---5---", "aaaaaaaaaaaaaaaa"),
            ),
        ),
        Harmony(
            MAJOR,
            (
                ((0, "major"), (5, "major"), (7, "major"), (0, "major")),
                ((0, "major"), (9, "minor"), (2, "minor"), (7, "7")),
                ((0, "minor"), (7, "major"), (0, "minor"), (5, "minor")),
            ),
        ),
        Band(
            ("cello", "piano"),
            ("strings", "piano", "strings"),
            ("fiddle", "flute", "piano"),
            (-6, 1),
            (-30, -20),
            (-4, 2),
            62,
        ),
        Production((6500, 9000), (0.30, 0.55), (1.0, 2.2), (0.3, 0.6), (-7, -3), (-9, -5), (-49, -42), (-21, -18)),
        ("jazz",),
    ),
    "country": Style(
        Groove(
            (88, 140),
            (0.5, 0.58),
            (0.35, 0.6),
            (
                Pattern(
                    "1-----..5-----..",
                    "....x-......x-..",
                    {"kick": "X.......X.......", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
                ),
                Pattern(
                    "1---....5---....",
                    "..x-..x-..x-..x-",
                    {"kick": "x.......x.......", "snare": "ooXoooXoooXoooXo"},
                ),
                Pattern("1-------....", "....x-..x-..", {"kick": "x...........", "brush": "....x...x..."}),
                Pattern(
                    "1---5---1---5---",
                    "a-a-a-a-a-a-a-a-",
                    {"kick": "X...x...X...x...", "snare": "....X.......X..."},
                ),
            ),
        ),
        Harmony(
            PENTATONIC,
            (
                ((0, "major"), (0, "major"), (5, "major"), (7, "major")),
                ((0, "major"), (5, "major"), (0, "major"), (7, "7")),
                ((0, "major"), (9, "minor"), (5, "major"), (7, "major")),
            ),
        ),
        Band(
            ("upright bass", "electric bass"),
            ("acoustic guitar", "acoustic guitar", "banjo", "clean guitar"),
            ("fiddle", "pedal steel", "voice"),
            (-2, 3),
            (-8, -1),
            (-2, 2),
            58,
        ),
        Production((7000, 9000), (0.10, 0.25), (0.4, 1.0), (0.6, 1.6), (-12, -8), (1, 5), (-45, -37), (-20, -17)),
        ("rock", "blues", "pop"),
    ),
    "disco": Style(
        Groove(
            (108, 130),
            (0.5, 0.52),
            (0.25, 0.45),
            (
                Pattern(
                    "1-8-1-8-1-8-1-8-",
                    "x-.x..x-x-.x..x-",
                    {"kick": "X...X...X...X...", "open": "oox.oox.oox.oox.", "clap": "....x.......x..."},
                ),
                Pattern(
                    "1..18.1.1..158..",
                    "..x-..x-..x-..x-",
                    {"kick": "X...X...X...X...", "hat": "xxxxxxxxxxxxxxxx", "snare": "....X.......X..."},
                ),
                Pattern(
                    "1---..1-5---..8-",
                    "x---------------",
                    {
                        "kick": "X...X...X...X...",
                        "open": "..x...x...x...x.",
                        "shaker": "xoxoxoxoxoxoxoxo",
                        "snare": "....x.......x.ox",
                    },
                ),
            ),
        ),
        Harmony(
            DORIAN,
            (
                ((0, "min7"), (5, "7"), (0, "min7"), (5, "7")),
                ((0, "minor"), (8, "maj7"), (10, "major"), (0, "minor")),
                ((9, "min7"), (2, "min7"), (7, "7"), (0, "maj7")),
            ),
        ),
        Band(
            ("electric bass", "synth bass"),
            ("strings", "clean guitar", "electric piano", "synth"),
            ("voice", "brass", "strings"),
            (0, 5),
            (-2, 4),
            (-3, 1),
            63,
        ),
        Production((7500, 9500), (0.13, 0.30), (0.5, 1.3), (0.8, 1.8), (1, 4), (4, 8), (-35, -29), (-18, -16)),
        ("pop", "hiphop"),
    ),
    "hiphop": Style(
        Groove(
            (78, 108),
            (0.5, 0.58),
            (0.65, 0.95),
            (
                Pattern(
                    "1-----....1-..5-",
                    "x-------........",
                    {"kick": "X.....x...X.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.xx"},
                ),
                Pattern(
                    "1---....1---....",
                    "a-.a-.a-a-.a-.a-",
                    {"kick": "X..x......Xx....", "clap": "....X.......X...", "hat": "xoxoxoxoxoxoxoxo"},
                ),
                Pattern(
                    "1-1-......1---..",
                    "x---..x-....x-..",
                    {"kick": "X.x.....x.X.....", "snare": "....X.......X..o"},
                ),
            ),
        ),
        Harmony(
            MINOR_PENTATONIC,
            (
                ((0, "min7"), (0, "min7"), (8, "maj7"), (8, "maj7")),
                ((0, "minor"), (0, "minor"), (10, "major"), (0, "minor")),
                ((0, "min7"), (5, "9"), (0, "min7"), (5, "9")),
            ),
        ),
        Band(
            ("sub bass", "sub bass", "synth bass", "electric bass"),
            ("electric piano", "strings", "synth", "piano"),
            ("speech", "speech", "speech", "voice"),
            (1, 5),
            (3, 7),
            (-1, 3),
            58,
        ),
        Production((8800, 10500), (0.05, 0.20), (0.3, 0.8), (1.2, 3.0), (1, 5), (3, 7), (-35, -29), (-18, -15)),
        ("reggae", "pop", "disco"),
    ),
    "jazz": Style(
        Groove(
            (88, 190),
            (0.58, 0.67),
            (0.4, 0.7),
            (
                Pattern(
                    "w---w---w---w---",
                    "x-....x-........",
                    {"ride": "x...x.o.x...x.o.", "kick": "o...o...o...o...", "hat": "....x.......x..."},
                ),
                Pattern(
                    "w---w---w---w---", "......x-....x-..", {"brush": "o...x.o.o...x.o.", "hat": "....o.......o..."}
                ),
                Pattern("1-------5-------", "x-------x-------", {"brush": "o...x...o...x..."}),
                Pattern("w---w---w---", "x-....x-....", {"ride": "x...x.o.x.o.", "kick": "o..........."}),
            ),
        ),
        Harmony(
            DORIAN,
            (
                ((2, "min7"), (7, "9"), (0, "maj7"), (9, "7")),
                ((0, "maj7"), (9, "7"), (2, "min7"), (7, "7")),
                ((0, "min7"), (5, "9"), (10, "maj7"), (3, "maj7")),
            ),
        ),
        Band(
            ("upright bass",),
            ("piano", "piano", "clean guitar", "electric piano"),
            ("saxophone", "brass", "piano", "flute"),
            (-1, 5),
            (-9, -2),
            (-2, 3),
            60,
        ),
        Production((5500, 8000), (0.15, 0.35), (0.5, 1.5), (0.4, 1.2), (-6, -2), (-5, -1), (-43, -36), (-21, -18)),
        ("blues", "classical"),
    ),
    "metal": Style(
        Groove(
            (95, 190),
            (0.5, 0.5),
            (0.1, 0.6),
            (
                Pattern(
                    "1.11.11.1.11.11.",
                    "x.xx.xx.x.xx.x--",
                    {"kick": "X.xx.xx.X.xx.xx.", "snare": "....X.......X...", "open": "x...x...x...x..."},
                ),
                Pattern(
                    "1111111111111111",
                    "x-x-x-x-x-x-x---",
                    {"kick": "xxxxxxxxxxxxxxxx", "snare": "....X.......X...", "ride": "x...x...x...x..."},
                ),
                Pattern(
                    "1-------1---1---",
                    "x-------x---x---",
                    {"kick": "X...x...X.x.....", "snare": "........X.......", "open": "x...x...x...x..."},
                ),
            ),
        ),
        Harmony(
            PHRYGIAN,
            (
                ((0, "power"), (1, "power"), (0, "power"), (3, "power")),
                ((0, "power"), (8, "power"), (10, "power"), (0, "power")),
                ((0, "power"), (0, "power"), (6, "power"), (5, "power")),
            ),
        ),
        Band(
            ("picked bass",),
            ("distorted guitar",),
            ("lead guitar", "speech", "voice"),
            (-4, 1),
            (-4, 2),
            (-8, -2),
            46,
        ),
        Production((8500, 10500), (0.07, 0.20), (0.3, 1.0), (1.5, 4.0), (-3, 1), (2, 6), (-43, -35), (-18, -15)),
        ("rock",),
    ),
    "pop": Style(
        Groove(
            (92, 132),
            (0.5, 0.53),
            (0.4, 0.65),
            (
                Pattern(
                    "1-1-1-1-1-1-1-1-",
                    "x-------x-------",
                    {"kick": "X.....x.X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
                ),
                Pattern(
                    "1--1--1-1--1--5-",
                    "x--x--x-x--x--x-",
                    {"kick": "X...X...X...X...", "clap": "....x.......x...", "shaker": "xoxoxoxoxoxoxoxo"},
                ),
                Pattern(
                    "1-------1-----5-",
                    "a-a-a-a-a-a-a-a-",
                    {"kick": "X.......X.x.....", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
                ),
            ),
        ),
        Harmony(
            MAJOR,
            (
                ((0, "major"), (7, "major"), (9, "minor"), (5, "major")),
                ((9, "minor"), (5, "major"), (0, "major"), (7, "major")),
                ((0, "major"), (9, "minor"), (5, "major"), (7, "major")),
            ),
        ),
        Band(
            ("synth bass", "electric bass"),
            ("synth", "piano", "acoustic guitar", "electric piano"),
            ("voice", "voice", "synth"),
            (-1, 4),
            (-3, 3),
            (-1, 3),
            62,
        ),
        Production((10000, 10900), (0.13, 0.30), (0.5, 1.3), (1.5, 3.0), (-3, 0), (7, 11), (-43, -36), (-18, -15)),
        ("disco", "rock", "hiphop"),
    ),
    "reggae": Style(
        Groove(
            (66, 94),
            (0.5, 0.6),
            (0.2, 0.45),
            (
                Pattern(
                    "1---3-5-....5-8-",
                    "....x-......x-..",
                    {"kick": "........X.......", "rim": "........X.......", "hat": "x.x.x.x.x.x.x.x."},
                ),
                Pattern(
                    "....1-1-5---3---",
                    "..x...x...x...x.",
                    {"kick": "........X.......", "snare": "........X.......", "hat": "..x...x...x...x."},
                ),
                Pattern(
                    "1-1---5-6-5-....",
                    "....x...x...x.x.",
                    {"kick": "X...X...X...X...", "rim": "....x.......x..o", "hat": "x.xox.xox.xox.xo"},
                ),
            ),
        ),
        Harmony(
            MINOR_PENTATONIC,
            (
                ((0, "minor"), (10, "major"), (0, "minor"), (10, "major")),
                ((0, "major"), (5, "major"), (0, "major"), (7, "major")),
                ((0, "minor"), (5, "minor"), (0, "minor"), (5, "minor")),
            ),
        ),
        Band(
            ("electric bass", "sub bass"),
            ("organ", "clean guitar", "organ", "electric piano"),
            ("voice", "brass", "speech"),
            (2, 6),
            (-3, 3),
            (-3, 1),
            62,
        ),
        Production((4000, 6000), (0.15, 0.35), (0.6, 1.6), (0.8, 2.2), (1, 5), (-8, -4), (-45, -37), (-19, -16)),
        ("hiphop", "pop"),
    ),
    "rock": Style(
        Groove(
            (96, 152),
            (0.5, 0.54),
            (0.3, 0.55),
            (
                Pattern(
                    "1-1-1-1-1-1-1-1-",
                    "x---x-x-x---x-x-",
                    {"kick": "X.....x.X.......", "snare": "....X.......X...", "hat": "x.x.x.x.x.x.x.x."},
                ),
                Pattern(
                    "1-----1-5-----8-",
                    "x-x-x-x-x-x-x-x-",
                    {"kick": "X.x.....X.x.....", "snare": "....X.......X...", "open": "x...x...x...x..."},
                ),
                Pattern(
                    "1---1---1---1---",
                    "x-----x-----x---",
                    {"kick": "X...x...X...x...", "snare": "....X.......X..x", "ride": "x.x.x.x.x.x.x.x."},
                ),
            ),
        ),
        Harmony(
            MINOR_PENTATONIC,
            (
                ((0, "power"), (10, "power"), (5, "power"), (0, "power")),
                ((0, "major"), (5, "major"), (7, "major"), (5, "major")),
                ((0, "power"), (3, "power"), (5, "power"), (0, "power")),
            ),
        ),
        Band(
            ("picked bass", "electric bass"),
            ("crunch guitar", "crunch guitar", "clean guitar", "distorted guitar"),
            ("voice", "lead guitar", "voice"),
            (-2, 3),
            (-3, 3),
            (-3, 1),
            53,
        ),
        Production((7500, 9500), (0.09, 0.25), (0.4, 1.2), (1.5, 3.2), (-7, -3), (0, 4), (-43, -35), (-18, -15)),
        ("metal", "country", "blues", "pop"),
    ),
}
GENRES = tuple(STYLES)
