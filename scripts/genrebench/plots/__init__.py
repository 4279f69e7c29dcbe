"""Pictures, one module per kind."""

# The features that have a place in the picture of a clip (`clip`); one that is not configured is left out.
FEATURES_OF_CLIP = (
    "mel",
    "mfcc",
    "spectral_rolloff",
    "spectral_centroid",
    "spectral_bandwidth",
    "spectral_contrast",
    "chroma",
    "zero_crossing_rate",
    "rms",
)
