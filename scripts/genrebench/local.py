"""local.yaml: the paths of one machine or person, which git ignores."""

from pathlib import Path
from typing import Any

import yaml

from genrebench.job import InputError

KEYS = {
    "gtzan": "a folder or an archive of GTZAN",
    "weights": "a folder for each pretrained feature, such as {vggish: /path/to/it}",
}


def settings(path: str | Path | None = "local.yaml") -> dict[str, Any]:
    """What a local.yaml holds, empty if there is none; raises InputError for keys that it may not have."""
    if path is None or not Path(path).is_file():
        return {}
    try:
        found = yaml.safe_load(Path(path).read_text()) or {}
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict) or set(found) - set(KEYS):
        known = " and ".join(f"{key}, {meaning}" for key, meaning in KEYS.items())
        raise InputError(f"{path} holds {found}, but may hold the keys {known}")
    return {key: value for key, value in found.items() if value is not None}
