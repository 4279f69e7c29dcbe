"""Sounds and effects: pitched tones, drums, saturation, filters, reverberation.

Signals are mono float64 arrays of shape (samples,); `rate` is the sampling rate in Hz.
"""

from dataclasses import dataclass

import numpy as np
from scipy import signal

TABLE = 4096  # samples of one period in a wavetable
BANDS = 4  # octaves of harmonics with an envelope each: 1, 2-3, 4-7, 8 and above
FORMANTS_HZ = {  # of a singer's vowels (Peterson and Barney 1952, men)
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (270, 2290, 3010),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}


@dataclass(frozen=True)
class Timbre:
    """The sound of one pitched instrument."""

    slope: float = 1.0  # harmonic k has amplitude k ** -slope
    even: float = 1.0  # amplitude of the even harmonics, relative
    attack_s: float = 0.004
    decay_s: float = np.inf  # until the fundamental has fallen by 60 dB
    damping: float = 0.0  # how much faster each octave of harmonics decays
    vibrato_cents: float = 0.0
    detune_cents: float = 0.0  # between two voices in unison
    breath: float = 0.0  # level of the noise that follows the tone
    drive: float = 0.0  # of the amplifier, see `saturate`
    sings: bool = False  # harmonics shaped by the formants of a random vowel


def tone(frequency_hz: float, duration_s: float, timbre: Timbre, rng: np.random.Generator, rate: int) -> np.ndarray:
    """One note, with a peak of about 1: harmonics grouped by octave, each group with its own envelope.

    Returns shape (samples,), `duration_s` and a release of 50 ms long.
    """
    samples = int((duration_s + 0.05) * rate)
    time_s = np.arange(samples) / rate
    octave = np.arange(BANDS)[:, None]
    envelopes = (1 - np.exp(-time_s / timbre.attack_s / (0.3 + 0.3 * octave))) * np.exp(
        -np.log(1000) / timbre.decay_s * (1 + timbre.damping * octave) * time_s
    )
    tables = _wavetables(frequency_hz, timbre, rng, rate)

    vibrato_hz = rng.uniform(4.5, 6.5)
    depth = 2 ** (timbre.vibrato_cents / 1200) - 1
    periods = frequency_hz * (time_s - depth / (2 * np.pi * vibrato_hz) * np.cos(2 * np.pi * vibrato_hz * time_s))
    voices = (1.0,) if not timbre.detune_cents else (1.0, 2 ** (timbre.detune_cents / 1200))
    note = np.zeros(samples)
    for ratio in voices:
        index = ((periods * ratio + rng.random()) * TABLE).astype(np.int64) % TABLE
        note += (tables[:, index] * envelopes).sum(axis=0)
    note /= len(voices)
    if timbre.breath:
        note += timbre.breath * envelopes[1] * rng.standard_normal(samples) * 0.3
    release = int(0.05 * rate)
    note[-release:] *= np.linspace(1, 0, release)
    return note


