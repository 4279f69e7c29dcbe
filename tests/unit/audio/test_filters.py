import librosa
import numpy as np
import pytest
import scipy.signal

from genrebench.audio import filters


@pytest.mark.filterwarnings("ignore:Empty filters:UserWarning")
@pytest.mark.parametrize("rate, n_fft", [(22050, 2048), (16000, 512), (44100, 4096)])
def test_filter_banks_are_those_of_librosa(rate, n_fft):
    for n_mels in (40, 128):
        theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels)
        np.testing.assert_allclose(filters.mel(rate, n_fft, n_mels), theirs, atol=1e-6 * theirs.max())
    for n_chroma, tuning in ((12, 0.0), (24, -0.37)):
        theirs = librosa.filters.chroma(sr=rate, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning)
        np.testing.assert_allclose(filters.chroma(rate, n_fft, n_chroma, tuning), theirs, atol=1e-6)
    np.testing.assert_array_equal(filters.hann(n_fft), scipy.signal.get_window("hann", n_fft))
