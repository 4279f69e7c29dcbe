"""Exported models are found in a folder of results, by name or by path."""

import shutil

import pytest

from exported_models import describe
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.inference import registry
from genrebench.inference.description import summary, write_reason


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    for dataset, name, accuracy in [("demo", "good", 0.8), ("demo", "weak", 0.6), ("another", "elsewhere", 0.9)]:
        figures = {"accuracy": accuracy, "accuracy_low": accuracy - 0.1, "accuracy_high": accuracy + 0.1, "n_test": 60}
        describe(
            results / dataset / "export" / name,
            model=name,
            dataset=dataset,
            metrics=figures | {"valid_accuracy": accuracy, "majority_accuracy": 0.1},
            caveats=["a caveat"] if name == "weak" else [],
        )
    write_reason(results / "demo/export/none", "the features are precomputed")
    shutil.copytree(results / "demo/export/good", results / "demo/export/.good.new")  # of an interrupted export
    return results


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Whatever dataset params.yaml names, and without the model that comes with the project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "SHIPPED", tmp_path / "models/gtzan")


def names(results):
    return [str(folder.relative_to(results)) for folder in registry.usable_models(results)]


def test_models_stand_by_dataset_and_by_their_validation(results):
    assert names(results) == ["demo/export/good", "demo/export/weak", "another/export/elsewhere"]


def test_the_best_stands_first_and_once(results, tmp_path):
    shutil.copytree(results, tmp_path / "results")
    shutil.copytree(results / "demo/export/weak", tmp_path / "results/demo/export" / registry.BEST)
    assert names(tmp_path / "results") == ["demo/export/best", "demo/export/good", "another/export/elsewhere"]


def test_a_model_of_another_version_is_left_out(results, tmp_path):
    shutil.copytree(results, tmp_path / "results")
    path = tmp_path / "results/demo/export/good/export.json"
    files.write_json(path, files.read_json(path) | {"format": 99})
    assert "demo/export/good" not in names(tmp_path / "results")


def test_a_name_that_several_datasets_have_is_found_with_its_dataset(results, tmp_path):
    shutil.copytree(results, tmp_path / "results")
    shutil.copytree(results / "demo/export/good", tmp_path / "results/another/export/good")
    found = registry.find_model("another/good", tmp_path / "results")
    assert found == tmp_path / "results/another/export/good"
    with pytest.raises(InputError):
        registry.find_model("third/good", tmp_path / "results")


def test_a_model_is_found_by_its_folder_or_its_name(results):
    folder = results / "demo/export/weak"
    assert registry.find_model(str(folder), results) == folder
    assert registry.find_model("weak", results) == folder
    assert registry.find_model("elsewhere", results) == results / "another/export/elsewhere"


def test_a_model_that_is_not_there_is_told_with_where_it_was_looked_for(results, tmp_path):
    with pytest.raises(InputError, match=rf"{results}/\*/export/cnn.*export/good.*snakemake .*/demo/export/cnn`"):
        registry.find_model("cnn", results)
    with pytest.raises(InputError, match=rf"{tmp_path}/results/\*/export/best.*snakemake --cores 2 export`"):
        registry.find_model(None, registry.Path("results"))
    with pytest.raises(InputError, match=f"{tmp_path}/elsewhere/model"):
        registry.find_model("elsewhere/model", results)


def test_the_dataset_of_the_parameters_comes_first(results, tmp_path):
    (tmp_path / "params.yaml").write_text("dataset: another\n")
    assert names(results)[0] == "another/export/elsewhere"
    (tmp_path / "params.yaml").write_text("- of something else\n")
    assert names(results)[0] == "demo/export/good"


def test_the_model_of_the_project_stands_after_real_music_and_before_synthetic(results, tmp_path):
    describe(registry.SHIPPED, dataset="gtzan")
    assert list(registry.usable_models(results))[-1] == registry.SHIPPED
    assert registry.find_model(None, results) == results / "demo/export/good"
    assert registry.find_model("gtzan", results) == registry.find_model(None, tmp_path / "none") == registry.SHIPPED
    describe(tmp_path / "synthetic/demo/export/best", synthetic=True)
    found = registry.usable_models(tmp_path / "synthetic")
    assert list(found) == [registry.SHIPPED, tmp_path / "synthetic/demo/export/best"]
    assert registry.find_model("best", tmp_path / "synthetic") == tmp_path / "synthetic/demo/export/best"


def test_a_model_is_summarised_with_its_interval_and_its_caveats(results):
    text = summary(registry.usable_models(results)[results / "demo/export/weak"])
    for part in ("weak, trained on demo", "60%", "50 to 70%", "artist", "a caveat"):
        assert part in text
