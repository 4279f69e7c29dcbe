"""The configuration of a run: the defaults in the modules, the preset of the dataset, params.yaml, and `--config`.

What comes later in this list goes before what comes earlier. Mappings are merged key by key, everything else replaces
what it meets. In `features`, `models`, `protocols` and `ablation.models` null leaves an entry out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, create_model

from genrebench.common.cli import InputError
from genrebench.common.strict_model import StrictModel
from genrebench.workflow import ablation, messages
from genrebench.workflow.entries import features_of, is_precomputed, load_module, module_of
from genrebench.workflow.sections import NAME, PROTOCOLS, FileSettings, PrecomputedSettings, Sections

LIBRARY = Path(__file__).parents[1]
FOLDER = LIBRARY.parents[1] / "config"
SUITES = "config/suites.yaml"
KINDS = ("demo", "gtzan", "own")  # of datasets; each has a preset
ALL, AUTO = "all", "auto"  # suites that are not listed
ENTRIES = ("features", "models", "protocols")
# What says which runs of a model there are, and not what one of them does.
WHICH_RUNS = ("seeds", "protocols")
# What an ablation decides itself.
NOT_ABLATED = ("module", "features", "protocols")


@dataclass(frozen=True)
class Configuration:
    """The settings of a run, complete and checked.

    Attributes
    ----------
    sections : dict
        Those of params.yaml, as JSON has them, with every default. `models` are all that are known, `leakage.models`
        those of them that run.
    suite : tuple of str
        The models that run, in the order of `models`.
    features : tuple of str
        The features that are computed: all for the suite `all`, else what the suite's models, the plots and the
        studies read.
    preset : str
        The path of the dataset's preset.
    given : dict
        By path, what params.yaml (with `--config`) and the preset say themselves.
    listed_suite : str or None
        The name of the suite, if it is one of config/suites.yaml.
    """

    sections: dict[str, Any]
    suite: tuple[str, ...]
    features: tuple[str, ...]
    preset: str
    given: dict[str, dict[str, Any]]
    listed_suite: str | None = None

    @property
    def params(self) -> dict[str, Any]:
        """The sections with the models that run alone."""
        models = {name: self.sections["models"][name] for name in self.suite}
        return self.sections | {"models": models}


def load(path: str | Path = "params.yaml", dataset: str | None = None) -> dict[str, Any]:
    """The sections of a parameter file, complete and checked, with the models that run; see `Configuration`.

    `dataset` replaces the one that the file names. Raises InputError.
    """
    return _load(path, dataset).params


def load_all(path: str | Path = "params.yaml", dataset: str | None = None) -> dict[str, Any]:
    """As `load`, with all models that are known."""
    return _load(path, dataset).sections


def _load(path: str | Path, dataset: str | None) -> Configuration:
    params = read(path)
    if dataset is not None and isinstance(params, dict):
        params = params | {"dataset": dataset}
    return resolve(params, str(path))


def resolve(params: Any, path: str = "params.yaml") -> Configuration:
    """Complete and check what params.yaml says; `path` is its name in messages.

    Raises InputError with one sentence: the file, the setting, what was found, what is allowed.
    """
    if not isinstance(params, dict):
        raise InputError(f"{path} is {type(params).__name__}, but must be a mapping of keys to values.")
    kind = kind_of(params.get("dataset", "demo"))
    preset_path = f"config/presets/{kind}.yaml"
    preset = read(FOLDER / "presets" / f"{kind}.yaml", preset_path)
    suites = read(FOLDER / "suites.yaml", SUITES)
    merged = _merge(_about_entries_of(params, preset), params)
    given = {path: deepcopy(params), preset_path: preset}  # Snakemake's own mapping goes on changing
    check = _Check(given)
    check.modules(merged)
    model = sections_model(merged)
    try:
        sections = model.model_validate(merged).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        fault = messages.Fault(error, model)
        raise InputError(f"{check.file_of(fault.path)}: {fault.text}") from None
    for section in ENTRIES:
        if not sections[section]:
            raise InputError(f"{path}: {section} is empty, but needs at least one entry.")
    suite, listed_suite = _suite(sections, preset, suites, check)
    _keep_what_runs(sections, suite, params)
    check.names(sections)
    check.ablation(sections)
    ablation.check(sections, path)
    features = _features(sections, suite, preset)
    return Configuration(sections, suite, features, preset_path, given, listed_suite)


def with_types(params: Any, given: Any) -> Any:
    """`params`, in which what `given` has too, and Snakemake's `--config` gave as text, is what YAML reads from it.

    Snakemake reads `--config 'models={cnn: {epochs: 3}}'` without types: 3 is text.
    """
    if isinstance(given, dict) and isinstance(params, dict):
        return params | {key: with_types(params[key], given[key]) for key in given if key in params}
    if isinstance(params, list):
        return [with_types(value, value) for value in params]
    if isinstance(params, str):
        try:
            return yaml.safe_load(params)
        except yaml.YAMLError:
            return params
    return params


def kind_of(dataset: Any) -> str:
    """The kind of a dataset, which names its preset: demo, gtzan, or own."""
    return dataset if dataset in KINDS[:2] else KINDS[2]


def settings_class(kind: str, module: str) -> type[StrictModel]:
    """The class `Settings` of a module of `kind`, features or models."""
    return load_module(kind, module).Settings


def sections_model(params: Mapping[str, Any]) -> type[Sections]:
    """The pydantic model of params.yaml for the features, models and protocols that `params` has.

    A section that is no mapping is left to it to refuse.
    """
    fields: dict[str, Any] = {}
    for section, description in (
        ("features", "The features, by name; {} takes the defaults. precomputed: only a dataset that comes with it."),
        ("models", "The models, by name; {} takes the defaults. Those of `suite` run."),
        ("protocols", "Split protocols, by name: those of the preset, and these. One with `file` is a split of yours."),
    ):
        entries = params.get(section)
        classes: dict[str, Any] = {
            str(name): (_entry_class(section, name, entry), Field(description=_summary(section, name, entry)))
            for name, entry in (entries.items() if isinstance(entries, dict) else ())
        }
        entry_model = create_model(section.capitalize(), __base__=StrictModel, **classes)
        # a preset has protocols too, so params.yaml need not
        default = entry_model() if section == "protocols" and not classes else ...
        fields[section] = (entry_model, Field(default, description=description))
    return create_model("Params", __base__=Sections, **fields)


def _entry_class(section: str, name: str, entry: Any) -> Any:
    if section == "protocols":
        return PROTOCOLS.get(name, FileSettings)
    if section == "features" and is_precomputed(entry):
        return PrecomputedSettings if isinstance(entry, dict) else Literal["precomputed"]
    return settings_class(section, module_of(name, entry))


def _summary(section: str, name: str, entry: Any) -> str:
    if section == "protocols":
        return " ".join((PROTOCOLS.get(name, FileSettings).__doc__ or "").split())
    if section == "features" and is_precomputed(entry):
        return "A feature that a dataset brings."
    module = load_module(section, module_of(name, entry))
    return (module.__doc__ or "").strip().splitlines()[0]


class _Check:
    """The checks of a configuration that pydantic cannot make: what its entries say of one another."""

    def __init__(self, given: dict[str, dict[str, Any]]):
        self.given = given  # by file, params.yaml first
        self.path, self.preset = given

    def file_of(self, where: Sequence[str]) -> str:
        """The file that has the setting at a path, or the most of its path; of equals params.yaml."""
        return max(self.given, key=lambda file: _depth(self.given[file], where))

    def modules(self, merged: dict[str, Any]) -> None:
        """Each entry has a name that files can have, and a module."""
        for section in ENTRIES:
            entries = merged.get(section)
            for name, entry in entries.items() if isinstance(entries, dict) else ():
                if not isinstance(name, str) or not re.fullmatch(NAME, name):
                    raise InputError(
                        f"{self.path}: {section}: the name '{name}' is not allowed (names are of a to z, 0 to 9 and _)."
                    )
                if section == "protocols":
                    if name not in PROTOCOLS and not (isinstance(entry, dict) and "file" in entry):
                        raise InputError(
                            f"{self.path}: protocols.{name} is no protocol of this project"
                            f"{messages.nearest(name, list(PROTOCOLS))}; known are {', '.join(PROTOCOLS)}, and a split "
                            "of your own has `file: path/to/split.csv`."
                        )
                elif not (section == "features" and is_precomputed(entry)):
                    module = module_of(name, entry)
                    if not (LIBRARY / section / f"{module}.py").is_file():
                        known = [file.stem for file in (LIBRARY / section).glob("[a-z]*.py")]
                        raise InputError(f"{self.path}: {messages.unknown(f'{section}.{name}', module, known)}")

    def names(self, sections: dict[str, Any]) -> None:
        """Names of features, models and protocols are of some that there are."""
        for protocol, settings in sections["protocols"].items():
            if protocol != "holdout" and settings.get("test", 0) + settings.get("valid", 0) >= 1:
                self._refuse(f"protocols.{protocol}", "test and valid are the whole; nothing is left to train on.")
        for model, settings in sections["models"].items():
            self._known(f"models.{model}.features", features_of(settings), sections["features"])
            self._known(f"models.{model}.protocols", settings.get("protocols", ()), sections["protocols"])
            if settings.get("augmentation", {}).get("crop") and "segments" not in settings:
                self._refuse(f"models.{model}.augmentation.crop", "needs `segments`: their length is the crop's.", "")
        self._known("leakage.models", sections["leakage"]["models"], sections["models"])
        own = sections["ablation"]
        for model in own["models"]:
            self._known(f"ablation.models.{model}", [model], sections["models"])
        self._known("ablation.features", own["features"], sections["features"])
        self._known("ablation.protocol", [own["protocol"]], sections["protocols"])
        if "length_s" in sections["protocols"][own["protocol"]]:
            self._refuse("ablation.protocol", f"is {own['protocol']}, whose numbers mean nothing: name another.", "")

    def ablation(self, sections: dict[str, Any]) -> None:
        """The settings that an ablation has for a model are some of that model's."""
        for name, own in sections["ablation"]["models"].items():
            entry = sections["models"][name]
            model = settings_class("models", module_of(name, entry))
            where = f"ablation.models.{name}"
            for key in own:
                if key in NOT_ABLATED or key not in model.model_fields:
                    known = set(model.model_fields) - set(NOT_ABLATED)
                    raise InputError(
                        f"{self._file(f'{where}.{key}')}: {messages.unknown(f'{where}.{key}', key, known)}"
                    )
            try:
                model.model_validate(entry | own)
            except ValidationError as error:
                fault = messages.Fault(error, model)
                path = ".".join((where, *fault.path))
                raise InputError(f"{self._file(path)}: {where}.{fault.text}") from None

    def _known(self, where: str, names: Iterable[str], known: Iterable[str]) -> None:
        for name in names:
            if name not in known:
                raise InputError(f"{self._file(where)}: {messages.unknown(where, name, known)}")

    def _refuse(self, where: str, why: str, between: str = ":") -> None:
        raise InputError(f"{self._file(where)}: {where}{between} {why}")

    def _file(self, where: str) -> str:
        return self.file_of(where.split("."))


