"""One clip's signal and the spectra of it that its features share."""

from collections.abc import Callable

import numpy as np

from genrebench.audio import filters

# Frames at a time, so that their spectra stay in the processor's cache between the steps.
TRANSFORMED, REDUCED = 32, 256


class Clip:
    """One clip, and its amplitude spectra, each computed once.

    The frames at a hop are every k-th of those at a k-th of that hop: a spectrum whose hop is a multiple of another's
    is taken from that one. (Not from the greatest common divisor: of 441 and 256 samples that is 1, and 250 times the
    memory.) What is computed of a frame depends on neither what else is asked for nor the number of threads.

    Parameters
    ----------
    samples : array of shape (samples,)
        Mono, float32, full scale is 1.
    sample_rate : int
        Hz.
    spectra : list of (int, int)
        The (n_fft, hop_length) that will be asked for.
    """

    def __init__(self, samples: np.ndarray, sample_rate: int, spectra: list[tuple[int, int]]):
        self.samples = samples
        self.sample_rate = sample_rate
        self._computed_hop = {
            (n_fft, hop): min(other for size, other in spectra if size == n_fft and hop % other == 0)
            for n_fft, hop in spectra
        }
        self._amplitude: dict[tuple[int, int], np.ndarray] = {}
        self._mel_power: dict[tuple[int, int, int], np.ndarray] = {}

    def frames(self, frame_length: int, hop_length: int) -> np.ndarray:
        """The signal in centred frames (1 + samples // hop_length, frame_length), a view, with zeros outside it."""
        padded = np.pad(self.samples, frame_length // 2)
        return np.lib.stride_tricks.sliding_window_view(padded, frame_length)[::hop_length]

    def amplitude(self, n_fft: int, hop_length: int) -> np.ndarray:
        """Amplitude spectrogram |STFT| (frames, 1 + n_fft / 2), float32: the transpose of librosa's, to the bit.

        Hann window, centred frames, zeros outside the clip. As in librosa the transform is in float64 and its result
        rounded to float32: transforms in float32 would put rolloffs into other bins and fill the valleys of contrast.
        """
        computed = self._computed_hop[n_fft, hop_length]
        if (n_fft, computed) not in self._amplitude:
            frames = self.frames(n_fft, computed)
            result = np.empty((len(frames), 1 + n_fft // 2), np.float32)
            windowed = np.empty((TRANSFORMED, n_fft))
            for block in _blocks(len(frames), TRANSFORMED):
                some = windowed[: len(frames[block])]
                np.copyto(some, frames[block])
                some *= filters.hann(n_fft)
                np.abs(np.fft.rfft(some).astype(np.complex64), out=result[block])
            self._amplitude[n_fft, computed] = result
        return self._amplitude[n_fft, computed][:: hop_length // computed]

    def by_block(
        self, n_fft: int, hop_length: int, function: Callable[[np.ndarray], np.ndarray | list[np.ndarray]]
    ) -> np.ndarray:
        """Apply `function` to the amplitude spectra (some frames, 1 + n_fft / 2); (values, frames).

        `function` returns (values, frames) for the frames that it is given.
        """
        amplitude = self.amplitude(n_fft, hop_length)
        return np.concatenate([function(amplitude[block]) for block in _blocks(len(amplitude), REDUCED)], axis=-1)

    def mel_power(self, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
        """Mel spectrogram (n_mels, frames), power, Slaney's bands and norm (`librosa.feature.melspectrogram`)."""
        key = n_fft, hop_length, n_mels
        if key not in self._mel_power:
            groups = filters.mel_groups(self.sample_rate, n_fft, n_mels)

            def bands(amplitude: np.ndarray) -> np.ndarray:
                power = amplitude**2
                return np.concatenate([power[:, bins] @ weights for bins, weights in groups], axis=1).T

            self._mel_power[key] = self.by_block(n_fft, hop_length, bands)
        return self._mel_power[key]


def decibels(power: np.ndarray, reference: float = 1.0) -> np.ndarray:
    """Power in dB re `reference`, at least -100 dB re 1 and 80 dB below the maximum, as `librosa.power_to_db`."""
    result = np.maximum(power, 1e-10)
    np.log10(result, out=result)
    result *= 10
    result -= 10 * np.log10(np.maximum(reference, 1e-10))
    return np.maximum(result, result.max() - 80, out=result)


def _blocks(frames: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, frames, size)]
