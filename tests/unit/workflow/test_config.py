"""The layers of a configuration, its suites, and the sentences that say what is wrong with it."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from genrebench.audio.recipes import CONDITIONS
from genrebench.common.cli import InputError
from genrebench.workflow import config
from genrebench.workflow.entries import entry_name, features_of
from parameters import PARAMS, changed


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("datset", "demo", ["datset", "unknown", "did you mean 'dataset'"]),
        ("dataset", "../other", ["dataset", "'../other'", "not allowed"]),
        ("audio.samplerate", 1, ["audio.samplerate", "did you mean 'sample_rate'"]),
        ("audio.sample_rate", "fast", ["audio.sample_rate", "'fast'", "whole number", "Hz"]),
        ("audio.duration", "short", ["audio.duration", "'short'", "longest"]),
        ("audio.engine", "fastest", ["audio.engine", "fast, librosa"]),
        ("manifest.duplicates", "grp", ["manifest.duplicates", "'grp'", "group, reject"]),
        ("models.logistic.C", -1, ["models.logistic.C", "-1", "more than 0"]),
        ("models.logistic.C", "1e-4", ["models.logistic.C", "a number", "1.0e-4"]),
        ("models.logistic.C", True, ["models.logistic.C", "True", "a number"]),
        ("models.logistic.C", float("nan"), ["models.logistic.C", "nan", "a finite number"]),
        ("models.logistic.c", 1, ["models.logistic.c", "did you mean 'C'"]),
        ("models.logistc", {}, ["models.logistc", "did you mean 'logistic'"]),
        ("models.sgd.features", ["mell"], ["models.sgd.features", "did you mean 'mel'"]),
        ("models.sgd.features", [], ["models.sgd.features", "empty"]),
        ("features.mel.n_mel", 3, ["features.mel.n_mel", "did you mean 'n_mels'"]),
        ("protocols.artst", {"test": 0.2}, ["protocols.artst", "did you mean 'artist'", "file"]),
        ("protocols.segment_lek", {"test": 0.2}, ["did you mean 'segment_random'", "stratified, holdout, artist"]),
        ("protocols.segment_random.hop_s", 0, ["protocols.segment_random.hop_s", "at least 0.1"]),
        ("protocols.segment_random.length_s", "one", ["segment_random.length_s", "a number"]),
        ("protocols.segment_random.test", 0.8, ["protocols.segment_random", "nothing is left to train on"]),
        ("protocols.stratified.test", 1.5, ["protocols.stratified.test", "1.5", "less than 1"]),
        ("seeds", [0, 0], ["seeds", "repeated"]),
        ("seeds", [], ["seeds", "empty"]),
        ("compute.threads", 0, ["compute.threads", "at least 1"]),
        ("models", None, ["models", "None", "mapping"]),
        ("models", ["sgd"], ["models", "['sgd']", "mapping"]),
        ("features", ["mel"], ["features", "['mel']", "mapping"]),
        ("models.1", {}, ["models", "'1'", "not allowed"]),
        ("features.Tabular-58", "precomputed", ["features", "'Tabular-58'", "not allowed"]),
        ("models.cnn.epoch", 3, ["models.cnn.epoch", "did you mean 'epochs'"]),
        ("models.cnn.epochs", 0, ["models.cnn.epochs", "at least 1"]),
        ("models.cnn.protocols", ["artst"], ["models.cnn.protocols", "did you mean 'artist'"]),
        ("models.cnn.augmentation", {"crop": True}, ["models.cnn.augmentation.crop", "segments"]),
        ("models.cnn.augmentation", {"time_masks": [2, 3]}, ["time_masks", "at most 1"]),
        (
            "models.svm_pooled.segments",
            {"length_s": 3.0, "hop_s": 0},
            ["models.svm_pooled.segments.hop_s", "more than"],
        ),
        ("models.vgg16.image_size", [64], ["models.vgg16.image_size", "at least 2"]),
        ("models.hybrid.embedding", "openl3", ["models.hybrid.embedding", "vggish", "yamnet", "none"]),
        ("models.hubert.handle", "https://huggingface.co/a/b", ["models.hubert.handle", "revision"]),
        ("models.hubert.config", {"hidden_size": 8}, ["models.hubert.config", "model_type"]),
        ("leakage.models", ["svm_poold"], ["leakage.models", "did you mean 'svm_pooled'"]),
        ("leakage.models", [], ["leakage.models", "empty"]),
        ("seeds", [2**32], ["seeds", "less than"]),
        ("models.cnn.seeds", [-1], ["models.cnn.seeds", "at least 0"]),
        ("features.wavelet.wavelet", "harr", ["features.wavelet.wavelet", "'harr'", "haar"]),
        ("features.wavelet.wavelet", "mexh", ["features.wavelet.wavelet", "'mexh'"]),  # continuous
        ("features.spectral_contrast.n_bands", 9, ["features.spectral_contrast", "half the sample rate"]),
        ("study", {"labels": {"features": ["tabula"]}}, ["study.labels.features", "did you mean 'tabular'"]),
        ("study", {"saliency": {"models": ["cn"]}}, ["study.saliency.models", "did you mean 'cnn'"]),
        ("robustness", {"models": ["cn"]}, ["robustness.models", "did you mean 'cnn'"]),
        ("robustness", {"protocol": "segment_random"}, ["robustness.protocol", "segment_random"]),
        ("robustness", {"conditions": {"cave": {"rt60": 3.0}}}, ["conditions.cave.rt60", "did you mean 'rt60_s'"]),
        ("robustness", {"conditions": {"telephone": {"low_pass_hz": 200}}}, ["conditions.telephone", "high_pass_hz"]),
        ("robustness", {"conditions": {"A cave": {}}}, ["robustness.conditions", "'A cave'"]),
        ("models.cnn.degraded_copies", ["nois_10"], ["models.cnn.degraded_copies", "did you mean 'noise_10'"]),
        ("ablation.models.random_forest.degraded_copies", ["quiet"], ["random_forest.degraded_copies", "unknown"]),
        ("ablation", {"features": ["mfcc"]}, ["ablation.features", "at least 2"]),
        ("models.cnn.filters", [8], ["models.cnn.filters", "at least 2"]),
        ("models.hybrid.cnn_features", ["mell"], ["models.hybrid", "'mell'"]),
        (
            "models.hubert.config",
            {"model_type": "hubert", "size": float("inf")},
            ["models.hubert.config.size", "finite"],
        ),
        ("models.sgd.module", "../training/run", ["models.sgd", "unknown"]),
        ("models.sgd.module", "_settings", ["models.sgd", "unknown"]),
        ("suite", "quik", ["suite", "did you mean 'quick'", "papers"]),
        ("suite", ["cn"], ["suite", "did you mean 'cnn'"]),
        ("suite", 3, ["suite", "3", "not allowed"]),
    ],
)
def test_one_sentence_says_where_what_and_what_is_allowed(path, value, words):
    with pytest.raises(InputError) as error:
        config.resolve(changed(path, value))
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.startswith("params.yaml")
    for word in words:
        assert word in sentence


def test_all_faults_are_said_at_once_and_none_that_only_follows():
    params = changed("models.sgd", {"alhpa": 1, "features": ["mell"]})
    params = params | {
        "models": params["models"] | {"cnn": {"epochs": 0}, "new": {"module": "nwe"}},
        "leakage": {"models": ["svm_poold", "new"]},
        "audio": {"sample_rate": "fast", "engine": "fastest"},
    }
    with pytest.raises(InputError) as error:
        config.resolve(params)
    first, *lines = str(error.value).splitlines()
    assert first.startswith("7 settings") and len(lines) == 7
    for where in (
        *("models.new", "models.sgd.alhpa", "models.cnn.epochs", "audio.sample_rate", "audio.engine"),
        *("models.sgd.features", "leakage.models"),
    ):
        assert sum(where in line for line in lines) == 1, where


@pytest.mark.parametrize("dataset", ["demo", "gtzan", "mine"])
def test_models_can_be_taken_out_without_the_mending_of_anything_else(dataset):
    given = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8")) | {"dataset": dataset}
    every = list(given["models"])
    for kept in (every[:1], every[1:], every[::2], every[1::2], *([name] for name in every)):
        found = config.resolve(given | {"suite": "all", "models": {name: given["models"][name] for name in kept}})
        assert set(found.suite) == set(kept)
    own = {"ablation": {"models": {"logistic": {}}}, "models": {"logistic": {}, "sgd": {}}}
    assert list(config.resolve(given | own | {"suite": "all"}).sections["ablation"]["models"]) == ["logistic"]


@pytest.mark.parametrize("content", ["[1]", "5", "models: 5", "protocols: {artist: 5}"])
def test_a_preset_that_is_none_is_a_sentence(presets, content):
    (presets / "demo.yaml").write_text(content)
    with pytest.raises(InputError, match=r"^config/presets/demo\.yaml"):
        config.resolve(PARAMS)


def test_runs_that_are_too_many_to_start_are_refused(presets):
    with pytest.raises(InputError, match=r"^params\.yaml: .*21600 runs.*seeds"):
        config.resolve(
            PARAMS | {"suite": ["cnn", "rnn"], "seeds": list(range(900)), "protocols": {"kfold": {"folds": 10}}}
        )


def test_suites_are_lists_of_models(presets):
    (presets.parent / "suites.yaml").write_text("quick: sgd\n")
    with pytest.raises(InputError, match=r"^config/suites\.yaml: quick"):
        config.resolve(PARAMS | {"suite": "quick"})


@pytest.fixture
def presets(tmp_path, monkeypatch):
    """The folder of a configuration of the test's own, with empty presets."""
    (tmp_path / "presets").mkdir()
    for kind in config.KINDS:
        (tmp_path / "presets" / f"{kind}.yaml").write_text("protocols: {stratified: {}, artist: {}}\n")
    (tmp_path / "suites.yaml").write_text("quick: [sgd, removed]\n")
    (tmp_path / "variants.yaml").write_text("features: {}\nvariants: {}\n")
    monkeypatch.setattr(config, "FOLDER", tmp_path)
    return tmp_path / "presets"


