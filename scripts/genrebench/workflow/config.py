"""The configuration of a run: the defaults in the modules, config/variants.yaml, the preset, params.yaml, `--config`.

What comes later in this list goes before what comes earlier. Mappings are merged key by key, everything else replaces
what it meets. In `features`, `models`, `protocols`, `variants` and `ablation.models` null leaves an entry out.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, create_model

from genrebench.common.cli import InputError
from genrebench.common.strict_model import StrictModel
from genrebench.workflow import ablation, messages, settings_file
from genrebench.workflow.availability import configured_protocols
from genrebench.workflow.entries import (
    entry_name,
    features_of,
    is_precomputed,
    load_module,
    module_of,
    parse_entry_name,
)
from genrebench.workflow.sections import NAME, PROTOCOLS, FileSettings, PrecomputedSettings, Sections, splits_of
from genrebench.workflow.settings_file import in_one_line, short

LIBRARY = Path(__file__).parents[1]
FOLDER = LIBRARY.parents[1] / "config"
SUITES = "config/suites.yaml"
VARIANTS = "config/variants.yaml"
KINDS = ("demo", "gtzan", "own")  # of datasets; each has a preset
ALL, AUTO = "all", "auto"  # suites that are not listed
ENTRIES = ("features", "models", "protocols")
MAX_RUNS = 10_000  # Snakemake needs minutes to derive the jobs of as many
MOST_SHOWN = 20  # faults
# What says which runs of a model there are, and not what one of them does.
WHICH_RUNS = ("seeds", "protocols")
# What an ablation decides itself.
NOT_ABLATED = ("module", "features", "protocols", "degraded_copies")


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
        By path, what params.yaml (with `--config`), the preset and config/variants.yaml say themselves.
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
    params = settings_file.read(path)
    if dataset is not None and isinstance(params, dict):
        params = params | {"dataset": dataset}
    return resolve(params, str(path))


def resolve(params: Any, path: str = "params.yaml") -> Configuration:
    """Complete and check what params.yaml says; `path` is its name in messages.

    Raises InputError with a line for each fault: the file, the setting, what was found, what is allowed.
    """
    _require_plain(params, path)
    kind = kind_of(params.get("dataset", "demo"))
    preset_path = f"config/presets/{kind}.yaml"
    preset = _read_mapping(FOLDER / "presets" / f"{kind}.yaml", preset_path)
    for section in ENTRIES:
        if not isinstance(entries := preset.get(section, {}), dict):
            raise InputError(f"{preset_path}: {section} is {short(entries)}, but must be a mapping of keys to values.")
    suites = _read_suites()
    shared = _read_mapping(FOLDER / "variants.yaml", VARIANTS)
    merged = _merge(_possible_variants(params, shared), _about_entries_of(params, preset), params)
    given = {path: deepcopy(params), preset_path: preset, VARIANTS: shared}  # Snakemake's own mapping goes on changing
    check = _Check(given, merged)
    # a model first, so that what is wrong with it is not said again of its variants
    _, valid = check.values(check.modules(merged))
    sections, _ = check.values(check.variants(valid))
    _keep_what_there_is(sections, params)
    check.names(sections)
    check.ablation(sections)
    _add_selected(sections, check)
    suite, listed_suite = _suite(sections, preset, suites, check)
    _keep_models_of_leakage(sections, suite)
    check.runs(sections, suite)
    check.end()
    features = _features(sections, suite, preset, params)
    return Configuration(sections, suite, features, preset_path, given, listed_suite)


def _require_plain(params: Any, path: str) -> None:
    """Raise InputError where settings are no mapping, or have what no setting is, such as infinity."""
    if not isinstance(params, dict):
        raise InputError(f"{path} is {short(params)}, but must be a mapping of keys to values.")
    if found := [f"{path}: {sentence}" for _, sentence in settings_file.faults(params)]:
        raise InputError(_listing(found))


def _read_mapping(file: Path, name: str) -> dict[str, Any]:
    settings = settings_file.read(file, name) or {}
    _require_plain(settings, name)
    return dict(settings)


def _read_suites() -> dict[str, Any]:
    """The models of each suite: a list, or the protocols of each."""
    suites = _read_mapping(FOLDER / "suites.yaml", SUITES)
    for name, models in suites.items():
        protocols = list(models.values()) if isinstance(models, dict) else []
        if not isinstance(models, list | dict) or not all(isinstance(model, str) for model in models):
            raise InputError(f"{SUITES}: {in_one_line(name)} is {short(models)}, but must be a list of models.")
        if wrong := [own for own in protocols if own is not None and own != [one for one in own if one in PROTOCOLS]]:
            raise InputError(
                f"{SUITES}: {in_one_line(name)} has {short(wrong[0])}, but the protocols of a model must be a list of "
                f"{', '.join(PROTOCOLS)}."
            )
    return suites


def _listing(found: Sequence[str]) -> str:
    """Sentences about faults, one a line."""
    lines = [in_one_line(one) for one in dict.fromkeys(found)]
    if len(lines) == 1:
        return lines[0]
    more = [f"... and {len(lines) - MOST_SHOWN} more"] if len(lines) > MOST_SHOWN else []
    return "\n  ".join([f"{len(lines)} settings are wrong:", *lines[:MOST_SHOWN], *more])


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
            return settings_file.parse(params, "--config")
        except InputError:
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
    """The checks of a configuration, which collect what they find, so that a person mends all of it at once.

    What is wrong is left out, and its default checked in its place; so nothing that only follows is said.
    """

    def __init__(self, given: dict[str, dict[str, Any]], merged: dict[str, Any]):
        self.given = given  # by file, params.yaml first
        self.path, self.preset, _ = given
        # whatever is wrong with it, an entry is there
        self.listed = {section: list(_mapping(merged.get(section))) for section in ENTRIES}
        self.found: list[tuple[tuple[str, ...], str]] = []  # path, sentence

    def add(self, where: Sequence[str], sentence: str, file: str | None = None) -> None:
        """A fault at a path; one within another that was found, or around it, follows from it."""
        path = tuple(where)
        if not any(path[: len(other)] == other[: len(path)] for other, _ in self.found):
            self.found.append((path, f"{file or self.file_of(path)}: {sentence}"))

    def end(self) -> None:
        """Raise InputError with all that was found, if anything was."""
        if self.found:
            raise InputError(_listing([sentence for _, sentence in self.found]))

    def file_of(self, where: Sequence[str]) -> str:
        """The file that has the setting at a path, or the most of its path; of equals params.yaml."""
        if where[:1] in (["models"], ("models",)) and len(where) > 1 and parse_entry_name(where[1])[1]:
            where = ("variants", *parse_entry_name(where[1]), *where[2:])
        return max(self.given, key=lambda file: _depth(self.given[file], where))

    def modules(self, merged: dict[str, Any]) -> dict[str, Any]:
        """What is left without the entries that have no name that files can have, or no module."""
        for section in ENTRIES:
            entries = _mapping(merged.get(section))
            known = [file.stem for file in (LIBRARY / section).glob("[a-z]*.py")]
            wrong = []
            for name, entry in entries.items():
                before = len(self.found)
                if not re.fullmatch(NAME, name):
                    self.add(
                        (section, name),
                        f"{section}: the name {short(name)} is not allowed (names are of a to z, 0 to 9 and _, begin "
                        "with a letter, and have at most 60).",
                        self.path,
                    )
                elif section == "protocols":
                    if name not in PROTOCOLS and not (isinstance(entry, dict) and "file" in entry):
                        self.add(
                            (section, name),
                            f"protocols.{name} is no protocol of this project"
                            f"{messages.nearest(name, list(PROTOCOLS))}; known are {', '.join(PROTOCOLS)}, and a split "
                            "of your own has `file: path/to/split.csv`.",
                            self.path,
                        )
                elif not (section == "features" and is_precomputed(entry)) and module_of(name, entry) not in known:
                    self.add(
                        (section, name),
                        messages.unknown(f"{section}.{name}", module_of(name, entry), known),
                        self.path,
                    )
                if len(self.found) > before:
                    wrong.append(name)
            if wrong:
                merged = merged | {section: {name: entries[name] for name in entries if name not in wrong}}
        return merged

    def variants(self, merged: dict[str, Any]) -> dict[str, Any]:
        """The same with the variants as models, each after the one that it is a variant of."""
        variants = _mapping(merged.get("variants"))
        for model, of_model in variants.items():
            if model not in self.listed["models"]:
                self.add(("variants", model), messages.unknown("variants", model, self.listed["models"]))
            for name in _mapping(of_model):
                if not re.fullmatch(NAME, name) or name in ablation.RESERVED:
                    self.add(
                        ("variants", model, name),
                        f"variants.{model}: the name {short(name)} is not allowed (names are of a to z, 0 to 9 and _, "
                        f"begin with a letter, have at most 60, and are none of {', '.join(ablation.RESERVED)}).",
                    )
        models = {}
        for model, entry in _mapping(merged.get("models")).items():
            models[model] = entry
            for name, own in _mapping(variants.get(model)).items():
                if isinstance(entry, dict) and isinstance(own, dict):  # pydantic refuses other kinds
                    base = {key: value for key, value in entry.items() if key != "protocols"}
                    models[entry_name(model, name)] = {"module": module_of(model, entry), **_merge(base, own)}
        self.listed["models"] = list(dict.fromkeys([*self.listed["models"], *models]))
        return merged | ({"models": models} if models else {})

    def values(self, merged: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The sections, complete, and `merged` without what is wrong, of which they have the defaults."""
        is_first = True
        while True:
            model = sections_model(merged)
            try:
                sections = model.model_validate(merged).model_dump(mode="json", exclude_none=True)
                break
            except ValidationError as error:
                faults = messages.faults(error, model)
            for path, sentence in faults if is_first else ():
                self.add(path, sentence)
            is_first = False
            for path, _ in faults:
                left = _without(merged, path)
                if left is None:  # a section that has no default
                    self.end()
                    raise InputError(f"{self.path}: {faults[0][1]}")
                merged = left
        for section in ENTRIES:
            if not sections[section]:
                self.add((section,), f"{section} is empty, but needs at least one entry.", self.path)
                self.end()
        return sections, merged

    def names(self, sections: dict[str, Any]) -> None:
        """Names of features, models and protocols are of some that there are."""
        for protocol, settings in sections["protocols"].items():
            if protocol != "holdout" and settings.get("test", 0) + settings.get("valid", 0) >= 1:
                self._refuse(f"protocols.{protocol}", "test and valid are the whole; nothing is left to train on.")
        for model, settings in sections["models"].items():
            base, variant = parse_entry_name(model)
            inherited = sections["models"][base] if variant else {"features": []}
            read = [feature for feature in features_of(settings) if feature not in features_of(inherited)]
            self._known(f"models.{model}.features", read, "features")
            self._known(f"models.{model}.protocols", settings.get("protocols", ()), "protocols")
            conditions = sections["robustness"]["conditions"]
            for condition in settings.get("degraded_copies", ()):
                if condition not in {*conditions, *inherited.get("degraded_copies", ())}:
                    where = f"models.{model}.degraded_copies"
                    self.add((*where.split("."), condition), messages.unknown(where, condition, conditions))
            is_cropped = settings.get("augmentation", {}).get("crop") and not inherited.get("augmentation", {}).get(
                "crop"
            )
            if is_cropped and "segments" not in settings:
                self._refuse(f"models.{model}.augmentation.crop", "needs `segments`: their length is the crop's.", "")
        self._known("leakage.models", sections["leakage"]["models"], "models")
        for where, kind in (("study.labels.features", "features"), ("study.saliency.models", "models")):
            if _depth(self.given[self.path], parts := where.split(".")) == len(parts):  # no default
                self._known(where, sections["study"][parts[1]][parts[2]], kind)
        for feature, settings in sections["features"].items():
            if not is_precomputed(settings):
                module = load_module("features", module_of(feature, settings))
                unfit = getattr(module, "unfit", lambda *_: None)(settings, sections["audio"]["sample_rate"])
                if unfit:
                    self._refuse(f"features.{feature}", unfit)
        own = sections["ablation"]
        for model in own["models"]:
            self._known(f"ablation.models.{model}", [model], "models")
        self._known("ablation.features", own["features"], "features")
        self._known("ablation.protocol", [own["protocol"]], "protocols")
        if "length_s" in sections["protocols"].get(own["protocol"], ()):
            self._refuse("ablation.protocol", f"is {own['protocol']}, whose numbers mean nothing: name another.", "")
        study = sections["robustness"]
        self._known("robustness.models", study.get("models", ()), "models")
        self._known("robustness.protocol", [study["protocol"]], "protocols")
        if "length_s" in sections["protocols"].get(study["protocol"], ()):
            self._refuse(
                "robustness.protocol", f"is {study['protocol']}, whose numbers mean nothing: name another.", ""
            )

    def ablation(self, sections: dict[str, Any]) -> None:
        """The settings that an ablation has for a model are some of that model's, and it can do without a feature."""
        own = sections["ablation"]
        own = own | {
            "models": {name: entry for name, entry in own["models"].items() if name in sections["models"]},
            "features": [name for name in own["features"] if name in sections["features"]],
        }
        for name, settings in own["models"].items():
            entry = sections["models"][name]
            model = settings_class("models", module_of(name, entry))
            where = f"ablation.models.{name}"
            known = set(model.model_fields) - set(NOT_ABLATED)
            for key in sorted(set(settings) - known):
                self.add((*where.split("."), key), messages.unknown(f"{where}.{key}", key, known))
            try:
                model.model_validate(entry | {key: settings[key] for key in settings if key in known})
            except ValidationError as error:
                for path, sentence in messages.faults(error, model):
                    self.add((*where.split("."), *path), f"{where}.{sentence}")
        for place, sentence in ablation.faults(sections | {"ablation": own}):
            self.add(place, sentence, self.path)

    def runs(self, sections: dict[str, Any], suite: Sequence[str]) -> None:
        """There are no more runs than Snakemake can have jobs for."""
        splits = {name: len(splits_of(name, settings)) for name, settings in sections["protocols"].items()}
        runs = 0
        for name in suite:
            entry = sections["models"][name]
            of_seed = sum(splits.get(protocol, 0) for protocol in configured_protocols(entry, sections["protocols"]))
            runs += of_seed * len(entry.get("seeds", sections["seeds"]))
        if runs > MAX_RUNS:
            self.add(
                ("seeds",),
                f"the models of the suite, their seeds and the splits make {runs} runs, but at most {MAX_RUNS} can be "
                "made: take fewer seeds, repeats, folds or models.",
            )

    def _known(self, where: str, names: Iterable[str], kind: str) -> None:
        known = self.listed[kind]
        for name in names:
            if name not in known:
                self.add((*where.split("."), name), messages.unknown(where, name, known))

    def _refuse(self, where: str, why: str, between: str = ":") -> None:
        self.add(where.split("."), f"{where}{between} {why}")


