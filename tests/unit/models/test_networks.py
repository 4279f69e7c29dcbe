"""The networks of Huang and Minami 2024 and the transformer on top: their shapes, parts, gradients and weights."""

import keras
import numpy as np
import pytest

from genrebench.common.cli import InputError
from genrebench.models import cnn, crnn_transformer, hybrid, rnn
from genrebench.training import blocks

GENRES = 3
COMMON = {"dropout": 0.2, "dense": 6}
SETTINGS = {
    cnn: {**COMMON, "filters": [4, 6], "kernel": 3},
    rnn: {**COMMON, "max_steps": 4, "units": [4, 5], "summary": "mean"},
    crnn_transformer: {
        **COMMON,
        "filters": [4, 6],
        "kernel": 3,
        "max_steps": 8,
        "units": 4,
        "encoder_layers": 2,
        "heads": 2,
        "feed_forward": 10,
    },
}
SETTINGS[hybrid] = {
    **SETTINGS[cnn],
    **SETTINGS[rnn],
    "cnn_features": ["mel", "chroma"],
    "rnn_features": ["wavelet", "mfcc"],
    "embedding": "vggish",
}
SHAPES = {
    cnn: {"mel": (28, 16), "chroma": (56, 12)},
    rnn: {"wavelet": (14, 8), "mfcc": (4, 10)},
    hybrid: {"mel": (28, 16), "chroma": (56, 12), "wavelet": (14, 8), "mfcc": (4, 10), "vggish": (4, 9)},
    crnn_transformer: {"mel": (28, 16), "chroma": (56, 12)},
}
MODULES = sorted(SHAPES, key=lambda module: module.__name__)
each = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(0)


def network(module, shapes=None, **changed):
    return module.architecture(shapes or SHAPES[module], GENRES, {**SETTINGS[module], **changed})


def examples(shapes, clips=5):
    random = np.random.default_rng(0)
    return {name: random.standard_normal((clips, *shape)).astype(np.float32) for name, shape in shapes.items()}


def layers_of(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@each
def test_settings_of_the_tests_are_valid(module):
    assert module.Settings(**SETTINGS[module])


@each
def test_probabilities_for_every_clip(module):
    model = network(module)
    probabilities = np.asarray(model(examples(SHAPES[module])))
    assert {x.name: x.shape[1:] for x in model.inputs} == SHAPES[module]
    assert probabilities.shape == (5, GENRES)
    assert probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert np.ptp(probabilities, axis=0).min() > 0  # it depends on the clip


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (16, 20), (173, 31)], ids=str)
@pytest.mark.parametrize("module", [cnn, crnn_transformer, rnn], ids=["cnn", "crnn_transformer", "rnn"])
def test_one_feature_of_any_size(module, shape):
    deep = {"filters": [2, 2, 2, 2, 2]} if module is not rnn else {}
    model = network(module, {"any": shape}, **deep)
    assert np.asarray(model(examples({"any": shape}, 2))).shape == (2, GENRES)


@each
def test_every_feature_counts(module):
    model = network(module)
    clips = examples(SHAPES[module])
    before = np.asarray(model(clips))
    for name in SHAPES[module]:
        changed = {**clips, name: clips[name] + np.linspace(0, 3, clips[name].shape[1])[:, np.newaxis]}
        assert np.abs(np.asarray(model(changed)) - before).max() > 1e-6, name


@each
def test_gradients_reach_every_weight(module):
    model = network(module)
    model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_weights]
    model.train_on_batch(examples(SHAPES[module], 8), np.eye(GENRES)[np.arange(8) % GENRES])
    still = [w.path for w, old in zip(model.trainable_weights, before, strict=True) if np.allclose(w, old, atol=1e-9)]
    assert still == []


@each
def test_saved_weights_predict_the_same_in_another_model(module, tmp_path):
    model = network(module)
    random = np.random.default_rng(1)  # moving averages too
    model.set_weights([random.uniform(0.1, 0.5, weight.shape) for weight in model.weights])
    model.save_weights(tmp_path / "x.weights.h5")
    other = network(module)
    clips = examples(SHAPES[module])
    assert not np.allclose(other(clips), model(clips), atol=1e-4)
    other.load_weights(tmp_path / "x.weights.h5")
    np.testing.assert_array_equal(other(clips), model(clips))


