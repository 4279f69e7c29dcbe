import copy
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from genrebench.common.cli import InputError
from genrebench.workflow import config

PARAMS = config.load("params.yaml")


def change(path, value):
    params = copy.deepcopy(PARAMS)
    node = params
    *parents, last = path.split(".")
    for part in parents:
        node = node[part]
    node[last] = value
    return params


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("datset", "demo", ["datset", "unknown", "did you mean 'dataset'"]),
        ("dataset", "../other", ["dataset", "'../other'", "not allowed"]),
        ("audio.samplerate", 1, ["audio.samplerate", "did you mean 'sample_rate'"]),
        ("audio.sample_rate", "fast", ["audio.sample_rate", "'fast'", "whole number", "Hz"]),
        ("audio.duration", "short", ["audio.duration", "'short'", "longest"]),
        ("manifest.duplicates", "grp", ["manifest.duplicates", "'grp'", "auto, group, reject"]),
        ("models.logistic.C", -1, ["models.logistic.C", "-1", "more than 0"]),
        ("models.logistic.c", 1, ["models.logistic.c", "did you mean 'C'"]),
        ("models.logistc", {}, ["models.logistc", "did you mean 'logistic'"]),
        ("models.sgd.features", ["mell"], ["models.sgd.features", "did you mean 'mel'"]),
        ("models.sgd.features", [], ["models.sgd.features", "empty"]),
        ("features.mel.n_mel", 3, ["features.mel.n_mel", "did you mean 'n_mels'"]),
        ("features.mel", {"n_fft": 2048, "hop_length": 512}, ["features.mel", "lacks", "n_mels"]),
        ("protocols.artst", {"test": 0.2}, ["protocols.artst", "did you mean 'artist'", "file"]),
        (
            "protocols.segment_lek",
            {"test": 0.2},
            ["did you mean 'segment_random'", "known are stratified, holdout, artist"],
        ),
        (
            "protocols.segment_random",
            {"test": 0.2, "valid": 0.2, "hop_s": 3.0},
            ["lacks", "length_s", "Seconds of a seg"],
        ),
        ("protocols.segment_random.hop_s", 0, ["protocols.segment_random.hop_s", "at least 0.1"]),
        ("protocols.segment_random.test", 0.8, ["protocols.segment_random", "nothing is left to train on"]),
        ("protocols.stratified.test", 1.5, ["protocols.stratified.test", "1.5", "less than 1"]),
        ("seeds", [0, 0], ["seeds", "repeated"]),
        ("seeds", [], ["seeds", "empty"]),
        ("compute.threads", 0, ["compute.threads", "at least 1"]),
        ("models", None, ["models", "None", "mapping"]),
        ("models.cnn.for_dataset.demo.epoch", 3, ["models.cnn.epoch", "did you mean 'epochs'"]),
        ("models.cnn.for_dataset.mine", {"epochs": 0}, ["models.cnn.epochs", "at least 1"]),
        ("protocols.segment_random.for_dataset.demo.length_s", "one", ["segment_random.length_s", "a number"]),
        ("models.cnn.protocols", ["artst"], ["models.cnn.protocols", "did you mean 'artist'"]),
        ("models.cnn.augmentation", {"crop": True}, ["models.cnn.augmentation.crop", "segments"]),
        ("models.cnn.augmentation", {"time_masks": [2, 3]}, ["time_masks", "at most 1"]),
        ("leakage.models", ["svm_poold"], ["leakage.models", "did you mean 'svm_pooled'"]),
        ("leakage.models", [], ["leakage.models", "empty"]),
        ("models.hybrid.embedding", "openl3", ["models.hybrid.embedding", "vggish", "yamnet", "none"]),
    ],
)
def test_one_sentence_says_where_what_and_what_is_allowed(path, value, words):
    with pytest.raises(InputError) as error:
        config.validate(change(path, value))
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.startswith("params.yaml")
    for word in words:
        assert word in sentence


def test_a_dataset_may_have_settings_of_its_own():
    params = change("models.hybrid.for_dataset.mine", {"embedding": "yamnet", "epochs": 7})
    config.validate(params)
    mine, other = (config.for_dataset(params, name)["models"]["hybrid"] for name in ("mine", "other"))
    assert (mine["epochs"], other["epochs"]) == (7, params["models"]["hybrid"]["epochs"])
    assert config.features_of(mine) == ["mel", "chroma", "wavelet", "mfcc", "yamnet"]
    assert config.features_of(config.for_dataset(params, "demo")["models"]["hybrid"]) == mine["features"]
    assert "for_dataset" not in mine


def test_own_split_and_brought_features_are_allowed():
    config.validate(change("protocols.mine", {"file": "split.csv"}))
    config.validate(change("features.tabular", "precomputed"))


def test_every_parameter_is_documented_and_the_schema_is_one():
    schema = config.schema(PARAMS)
    Draft202012Validator.check_schema(schema)

    def undocumented(node, params, where):
        for key, value in params.items():
            child = node["properties"].get(key, {})
            if "$ref" in child:
                child = {**schema["$defs"][child["$ref"].split("/")[-1]], **child}
            if isinstance(value, dict) and "properties" in child:
                yield from undocumented(child, value, f"{where}.{key}")
            elif "description" not in child:
                yield f"{where}.{key}"

    assert not list(undocumented(schema, PARAMS, ""))


def test_broken_yaml_is_a_sentence(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("dataset: [demo")
    with pytest.raises(InputError, match="not valid YAML"):
        config.load(path)


def test_what_the_comments_of_params_yaml_offer_is_valid():
    text = Path("params.yaml").read_text()
    assert "`holdout: {test: 0.2, valid: 0.25, repeats: 1, seed: 0}`" in text
    for name, entry in yaml.safe_load(
        "holdout: {test: 0.2, valid: 0.25, repeats: 1, seed: 0}\nkfold: {folds: 5, seed: 0}"
    ).items():
        config.validate(change(f"protocols.{name}", entry))


@pytest.mark.parametrize(
    ("section", "value", "says"),
    [
        ("models", ["sgd"], "models is ['sgd'], but must be a mapping"),
        ("features", ["mel"], "features is ['mel'], but must be a mapping"),
        ("models", {1: {}}, "'1' is unknown"),
        ("features", {"Tabular-58": "precomputed"}, "'Tabular-58', which is not allowed"),
    ],
)
def test_a_section_of_another_kind_or_with_impossible_names_is_a_sentence(section, value, says):
    params = config.load() | {section: value}
    with pytest.raises(config.InputError) as caught:
        config.validate(params)
    assert says in str(caught.value)
