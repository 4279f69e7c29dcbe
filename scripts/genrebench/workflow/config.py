"""params.yaml: its schema and the sentences that say what is wrong with it."""

import difflib
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from genrebench.common.cli import InputError
from genrebench.workflow import ablation, code_closure
from genrebench.workflow.entries import is_precomputed, module_of

LIBRARY = Path(__file__).parents[1]
# What every feature and every model understands beside its own SETTINGS.
MODULE = {"module": {"description": "The module that serves the entry, if not of the entry's name.", "type": "string"}}
MODEL_SETTINGS = {
    "features": {
        "description": "The features that the model reads.",
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": "string"},
    },
    "seeds": {
        "description": "Instead of the seeds of all models; one is enough where nothing is drawn.",
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": "integer", "minimum": 0},
    },
    "protocols": {
        "description": "Instead of all protocols, those under which the model is run.",
        "type": "array",
        "minItems": 1,
        "uniqueItems": True,
        "items": {"type": "string"},
    },
    "scaler_fit_on": {
        "description": "Clips that the scaler sees: train, or all as in paper 001 (marked where it is used).",
        "enum": ["train", "all"],
    },
    "segments": {
        "description": "Train on segments of length_s seconds each hop_s, and predict a clip by their mean.",
        "type": "object",
        "additionalProperties": False,
        "required": ["length_s", "hop_s"],
        "properties": {
            "length_s": {"description": "Length in seconds.", "type": "number", "exclusiveMinimum": 0},
            "hop_s": {
                "description": "From start to start, in seconds.",
                "type": "number",
                "exclusiveMinimum": 0,
            },
        },
    },
    "cut": {
        "description": (
            "Cut time axes to this percentile of the training clips' lengths, but not below at_least steps (paper "
            "001). It does nothing to segments."
        ),
        "type": "object",
        "additionalProperties": False,
        "required": ["percentile", "at_least"],
        "properties": {
            "percentile": {"description": "Of the lengths.", "type": "number", "minimum": 0, "maximum": 100},
            "at_least": {"description": "Floor in steps of the axis.", "type": "integer", "minimum": 1},
        },
    },
}
# What says which runs of a model there are, and not what one of them does.
FOR_DATASET = "for_dataset"
NO_EMBEDDING = "none"
WHICH_RUNS = ("seeds", "protocols")


def load(path: str | Path = "params.yaml") -> dict[str, Any]:
    """Read and validate a parameter file."""
    try:
        params = yaml.safe_load(Path(path).read_text())
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    validate(params, str(path))
    return params


def validate(params: Any, path: str = "params.yaml") -> None:
    """Raise an `InputError` of one sentence (where, what was found, what is allowed) if `params` is not valid."""
    for kind in ("features", "models"):
        entries = params.get(kind) if isinstance(params, dict) else None
        for name, settings in entries.items() if isinstance(entries, dict) else ():
            module = module_of(name, settings)
            if kind == "features" and is_precomputed(settings):
                continue
            if not (LIBRARY / kind / f"{module}.py").is_file():
                raise InputError(_unknown(path, f"{kind}.{name}", module, _modules(kind)))
    _validate(params, path)
    entries = [*params["models"].values(), *params["protocols"].values(), params.get("ablation", {})]
    for dataset in (None, *sorted({name for entry in entries for name in entry.get(FOR_DATASET, ())})):
        resolved = for_dataset(params, dataset)
        _validate(resolved, path)
        _validate_names(resolved, path)
        ablation.check(resolved, path)


def _validate(params: Any, path: str) -> None:
    errors = Draft202012Validator(schema(params if isinstance(params, dict) else {})).iter_errors(params)
    error = best_match(errors, key=lambda e: (-len(e.path), e.validator != "additionalProperties"))
    if error is not None:
        raise InputError(_sentence(error, path))


def _validate_names(params: dict[str, Any], path: str) -> None:
    """What entries say of one another."""
    for protocol, settings in params["protocols"].items():
        if protocol != "holdout" and settings.get("test", 0) + settings.get("valid", 0) >= 1:
            raise InputError(
                f"{path}: protocols.{protocol}: test and valid are the whole; nothing is left to train on."
            )
    for model in params["leakage"]["models"]:
        if model not in params["models"]:
            raise InputError(_unknown(path, "leakage.models", model, sorted(params["models"])))
    for model, settings in params["models"].items():
        for feature in features_of(settings):
            if feature not in params["features"]:
                raise InputError(_unknown(path, f"models.{model}.features", feature, sorted(params["features"])))
        for protocol in settings.get("protocols", ()):
            if protocol not in params["protocols"]:
                raise InputError(_unknown(path, f"models.{model}.protocols", protocol, sorted(params["protocols"])))
        if settings.get("augmentation", {}).get("crop") and "segments" not in settings:
            raise InputError(f"{path}: models.{model}.augmentation.crop needs `segments`: their length is the crop's.")
    protocol = params.get("ablation", {}).get("protocol")
    if protocol is not None and protocol not in params["protocols"]:
        raise InputError(_unknown(path, "ablation.protocol", protocol, sorted(params["protocols"])))
    if protocol is not None and "length_s" in params["protocols"][protocol]:
        raise InputError(f"{path}: ablation.protocol is {protocol}, whose numbers mean nothing: name another.")


def for_dataset(params: dict[str, Any], dataset: str | None) -> dict[str, Any]:
    """The parameters for a dataset: in each entry, those of its `for_dataset.<dataset>` in the place of the others.

    Entries are models, protocols, and section `ablation`.
    """
    kinds = ("protocols", "models")
    resolved = {kind: {name: entry_for(entry, dataset) for name, entry in params[kind].items()} for kind in kinds}
    own = {"ablation": entry_for(params["ablation"], dataset)} if "ablation" in params else {}
    return params | resolved | own


