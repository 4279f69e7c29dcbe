"""Sentences that say what is wrong with a setting: where it stands, what was found, what is allowed."""

import difflib
from collections.abc import Iterable, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from genrebench.workflow.settings_file import short

LIMITS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
LONGEST = 100  # characters of a name that may be meant for another
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping of keys to values",
    "model": "a mapping of keys to values",
    "model_attributes": "a mapping of keys to values",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
}


def faults(error: ValidationError, model: type[BaseModel]) -> list[tuple[list[str], str]]:
    """The faults of some settings: the path of each, and the sentence about it without the file's name.

    Of those at one place, and of those within another, one: the outermost. A key that is unknown is often the
    misspelling of one that is missing, which then has no sentence of its own.
    """
    errors = error.errors(include_url=False)
    order = sorted(
        range(len(errors)),
        key=lambda one: (len(errors[one]["loc"]), errors[one]["type"] != "extra_forbidden"),
    )
    found: dict[int, tuple[list[str], str]] = {}
    misspelt: list[list[str]] = []
    for number in order:
        one = errors[number]
        path, description, chosen = _place(model, one["loc"])
        if any(path[: len(other)] == other for other, _ in found.values()):
            continue
        if one["type"] == "extra_forbidden":
            misspelt.append(path[:-1])
        elif one["type"] == "missing" and path[:-1] in misspelt:
            continue
        found[number] = path, _text(one, ".".join(path), description, chosen)
    return [found[number] for number in sorted(found)]


def unknown(where: str, name: str, known: Iterable[str]) -> str:
    """The sentence about an unknown name."""
    known = sorted(known)
    return f"{where}: {short(name)} is unknown{nearest(name, known)}; known are {', '.join(known)}."


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name that is most like an unknown one, as a question; blank where none is."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower()[:LONGEST], by_lower, n=1, cutoff=0.5)
    return f" (did you mean '{by_lower[close[0]]}'?)" if close else ""


def _text(error: Any, where: str, description: str, chosen: Any) -> str:
    found, about = short(error["input"]), f" ({description})" if description else ""
    kind, limits = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown(where, str(error["loc"][-1]), chosen)
    if kind == "missing":
        parent, _, key = where.rpartition(".")
        return f"{parent or 'the file'} lacks the key '{key}'{about}."
    if chosen is None:  # one of several kinds of values
        return f"{where} is {found}, which is not allowed{about}."
    if kind == "literal_error":
        values = [str(value) for value in chosen]
        return f"{where} is {found}, but must be one of {', '.join(values)}{nearest(str(error['input']), values)}."
    if kind in LIMITS:
        words, key = LIMITS[kind]
        return f"{where} is {found}, but must be {words} {limits[key]}{about}."
    if kind == "too_short" and limits["actual_length"] == 0:
        return f"{where} is empty, but needs at least one entry{about}."
    if kind in ("too_short", "too_long"):
        words = "at least" if kind == "too_short" else "at most"
        wanted = limits.get("min_length", limits.get("max_length"))
        return f"{where} is {found}, but must have {words} {wanted} entries{about}."
    if kind == "value_error":
        return f"{where} is {found}, but {limits['error']}{about}."
    if allowed := KINDS.get(kind.removesuffix("_type")):
        hint = (
            "; YAML reads 1e-4 as text: write 1.0e-4" if kind == "float_type" and _is_exponent(error["input"]) else ""
        )
        return f"{where} is {found}, but must be {allowed}{hint}{about}."
    return f"{where} is {found}, which is not allowed{about}."


def _place(model: type[BaseModel], loc: Sequence[int | str]) -> tuple[list[str], str, Any]:
    """The path of an error, the description of what stands there, and what may.

    That is the keys of a model, or the values of a literal; None where there are several kinds of values.
    """
    path: list[str] = []
    annotation: Any = model
    description = ""
    for part in loc:
        branches = kinds_of(annotation)
        if len(branches) > 1:
            # pydantic names the branch, which is no part of the path: only that of a mapping is looked into
            annotation = next((b for b in branches if _is_model(b) and b.__name__ == part), None)
            if annotation is None:
                return path, description, None
            continue
        (annotation,) = branches
        path.append(str(part))
        if _is_model(annotation):
            field = annotation.model_fields.get(str(part))
            if field is None:
                return path, "", list(annotation.model_fields)
            annotation, description = field.annotation, (field.description or "").rstrip(".")
        elif arguments := get_args(annotation):
            annotation = arguments[min(int(part), len(arguments) - 1)] if isinstance(part, int) else arguments[-1]
    branches = kinds_of(annotation)
    return path, description, get_args(branches[0]) if len(branches) == 1 else None


def kinds_of(annotation: Any) -> list[Any]:
    """The kinds of values that an annotation allows, without its bounds and without None."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, UnionType):
        return [b for one in get_args(annotation) if one is not NoneType for b in kinds_of(one)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_exponent(value: Any) -> bool:
    try:
        return isinstance(value, str) and "e" in value.lower() and bool(float(value))
    except ValueError:
        return False
