import librosa
import numpy as np

from genrebench.audio.clip import Clip

RATE = 22050
NOISE = np.random.default_rng(0).standard_normal(2 * RATE + 17).astype(np.float32) * 0.1


def test_the_spectrum_is_that_of_librosa_to_the_bit():
    ours = Clip(NOISE, RATE, [(2048, 512), (2048, 256)]).amplitude(2048, 512)
    np.testing.assert_array_equal(ours.T, np.abs(librosa.stft(NOISE, n_fft=2048, hop_length=512)))


def test_hops_without_a_common_divisor_do_not_multiply_the_memory():
    clip = Clip(NOISE, RATE, [(2048, 441), (2048, 256), (2048, 512)])
    assert len(clip.amplitude(2048, 441)) == 1 + len(NOISE) // 441
    np.testing.assert_array_equal(clip.amplitude(2048, 512), Clip(NOISE, RATE, [(2048, 512)]).amplitude(2048, 512))
    assert sum(len(values) for values in clip._amplitude.values()) == 2 + len(NOISE) // 441 + len(NOISE) // 256
