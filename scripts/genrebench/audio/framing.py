"""The settings that features share: how a clip is cut into frames."""

SPECTRUM = {
    "n_fft": {"description": "Samples of the analysis window (Hann).", "type": "integer", "minimum": 16},
    "hop_length": {"description": "Samples from one frame to the next.", "type": "integer", "minimum": 1},
}
FRAMES = {
    "frame_length": {"description": "Samples of a frame.", "type": "integer", "minimum": 2},
    "hop_length": {"description": "Samples from one frame to the next.", "type": "integer", "minimum": 1},
}
