"""How often the model that comes with the project marks music, speech and noise as of low confidence.

    python tests/bench/compare_abstaining.py --music GENRES [--model data/models/gtzan]

GENRES holds `<clip_id>.wav` of GTZAN somewhere below; those whose tags the model was not trained on are used. The
speech is made by espeak-ng (Debian has it): texts in several languages, read by men and women. The noise is white and
pink, at the levels of music. For each kind the files that are marked are counted, with the interval of their share.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from genrebench.common.formatting import interval, percent
from genrebench.evaluation.intervals import wilson_interval
from genrebench.inference import registry
from genrebench.inference.predictor import Predictor

RATE, SECONDS = 22050, 20
TEXT = {
    "en": "The weather of tomorrow: rain in the west, later in the east, with some sun in between and a light wind.",
    "de": "Das Wetter von morgen: Regen im Westen, später im Osten, dazwischen etwas Sonne und ein leichter Wind.",
    "fr": "Le temps de demain: de la pluie à l'ouest, plus tard à l'est, un peu de soleil et un vent léger.",
    "es": "El tiempo de mañana: lluvia en el oeste, más tarde en el este, algo de sol y un viento ligero.",
    "it": "Il tempo di domani: pioggia a ovest, più tardi a est, un po' di sole e un vento leggero.",
    "pt": "O tempo de amanhã: chuva no oeste, mais tarde no leste, algum sol e um vento fraco.",
    "nl": "Het weer van morgen: regen in het westen, later in het oosten, wat zon en een zwakke wind.",
    "pl": "Pogoda na jutro: deszcz na zachodzie, potem na wschodzie, trochę słońca i lekki wiatr.",
}
VOICES = ("m1", "m3", "f2", "f4")
NOISES = 16  # files of each colour


def compare_abstaining(music: Path, model: Path) -> None:
    """Print the shares."""
    predictor = Predictor(model)
    outside = set(predictor.description["other_clips"]["predicted"])
    with tempfile.TemporaryDirectory() as folder:
        kinds = {
            "music": sorted(path for path in music.rglob("*.wav") if path.stem in outside),
            "speech": list(speech(Path(folder))),
            "white noise": list(noise(Path(folder), "white", 0.0)),
            "pink noise": list(noise(Path(folder), "pink", 0.5)),
        }
        for kind, paths in kinds.items():
            marked = sum(bool(predictor.predict(path).low_confidence) for path in paths)
            low, high = wilson_interval(marked / len(paths), len(paths))
            share = f"{percent(marked / len(paths), 0)}, {interval(low, high, 0)}%"
            print(f"{kind}: {marked} of {len(paths)} marked ({share})")


def speech(folder: Path):
    """Each text, read by each voice, again and again for some 20 s."""
    for language, text in TEXT.items():
        for voice in VOICES:
            path = folder / f"{language}-{voice}.wav"
            subprocess.run(["espeak-ng", "-v", f"{language}+{voice}", "-w", path, " ".join([text] * 3)], check=True)
            yield path


def noise(folder: Path, name: str, slope: float):
    """Noise whose amplitude falls with the frequency to the power of `slope`, at RMS of 0.02 to 0.2."""
    for number in range(NOISES):
        random = np.random.default_rng(number)
        spectrum = np.fft.rfft(random.standard_normal(RATE * SECONDS))
        spectrum[1:] /= np.arange(1, len(spectrum)) ** slope
        samples = np.fft.irfft(spectrum)
        path = folder / f"{name}-{number}.wav"
        soundfile.write(path, samples / samples.std() * random.uniform(0.02, 0.2), RATE)
        yield path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, required=True, help="folder of the clips")
    parser.add_argument("--model", type=Path, default=registry.SHIPPED)
    compare_abstaining(**vars(parser.parse_args()))
