"""Reading YAML that a person wrote: what is expanded is bounded, keys are unique, and a sentence says what is wrong.

Settings are text, numbers, true, false, null, lists and mappings. What else YAML knows (dates, sets, objects) is none.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from genrebench.common.cli import InputError
from genrebench.common.formatting import printable

MAX_BYTES = 200_000  # of a file
MAX_VALUES = 20_000  # in a file, every alias (*name) replaced by what it stands for
MAX_ENTRIES = 1000  # in a list
MAX_DEPTH = 20  # of lists and mappings in one another
TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map", "merge")}
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def read(file: str | Path, name: str | None = None) -> Any:
    """What a YAML file has; `name` is what messages call it. Raises InputError as `parse` does, or if it is no text."""
    name = name or str(file)
    if not Path(file).is_file():
        raise InputError(f"{name} is no file, or is missing.")
    try:
        with Path(file).open("rb") as reader:
            content = reader.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"{name} has more than {MAX_BYTES} bytes, too many for settings.")
    try:
        return parse(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{name} is not UTF-8 (line {line}): save it in that encoding.") from None


def parse(text: str, name: str) -> Any:
    """What YAML says. Raises InputError, with a sentence that begins with `name`, if it is not valid or too much."""
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _count(node, {}, name)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except RecursionError:
        raise InputError(f"{name} has lists or mappings in one another more than {MAX_DEPTH} deep.") from None
    # for some values PyYAML raises errors of Python's own
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise InputError(f"{name} is not valid YAML: {in_one_line(' '.join(str(error).split()))}") from None


def faults(value: Any, where: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """What of some settings is none: its path, and the sentence about it, without the file."""
    path = in_one_line(".".join(where))
    if isinstance(value, dict | list) and len(where) >= MAX_DEPTH:
        yield where, f"{path} is more than {MAX_DEPTH} deep."
    elif isinstance(value, dict):
        for key, entry in value.items():
            if isinstance(key, str) and not UNPRINTABLE.search(key):
                yield from faults(entry, (*where, key))
            else:
                yield where, f"{path or 'the file'}: the key {short(key)} must be text: put it in quotes."
    elif isinstance(value, list):
        if len(value) > MAX_ENTRIES:
            yield where, f"{path} has {len(value)} entries, but may have at most {MAX_ENTRIES}."
        else:
            for number, entry in enumerate(value):
                yield from faults(entry, (*where, str(number)))
    elif isinstance(value, float) and not math.isfinite(value):
        yield where, f"{path} is {value}, but must be a finite number."
    elif isinstance(value, int) and abs(value) >= 2**63:
        yield where, f"{path} is {short(value)}, but a number may have at most 18 digits."
    elif isinstance(value, str) and UNPRINTABLE.search(value):
        yield where, f"{path} is {short(value)}, but text may have no control characters."
    elif value is not None and not isinstance(value, str | int | float):
        yield (
            where,
            f"{path} is {short(value)} ({type(value).__name__}), but must be text or a number.",
        )


def short(value: Any) -> str:
    """A value as Python writes it, but at most 60 characters."""
    if isinstance(value, int) and abs(value) >= 2**200:  # Python refuses to write those of thousands of digits
        return "a number of more than 60 digits"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def in_one_line(text: str) -> str:
    """Text without line breaks and other characters that cannot be seen, and not longer than a screen."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in printable(text))
    return text if len(text) <= 1500 else text[:1497] + "..."


def _count(node: yaml.Node, counts: dict[int, tuple[int, int]], name: str) -> tuple[int, int]:
    """How many values a node has with every alias replaced, and how deep they are; InputError if it is too much.

    `counts` has those of nodes that were met before, which aliases stand for; (0, 0) of those that are not finished.
    """
    if id(node) in counts:
        if counts[id(node)] == (0, 0):
            raise InputError(f"{name}, line {_line(node)}: an alias stands for what it is in itself.")
        return counts[id(node)]
    counts[id(node)] = 0, 0
    if node.tag not in TAGS:
        found = node.value if isinstance(node.value, str) else node.tag
        raise InputError(
            f"{name}, line {_line(node)}: {short(found)} is read as {short(node.tag.rpartition(':')[2])}; "
            "put it in quotes to make it text."
        )
    children = []
    if isinstance(node, yaml.MappingNode):
        _refuse_repeated_keys(node, name)
        children = [child for pair in node.value for child in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    values, depth = 1, 1
    for child in children:
        of_child, below = _count(child, counts, name)
        values, depth = values + of_child, max(depth, 1 + below)
    if values > MAX_VALUES:
        raise InputError(
            f"{name}, line {_line(node)}: more than {MAX_VALUES} values, with its aliases (*) replaced by what they "
            "stand for."
        )
    if depth > MAX_DEPTH:
        raise InputError(f"{name}, line {_line(node)}: lists or mappings in one another, more than {MAX_DEPTH} deep.")
    counts[id(node)] = values, depth
    return values, depth


def _refuse_repeated_keys(node: yaml.MappingNode, name: str) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in lines:
                raise InputError(
                    f"{name}: the key {short(key.value)} is there twice, in lines {lines[key.value]} and {_line(key)}: "
                    "leave one."
                )
            lines[key.value] = _line(key)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