def _wavetables(frequency_hz: float, timbre: Timbre, rng: np.random.Generator, rate: int) -> np.ndarray:
    """One period of each octave of harmonics below the Nyquist frequency: shape (BANDS, TABLE)."""
    harmonic = np.arange(1, min(64, max(2, int(0.45 * rate / frequency_hz))))
    amplitude = harmonic**-timbre.slope * np.where(harmonic % 2 == 0, timbre.even, 1.0)
    if timbre.sings:
        vowel = FORMANTS_HZ[rng.choice(list(FORMANTS_HZ))]
        hz = harmonic * frequency_hz
        amplitude *= 0.05 + sum(
            level / (1 + ((hz - formant) / 110) ** 2) for level, formant in zip((1, 0.8, 0.5), vowel, strict=True)
        )
    amplitude /= np.sqrt((amplitude**2).sum())
    phase = rng.uniform(0, 2 * np.pi, len(harmonic))
    spectrum = np.zeros((BANDS, TABLE // 2 + 1), dtype=complex)
    band = np.minimum(np.log2(harmonic).astype(int), BANDS - 1)
    spectrum[band, harmonic] = amplitude * np.exp(1j * phase)
    return np.fft.irfft(spectrum, axis=1) * (TABLE / 2)


@dataclass(frozen=True)
class Kit:
    """The sound of one drum kit: frequencies in Hz, times in seconds."""

    kick_hz: float
    kick_s: float
    snare_hz: float
    snare_s: float
    snare_noise: float  # 0 (a tom) to 1 (noise alone)
    hat_hz: float
    hat_s: float


def drum(name: str, kit: Kit, rng: np.random.Generator, rate: int) -> np.ndarray:
    """One stroke on kick, snare, brush, rim, clap, hat, open, ride, shaker or tom, with a peak of about 1."""
    if name == "kick":
        body, click = _membrane(kit.kick_hz, kit.kick_s, 2.5, rate), _noise(300, 0.012, rng, rate)
        body[: len(click)] += 0.3 * click
        return body
    if name == "tom":
        return _membrane(1.8 * kit.kick_hz, kit.kick_s, 0.6, rate)
    if name == "rim":
        return _membrane(4 * kit.snare_hz, 0.03, 0.1, rate) + 0.2 * _noise(1500, 0.03, rng, rate)
    if name == "snare":
        body = (1 - kit.snare_noise) * _membrane(kit.snare_hz, kit.snare_s, 0.4, rate)
        return body + kit.snare_noise * _noise(700, kit.snare_s, rng, rate)
    if name == "ride":
        return 0.5 * _noise(0.7 * kit.hat_hz, 0.35, rng, rate) + 0.2 * _membrane(kit.hat_hz, 0.35, 0, rate)
    high_pass_hz, decay_s = {
        "brush": (1200, 0.22),
        "clap": (900, 0.13),
        "hat": (kit.hat_hz, kit.hat_s),
        "open": (kit.hat_hz, 0.25),
        "shaker": (0.8 * kit.hat_hz, 0.07),
    }[name]
    return _noise(high_pass_hz, decay_s, rng, rate)


def _membrane(hz: float, decay_s: float, sweep: float, rate: int) -> np.ndarray:
    """A decaying sine whose pitch falls from (1 + sweep) * hz to hz within some 30 ms."""
    time_s = np.arange(int(1.2 * decay_s * rate)) / rate
    periods = hz * (time_s + sweep * 0.02 * (1 - np.exp(-time_s / 0.02)))
    return np.sin(2 * np.pi * periods) * np.exp(-5 * time_s / decay_s)


def _noise(high_pass_hz: float, decay_s: float, rng: np.random.Generator, rate: int) -> np.ndarray:
    time_s = np.arange(int(1.2 * decay_s * rate)) / rate
    noise = rng.standard_normal(len(time_s)) * np.exp(-5 * time_s / decay_s)
    return 0.4 * high_pass(noise, high_pass_hz, rate)


def saturate(audio: np.ndarray, drive: float) -> np.ndarray:
    """Overdrive: tanh with a gain of `drive` on a signal brought to an RMS of 0.25; it returns at that RMS."""
    return level(np.tanh(drive * level(audio, 0.25)), 0.25)


def level(audio: np.ndarray, rms: float) -> np.ndarray:
    """`audio` at an RMS of `rms`, unless it is silent."""
    present = np.sqrt((audio**2).mean())
    return audio * (rms / present) if present > 0 else audio


def shelve(audio: np.ndarray, bass_db: float, treble_db: float, rate: int) -> np.ndarray:
    """Raise or lower what lies below 200 Hz and above 2 kHz."""
    bass, treble = (10 ** (gain_db / 20) - 1 for gain_db in (bass_db, treble_db))
    return audio + bass * low_pass(audio, 200, rate, 1) + treble * high_pass(audio, 2000, rate, 1)


def low_pass(audio: np.ndarray, hz: float, rate: int, order: int = 2) -> np.ndarray:
    """Butterworth low-pass."""
    return signal.sosfilt(signal.butter(order, min(hz, 0.49 * rate), fs=rate, output="sos"), audio)


def high_pass(audio: np.ndarray, hz: float, rate: int, order: int = 2) -> np.ndarray:
    """Butterworth high-pass."""
    return signal.sosfilt(signal.butter(order, min(hz, 0.49 * rate), "high", fs=rate, output="sos"), audio)


def reverberate(audio: np.ndarray, mix: float, decay_s: float, rng: np.random.Generator, rate: int) -> np.ndarray:
    """Convolve with exponentially decaying noise (60 dB in `decay_s`) and mix: 0 is dry, 1 is the room alone."""
    time_s = np.arange(int(decay_s * rate)) / rate
    room = rng.standard_normal(len(time_s)) * np.exp(-np.log(1000) * time_s / decay_s)
    wet = signal.oaconvolve(audio, low_pass(room, 4000, rate))[: len(audio)]
    return (1 - mix) * audio + mix * level(wet, np.sqrt((audio**2).mean()))
