"""Encoders of the hub: embeddings are what the library's own models give; tiny ones with random weights."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("safetensors")

import tiny_encoders  # noqa: E402

from exported_models import Corpus  # noqa: E402
from genrebench.audio.clip import Clip  # noqa: E402
from genrebench.common.cli import InputError  # noqa: E402
from genrebench.encoders import hub  # noqa: E402
from genrebench.extraction import store  # noqa: E402
from genrebench.features import hub_embedding  # noqa: E402 (it imports them)
from genrebench.workflow.entries import arguments  # noqa: E402

pytestmark = pytest.mark.long
RATES = {"hubert": 16000, "ast": 16000, "whisper": 16000, "clap": tiny_encoders.CLAP_RATE, "encodec": 24000}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("hub")
    return {kind: getattr(tiny_encoders, kind)(place / kind) for kind in RATES}


def noise(samples, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def entry_of(folder, **settings):
    return hub_embedding.Settings(module="hub_embedding", handle=str(folder), **settings).model_dump(exclude_none=True)


def embed(folder, samples, **settings):
    entry = entry_of(folder, **settings)
    rate = hub_embedding.sample_rate(**arguments(entry))
    return hub_embedding.extract(Clip(samples, rate, []), **arguments(entry))


def inputs_of(folder, window):
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    return extractor(window, sampling_rate=extractor.sampling_rate, return_tensors="pt")


@torch.inference_mode()
def test_hubert_gives_the_mean_over_time_of_the_mean_of_its_layers(folders):
    window = noise(2 * 16000)
    model = transformers.HubertModel.from_pretrained(folders["hubert"]).eval()
    outputs = model(**inputs_of(folders["hubert"], window), output_hidden_states=True)
    found = embed(folders["hubert"], window, window_s=2.0)
    np.testing.assert_allclose(found[:, 0], torch.stack(outputs.hidden_states).mean(0)[0].mean(0), rtol=1e-5)
    last = embed(folders["hubert"], window, window_s=2.0, layers="last")
    np.testing.assert_allclose(last[:, 0], outputs.last_hidden_state[0].mean(0), rtol=1e-5)


@torch.inference_mode()
def test_ast_gives_a_layer_or_what_it_pools_itself(folders):
    window = noise(round(0.64 * 16000))
    model = transformers.ASTModel.from_pretrained(folders["ast"]).eval()
    outputs = model(**inputs_of(folders["ast"], window), output_hidden_states=True)
    for number, layer in enumerate(outputs.hidden_states):
        found = embed(folders["ast"], window, layers=number)
        np.testing.assert_allclose(found[:, 0], layer[0].mean(0), rtol=1e-4, atol=1e-6)
    pooled = embed(folders["ast"], window, pooling="pooler")
    np.testing.assert_allclose(pooled[:, 0], outputs.pooler_output[0], rtol=1e-4, atol=1e-6)
    with pytest.raises(InputError, match=r"the layers 0 to 2, and no layer 3"):
        embed(folders["ast"], window, layers=3)


@torch.inference_mode()
@pytest.mark.parametrize("seconds", [2.0, 0.5])
def test_whispers_encoder_is_pooled_over_what_is_no_padding(folders, seconds):
    window = noise(round(seconds * 16000))
    model = transformers.WhisperModel.from_pretrained(folders["whisper"]).eval()
    steps = model.encoder(inputs_of(folders["whisper"], window)["input_features"]).last_hidden_state[0]
    assert len(steps) == 100
    found = embed(folders["whisper"], window, layers="last")
    np.testing.assert_allclose(found[:, 0], steps[: round(50 * seconds)].mean(0), rtol=1e-4, atol=1e-6)


@torch.inference_mode()
def test_clap_gives_the_space_of_texts_or_its_audio_tower(folders):
    window = noise(round(tiny_encoders.CLAP_S * tiny_encoders.CLAP_RATE))
    inputs = inputs_of(folders["clap"], window)
    model = transformers.ClapModel.from_pretrained(folders["clap"]).eval()
    both = model(**inputs, input_ids=torch.tensor([[0, 5, 2]]))
    found = embed(folders["clap"], window, pooling="projection")
    np.testing.assert_allclose(found[:, 0], both.audio_embeds[0], rtol=1e-4, atol=1e-6)
    tower = model.audio_model(**inputs)
    np.testing.assert_allclose(
        embed(folders["clap"], window, pooling="pooler")[:, 0], tower.pooler_output[0], rtol=1e-4, atol=1e-6
    )
    last = embed(folders["clap"], window, layers="last")
    np.testing.assert_allclose(last[:, 0], tower.last_hidden_state[0].mean((1, 2)), rtol=1e-4, atol=1e-6)
    with pytest.raises(InputError, match="different sizes"):
        embed(folders["clap"], window, layers="mean")


@torch.inference_mode()
def test_a_codec_gives_its_last_layer(folders):
    window = noise(24000)
    model = transformers.EncodecModel.from_pretrained(folders["encodec"]).eval()
    expected = model.encoder(torch.from_numpy(window)[None, None])[0].mean(-1)
    found = embed(folders["encodec"], window, window_s=1.0, layers="last")
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(InputError, match="layers: last"):
        embed(folders["encodec"], window)


@pytest.mark.parametrize(
    ("seconds", "starts"), [(0.3, [0]), (0.64, [0]), (0.75, [0]), (0.9, [0, 0.26]), (2.0, [0, 0.64, 1.28])]
)
def test_long_clips_are_split_into_windows_of_the_models_input(folders, seconds, starts):
    samples = noise(round(seconds * 16000))
    encoder = hub.frozen(folders["ast"], {})
    assert encoder.longest_s == 0.64
    found = embed(folders["ast"], samples)
    assert found.shape == (16, len(starts))
    for column, start in zip(found.T, starts, strict=True):
        window = samples[round(start * 16000) :][: round(0.64 * 16000)]
        np.testing.assert_array_equal(column, encoder.embed(window, "mean", "mean"))
    with pytest.raises(InputError, match=r"0\.64 s at most, and window_s is 5"):
        embed(folders["ast"], samples, window_s=5.0)


def test_a_short_clip_is_padded_where_the_model_takes_any_length(folders):
    samples = noise(3 * 16000)
    padded = np.pad(samples, (0, 2 * 16000))
    np.testing.assert_array_equal(embed(folders["hubert"], samples), embed(folders["hubert"], padded))
    assert embed(folders["hubert"], noise(round(9.0 * 16000))).shape == (16, 2)


@pytest.mark.parametrize("kind", RATES)
def test_clips_come_at_the_rate_of_the_encoder(folders, kind, tmp_path):
    entry = entry_of(folders[kind], layers="last", window_s=0.5, normalise_loudness=False)
    assert store.rate_of("any_name", entry, 22050) == RATES[kind]
    samples = noise(RATES[kind])
    (arrays,) = store.extract_pieces("noise", samples, RATES[kind], 22050, {"any_name": entry}, [(0.0, 1.0)])
    np.testing.assert_array_equal(arrays["any_name"], embed(folders[kind], samples, layers="last", window_s=0.5))


def test_the_same_window_gives_the_same_numbers(folders):
    for kind, folder in folders.items():
        encoder = hub.Encoder(*hub.load(folder), kind)
        window = noise(RATES[kind] // 2)
        first = encoder.embed(window, "last", "mean")
        hub.draw_from(7)
        np.testing.assert_array_equal(encoder.embed(window, "last", "mean"), first)


@pytest.mark.parametrize("described", ["preprocessor_config.json", "processor_config.json"])
@pytest.mark.parametrize("kind", ["ast", "clap"])
def test_an_export_says_the_same_and_has_the_encoder(kind, described, tmp_path):
    folder = getattr(tiny_encoders, kind)(tmp_path / "hub")
    if described == "processor_config.json":  # as newer versions of the library save what also has a tokenizer
        extractor = json.loads((folder / "preprocessor_config.json").read_text())
        (folder / "preprocessor_config.json").unlink()
        (folder / described).write_text(json.dumps({"feature_extractor": extractor}))
    corpus = Corpus(tmp_path, {kind: entry_of(folder, layers="last")})
    settings = {"features": [kind], "scaler_fit_on": "train", "pooling": ["mean"], "classifier": "logistic"}
    run = corpus.train("linear_probe", settings | {"C": [0.1], "max_iter": 100})
    export = corpus.export("linear_probe")
    assert {path.name for path in (export / "weights" / kind).iterdir()} == {
        *("config.json", "model.safetensors", described)
    }
    corpus.says_the_same(export, run)


def test_a_pickle_is_not_read(folders, tmp_path):
    folder = tiny_encoders.ast(tmp_path / "ast")
    torch.save(transformers.ASTModel.from_pretrained(folder).state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(InputError, match="has no model of sound"):
        hub.load(folder)


def test_code_that_a_folder_brings_is_not_run(tmp_path):
    folder = tiny_encoders.ast(tmp_path / "ast")
    (folder / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Extractor: ...\n")
    described = json.loads((folder / "preprocessor_config.json").read_text())
    described |= {"feature_extractor_type": "Theirs", "auto_map": {"AutoFeatureExtractor": "theirs.Extractor"}}
    (folder / "preprocessor_config.json").write_text(json.dumps(described))
    with pytest.raises(InputError, match="has no model of sound"):
        hub.load(folder)
    assert not (tmp_path / "ran").exists()


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_a_pickle_that_is_fetched_can_run_nothing(tmp_path):
    folder = tiny_encoders.ast(tmp_path / "ast")
    (folder / "model.safetensors").unlink()
    torch.save({"layernorm.weight": Bomb(tmp_path / "ran")}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="has no model of sound"):
        hub.load(folder, safe=False)
    assert not (tmp_path / "ran").exists()


SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
CONVOLUTIONS = {"conv_dim": [8, 8], "conv_kernel": [10, 8], "conv_stride": [10, 8], "num_feat_extract_layers": 2}
BOTH = {
    f"{part}_{name}": size
    for part in ("encoder", "decoder")
    for name, size in (("layers", 2), ("attention_heads", 2), ("ffn_dim", 32))
}
HEADS = {
    f"{part}_{name}": 2 for part in ("encoder", "decoder") for name in ("num_hidden_layers", "num_attention_heads")
}
KINDS = {
    "data2vec-audio": SMALL | CONVOLUTIONS | {"num_conv_pos_embeddings": 2, "conv_pos_kernel_size": 3},
    "wav2vec2-bert": SMALL,
    "speech_to_text": BOTH | {"d_model": 16, "conv_channels": 16, "vocab_size": 100},
    "moonshine": HEADS | {"hidden_size": 16, "intermediate_size": 32, "vocab_size": 100},
    "parakeet_encoder": SMALL | {"num_key_value_heads": 2},
    "lasr_encoder": SMALL | {"num_key_value_heads": 2},
    "dac": {
        **{"encoder_hidden_size": 4, "downsampling_ratios": [2, 4], "decoder_hidden_size": 16},
        **{"upsampling_ratios": [4, 2], "n_codebooks": 2, "codebook_size": 16, "codebook_dim": 4},
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_other_kinds_give_embeddings_that_tell_sounds_apart(kind):
    processor, model = hub.new({"model_type": kind} | KINDS[kind])
    if kind == "wav2vec2-bert":  # the extractor that its folders name
        processor = transformers.SeamlessM4TFeatureExtractor()
    encoder = hub.Encoder(processor, model, kind)
    found = [encoder.embed(noise(encoder.sample_rate, seed), "last", "mean") for seed in (0, 0, 1)]
    assert found[0].shape == (16,)
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-4 * np.abs(found[0]).max()
    if kind != "dac":
        assert encoder.embed(noise(encoder.sample_rate), "mean", "mean").shape == (16,)


def test_a_model_of_another_kind_is_told(tmp_path):
    encoder = hub.Encoder(*hub.new({"model_type": "univnet"}), "univnet")
    with pytest.raises(InputError, match="univnet gives no embedding of sound"):
        encoder.embed(noise(24000), "last", "mean")