@pytest.mark.parametrize(
    ("preset", "words"),
    [
        ({"models": {"sgd": {"alhpa": 1}}}, ["models.sgd.alhpa", "did you mean 'alpha'"]),
        ({"models": {"sgd": {"alpha": -1}}}, ["models.sgd.alpha", "more than 0"]),
        ({"protocols": {"artist": {"test": 2}}}, ["protocols.artist.test", "less than 1"]),
        ({"protocls": {}}, ["protocls", "did you mean 'protocols'"]),
        ({"suite": "quik"}, ["suite", "did you mean 'quick'"]),
    ],
)
def test_a_fault_of_a_preset_is_said_of_the_preset(presets, preset, words):
    (presets / "demo.yaml").write_text(yaml.safe_dump({"protocols": {"artist": {}}} | preset))
    with pytest.raises(InputError) as error:
        config.resolve(PARAMS)
    assert str(error.value).startswith("config/presets/demo.yaml: ")
    assert all(word in str(error.value) for word in words)


def test_params_go_before_the_preset_and_that_before_the_defaults(presets):
    (presets / "demo.yaml").write_text(
        yaml.safe_dump(
            {
                "protocols": {"artist": {"test": 0.3}, "stratified": {}},
                "models": {"cnn": {"epochs": 3, "filters": [2, 2]}, "not_listed": {"epochs": 1}},
            }
        )
    )
    params = changed("models.cnn", {"filters": [4, 4, 4]}) | {"protocols": {"artist": {"valid": 0.1}, "kfold": {}}}
    sections = config.resolve(params).sections
    cnn = sections["models"]["cnn"]
    assert (cnn["epochs"], cnn["filters"]) == (3, [4, 4, 4])
    assert cnn["batch_size"] == importlib.import_module("genrebench.models.cnn").Settings().batch_size
    assert (sections["protocols"]["artist"]["test"], sections["protocols"]["artist"]["valid"]) == (0.3, 0.1)
    assert list(sections["protocols"]) == ["artist", "stratified", "kfold"]
    # another kind of dataset, another preset
    assert config.resolve(params | {"dataset": "mine"}).sections["models"]["cnn"]["epochs"] == 250


