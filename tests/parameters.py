"""What the project's own params.yaml lists, whatever a user has made of it."""

from typing import Any

FEATURES: dict[str, Any] = {
    "mel": {},
    "mfcc": {},
    "mfcc_20": {"module": "mfcc", "hop_length": 512, "n_mfcc": 20},
    "chroma": {},
    "chroma_12": {"module": "chroma", "hop_length": 512, "n_chroma": 12},
    "wavelet": {},
    "spectral_centroid": {},
    "spectral_bandwidth": {},
    "spectral_rolloff": {},
    "spectral_contrast": {},
    "zero_crossing_rate": {},
    "rms": {},
    "amplitude_statistics": {},
    "tonnetz": {},
    "onset_strength": {},
    "tempogram": {},
    "tempo": {},
    "tabular": {},
    "tabular_segments": {},
    "tabular_cao": {
        "module": "tabular",
        "columns": ["zero_crossing_rate", "spectral_centroid", "rolloff", "mfcc", "chroma_stft"],
        "statistics": ["mean"],
    },
    "descriptors": {},
    "mel_image": {},
    "yamnet": {},
    "vggish": {},
    "vggish_pca": {"module": "vggish", "pca": True},
    "waveform": {},
    "hubert_embedding": {"module": "hub_embedding"},
}
MODELS: dict[str, Any] = {
    "logistic": {},
    "sgd": {},
    "random_forest": {},
    "random_forest_vggish": {"module": "random_forest", "features": ["vggish"]},
    "random_forest_all": {"module": "random_forest", "features": ["mel", "chroma", "wavelet", "mfcc", "vggish"]},
    "logistic_cao": {"module": "logistic", "features": ["tabular_cao"]},
    "sgd_cao": {"module": "sgd", "features": ["tabular_cao"]},
    "random_forest_cao": {"module": "random_forest", "features": ["tabular_cao"]},
    "logistic_tabular": {"module": "logistic", "features": ["tabular"]},
    "random_forest_tabular": {"module": "random_forest", "features": ["tabular"]},
    "svm_tabular": {"module": "svm_pooled", "features": ["tabular"], "segments": None},
    "linear_probe": {},
    "svm_pooled": {},
    "cnn": {},
    "rnn": {},
    "hybrid": {},
    "vgg16": {},
    "image_transfer": {},
    "image_transfer_tuned": {"module": "image_transfer", "trained": "all"},
    "feature_cnn": {},
    "feature_lstm": {},
    "mel599_cnn": {},
    "mel_lstm": {},
    "mel_lstm_segments": {"module": "mel_lstm"},
    "crnn_transformer": {},
    "hubert": {"module": "speech_transformer"},
    "wavlm": {"module": "speech_transformer", "config": {"model_type": "wavlm"}},
    "wav2vec2": {"module": "speech_transformer", "config": {"model_type": "wav2vec2"}},
}
PARAMS: dict[str, Any] = {"dataset": "demo", "features": FEATURES, "models": MODELS}


def changed(path: str, value: Any, params: dict[str, Any] = PARAMS) -> dict[str, Any]:
    """The parameters with another value at a path such as `models.cnn.epochs`."""
    key, _, rest = path.partition(".")
    return params | {key: changed(rest, value, params.get(key, {})) if rest else value}