def _suite(
    sections: dict[str, Any], preset: dict[str, Any], suites: dict[str, list[str]], check: _Check
) -> tuple[tuple[str, ...], str | None]:
    """The models that run, and the name of the suite if it is a listed one."""
    asked, file = sections["suite"], check.file_of(["suite"])
    if asked == AUTO:
        asked, file = preset.get("suite", ALL), check.preset
    if asked == ALL:
        return tuple(sections["models"]), None
    listed = asked if isinstance(asked, str) else None
    if isinstance(asked, str):
        if asked not in suites:
            known = [AUTO, ALL, *suites]
            raise InputError(f"{file}: {messages.unknown('suite', asked, known)}")
        asked = suites[asked]
        if not any(name in asked for name in sections["models"]):
            raise InputError(f"{check.path}: suite: none of its models ({', '.join(asked)}) is listed under `models`.")
    else:
        check._known("suite", asked, sections["models"])
    return tuple(name for name in sections["models"] if name in asked), listed


def _keep_what_runs(sections: dict[str, Any], suite: tuple[str, ...], params: dict[str, Any]) -> None:
    """Of the names that are defaults, or a preset's, keep those that there are; those of params.yaml are checked."""
    leakage = sections["leakage"]
    if "models" not in (params.get("leakage") or {}):
        leakage["models"] = [name for name in leakage["models"] if name in sections["models"]]
    unknown = [name for name in leakage["models"] if name not in sections["models"]]
    leakage["models"] = [*unknown, *(name for name in leakage["models"] if name in suite)] or [suite[0]]
    own, given = sections["ablation"], params.get("ablation") or {}
    if "models" not in given:
        own["models"] = {name: entry for name, entry in own["models"].items() if name in sections["models"]}
    if "features" not in given:
        own["features"] = [name for name in own["features"] if name in sections["features"]]
    if "protocol" not in given and own["protocol"] not in sections["protocols"]:
        own["protocol"] = next(iter(sections["protocols"]))