def test_what_snakemake_reads_as_text_has_types_again():
    given = {"models": {"cnn": {"epochs": "3", "filters": ["4", "8"]}}, "protocols": {"artist": "null"}}
    merged = {"models": {"cnn": given["models"]["cnn"] | {"optimizer": "adam"}}, "protocols": {"artist": "null"}}
    assert config.with_types(merged, given) == {
        "models": {"cnn": {"epochs": 3, "filters": [4, 8], "optimizer": "adam"}},
        "protocols": {"artist": None},
    }
    assert config.with_types({"a": "1"}, {}) == {"a": "1"}  # not from the command line
    assert config.with_types({"a": "x: y: z"}, {"a": "x: y: z"}) == {"a": "x: y: z"}


def test_null_leaves_an_entry_out(presets):
    sections = config.resolve(changed("protocols.stratified", None)).sections
    assert list(sections["protocols"]) == ["artist"]
    assert "pca" not in config.resolve(changed("ablation.pca", None)).sections["ablation"]


@pytest.mark.parametrize(
    ("suite", "runs"),
    [("quick", ["sgd"]), (["cnn", "sgd"], ["sgd", "cnn"]), ("all", list(PARAMS["models"])), ("auto", ["sgd"])],
)
def test_the_models_of_the_suite_run_and_what_they_read_is_computed(presets, suite, runs):
    (presets / "demo.yaml").write_text("suite: quick\nprotocols: {artist: {}}\n")
    found = config.resolve(PARAMS | {"suite": suite})
    assert list(found.suite) == list(found.params["models"]) == runs
    assert {name for name in found.sections["models"] if "-" not in name} == set(PARAMS["models"])
    read = {feature for name in runs for feature in features_of(found.sections["models"][name])} | {"tabular"}
    assert set(found.features) == (set(PARAMS["features"]) if suite == "all" else read)


