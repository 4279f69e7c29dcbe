"""Packages that only some models need."""

import pytest

from genrebench.common import files
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


def test_the_note_comes_and_goes_with_the_packages(installed, tmp_path):
    extras.update_notes(tmp_path)
    assert extras.notes("speech", tmp_path) == [str(tmp_path / ".gitkeep")]
    installed.update(torch="2", transformers="5", safetensors="1")
    extras.update_notes(tmp_path)
    assert extras.notes("speech", tmp_path) == [str(tmp_path / ".gitkeep"), str(tmp_path / "speech.json")]
    written = (tmp_path / "speech.json").stat().st_mtime_ns
    extras.update_notes(tmp_path)
    assert (tmp_path / "speech.json").stat().st_mtime_ns == written  # unless something changed
    installed["transformers"] = "6"
    extras.update_notes(tmp_path)
    assert files.read_json(tmp_path / "speech.json")["transformers"] == "6"
    del installed["torch"]
    extras.update_notes(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_which_modules_need_it():
    assert extras.of("scripts/genrebench/models/speech_transformer.py") == "speech"
    assert extras.of("scripts/genrebench/features/speech_embedding.py") == "speech"
    assert extras.of("scripts/genrebench/models/cnn.py") is None