def _suite(
    sections: dict[str, Any], preset: dict[str, Any], suites: dict[str, Any], check: _Check
) -> tuple[tuple[str, ...], str | None]:
    """The models that run, and the name of the suite if it is a listed one; gives them the suite's protocols."""
    asked, file = sections["suite"], check.file_of(["suite"])
    params = check.given[check.path]
    if asked == AUTO:
        asked, file = preset.get("suite", ALL), check.preset
    if asked == ALL:
        return tuple(name for name in sections["models"] if _is_listed(name, params)), None
    listed = asked if isinstance(asked, str) else None
    if isinstance(asked, str):
        if asked not in suites:
            check.add(("suite",), messages.unknown("suite", asked, [AUTO, ALL, *suites]), file)
            return tuple(sections["models"]), None
        asked = suites[asked]
        if not any(name in asked for name in check.listed["models"]):
            check.add(
                ("suite",), f"suite: none of its models ({', '.join(asked)}) is listed under `models`.", check.path
            )
        if isinstance(asked, dict):
            _add_protocols(sections, asked, params)
    else:
        check._known("suite", asked, "models")
    return tuple(name for name in sections["models"] if name in asked), listed


def _is_listed(name: str, params: dict[str, Any]) -> bool:
    """Whether params.yaml itself lists an entry of `models`, or a variant."""
    model, variant = parse_entry_name(name)
    return not variant or variant in _mapping(_mapping(params.get("variants")).get(model))