VARIANTS = {
    "features": {"mel_small": {"module": "mel", "n_mels": 16}, "other": {"module": "mel"}},
    "variants": {
        "cnn": {"small": {"features": ["mel_small"], "augmentation": {"noise": 0.1}}, "odd": {"features": ["gone"]}},
        "not_listed": {"small": {}},
    },
}


def test_a_variant_is_an_entry_with_the_settings_of_its_model_and_its_own(presets):
    (presets.parent / "variants.yaml").write_text(yaml.safe_dump(VARIANTS))
    params = changed("models.cnn", {"epochs": 7, "protocols": ["artist"], "augmentation": {"gain": 0.2}})
    found = config.resolve(params | {"variants": {"sgd": {"strong": {"alpha": 1.0}}}, "suite": "all"})
    small = found.sections["models"]["cnn-small"]
    assert (small["module"], small["epochs"], small["features"]) == ("cnn", 7, ["mel_small"])
    assert small["augmentation"] == {"gain": 0.2, "noise": 0.1} and "protocols" not in small
    assert not {"cnn-odd", "not_listed-small"} & set(found.sections["models"])
    assert {"mel_small", "other"} & set(found.sections["features"]) == {"mel_small"}
    # `all` is what params.yaml lists
    assert "sgd-strong" in found.suite and "cnn-small" not in found.suite and "mel_small" not in found.features
    assert found.sections["models"]["sgd-strong"]["alpha"] == 1.0
    named = config.resolve(params | {"suite": ["cnn-small"]})
    assert named.suite == ("cnn-small",) and "mel_small" in named.features