@each
def test_the_whole_model_can_be_written_and_read(module, tmp_path):
    model = network(module)
    model.save(tmp_path / "x.keras")
    clips = examples(SHAPES[module])
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "x.keras")(clips), model(clips))


@each
def test_dropout_only_while_it_trains(module):
    clips = examples(SHAPES[module])
    model = network(module, dropout=0.5)
    first, second = (np.asarray(model(clips, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 1e-6
    np.testing.assert_array_equal(model(clips), model(clips))


@each
def test_a_table_is_refused_by_name_except_as_an_embedding(module):
    shapes = {**SHAPES[module], "tabular": (57,)}
    if module is hybrid:
        assert np.asarray(network(module, shapes)(examples(shapes))).shape == (5, GENRES)
        shapes["mel"] = (57,)
    with pytest.raises(InputError, match=r"the feature \w+ of a clip has the shape \(57,\), .*params.yaml"):
        network(module, shapes)


def test_the_shortcut_carries_what_the_convolutions_do_not():
    plane = keras.Input((7, 6, 2))
    block = keras.Model(plane, blocks.residual_block(plane, 3, 3))
    convolutions = {layer.kernel_size: layer for layer in layers_of(block, keras.layers.Conv2D)}
    kernel = np.asarray(convolutions.pop((1, 1)).kernel)[0, 0]
    x = examples({"x": (7, 6, 2)})["x"]
    whole = np.asarray(block(x))
    for layer in layers_of(block, keras.layers.Conv2D):
        if layer.kernel_size == (3, 3):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    unit = 1 / np.sqrt(1 + 1e-3)  # batch normalisation that has seen nothing yet
    padded = np.pad(x, ((0, 0), (0, 1), (0, 0), (0, 0)), constant_values=np.nan)
    averages = np.nanmean(padded.reshape(5, 4, 2, 3, 2, 2), axis=(2, 4))
    expected = np.maximum(averages @ kernel * unit, 0)
    np.testing.assert_allclose(block(x), expected, atol=1e-5)
    assert np.abs(whole - expected).max() > 0.1


def test_a_residual_stack_halves_both_axes_per_block():
    plane = keras.Input((40, 9))
    assert blocks.residual_stack(plane, [4, 6, 8], 3, 0.2).shape == (None, 5, 2, 8)


@pytest.mark.parametrize("max_steps, steps", [(130, 130), (129, 65), (20, 19), (1, 1)])
def test_a_longer_sequence_is_shortened_and_a_shorter_one_left(max_steps, steps):
    sequence = keras.Input((130, 8))
    short = blocks.shorten(sequence, max_steps, 4)
    assert short.shape == ((None, 130, 8) if steps == 130 else (None, steps, 4))


def test_each_step_of_a_shortened_sequence_has_its_own_stretch_and_none_is_left_out():
    sequence = keras.Input((12, 2))
    model = keras.Model(sequence, blocks.shorten(sequence, 4, 50))
    x = examples({"x": (12, 2)}, 1)["x"]
    before = np.asarray(model(x))[0]
    for at in range(12):
        changed = x.copy()
        changed[0, at] += 1
        assert np.flatnonzero(np.abs(np.asarray(model(changed))[0] - before).max(axis=1)).tolist() == [at // 3]


def test_the_lstm_reads_both_ways():
    """With the weights of the two directions exchanged, the reversed sequence gives the same, halves exchanged."""
    sequence = keras.Input((9, 3))
    model = keras.Model(sequence, blocks.bidirectional(sequence, 4))
    x = examples({"x": (9, 3)})["x"]
    before = np.asarray(model(x))
    weights = model.get_weights()
    half = len(weights) // 2
    model.set_weights(weights[half:] + weights[:half])
    after = np.asarray(model(x[:, ::-1]))[:, ::-1]
    np.testing.assert_allclose(after, np.roll(before, 4, axis=2), atol=1e-6)
    assert np.abs(before[..., :4] - before[..., 4:]).max() > 0.01


@pytest.mark.parametrize("summary", ["last", "mean"])
def test_the_summary_of_an_rnn(summary):
    sequence = keras.Input((9, 3), name="mfcc")
    branch = rnn.branch(sequence, {**SETTINGS[rnn], "max_steps": 9, "units": [4], "summary": summary})
    inner = keras.Input((9, 3))
    reference = keras.Model(inner, blocks.bidirectional(inner, 4))
    model = keras.Model(sequence, branch)
    reference.set_weights(model.get_weights())
    x = examples({"x": (9, 3)})["x"]
    outputs = np.asarray(reference(x))
    expected = outputs.mean(axis=1) if summary == "mean" else np.hstack([outputs[:, -1, :4], outputs[:, 0, 4:]])
    np.testing.assert_allclose(model(x), expected, atol=1e-6)


def test_hybrid_reads_with_the_branches_of_cnn_and_rnn():
    planes, sequences = SHAPES[cnn], SHAPES[rnn]
    only_planes = network(hybrid, planes, rnn_features=[])
    only_sequences = network(hybrid, sequences, cnn_features=[])
    assert only_planes.count_params() == network(cnn).count_params()
    assert only_sequences.count_params() == network(rnn).count_params()
    assert len(layers_of(network(hybrid), keras.layers.Bidirectional)) == 2 * len(SETTINGS[rnn]["units"])
    assert len(layers_of(network(hybrid), keras.layers.Add)) == 2 * (len(SETTINGS[cnn]["filters"]) - 1)


def test_hybrid_pools_an_embedding_over_time():
    embedding = keras.Input((4, 9), name="vggish")
    model = keras.Model(embedding, hybrid.embedding_branch(embedding, SETTINGS[hybrid]))
    x = examples({"x": (4, 9)})["x"]
    kernel, bias = model.get_weights()
    pooled = np.hstack([x.mean(axis=1), x.max(axis=1)])
    np.testing.assert_allclose(model(x), np.maximum(pooled @ kernel + bias, 0), atol=1e-5)


@pytest.mark.parametrize(
    "changed", [{"cnn_features": ["mel", "mfcc"]}, {"rnn_features": ["mell"]}, {"features": ["mel"]}]
)
def test_hybrid_says_which_feature_is_in_the_wrong_list(changed):
    with pytest.raises(ValueError, match="cnn_features"):
        hybrid.Settings(**changed)


@pytest.mark.parametrize("max_steps, steps", [(8, 7), (5, 5)])
def test_features_of_different_numbers_of_frames_are_aligned(max_steps, steps):
    model = network(crnn_transformer, max_steps=max_steps)  # mel: 28 frames, halved twice; chroma: 56
    lstm = layers_of(model, keras.layers.Bidirectional)[0]
    assert lstm.input.shape == (None, steps, 2 * SETTINGS[crnn_transformer]["filters"][-1])


def test_attention_weighs_the_steps():
    sequence = keras.Input((7, 4))
    pooled = crnn_transformer.attention_pooling(sequence)
    model = keras.Model(sequence, pooled)
    weights = keras.Model(sequence, model.get_layer("attention").output)
    x = examples({"x": (7, 4)})["x"]
    (query,) = model.get_weights()
    expected = np.exp(x @ query)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weights(x), expected, atol=1e-6)
    np.testing.assert_allclose(model(x), (expected * x).sum(axis=1), atol=1e-6)


def test_every_step_of_the_transformer_hears_every_other():
    sequence = keras.Input((7, 4))
    model = keras.Model(sequence, crnn_transformer.encoder_layer(sequence, heads=3, feed_forward=5, dropout=0.0))
    x = examples({"x": (7, 4)}, 1)["x"]
    changed = x.copy()
    changed[0, 0] = changed[0, 0, ::-1]
    assert (np.abs(np.asarray(model(changed) - model(x)))[0].max(axis=1) > 1e-6).all()


def test_encoder_layers_is_how_many_there_are():
    for count in (0, 1, 3):
        model = network(crnn_transformer, encoder_layers=count)
        assert len(layers_of(model, keras.layers.MultiHeadAttention)) == count


@pytest.mark.parametrize("width", [1, 5, 8])
def test_positions_are_those_of_the_paper(width):
    signal = crnn_transformer.positions(50, width)
    assert signal.shape == (50, width)
    assert signal.dtype == np.float32
    for dimension in range(width):
        angle = np.arange(50) / 10_000 ** (2 * (dimension // 2) / width)
        np.testing.assert_allclose(signal[:, dimension], (np.sin, np.cos)[dimension % 2](angle), atol=1e-6)
