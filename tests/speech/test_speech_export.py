"""A speech transformer that is exported says of a file what the trained one said of the clip."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("safetensors")

from test_speech import NUMERICS, SETTINGS, TINY

from exported_models import Corpus

pytestmark = pytest.mark.long


@pytest.mark.parametrize("kind", ["hubert", "wavlm", "wav2vec2"])
def test_an_exported_speech_transformer_says_the_same(tmp_path, kind):
    corpus = Corpus(tmp_path, {"waveform": {}})
    entry = {"features": ["waveform"], "segments": {"length_s": 0.4, "hop_s": 0.4}, "handle": "none"}
    settings = SETTINGS | entry | {"module": "speech_transformer", "epochs": 1, "config": TINY[kind]}
    run = corpus.train(kind, settings, NUMERICS)
    corpus.says_the_same(corpus.export(kind), run)
