"""Parameter files with faults of all kinds that people and programs make, drawn with a seed."""

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml

from genrebench.workflow import config
from project import ROOT

ODD_VALUES = [
    *(None, True, False, 0, -1, 1, 2, 10**9, 10**30, 0.5, 1e308, -0.0, float("nan"), float("inf"), "", " ", "none"),
    *(
        "1e-4",
        "longest",
        "cnn",
        "..",
        "../../etc/passwd",
        "~nobody/x",
        "a\nb",
        "a\x00b",
        "\ud800",
        "é" * 300,
        "x" * 5000,
    ),
    *([], [1], [1, 2], ["mel"], ["mel", "mel"], [[]], [None], {}, {"a": 1}, {1: 2}, {None: None}, {"module": "run"}),
    *(
        {"module": "../training/run"},
        {"module": "_settings"},
        {"module": "cnn"},
        {"file": "x.csv"},
        {"precomputed": []},
    ),
    *(list(range(5000)), [[1] * 3] * 3, {"length_s": 1.0, "hop_s": 0.0}, {"percentile": 70, "at_least_s": 5}),
]
ODD_TEXTS = [
    *("\t", "[", "]", "{", "}", ":", "- ", "&a ", "*a", "? ", "!!python/object:os.system ", "!!binary x", "!!bool x"),
    *(
        "!!set {a, b}",
        "2020-01-01",
        "2020-99-99",
        "0x",
        "9" * 5000,
        "'",
        '"',
        "|",
        ">",
        "%YAML 9.9\n",
        "---\n",
        "...\n",
    ),
    *("<<: *a", "\x00", "\x85", "﻿", "# ", "@", "`", "=", "!!int ''", "!!timestamp x", "!!float x", "[" * 2000),
]
BOMBS = [
    "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "a: &a {x: 1}\n"
    + "".join(
        f"{b}: &{b} {{{', '.join(f'k{n}: *{a}' for n in range(9))}}}\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ),
    "a: &a {x: 1}\n"
    + "".join(f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 9)}]}}\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "a: &a [*a]\n",
    "a: &a {b: *a}\n",
    "a: " + "[" * 50_000,
    "a: " + "{a: " * 400 + "1" + "}" * 400,
    "seeds: [" + ", ".join(map(str, range(5000))) + "]\n",
    "x" * 300_000,
]


def mutated(count: int, seed: int = 0, path: Path = ROOT / "params.yaml") -> Iterator[bytes]:
    """Draw `count` files, each a change of the parameters at `path`; the first are the known bombs."""
    text = path.read_text(encoding="utf-8")
    for bomb in BOMBS[:count]:
        yield (text + bomb).encode("utf-8", "surrogatepass")
    draw = random.Random(seed)
    for _ in range(count - len(BOMBS)):
        yield draw.choice((_changed_values, _changed_text, _changed_bytes))(text, draw)


@cache
def modules(section: str) -> dict[str, type]:
    """The classes of settings of all modules of a section."""
    folder = ROOT / "scripts/genrebench" / section
    return {path.stem: config.settings_class(section, path.stem) for path in folder.glob("[a-z]*.py")}


def _changed_values(text: str, draw: random.Random) -> bytes:
    """One to three values, or keys, replaced."""
    params = yaml.safe_load(text)
    for _ in range(draw.randint(1, 3)):
        if draw.random() < 0.3:  # a setting that has its default now
            section = draw.choice(["features", "models"])
            entries = params.get(section)
            name, entry = draw.choice([*entries.items()] if isinstance(entries, dict) and entries else [("", None)])
            if isinstance(entry, dict) and isinstance(module := entry.get("module", name), str):
                fields = [*getattr(modules(section).get(module), "model_fields", ())]
                if fields:
                    entry[draw.choice(fields)] = draw.choice(ODD_VALUES)
            continue
        node = params
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = draw.choice(keys)
            if isinstance(node[key], dict | list) and node[key] and draw.random() < 0.8:
                node = node[key]
                continue
            if isinstance(node, dict) and draw.random() < 0.3:
                other = draw.choice([key[:-1] if isinstance(key, str) else key, 5, None, "x" * 3000, "a\nb", "epochs"])
                node[other] = node.pop(key)
            elif draw.random() < 0.2:
                del node[key]
            else:
                node[key] = draw.choice(ODD_VALUES)
            break
    return yaml.safe_dump(params, sort_keys=False).encode("utf-8", "surrogatepass")


def _changed_text(text: str, draw: random.Random) -> bytes:
    """A line repeated, moved or removed, or something put into it."""
    lines = text.splitlines(keepends=True)
    for _ in range(draw.randint(1, 3)):
        number = draw.randrange(len(lines))
        line = lines[number]
        match draw.randrange(4):
            case 0:
                lines.insert(draw.randrange(len(lines)), line)
            case 1:
                del lines[number]
            case 2:
                place = draw.randint(0, len(line))
                lines[number] = line[:place] + draw.choice(ODD_TEXTS) + line[place:]
            case _:
                lines[number] = " " * draw.randint(0, 6) + line.lstrip(" ")
    return "".join(lines).encode("utf-8", "surrogatepass")


def _changed_bytes(text: str, draw: random.Random) -> bytes:
    """Bytes replaced, or the rest cut off, or another encoding."""
    content = bytearray(text.encode())
    match draw.randrange(4):
        case 0:
            return bytes(content[: draw.randrange(len(content))])
        case 1:
            return text.encode(draw.choice(["utf-16", "utf-8-sig", "utf-32"]))
        case _:
            for _ in range(draw.randint(1, 20)):
                content[draw.randrange(len(content))] = draw.randrange(256)
            return bytes(content)
