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


def test_a_missing_feature_is_in_its_own_variant_only():
    found = ablation.variants(FEATURES, missing=["chroma"])
    assert [name for name, features in found.items() if "chroma" in features] == ["only-chroma"]
    assert found["all"] == ["mfcc", "rms"] and "without-chroma" not in found
    assert list(ablation.variants(["mfcc"])) == ["all", "only-mfcc"]  # without it nothing is left
    assert list(ablation.variants(["mfcc"], ["mfcc"])) == ["only-mfcc"]


def test_the_kind_of_a_variant_is_in_its_name():
    assert [ablation.kind_of(name) for name in ("all", "only-mfcc_20", "without-rms", "selected", "pca")] == [
        ("all", ""), ("alone", "mfcc_20"), ("without", "rms"), ("selected", ""), ("pca", "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("without", "kept"),
    [
        ({"mfcc": 0.4, "chroma": 0.6, "rms": 0.55}, ["mfcc", "rms"]),  # chroma only disturbs
        ({"mfcc": 0.6, "chroma": 0.6, "rms": 0.5}, ["rms"]),  # what changes nothing goes
        ({"mfcc": 0.7, "chroma": 0.6, "rms": 0.65}, ["chroma"]),  # none is needed: the best alone
        ({"mfcc": 0.1, "chroma": 0.1, "rms": 0.1}, FEATURES),
    ],
)
def test_selected_is_what_validation_misses(without, kept):
    assert ablation.select(0.6, without, {"mfcc": 0.3, "chroma": 0.5, "rms": 0.2}) == kept


def test_means_that_differ_in_the_last_bit_are_equal():
    assert ablation.select(0.1 + 0.2, {"mfcc": 0.3, "rms": 0.1}, {"mfcc": 0.3, "rms": 0.2}) == ["rms"]


def test_the_rank_is_by_the_mean_of_the_three_places():
    """By hand: places 1, 2, 1.5; 2, 1, 1.5; 3, 3, 3; and equals share a place."""
    rows = [
        {"feature": "rms", "alone": 0.2, "drop": -0.1, "permutation": 0.0},
        {"feature": "mfcc", "alone": 0.6, "drop": 0.1, "permutation": 0.3},
        {"feature": "vggish", "alone": None, "drop": None, "permutation": None},
        {"feature": "chroma", "alone": 0.5, "drop": 0.2, "permutation": 0.3},
    ]
    ranked = ablation.rank(rows)
    assert [(row["feature"], row["rank"]) for row in ranked] == [
        ("mfcc", 1), ("chroma", 1), ("rms", 3), ("vggish", None)
    ]  # fmt: skip
    assert (ranked[0]["rank_alone"], ranked[0]["rank_drop"], ranked[0]["rank_permutation"]) == (1, 2, 1.5)
    assert [row["rank"] for row in ablation.rank(rows[2:3])] == [None]


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