@pytest.mark.parametrize(
    ("variants", "words"),
    [
        ({"cn": {"small": {}}}, ["variants", "did you mean 'cnn'"]),
        ({"cnn": {"small": {"epoch": 3}}}, ["models.cnn-small.epoch", "did you mean 'epochs'"]),
        ({"cnn": {"selected": {}}}, ["variants.cnn", "'selected'", "not allowed"]),
        ({"cnn": {"Small-1": {}}}, ["variants.cnn", "'Small-1'", "not allowed"]),
        ({"cnn": 3}, ["variants.cnn", "mapping"]),
    ],
)
def test_one_sentence_says_what_is_wrong_with_a_variant(variants, words):
    with pytest.raises(InputError) as error:
        config.resolve(PARAMS | {"variants": variants})
    assert str(error.value).startswith("params.yaml: ")
    assert all(word in str(error.value) for word in words)


def test_a_suite_adds_the_protocols_of_its_papers(presets):
    (presets.parent / "variants.yaml").write_text(yaml.safe_dump(VARIANTS))
    suite = {"cnn": ["kfold"], "cnn-small": ["holdout"], "rnn": None, "feature_cnn-selected": ["stratified"]}
    (presets.parent / "suites.yaml").write_text(yaml.safe_dump({"papers": suite}))
    params = PARAMS | {"suite": "papers", "protocols": {"kfold": {"folds": 3}}}
    found = config.resolve(changed("models.cnn.protocols", ["artist"], params))
    models = found.params["models"]
    # params.yaml goes before
    assert models["cnn"]["protocols"] == ["artist"]
    assert models["cnn-small"]["protocols"] == ["holdout"]
    assert models["rnn"]["protocols"] == ["stratified", "artist", "kfold"]
    assert models["feature_cnn-selected"]["protocols"] == ["artist", "stratified"]
    assert models["feature_cnn-selected"]["features"] == found.sections["ablation"]["features"]
    assert found.sections["protocols"]["kfold"]["folds"] == 3 and found.sections["protocols"]["holdout"]["test"] == 0.2
    (presets / "demo.yaml").write_text("models: {cnn: {protocols: [artist]}}\nprotocols: {artist: {}}\n")
    assert config.resolve(params).params["models"]["cnn"]["protocols"] == ["artist", "kfold"]
    without = config.resolve(params | {"protocols": {"holdout": None}})
    assert "holdout" not in without.sections["protocols"]


def test_defaults_name_only_what_there_is(presets):
    params = {"features": {"mel": {}, "mfcc": {}}, "models": {"linear_probe": {"features": ["mel"]}}}
    sections = config.resolve(params).sections
    assert sections["leakage"]["models"] == ["linear_probe"]
    assert (sections["ablation"]["models"], sections["ablation"]["features"]) == ({}, [])
    for section, value in (("leakage", {"models": ["cnn"]}), ("ablation", {"models": {"cnn": {}}})):
        with pytest.raises(InputError, match=rf"params\.yaml: {section}\.models.*: 'cnn' is unknown"):
            config.resolve(params | {section: value})


def test_conditions_are_added_to_the_defaults_or_change_them():
    given = {"cave": {"rt60_s": 5.0}, "telephone": {"low_pass_hz": 3000.0}, "faster": None}
    conditions = config.resolve(changed("robustness", {"conditions": given})).sections["robustness"]["conditions"]
    assert list(conditions) == [*(name for name in CONDITIONS if name != "faster"), "cave"]
    assert conditions["cave"]["rt60_s"] == 5
    assert (conditions["telephone"]["low_pass_hz"], conditions["telephone"]["high_pass_hz"]) == (3000, 300)
    assert conditions["quiet"] == CONDITIONS["quiet"].model_dump(exclude_none=True)


def test_an_embedding_is_a_feature_that_the_model_reads():
    hybrid = config.resolve(changed("models.hybrid.embedding", "yamnet")).sections["models"]["hybrid"]
    assert features_of(hybrid) == ["mel", "chroma", "wavelet", "mfcc", "yamnet"]
    assert features_of(config.resolve(PARAMS).sections["models"]["hybrid"]) == ["mel", "chroma", "wavelet", "mfcc"]


