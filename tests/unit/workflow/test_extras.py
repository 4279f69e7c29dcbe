"""Packages that only some models need."""

import pytest

from genrebench.workflow import extras


@pytest.fixture
def installed(monkeypatch):
    """What is installed, by name: the versions that the test puts in."""
    found = {}

    def version(package):
        if package not in found:
            raise extras.PackageNotFoundError(package)
        return found[package]

    monkeypatch.setattr(extras, "version", version)
    return found


def test_an_extra_that_is_not_there_is_told_with_the_command(installed):
    installed["torch"] = "2.13.0"
    assert extras.versions("speech") is None
    assert extras.unavailable("speech").endswith("which are not installed: `make speech` installs them")
    installed.update(transformers="5", safetensors="1")
    assert extras.versions("speech") == {"torch": "2.13.0", "transformers": "5", "safetensors": "1"}
    assert extras.unavailable("speech") is None


def test_which_modules_need_it():
    assert extras.of("scripts/genrebench/models/speech_transformer.py") == "speech"
    assert extras.of("scripts/genrebench/features/hub_embedding.py") == "speech"
    assert extras.of("scripts/genrebench/models/cnn.py") is None