def _features(sections: dict[str, Any], suite: tuple[str, ...], preset: dict[str, Any]) -> tuple[str, ...]:
    """The features that are computed."""
    if ALL in (sections["suite"], preset.get("suite") if sections["suite"] == AUTO else None):
        return tuple(sections["features"])
    read = {name for model in suite for name in features_of(sections["models"][model])}
    read |= {"tabular", *sections["study"]["labels"]["features"]}
    return tuple(name for name in sections["features"] if name in read)


def _depth(params: Any, where: Sequence[str]) -> int:
    """How many parts of a path there are in a mapping."""
    depth = 0
    for part in where:
        if not isinstance(params, dict) or part not in params:
            break
        params, depth = params[part], depth + 1
    return depth


def _about_entries_of(params: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """A preset without what it says about features and models that params.yaml does not list."""
    kept = dict(preset)
    for section in ("features", "models"):
        entries = params.get(section)
        if section in kept and isinstance(entries, dict):
            kept[section] = {name: entry for name, entry in kept[section].items() if name in entries}
    return kept


def _merge(*layers: dict[str, Any], at: tuple[str, ...] = ()) -> dict[str, Any]:
    """Mappings merged key by key, the later before the earlier; null leaves an entry out."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, dict):
                earlier = merged.get(key)
                merged[key] = _merge(earlier if isinstance(earlier, dict) else {}, value, at=(*at, key))
            else:
                merged[key] = value
    if at in {*((section,) for section in ENTRIES), ("ablation", "models")}:
        return {key: value for key, value in merged.items() if value is not None}
    return merged


def read(file: str | Path, name: str | None = None) -> Any:
    """What a YAML file has; `name` is what messages call it. Raises InputError if it is not valid YAML."""
    try:
        return yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise InputError(f"{name or file} is not valid YAML: {' '.join(str(error).split())}") from None
