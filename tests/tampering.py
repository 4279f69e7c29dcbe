"""Exports that were damaged or tampered with, and whether using them does anything that it should not."""

import io
import json
import os
import random
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np

from genrebench.common.cli import InputError
from genrebench.inference.description import write_description

HOSTILE = [
    *(None, True, False, 0, -1, 3, 10**9, 10**30, 1e308, 0.5, -0.5, "", "x", "x" * 5000, "../../secret", "/etc/passwd"),
    *([], {}, [None], {"a": 1}, [["mel"]], "os", "genrebench.common.cli", "\x00\r\n", "https://example.org/a", "none"),
]
NAMES = [
    "model/evil.py",
    "model/saved_model.pb",
    "weights/mel/model.onnx",
    "model/adapter_config.json",
    "weights/x.npz",
]


def tamper(folder, number, outside):
    """Change an export in a way that `number` decides; returns what was done.

    Half of the changes are told to the export's own list of files, as somebody would who wants it to be loaded.
    `outside` is a file that is none of its business.
    """
    dice = random.Random(number)
    knowing = dice.random() < 0.5
    kinds = [_json, _json, _bytes, _cut, _remove, _add, _link, _array, _swap]
    change = dice.choice(kinds)
    done = change(folder, dice, outside)
    if knowing:
        try:
            description = json.loads((folder / "export.json").read_text())
            write_description(folder, description)
        except (OSError, ValueError, TypeError, AttributeError, InputError):
            pass  # it is damaged beyond that
    return f"{number}: {done}{', told' if knowing else ''}"


def _paths(value, at=()):
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _paths(one, (*at, key))


def _json(folder, dice, outside):
    path = folder / "export.json"
    description = json.loads(path.read_text())
    where = dice.choice([at for at in _paths(description) if at and at[0] not in ("digest", "files")])
    parent = description
    for key in where[:-1]:
        parent = parent[key]
    value = dice.choice([*HOSTILE, str(outside)])
    if isinstance(parent, dict) and dice.random() < 0.2:
        del parent[where[-1]]
        value = "nothing"
    else:
        parent[where[-1]] = value
    path.write_text(json.dumps(description))
    return f"{'.'.join(map(str, where))} is {str(value)[:40]!r}"


def _some(folder, dice):
    return dice.choice(sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "README.md"))


def _bytes(folder, dice, outside):
    path = _some(folder, dice)
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 1, 8, 200])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    path.write_bytes(content)
    return f"bytes of {path.name}"


def _cut(folder, dice, outside):
    path = _some(folder, dice)
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])
    return f"the end of {path.name}"


def _remove(folder, dice, outside):
    path = _some(folder, dice)
    path.unlink()
    return f"no {path.name}"


def _add(folder, dice, outside):
    path = folder / dice.choice(NAMES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dice.choice([b"", b"import os", dice.randbytes(500)]))
    return f"also {path.name}"


def _link(folder, dice, outside):
    path = _some(folder, dice)
    if dice.random() < 0.3:
        path = path.parent if path.parent != folder else folder / "model"
        shutil.rmtree(path)
        path.symlink_to(outside.parent)
    else:
        path.unlink()
        path.symlink_to(outside)
    return f"{path.name} is a link"


def _swap(folder, dice, outside):
    first, second = _some(folder, dice), _some(folder, dice)
    if first != second:
        content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(content)
    return f"{first.name} and {second.name} change places"


class _Execute:
    """What a pickle can do."""

    def __reduce__(self):
        return os.system, ("true",)


def _array(folder, dice, outside):
    """Replace an archive of arrays by one that is valid in its format, and means harm."""
    archives = sorted((folder / "model").glob("*.npz")) + sorted((folder / "model").glob("*.skops"))
    path = dice.choice(archives)
    members = {}
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = dice.choice(sorted(members))
    how = dice.choice(["pickle", "huge", "other shape", "nan", "bomb", "type"])
    buffer = io.BytesIO()
    if how == "pickle":
        np.save(buffer, np.array([_Execute()], object), allow_pickle=True)
    elif how == "huge":
        np.lib.format.write_array_header_1_0(buffer, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)})
    elif how == "other shape":
        np.save(buffer, np.zeros((dice.randrange(5), dice.randrange(5)), np.float32))
    elif how == "nan":
        np.save(buffer, np.full(dice.choice([1, 3, (3, 16)]), np.nan))
    elif how == "bomb":
        np.save(buffer, np.zeros(5_000_000))
    text = members.get("schema.json", b"").decode()
    if how == "type" and text:
        for kind in ("RandomForestClassifier", "SVC", "Tree", "DecisionTreeClassifier"):
            text = text.replace(f'"__class__": "{kind}', '"__class__": "system')
        for module in ("sklearn.ensemble._forest", "sklearn.svm._classes", "sklearn.tree._classes"):
            text = text.replace(module, "os")
        members["schema.json"] = text.encode()
    else:
        members[name] = buffer.getvalue()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if how == "bomb" else zipfile.ZIP_STORED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return f"{name} of {path.name}: {how}"


def start(song, outside):
    """In a process of its own: watch what Python does, and return what an export says of a song."""
    from genrebench.inference.predictor import Predictor

    done = []
    watching = [False]
    forbidden = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "os.re")

    def watch(event, arguments):
        if not watching[0]:
            return
        if event == "open":
            name, _, flags = arguments
            if isinstance(name, str | os.PathLike | bytes):
                place = os.path.realpath(os.fsdecode(name))
                written = (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
                if place == str(outside) or (written and not place.startswith(("/dev/", "/proc/"))):
                    done.append(f"open {place}")
        elif event.startswith(forbidden):
            done.append(f"{event} {arguments}")

    sys.addaudithook(watch)

    def ask(folder):
        """The probabilities, or the sentence that refuses; and what was done that should not be."""
        done.clear()
        watching[0] = True
        try:
            answer = [round(p, 6) for p in Predictor(Path(folder)).predict(song).probabilities.tolist()]
        except InputError as error:
            answer = str(error)
        finally:
            watching[0] = False
        return answer, list(done)

    return ask
