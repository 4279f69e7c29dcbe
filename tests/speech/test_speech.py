"""Speech transformers: tiny ones with random weights, of the published classes, by the code that takes real ones."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("safetensors")

pytestmark = pytest.mark.long

from genrebench.common.cli import InputError  # noqa: E402
from genrebench.encoders import hub, speech  # noqa: E402
from genrebench.training import transformer_model  # noqa: E402 (it imports them)
from genrebench.training.data import Data, Feature, Windows  # noqa: E402

TRANSFORMER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
CONVOLUTIONS = {
    "conv_dim": [8, 8],
    "conv_kernel": [10, 8],
    "conv_stride": [10, 8],
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "mask_time_length": 2,
}
TINY = {
    "hubert": {"model_type": "hubert", **TRANSFORMER, **CONVOLUTIONS},
    "wavlm": {"model_type": "wavlm", **TRANSFORMER, **CONVOLUTIONS, "num_buckets": 8},
    "wav2vec2": {"model_type": "wav2vec2", **TRANSFORMER, **CONVOLUTIONS},
    "ast": {
        "model_type": "audio-spectrogram-transformer",
        **TRANSFORMER,
        **{"max_length": 1024, "num_mel_bins": 128, "patch_size": 64, "time_stride": 64, "frequency_stride": 64},
    },
    "data2vec-audio": {
        "model_type": "data2vec-audio",
        **(TRANSFORMER | CONVOLUTIONS),
        **{"num_conv_pos_embeddings": 2, "conv_pos_kernel_size": 3},
    },
}
for kind in ("sew", "sew-d", "unispeech", "unispeech-sat", "wav2vec2-conformer"):
    TINY[kind] = {"model_type": kind, **TRANSFORMER, **CONVOLUTIONS}
SPEECH = ("hubert", "wavlm", "wav2vec2")
SETTINGS = {
    **{"epochs": 6, "batch_size": 8, "learning_rate": 0.003, "warmup_epochs": 1, "schedule": "cosine"},
    **{
        "early_stopping": 0,
        "keep": "best",
        "class_weights": "balanced",
        "micro_batch": 4,
        "weight_decay": 0.01,
        "max_gradient": 1.0,
    },
    **{"trained": "transformer", "layers": "last", "projection": 8, "training_share": 1.0},
}
NUMERICS = {"threads": 1, "precision": "float32"}
SAMPLES = 3200


def tones(clips=24):
    """Clips of two genres, low and high tones with noise, in two windows each; one clip in four is for validation."""
    random = np.random.default_rng(0)
    time = np.arange(2 * SAMPLES) / 16000
    genre = np.arange(clips) % 2
    pitch = np.where(genre, 1800, 300) * random.uniform(0.9, 1.1, clips)
    values = np.sin(2 * np.pi * pitch[:, None] * time) + 0.3 * random.standard_normal((clips, 2 * SAMPLES))
    rows = np.arange(2 * clips)
    subset = np.where(np.arange(clips) // 2 % 4 == 3, "valid", "train")[rows // 2]
    windows = Windows(values.astype(np.float32), rows // 2, rows % 2 * 0.2, SAMPLES, 16000.0)
    return Data(
        [Feature("waveform", windows, {"axes": ["sample"]})],
        {name: np.flatnonzero(subset == name) for name in ("train", "valid", "test")},
        genre[rows // 2],
        ["high", "low"],
        rows // 2,
        rows % 2,
        np.tile([0.0, 0.2], (2 * clips, 1)),
    )


def make(config, folder=None, seed=0, **settings):
    return transformer_model.TransformerModel(folder, config, tones(), SETTINGS | settings, seed, NUMERICS)


def saved(kind, folder):
    """A tiny model with random weights, written as those of the hub are."""
    hub.draw_from(0)
    processor, encoder = speech.new(TINY[kind])
    processor.save_pretrained(folder)
    encoder.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", SPEECH)
def test_a_model_of_a_folder_learns_and_the_best_epoch_is_kept(kind, tmp_path):
    model = make(None, saved(kind, tmp_path / kind), epochs=20, trained="all")
    history = model.fit(tmp_path / "checkpoints", "key")
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    best = max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))
    rows = model.data.rows["valid"]
    assert model.data.scores(rows, model.predict(rows)) == {
        "accuracy": best["val_accuracy"],
        "loss": best["val_loss"],
    }
    assert best["val_accuracy"] > 0.8


def test_the_head_on_pretrained_weights_is_drawn_from_the_seed(tmp_path):
    folder = saved("hubert", tmp_path / "hubert")
    first, same, other = (make(None, folder, seed=seed).weights() for seed in (0, 0, 1))
    for name, value in first.items():
        np.testing.assert_array_equal(same[name], value)
    assert (other["network.classifier.weight"] != first["network.classifier.weight"]).any()
    np.testing.assert_array_equal(
        other["network.encoder.feature_projection.projection.weight"],
        first["network.encoder.feature_projection.projection.weight"],
    )


@pytest.mark.parametrize("kind", SPEECH)
def test_of_a_folder_come_its_weights(kind, tmp_path):
    folder = saved(kind, tmp_path / kind)
    _, encoder = speech.load(folder)
    own = transformers.AutoModel.from_pretrained(folder)
    assert type(own).__name__.lower().startswith(kind)
    for name, value in own.state_dict().items():
        np.testing.assert_array_equal(value, encoder.state_dict()[name])


@pytest.mark.parametrize(("kind", "layers"), [("hubert", "last"), ("wavlm", "weighted")])
def test_a_killed_training_goes_on_to_the_same_bytes(kind, layers, tmp_path, capsys):
    whole = make(TINY[kind], layers=layers)
    whole.fit(tmp_path / "whole", "key")

    class Killed(Exception):
        pass

    first = make(TINY[kind], layers=layers)
    step = first.step

    def killed(inputs, targets, epoch, number):
        if (epoch, number) == (3, 1):
            raise Killed
        return step(inputs, targets, epoch, number)

    first.step = killed
    with pytest.raises(Killed):
        first.fit(tmp_path / "killed", "key")
    capsys.readouterr()
    second = make(TINY[kind], layers=layers)
    second.fit(tmp_path / "killed", "key")
    assert capsys.readouterr().out.startswith("going on after epoch 3")
    for folder, model in (("a", whole), ("b", second)):
        (tmp_path / folder).mkdir()
        model.save(tmp_path / folder)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_the_same_seed_gives_the_same_predictions_and_another_others(tmp_path):
    rows = np.arange(48)
    predicted = []
    for number, seed in enumerate((0, 0, 1)):
        model = make(TINY["wavlm"], seed=seed, epochs=2)
        model.fit(tmp_path / str(number), "key")
        predicted.append(model.predict(rows))
    np.testing.assert_array_equal(predicted[0], predicted[1])
    assert np.abs(predicted[0] - predicted[2]).max() > 1e-4


def test_gradients_of_parts_are_those_of_the_batch():
    """Dropout apart, of which each part draws its own; with clips of one genre, which class weights make small."""
    still = dict.fromkeys(
        ("hidden_dropout", "attention_dropout", "activation_dropout", "feat_proj_dropout", "layerdrop"), 0.0
    )
    found = []
    for micro_batch in (8, 3):
        model = make(TINY["hubert"] | still | {"apply_spec_augment": False}, micro_batch=micro_batch, max_gradient=1e9)
        inputs, targets = model._batch(0, 0, model.rows[:8])
        figures = model.step(inputs, targets, 0, 0)
        gradients = {name: value.grad for name, value in model.network.named_parameters() if value.grad is not None}
        found.append((figures["loss"], gradients))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5)
    largest = max(float(value.abs().max()) for value in found[0][1].values())
    for name, value in found[0][1].items():
        np.testing.assert_allclose(found[1][1][name], value, atol=1e-4 * largest, err_msg=name)


@pytest.mark.parametrize(
    ("trained", "still"), [("all", ()), ("transformer", ("encoder.feature_extractor",)), ("head", ("encoder",))]
)
def test_only_what_is_trained_changes(trained, still):
    model = make(TINY["hubert"], trained=trained)
    before = model.weights()
    model.step(*model._batch(0, 0, model.rows[:8]), 0, 0)
    changed = {name for name, value in model.weights().items() if (value != before[name]).any()}
    assert changed
    assert not [name for name in changed if name.removeprefix("network.").startswith(still)] or not still
    assert any(name.startswith("network.encoder.feature_extractor") for name in changed) == (trained == "all")
    assert any(name.startswith("network.encoder.encoder") for name in changed) == (trained != "head")


@pytest.mark.parametrize("kind", sorted(set(TINY) - set(SPEECH)))
def test_other_models_of_sound_have_the_same_interface(kind, tmp_path):
    model = make(None, saved(kind, tmp_path / kind), epochs=1, layers="weighted")
    model.fit(tmp_path / "checkpoints", "key")
    assert model.predict(np.arange(3)).shape == (3, 2)


def test_the_learning_rate_rises_then_falls_with_a_cosine():
    model = make(TINY["hubert"], epochs=4, warmup_epochs=1, learning_rate=1.0)
    steps = model.steps_per_epoch()
    rates = [model._rate(step) for step in range(4 * steps)]
    assert rates[:steps] == [(i + 1) / (steps + 1) for i in range(steps)]
    assert rates[steps] == 1
    assert rates == sorted(rates[:steps]) + sorted(rates[steps:], reverse=True)
    assert rates[-1] < 0.05
    constant = make(TINY["hubert"], warmup_epochs=0, schedule="constant", learning_rate=0.1)
    assert {constant._rate(step) for step in range(9)} == {0.1}


def test_a_share_of_the_training_clips_is_one_of_each_genre():
    data = tones()
    rows = transformer_model.share_of(data, 0.25, 0)
    assert set(rows) < set(data.rows["train"])
    clips = np.unique(data.clips[rows])
    assert len(rows) == 2 * len(clips)  # with all their windows
    assert np.bincount(clips % 2).tolist() == [2, 2]  # of nine
    assert transformer_model.share_of(data, 1.0, 0).tolist() == data.rows["train"].tolist()
    assert len(transformer_model.share_of(data, 0.001, 0)) == 4


def test_genres_of_a_share_count_the_same():
    data = tones()
    data.labels[data.labels == 0] = np.where(np.arange((data.labels == 0).sum()) < 8, 0, 1)  # four clips of one genre
    model = transformer_model.TransformerModel(
        None, TINY["hubert"], data, SETTINGS | {"training_share": 0.5}, 0, NUMERICS
    )
    counts = np.bincount(data.labels[model.rows])
    np.testing.assert_allclose(model.class_weights, counts.sum() / (2 * counts), rtol=1e-6)
    assert counts.sum() < len(data.rows["train"])


def test_frozen_convolutions_have_no_gradients_go_through_them():
    model = make(TINY["hubert"], trained="transformer")
    model.network.train()
    assert not model.network.encoder.feature_extractor(torch.zeros(1, SAMPLES)).requires_grad
    model = make(TINY["hubert"], trained="all")
    model.network.train()
    assert model.network.encoder.feature_extractor(torch.zeros(1, SAMPLES)).requires_grad


def test_half_precision_is_of_the_steps_and_not_of_the_weights():
    model = transformer_model.TransformerModel(
        None, TINY["hubert"], tones(), SETTINGS, 0, NUMERICS | {"precision": "mixed_bfloat16"}
    )
    plain = make(TINY["hubert"])
    assert {value.dtype.name for value in model.weights().values()} == {"float32"}
    figures, expected = (m.step(*m._batch(0, 0, m.rows[:8]), 0, 0) for m in (model, plain))
    assert figures["loss"] != expected["loss"]
    np.testing.assert_allclose(figures["loss"], expected["loss"], rtol=0.02)
    assert {value.dtype.name for value in model.weights().values()} == {"float32"}


def test_mistakes_in_the_configuration_are_told():
    for config, said in (
        ({"model_type": "hubbert"}, "hubbert"),
        ({"model_type": "bert"}, "of the kind bert"),
        (TINY["hubert"] | {"hiden_size": 3}, "has no hiden_size"),
        (TINY["hubert"] | {"conv_stride": [10]}, "conv"),
        ({"model_type": "whisper"}, "does not read windows of samples"),
        ({"model_type": "wav2vec2-bert", **TRANSFORMER}, "does not read windows of samples"),
        ({"model_type": "xcodec"}, "does not read windows of samples"),
    ):
        with pytest.raises(InputError, match=said):
            speech.new(config)
    with pytest.raises(InputError, match=r"Windows of 0\.2 s are 40 steps of this network, which needs 99"):
        make(TINY["hubert"] | {"mask_time_length": 99})


def test_weights_under_other_names_are_not_replaced_by_random_ones(tmp_path):
    folder = saved("hubert", tmp_path / "hubert")
    from safetensors.torch import load_file, save_file

    state = {f"wrapped.{name}": value for name, value in load_file(folder / "model.safetensors").items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=r"lacks \d+ of the weights of a HubertModel"):
        speech.load(folder)


def test_a_folder_without_a_model_is_told(tmp_path):
    with pytest.raises(InputError, match="has no model of sound that the library transformers can load"):
        speech.load(tmp_path)
    folder = saved("hubert", tmp_path / "hubert")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="has no model of sound"):
        speech.load(folder)
    folder = saved("hubert", tmp_path / "slow")
    transformers.Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(folder)
    with pytest.raises(InputError, match="8000 Hz"):
        speech.load(folder)
    folder = saved("hubert", tmp_path / "cut")
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(InputError, match="has no model of sound"):
        speech.load(folder)


def test_code_that_a_folder_brings_is_not_run_and_nobody_is_asked(tmp_path, monkeypatch):
    folder = saved("hubert", tmp_path / "hubert")
    (folder / "theirs.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: ...\nclass Model: ...\n")
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "theirs"}
    config["auto_map"] = {"AutoConfig": "theirs.Config", "AutoModel": "theirs.Model"}
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("it asks"))
    with pytest.raises(InputError, match="custom code"):
        speech.load(folder)
    assert not (tmp_path / "ran").exists()


def test_what_is_saved_predicts_the_same(tmp_path):
    model = make(TINY["wav2vec2"], epochs=1)
    model.fit(tmp_path / "checkpoints", "key")
    model.save(tmp_path)
    again = make(TINY["wav2vec2"], seed=5)
    from safetensors.numpy import load_file

    again.use({f"network.{name}": value for name, value in load_file(tmp_path / "classifier.safetensors").items()})
    np.testing.assert_array_equal(again.predict(np.arange(5)), model.predict(np.arange(5)))
