"""From files to samples and spectra."""

SPEECH_SAMPLE_RATE = 16_000  # Hz; what speech transformers read
