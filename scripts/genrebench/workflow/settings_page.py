"""The reference of all settings, made from their classes: a JSON schema, and a page of the documentation."""

import json
from collections.abc import Collection, Iterator
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from genrebench.workflow.config import LIBRARY, sections_model
from genrebench.workflow.entries import load_module
from genrebench.workflow.messages import kinds_of
from genrebench.workflow.sections import PROTOCOLS, FileSettings, PrecomputedSettings, Sections

PAGE = """\
# All settings

This page is made from the code. [How settings are merged](../configuration.md) says where to set them. A default is
used where neither the preset of the dataset nor `params.yaml` says otherwise. A setting whose default is none has no
effect unless it is given.

"""
WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false", dict: "mapping", Any: "any value"}
SIGNS = {
    annotated_types.Ge: ("ge", "≥"),
    annotated_types.Gt: ("gt", ">"),
    annotated_types.Le: ("le", "≤"),
    annotated_types.Lt: ("lt", "<"),
    annotated_types.MinLen: ("min_length", "entries ≥"),
    annotated_types.MaxLen: ("max_length", "entries ≤"),
}


def page() -> str:
    """The reference in Markdown: a table per section, feature module, model module and protocol."""
    sections = {name: found[0] for name, field in Sections.model_fields.items() if (found := _models(field.annotation))}
    parts = [PAGE + "## Sections", _table(Sections, leave_out=sections)]
    parts += [f"### {name}\n\n{_doc(section)}\n\n{_table(section)}" for name, section in sections.items()]
    parts.append("## Protocols")
    parts += [f"### {name}\n\n{_doc(model)}\n\n{_table(model)}" for name, model in PROTOCOLS.items()]
    parts.append(f"### Any other name\n\n{_doc(FileSettings)}\n\n{_table(FileSettings)}")
    for kind in ("features", "models"):
        parts.append(f"## {kind.capitalize()}")
        for path in sorted((LIBRARY / kind).glob("[a-z]*.py")):
            module = load_module(kind, path.stem)
            parts.append(f"### {path.stem}\n\n{_first_sentence(module.__doc__)}\n\n{_table(module.Settings)}")
    parts.append(f"## Precomputed features\n\n{_doc(PrecomputedSettings)}\n\n{_table(PrecomputedSettings)}")
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def schema(params: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of a params.yaml that lists the features, models and protocols of `params`."""
    return sections_model(params).model_json_schema()


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Each setting of a model with its path; of a setting that is a mapping with known keys, each of those too.

    So with the entries of a mapping, whose names are `<name>` in the path.
    """
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}", field
        for inner in _models(field.annotation):
            yield from settings(inner, f"{prefix}{name}.")
        for entry in kinds_of(field.annotation):
            for inner in _models(get_args(entry)[1]) if get_origin(entry) is dict else ():
                yield from settings(inner, f"{prefix}{name}.<name>.")


def _table(model: type[BaseModel], leave_out: Collection[str] = ()) -> str:
    rows = [
        f"| `{name}` | {_kind(field)} | {_default(field)} | {_cell(field.description or '')} |"
        for name, field in settings(model)
        if name.partition(".")[0] not in leave_out
    ]
    if not rows:
        return "It has no settings."
    return "\n".join(["| setting | value | default | |", "|---|---|---|---|", *rows])


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The models that a value may be."""
    return [one for one in kinds_of(annotation) if isinstance(one, type) and issubclass(one, BaseModel)]


def _kind(field: FieldInfo) -> str:
    bounds = ", ".join(
        f"{sign} {getattr(found, name)}"
        for found in field.metadata
        for kind, (name, sign) in SIGNS.items()
        if isinstance(found, kind)
    )
    return _cell(_words(field.annotation) + (f", {bounds}" if bounds else ""))


def _words(annotation: Any) -> str:
    words = []
    for one in kinds_of(annotation):
        origin, arguments = get_origin(one), get_args(one)
        if origin is Literal:
            words.append(" or ".join(f"`{value}`" for value in arguments))
        elif origin in (list, tuple):
            words.append(f"list of: {'; '.join(_words(argument) for argument in dict.fromkeys(arguments))}")
        elif origin is dict:
            words.append("mapping")
        elif origin in (Union, UnionType):
            words.append(_words(one))
        elif isinstance(one, type) and issubclass(one, BaseModel):
            words.append("mapping: " + ", ".join(one.model_fields))
        else:
            words.append(WORDS.get(one, str(one)))
    return " or ".join(words)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if isinstance(default, BaseModel):
        default = default.model_dump(mode="json", exclude_none=True)
    elif isinstance(default, dict):
        default = {
            name: value.model_dump(mode="json", exclude_defaults=True) if isinstance(value, BaseModel) else value
            for name, value in default.items()
        }
    return "none" if default is None else f"`{_cell(json.dumps(default, ensure_ascii=False))}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _doc(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _first_sentence(doc: str | None) -> str:
    return " ".join((doc or "").strip().split("\n\n")[0].split())
