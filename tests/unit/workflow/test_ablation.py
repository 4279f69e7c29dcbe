"""Variants, the selection, the ranking, and the sentences of section `ablation`."""

import pytest

from genrebench.common.cli import InputError
from genrebench.workflow import ablation, config
from parameters import PARAMS

MODELS = ("feature_cnn", "sgd", "random_forest", "linear_probe", "hybrid", "vgg16")
FEATURES = ["mfcc", "chroma", "rms"]


def change(**section):
    """Parameters with another ablation; it has `pca` only where that is given."""
    own = {"models": {"feature_cnn": {}}, "features": ["mfcc_20", "rms"], "protocol": "artist", "permutations": 5}
    models = {name: PARAMS["models"][name] for name in MODELS}
    return PARAMS | {"dataset": "mine", "models": models, "ablation": {"pca": None, **own, **section}}


def test_variants_are_each_alone_and_all_but_each():
    assert ablation.variants(FEATURES) == {
        "all": ["mfcc", "chroma", "rms"],
        "only-mfcc": ["mfcc"],
        "only-chroma": ["chroma"],
        "only-rms": ["rms"],
        "without-mfcc": ["chroma", "rms"],
        "without-chroma": ["mfcc", "rms"],
        "without-rms": ["mfcc", "chroma"],
    }


def test_of_one_feature_nothing_is_left_out():
    assert ablation.variants(["mfcc"]) == {"all": ["mfcc"], "only-mfcc": ["mfcc"]}


def test_the_entry_of_a_variant_has_the_settings_of_the_ablation_and_its_features():
    params = {
        "models": {"sgd": {"alpha": 1.0, "features": ["mel"], "protocols": ["kfold"]}},
        "ablation": {"models": {"sgd": {"alpha": 2.0}}, "features": FEATURES, "protocol": "artist"},
    }
    common = {"module": "sgd", "alpha": 2.0, "protocols": ["artist"]}
    assert ablation.entry(params, "sgd-only-rms") == common | {"features": ["rms"]}
    assert ablation.entry(params, "sgd-selected") == common | {"features": FEATURES}
    assert ablation.entry(params, "sgd-pca") == common | {"features": ["pca"]}
    # where the selected features are read in the suite, all variants have its protocols
    params["models"]["sgd-selected"] = {"protocols": ["artist", "stratified"]}
    assert ablation.entry(params, "sgd-all")["protocols"] == ["artist", "stratified"]


def test_the_kind_of_a_variant_is_in_its_name():
    assert [ablation.kind_of(name) for name in ("all", "only-mfcc_20", "without-rms", "selected", "pca")] == [
        ("all", ""), ("alone", "mfcc_20"), ("without", "rms"), ("selected", ""), ("pca", "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"models": {"feature_cn": {}}}, ["ablation.models.feature_cn", "did you mean 'feature_cnn'"]),
        ({"models": {"feature_cnn": {"epoch": 3}}}, ["ablation.models.feature_cnn.epoch", "did you mean 'epochs'"]),
        ({"models": {"feature_cnn": {"epochs": 0}}}, ["ablation.models.feature_cnn.epochs", "at least 1"]),
        ({"models": {"feature_cnn": {"features": ["mel"]}}}, ["ablation.models.feature_cnn.features", "unknown"]),
        ({"models": {}}, ["ablation.models", "empty"]),
        ({"features": ["mfcc_20", "chromma_12"]}, ["ablation.features", "did you mean 'chroma_12'"]),
        ({"features": ["rms", "rms"]}, ["ablation.features", "repeated"]),
        ({"protocol": "artst"}, ["ablation.protocol", "did you mean 'artist'"]),
        ({"pca": 0}, ["ablation.pca", "not allowed", "share of"]),
        ({"permutations": 0}, ["ablation.permutations", "at least 1"]),
        ({"models": {"hybrid": {}}}, ["ablation.models.hybrid", "scikit-learn", "feature_lstm"]),
        ({"models": {"vgg16": {}}}, ["ablation.models.vgg16", "none can be taken away"]),
        ({"features": ["mfcc_20", "tempo"]}, ["feature_cnn joins", "tempo (column) cannot", "leave one"]),
        (
            {"features": ["mfcc_20", "mfcc"], "models": {"sgd": {}}, "pca": 2},
            ["pca joins", "mfcc_20 512, mfcc 256", "one hop"],
        ),
    ],
)
def test_one_sentence_says_what_is_wrong(section, words):
    with pytest.raises(InputError) as error:
        config.resolve(change(**section))
    sentence = str(error.value)
    assert sentence.startswith("params.yaml: ablation") and "\n" not in sentence
    for word in words:
        assert word in sentence


def test_models_of_scikit_learn_take_any_features_and_protocols_with_shared_clips_are_none():
    params = change(models={"random_forest": {"seeds": [7]}, "linear_probe": {}}, features=["mfcc", "tempo", "mel"])
    assert config.resolve(params).sections["ablation"]["models"]["random_forest"] == {"seeds": [7]}
    leaky = change(protocol="segment_random") | {"protocols": {"segment_random": {}}}
    with pytest.raises(InputError, match=r"ablation\.protocol is segment_random, whose numbers mean nothing"):
        config.resolve(leaky)
