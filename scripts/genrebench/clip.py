"""One clip's signal and the spectra of it that its features share."""

import librosa
import numpy as np


class Clip:
    """Mono samples (float32, full scale is 1) at `sample_rate` Hz, and their power spectra, computed once.

    The frames at a hop are every k-th of those at a k-th of that hop. `spectra` lists the (n_fft, hop_length) that
    will be asked for; one whose hop is a multiple of another's is taken from that one. (Not from the greatest common
    divisor: of 441 and 256 samples that is 1, and 250 times the memory.)
    """

    def __init__(self, samples: np.ndarray, sample_rate: int, spectra: list[tuple[int, int]]):
        self.samples = samples
        self.sample_rate = sample_rate
        self._computed_hop = {
            (n_fft, hop): min(other for size, other in spectra if size == n_fft and hop % other == 0)
            for n_fft, hop in spectra
        }
        self._power: dict[tuple[int, int], np.ndarray] = {}

    def power(self, n_fft: int, hop_length: int) -> np.ndarray:
        """Power spectrogram |STFT|² (1 + n_fft / 2, frames), centred frames, as `librosa.stft` computes it."""
        computed = self._computed_hop[n_fft, hop_length]
        if (n_fft, computed) not in self._power:
            spectrum = librosa.stft(self.samples, n_fft=n_fft, hop_length=computed)
            self._power[n_fft, computed] = np.abs(spectrum) ** 2
        return self._power[n_fft, computed][:, :: hop_length // computed]

    def mel_power(self, n_fft: int, hop_length: int, n_mels: int) -> np.ndarray:
        """Mel spectrogram (n_mels, frames), power, Slaney's bands and norm (`librosa.feature.melspectrogram`)."""
        return librosa.feature.melspectrogram(
            S=self.power(n_fft, hop_length), sr=self.sample_rate, n_fft=n_fft, n_mels=n_mels
        )