def test_own_split_and_precomputed_features_are_allowed():
    sections = config.resolve(changed("protocols.mine", {"file": "split.csv"})).sections
    assert sections["protocols"]["mine"] == {"file": "split.csv"}
    for entry in ("precomputed", {"precomputed": ["column"]}):
        assert config.resolve(changed("features.tabular", entry)).sections["features"]["tabular"] == entry


@pytest.mark.parametrize("dataset", ["demo", "gtzan", "mine"])
def test_the_presets_that_come_with_the_project_are_valid_and_name_what_it_has(dataset):
    found = config.resolve(PARAMS | {"dataset": dataset})
    preset = yaml.safe_load(Path(config.FOLDER, "presets", f"{config.kind_of(dataset)}.yaml").read_text())
    listed = {
        name for suite in yaml.safe_load(Path(config.FOLDER, "suites.yaml").read_text()).values() for name in suite
    }
    assert set(preset.get("models", {})) <= listed | set(PARAMS["models"])
    assert found.sections["manifest"]["duplicates"] == ("group" if dataset == "gtzan" else "reject")
    assert found.sections["ablation"]["protocol"] == ("fault_filtered" if dataset == "gtzan" else "artist")
    assert ("fault_filtered" in found.sections["protocols"]) == (dataset != "mine")


@pytest.mark.parametrize("dataset", ["demo", "gtzan", "mine"])
def test_suites_name_what_there_is_and_have_every_variant_of_the_project(dataset):
    suites = yaml.safe_load(Path(config.FOLDER, "suites.yaml").read_text())
    found = {name: config.resolve(PARAMS | {"dataset": dataset, "suite": name}) for name in suites}
    listed = [name for name in suites if name != "quick"]
    for name in listed:
        assert set(found[name].suite) == set(suites[name])
    # a pretrained network that every machine has
    assert {"linear_probe-musicnn", "linear_probe-musicnn_penultimate"} <= set(found["quick"].suite)
    features = {feature for name in listed for feature in found[name].features}
    shared = yaml.safe_load(Path(config.FOLDER, "variants.yaml").read_text())
    variants = {entry_name(model, name) for model, own in shared["variants"].items() for name in own}
    assert variants <= {model for name in listed for model in suites[name]}
    assert set(shared["features"]) | {"descriptors", "tabular_segments"} <= features
    models = found["papers"].params["models"]
    for name, protocols in suites["papers"].items():
        assert set(protocols or ()) <= set(models[name]["protocols"])
        apart = {"artist", "fault_filtered"} & set(models[name]["protocols"])
        assert apart or name.endswith("-scaled_on_all")


@pytest.mark.parametrize(
    "name", ["cnn", "rnn", "hybrid", "vgg16", "feature_cnn", "feature_lstm", "mel599_cnn", "mel_lstm", "hubert"]
)
def test_what_is_not_of_a_paper_is_off_in_its_settings(name):
    entry = config.resolve(PARAMS | {"dataset": "gtzan"}).sections["models"][name]
    assert (entry["class_weights"], entry["early_stopping"], entry["keep"]) == ("none", 0, "last")


def test_broken_yaml_is_a_sentence(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("dataset: [demo")
    with pytest.raises(InputError, match="not valid YAML"):
        config.load(path)


def test_settings_are_read_without_heavy_packages():
    """The Snakefile imports the modules of all features and models, each time that it is read."""
    code = (
        "import sys, pathlib, importlib\n"
        "for kind in ('features', 'models'):\n"
        "    for path in pathlib.Path('scripts/genrebench', kind).glob('[a-z]*.py'):\n"
        "        importlib.import_module(f'genrebench.{kind}.{path.stem}').Settings\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "scripts"}
    )
    loaded = set(result.stdout.split())
    assert "pydantic" in loaded
    assert not loaded & {"keras", "tensorflow", "torch", "librosa", "sklearn", "scipy", "h5py", "pandas", "matplotlib"}
