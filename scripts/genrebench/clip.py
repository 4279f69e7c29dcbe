"""One clip's signal and the spectra of it that its features share."""

import librosa
import numpy as np


class Clip:
    """Mono samples (float32, full scale is 1) at `sample_rate` Hz, and their power spectra, computed once.

    The frames at a hop are every k-th of those at a k-th of that hop. `spectra` lists the (n_fft, hop_length) that
    will be asked for; of each n_fft only the transform at the greatest common divisor of the hops is computed.
    """

    def __init__(self, samples: np.ndarray, sample_rate: int, spectra: list[tuple[int, int]]):
        self.samples = samples
        self.sample_rate = sample_rate
        hops: dict[int, list[int]] = {}
        for n_fft, hop_length in spectra:
            hops.setdefault(n_fft, []).append(hop_length)
        self._hop = {n_fft: int(np.gcd.reduce(values)) for n_fft, values in hops.items()}
        self._power: dict[int, np.ndarray] = {}

    def power(self, n_fft: int, hop_length: int) -> np.ndarray:
        """Power spectrogram |STFT|² (1 + n_fft / 2, frames), centred frames, as `librosa.stft` computes it."""
        if n_fft not in self._power:
            spectrum = librosa.stft(self.samples, n_fft=n_fft, hop_length=self._hop[n_fft])
            self._power[n_fft] = np.abs(spectrum) ** 2
        return self._power[n_fft][:, :: hop_length // self._hop[n_fft]]

    def mel_power(self, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
        """Mel spectrogram (n_mels, frames), power, Slaney's bands and norm (`librosa.feature.melspectrogram`)."""
        return librosa.feature.melspectrogram(
            S=self.power(n_fft, hop_length), sr=self.sample_rate, n_fft=n_fft, n_mels=n_mels
        )