def _add_protocols(sections: dict[str, Any], suite: dict[str, list[str] | None], params: dict[str, Any]) -> None:
    """Give the models of a suite the protocols that it names: a variant those alone, another model beside its own.

    What params.yaml says about protocols goes before.
    """
    own = {
        name: configured_protocols(entry, sections["protocols"])
        for name, entry in sections["models"].items()
        if name in suite
    }
    refused = {name for name, settings in _mapping(params.get("protocols")).items() if settings is None}
    for name, earlier in own.items():
        named = [protocol for protocol in suite[name] or () if protocol not in refused]
        model, variant = parse_entry_name(name)
        section = _mapping(params.get("variants")).get(model) if variant else params.get("models")
        if "protocols" in _mapping(_mapping(section).get(variant or model)):
            continue
        alone = variant and not ablation.is_selected(name) and named
        sections["models"][name]["protocols"] = list(dict.fromkeys(named if alone else [*earlier, *named]))
        for protocol in named:
            if protocol not in sections["protocols"]:
                sections["protocols"][protocol] = PROTOCOLS[protocol]().model_dump(mode="json", exclude_none=True)


def _possible_variants(params: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """Of config/variants.yaml what is of models that params.yaml lists, and reads features that there are."""
    models, features = (
        _mapping(params.get("models")),
        _mapping(shared.get("features")) | _mapping(params.get("features")),
    )
    variants = {
        model: {
            name: own
            for name, own in of_model.items()
            if all(features.get(feature) is not None for feature in own.get("features", ()))
        }
        for model, of_model in _mapping(shared.get("variants")).items()
        if models.get(model) is not None
    }
    read = {
        feature for of_model in variants.values() for own in of_model.values() for feature in own.get("features", ())
    }
    return {
        "features": {name: entry for name, entry in _mapping(shared.get("features")).items() if name in read},
        "variants": variants,
    }


def _add_selected(sections: dict[str, Any], check: _Check) -> None:
    """Add the entries that read the features which the ablation selects, each after its model."""
    section, models = sections["ablation"], sections["models"]
    ablated = section["models"] if len(section["features"]) > 1 else {}
    check.listed["models"] += [entry_name(name, ablation.SELECTED) for name in ablated]
    if any(path[0] == "ablation" for path, _ in check.found):
        return
    sections["models"] = {}
    for name, entry in models.items():
        sections["models"][name] = entry
        if name in ablated:
            selected = entry_name(name, ablation.SELECTED)
            sections["models"][selected] = ablation.entry(sections | {"models": models}, selected)


def _keep_models_of_leakage(sections: dict[str, Any], suite: tuple[str, ...]) -> None:
    """Of the models of the leakage study keep those that run."""
    leakage = sections["leakage"]
    leakage["models"] = [name for name in leakage["models"] if name in suite] or list(suite[:1])


def _keep_what_there_is(sections: dict[str, Any], params: dict[str, Any]) -> None:
    """Of the names that are defaults, or a preset's, keep those that there are; those of params.yaml are checked."""
    leakage = sections["leakage"]
    if "models" not in _mapping(params.get("leakage")):
        leakage["models"] = [name for name in leakage["models"] if name in sections["models"]]
    own, given = sections["ablation"], _mapping(params.get("ablation"))
    if "models" not in given:
        own["models"] = {name: entry for name, entry in own["models"].items() if name in sections["models"]}
    if "features" not in given:
        own["features"] = [name for name in own["features"] if name in sections["features"]]
    for name in ("ablation", "robustness"):
        section = sections[name]
        if "protocol" not in _mapping(params.get(name)) and section["protocol"] not in sections["protocols"]:
            section["protocol"] = next(iter(sections["protocols"]))


def _features(
    sections: dict[str, Any], suite: tuple[str, ...], preset: dict[str, Any], params: dict[str, Any]
) -> tuple[str, ...]:
    """The features that are computed."""
    read = {name for model in suite for name in features_of(sections["models"][model])}
    if ALL in (sections["suite"], preset.get("suite") if sections["suite"] == AUTO else None):
        read |= set(params["features"])
    read |= {"tabular", *sections["study"]["labels"]["features"]}
    return tuple(name for name in sections["features"] if name in read)


def _mapping(value: Any) -> dict[str, Any]:
    """A mapping as it is; nothing of what is none."""
    return value if isinstance(value, dict) else {}


def _without(params: dict[str, Any], where: Sequence[str]) -> dict[str, Any] | None:
    """A mapping without what is at a path or, if there is nothing, without what lacks it; None if that is all of it."""
    if not where or where[0] not in params:
        return None
    key, *rest = where
    inner = params[key]
    left = _without(inner, rest) if rest and isinstance(inner, dict) else None
    kept = {other: value for other, value in params.items() if other != key}
    return kept if left is None else params | {key: left}


def _depth(params: Any, where: Sequence[str]) -> int:
    """How many parts of a path there are in a mapping."""
    depth = 0
    for part in where:
        if not isinstance(params, dict) or part not in params:
            break
        params, depth = params[part], depth + 1
    return depth


def _about_entries_of(params: dict[str, Any], preset: dict[str, Any]) -> dict[str, Any]:
    """A preset without what it says about features, models and their variants that params.yaml does not list."""
    kept = dict(preset)
    for section, listed_in in (("features", "features"), ("models", "models"), ("variants", "models")):
        entries = params.get(listed_in)
        if section in kept and isinstance(entries, dict):
            kept[section] = {name: own for name, own in kept[section].items() if entries.get(name) is not None}
    own, listed = _mapping(kept.get("ablation")), _mapping(params.get("models"))
    if isinstance(models := own.get("models"), dict):
        models = {name: entry for name, entry in models.items() if name in listed}
        others = {key: value for key, value in own.items() if key != "models"}
        kept["ablation"] = others | ({"models": models} if models else {})
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
    if at in {*((section,) for section in ENTRIES), ("ablation", "models")} or (
        at[:1] == ("variants",) and len(at) < 3
    ):
        return {key: value for key, value in merged.items() if value is not None}
    return merged
