"""The reference of all settings."""

import jsonschema
import pytest

from genrebench.workflow import config, settings_page
from genrebench.workflow.entries import load_module
from genrebench.workflow.sections import PROTOCOLS, FileSettings, PrecomputedSettings, Sections
from parameters import PARAMS

CLASSES = {
    f"{kind}.{path.stem}": load_module(kind, path.stem).Settings
    for kind in ("features", "models")
    for path in (config.LIBRARY / kind).glob("[a-z]*.py")
}
CLASSES |= {"sections": Sections, **PROTOCOLS, "file": FileSettings, "precomputed": PrecomputedSettings}


@pytest.fixture(scope="module")
def page():
    return settings_page.page()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_setting_is_documented_and_in_the_page(name, page):
    rows = {line.split(" | ")[0].removeprefix("| ").strip("`"): line for line in page.splitlines() if "|" in line}
    for path, field in settings_page.settings(CLASSES[name]):
        is_section = name == "sections" and settings_page._models(field.annotation)
        assert field.description or is_section, path
        where = path.partition(".")[2] or path if name == "sections" and "." in path else path
        assert where in rows or is_section, path


def test_the_schema_accepts_what_the_settings_accept_and_knows_every_key():
    schema = settings_page.schema(PARAMS)
    jsonschema.validate(PARAMS, schema)
    for wrong in (PARAMS | {"datset": "demo"}, PARAMS | {"models": {"cnn": {"epochs": 0}}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
