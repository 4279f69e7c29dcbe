"""Time the extraction of features against librosa's functions called one by one (`make bench`).

One process does both in turns, clip by clip, so that whatever else the machine does slows both; decoding is included.
Then the same clips are extracted by one process and by two, again in turns. Essentia and audioFlux, where installed,
compute mel spectrogram and MFCCs: near enough in definition to compare the time, not the numbers.
"""

import argparse
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import soundfile
import yaml
from threadpoolctl import threadpool_limits

from genrebench.common import cli
from genrebench.extraction import store
from genrebench.extraction.engine import LIBROSA

ROOT = Path(__file__).parents[2]
FEATURES = (
    "mel mfcc chroma wavelet spectral_contrast spectral_centroid spectral_rolloff zero_crossing_rate rms "
    "amplitude_statistics"
).split()
RATE = 22050


def bench_extraction(audio: str | None, hop_length: int | None, clips: int, rounds: int) -> None:
    """Print the ratios for the first `clips` files of the folder `audio`; without a folder, for made-up clips of 30 s.

    `hop_length` replaces those of params.yaml.
    """
    params = yaml.safe_load((ROOT / "params.yaml").read_text())["features"]
    features = {name: dict(params[name]) for name in FEATURES}
    for settings in features.values():
        if hop_length and "hop_length" in settings:
            settings["hop_length"] = hop_length
    paths = sorted(Path(audio).rglob("*.wav"))[:clips] if audio else [_made_up(number) for number in range(clips)]
    seconds = median(soundfile.info(path).duration for path in paths)
    print(f"{cpu()}; {len(paths)} clips of {seconds:.0f} s, {rounds} rounds; hops of {hop_length or 'params.yaml'}")
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores (other work lowers the last ratio)")

    rivals: dict[str, Callable[[Path], Any]] = {
        "genrebench": lambda path: store.extract(path, RATE, features),
        "librosa": lambda path: librosa_one_by_one(path, features),
    }
    if find_spec("essentia"):
        rivals["essentia (mel, mfcc)"] = lambda path: essentia_mfcc(path, features["mfcc"])
    if find_spec("audioflux"):
        rivals["audioflux (mel, mfcc)"] = lambda path: audioflux_mfcc(path, features["mfcc"])
    if len(rivals) > 2:
        few = {name: features[name] for name in ("mel", "mfcc")}
        rivals["genrebench (mel, mfcc)"] = lambda path: store.extract(path, RATE, few)
    with threadpool_limits(1):
        times = interleaved(rivals, paths, rounds)
    for name, one in times.items():
        print(f"{name}: {1000 * median(one):.1f} ms per clip")
    ratios = [theirs / ours for theirs, ours in zip(times["librosa"], times["genrebench"], strict=True)]
    low, high = np.quantile(ratios, [0.05, 0.95])
    print(f"librosa / genrebench: {median(ratios):.2f} (5 to 95% of the pairs: {low:.2f} to {high:.2f})")

    ratio = two_processes(paths * 2, features, rounds)
    print(f"one process / two processes: {ratio:.2f}")


def interleaved(functions: dict[str, Callable[[Path], Any]], paths: list[Path], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call, the functions taking turns on each path; the first calls, which compile, are not timed."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function(paths[0])
    for path in paths * rounds:
        for name, function in functions.items():
            start = time.perf_counter()
            function(path)
            times[name].append(time.perf_counter() - start)
    return times


def two_processes(paths: list[Path], features: dict[str, Any], rounds: int) -> float:
    """How many times faster two processes extract all clips than one, both already started: median of the rounds."""
    context = get_context("spawn")
    with ProcessPoolExecutor(1, context) as one, ProcessPoolExecutor(2, context) as two:
        times: dict[Any, list[float]] = {one: [], two: []}
        for _ in range(rounds + 1):
            for pool, parts in ((one, [paths]), (two, [paths[::2], paths[1::2]])):
                start = time.perf_counter()
                list(pool.map(extract_all, parts, [features] * len(parts)))
                times[pool].append(time.perf_counter() - start)
    return median(a / b for a, b in zip(times[one][1:], times[two][1:], strict=True))


def extract_all(paths: list[Path], features: dict[str, Any]) -> None:
    """Extract the features of some clips, one after the other."""
    for path in paths:
        store.extract(path, RATE, features)


def librosa_one_by_one(path: Path, features: dict[str, Any]) -> None:
    """Load a clip and call a function of librosa for each feature, as scripts for GTZAN do."""
    store.extract(path, RATE, features, engine=LIBROSA)


def essentia_mfcc(path: Path, settings: dict[str, Any]) -> None:
    """Essentia's standard mode: frames, window, spectrum, mel bands and MFCCs."""
    import essentia.standard as essentia

    window, spectrum = essentia.Windowing(type="hann"), essentia.Spectrum()
    mfcc = essentia.MFCC(
        inputSize=1 + settings["n_fft"] // 2, numberBands=settings["n_mels"], numberCoefficients=settings["n_mfcc"]
    )
    samples = essentia.MonoLoader(filename=str(path), sampleRate=RATE)()
    for frame in essentia.FrameGenerator(samples, frameSize=settings["n_fft"], hopSize=settings["hop_length"]):
        mfcc(spectrum(window(frame)))


def audioflux_mfcc(path: Path, settings: dict[str, Any]) -> None:
    """The mel spectrogram and MFCCs of audioFlux."""
    import audioflux

    samples, _ = audioflux.read(str(path), samplate=RATE)
    audioflux.mfcc(
        samples,
        cc_num=settings["n_mfcc"],
        num=settings["n_mels"],
        radix2_exp=settings["n_fft"].bit_length() - 1,
        slide_length=settings["hop_length"],
        samplate=RATE,
    )


def cpu() -> str:
    """The processor's name, family and model (Linux; elsewhere the architecture)."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return os.uname().machine
    fields = dict(line.split(":", 1) for line in info.read_text().split("\n\n")[0].splitlines() if ":" in line)
    found = {key.strip(): value.strip() for key, value in fields.items()}
    return f"{found.get('model name')}, family {found.get('cpu family')}, model {found.get('model')}"


def _made_up(number: int) -> Path:
    """A clip of 30 s of decaying tones over noise, kept between runs."""
    path = ROOT / ".cache" / "bench" / f"{number}.wav"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(number)
        seconds = np.arange(30 * RATE) / RATE
        tones = sum(np.sin(2 * np.pi * hz * seconds) for hz in 110 * 2 ** (rng.integers(0, 48, 6) / 12))
        samples = 0.1 * tones * np.exp(-4 * (seconds % 0.5)) + 0.01 * rng.standard_normal(len(seconds))
        soundfile.write(path, samples, RATE)
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audio", help="folder with .wav files; made-up clips if there is none")
    parser.add_argument("--hop-length", type=int, help="one hop for all features, instead of those of params.yaml")
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=5)
    cli.run(bench_extraction, vars(parser.parse_args()))