def entry_for(entry: dict[str, Any], dataset: str | None) -> dict[str, Any]:
    """A protocol or model for a dataset; for None, as it is for those that `for_dataset` does not name."""
    own = entry.get(FOR_DATASET, {}).get(dataset, {})
    return {key: value for key, value in entry.items() if key != FOR_DATASET} | own


def features_of(settings: dict[str, Any]) -> list[str]:
    """The features that a model reads: `features`, and the one that it names as its `embedding`."""
    embedding = settings.get("embedding", NO_EMBEDDING)
    return list(dict.fromkeys([*settings["features"], *([] if embedding == NO_EMBEDDING else [embedding])]))


def schema(params: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema for these parameters: schema.yaml with the settings of their features and models."""
    result = deepcopy(_frame())
    for kind, common in (("features", {}), ("models", MODEL_SETTINGS)):
        entries = params.get(kind)
        node = result["properties"][kind]
        node["additionalProperties"] = False
        node["properties"] = {}
        for name, settings in entries.items() if isinstance(entries, dict) else ():
            if kind == "features" and is_precomputed(settings):
                node["properties"][name] = {"$ref": "#/$defs/precomputed"}
                continue
            module = LIBRARY / kind / f"{module_of(name, settings)}.py"
            own = code_closure.constant(module, "SETTINGS")
            entry = {"type": "object", "additionalProperties": False, "properties": {**MODULE, **common, **own}}
            required = list(own)
            if kind == "models":
                required += ["features", *(["scaler_fit_on"] if code_closure.constant(module, "SCALES", True) else [])]
                variants = {
                    "description": "By dataset, the settings that it has instead.",
                    "type": "object",
                    "additionalProperties": {"type": "object"},  # judged when they stand in the place of the others
                }
                entry["properties"][FOR_DATASET] = variants
            node["properties"][name] = entry | {"required": required}
    _complete_ablation(result["properties"])
    return result


def _complete_ablation(sections: dict[str, Any]) -> None:
    """Put into the schema of section `ablation` the names and the settings that the other sections have."""
    own = sections["ablation"]["properties"]
    own["features"]["items"] = {"enum": sorted(sections["features"]["properties"])}
    own["models"]["properties"] = {
        model: {
            "type": ["object", "null"],
            "additionalProperties": False,
            "properties": {
                name: setting
                for name, setting in entry["properties"].items()
                if name not in ("module", "features", "protocols", FOR_DATASET)
            },
        }
        for model, entry in sections["models"]["properties"].items()
    }


@cache
def _frame() -> dict[str, Any]:
    return yaml.safe_load((Path(__file__).parent / "schema.yaml").read_text())


def _modules(kind: str) -> list[str]:
    return sorted(path.stem for path in (LIBRARY / kind).glob("[a-z]*.py"))


def _sentence(error: ValidationError, path: str) -> str:
    where = ".".join(str(part) for part in error.absolute_path)
    here = f"{path}: {where}" if where else path
    found = _short(error.instance)
    match error.validator:
        case "additionalProperties":
            allowed = sorted(error.schema.get("properties", {}))
            unknown = next(key for key in error.instance if key not in allowed)
            return _unknown(path, f"{where}.{unknown}".lstrip("."), unknown, allowed)
        case "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            if "file" in error.validator_value and "protocols" in where:
                name = where.split(".")[-1]
                known = list(schema({})["properties"]["protocols"]["properties"])
                return (
                    f"{here} is no protocol of this project{_nearest(name, known)}; known are {', '.join(known)}, "
                    "and a split of your own has `file: path/to/split.csv`."
                )
            return f"{here} lacks the key '{missing}' ({_describe(error.schema['properties'].get(missing, {}))})."
        case "enum":
            hint = _nearest(str(error.instance), [str(v) for v in error.validator_value])
            return f"{here} is {found}, but must be one of {', '.join(map(str, error.validator_value))}{hint}."
        case "type":
            return f"{here} is {found}, but must be {_article(error.validator_value)}{_about(error)}."
        case "pattern":
            return f"{here} is {found}, which is not allowed{_about(error)}."
        case "oneOf":
            return f"{here} is {found}, which is not allowed{_about(error)}."
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            words = {
                "minimum": "at least",
                "maximum": "at most",
                "exclusiveMinimum": "more than",
                "exclusiveMaximum": "less than",
            }
            return f"{here} is {found}, but must be {words[error.validator]} {error.validator_value}{_about(error)}."
        case "minItems" | "minProperties":
            return f"{here} is empty, but needs at least one entry{_about(error)}."
        case "uniqueItems":
            return f"{here} is {found}, in which an entry is repeated."
        case _:
            return f"{here} is {found}: {error.message}{_about(error)}."


def _unknown(path: str, where: str, name: str, allowed: list[str]) -> str:
    return f"{path}: {where}: '{name}' is unknown{_nearest(name, allowed)}; known are {', '.join(allowed)}."


def _nearest(name: str, allowed: list[str]) -> str:
    by_lower = {known.lower(): known for known in allowed}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return f" (did you mean '{by_lower[close[0]]}'?)" if close else ""


def _about(error: ValidationError) -> str:
    description = _describe(error.schema)
    return f" ({description})" if description else ""


def _describe(schema: dict[str, Any]) -> str:
    return " ".join(schema.get("description", "").split()).rstrip(".")


def _article(kind: str | list[str]) -> str:
    return {
        "integer": "a whole number",
        "array": "a list",
        "object": "a mapping of keys to values",
        "string": "text",
    }.get(str(kind), f"a {kind}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
