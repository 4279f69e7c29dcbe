# What the rules share: the parameters, the paths, and the functions that name inputs. No rules stand here.

import hashlib
import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "scripts")))

from genrebench.workflow import config as parameters
from genrebench.common import files
from genrebench.workflow import ablation, extras, file_index, scheduler, code_closure, pretrained
from genrebench.workflow.entries import is_precomputed, is_pretrained, module_of
from genrebench.common.cli import InputError
from genrebench.common.run_key import RunKey
from genrebench.extraction.shards import shard_count


class Param(str):
    """A section of params.yaml as JSON: what a rule passes to its script is what it is rerun for."""

    def __new__(cls, key, value):
        result = super().__new__(cls, json.dumps(value, sort_keys=True))
        result.key = key
        return result


def param(*path):
    """The section of params.yaml at this path, as a `Param`."""
    value = config
    for part in path:
        value = value[part]
    return Param(".".join(path), value)


def code(*paths, environment="envs/classical.yaml"):
    """What a script's result depends on beside its inputs: its sources (see genrebench.workflow.code_closure) and its packages.

    The environments have the versions of requirements.lock.
    """
    return [environment, *code_closure.closure(*(f"scripts/{path}" for path in paths))]


def stop(sentence):
    """End with a sentence for people instead of a traceback."""
    raise WorkflowError(sentence)


def refuse_foreign_demo():
    """Stop where data/raw/demo is somebody's own music: Snakemake empties the folder before it is rendered."""
    folder = Path("data/raw/demo")
    readme = folder / "README.md"
    ours = readme.is_file() and readme.read_text(encoding="utf-8", errors="replace").startswith("# The demo corpus")
    if folder.is_dir() and not ours and any(not path.name.startswith(".") for path in folder.iterdir()):
        stop(f"{folder} holds something else than the demo corpus, which would replace it; give it another name.")


def brings_features(dataset):
    """Whether a dataset comes as features and a manifest instead of audio."""
    return Path("data/raw", dataset, "manifest.csv").is_file()


def count_raw_files():
    """About how many files the dataset has, the same before and after they came; brings their index up to date."""
    nominal = {"demo": GENRES_OF_DEMO * config["demo"]["artists_per_genre"] * config["demo"]["clips_per_artist"]}
    nominal["gtzan"] = 1000
    if Path(RAW).is_dir() and workflow.is_main_process:
        file_index.update(RAW, INDEX)  # so that a changed clip is noticed
    elif not Path(INDEX).is_file() and DATASET not in nominal:
        known = sorted({*nominal, *(path.name for path in Path("data/raw").glob("*/"))})
        stop(
            f"params.yaml: dataset is {DATASET}, but there is no folder {RAW}. Put one there with one subfolder per "
            f"genre, or choose one of {', '.join(known)}."
        )
    return nominal.get(DATASET) or len(Path(INDEX).read_text().splitlines()) - 1


def splits_of(protocol):
    """Names of the splits of a protocol."""
    settings = config["protocols"][protocol]
    if protocol == "fault_filtered" or "file" in settings:
        return ["fixed"]
    if protocol == "kfold":
        return [f"fold{i}" for i in range(settings["folds"])]
    return [f"repeat{i}" for i in range(settings.get("repeats", 1))]


def split_settings(protocol):
    """The entry of a protocol in params.yaml; `size_matched` also has that of `artist`, whose sizes it takes."""
    settings = config["protocols"][protocol]
    if protocol == "size_matched":
        settings = {**settings, "artist": config["protocols"].get("artist", {})}
    return Param(f"protocols.{protocol}", settings)


def split_duration(protocol):
    """`audio.duration` for the protocol that divides segments; null for the others, which it changes nothing of."""
    return param("audio", "duration") if protocol == "segment_random" else "null"


def all_splits(suffix):
    """The files of all splits of all protocols."""
    return [f"{RESULTS}/splits/{p}/{s}.{suffix}" for p in config["protocols"] for s in splits_of(p)]


def model_settings(model):
    """The entry of a model in params.yaml, but for which runs there are: another seed changes no run of the others."""
    entry = config["models"][model]
    return Param(f"models.{model}", {key: value for key, value in entry.items() if key not in parameters.WHICH_RUNS})


def compute_of(model):
    """What of section `compute` in params.yaml a model depends on: of the backend, networks only."""
    if is_network(model):
        return param("compute")
    if is_speech(model):
        return Param("compute", {key: config["compute"][key] for key in ("threads", "precision")})
    return Param("compute.threads", {"threads": config["compute"]["threads"]})


def is_network(model):
    """Whether a model is a neural network of Keras."""
    return NETWORK_ENGINE in code_closure.closure(model_module(model))


def is_speech(model):
    """Whether a model is a speech transformer."""
    return extras.of(model_module(model)) == "speech"


def protocols_of(model):
    """The protocols under which a model is run; one that deals segments is for models of segments only."""
    entry = config["models"][model]
    suitable = [p for p, settings in config["protocols"].items() if "segments" in entry or "length_s" not in settings]
    return entry.get("protocols", suitable)


def runs_of(model):
    """The runs of a model."""
    seeds = config["models"][model].get("seeds", config["seeds"])
    return [RunKey(model, p, s, seed) for p in protocols_of(model) for s in splits_of(p) for seed in seeds]


def all_runs(model, *names):
    """The files of these names of all runs of a model."""
    return [f"{RESULTS}/runs/{run}/{name}" for run in runs_of(model) for name in names]


def exported_runs(model):
    """What an export reads of all runs of a model."""
    return all_runs(model, "config.json", "predictions.csv", "model")


def features_read(models=None):
    """The features that these models read, or any of them."""
    return {name for model in models or config["models"] for name in parameters.features_of(config["models"][model])}


def features_of_models(models):
    """The entries of the features that these models read."""
    return Param("features", {name: config["features"][name] for name in sorted(features_read(models))})


def cache_files(model, suffix):
    """The files of the feature caches that a model reads."""
    return [f"{RESULTS}/features/{feature}.{suffix}" for feature in parameters.features_of(config["models"][model])]


def read_elsewhere(model):
    """Descriptions of what the model reads on other datasets only: DVC's stages are the same for all of them."""
    variants = [
        parameters.entry_for(ENTRIES[model], dataset) for dataset in (None, *ENTRIES[model].get("for_dataset", {}))
    ]
    names = {feature for entry in variants for feature in parameters.features_of(entry)}
    return [
        f"{RESULTS}/features/{name}.json"
        for name in sorted(names - set(parameters.features_of(config["models"][model])))
    ]


def feature_modules(*features):
    """The modules of those features that are computed from audio."""
    return [f"genrebench/features/{module_of(name, EXTRACTED[name])}.py" for name in features if name in EXTRACTED]


def axes_of(feature):
    """The axes of a feature that is computed from audio."""
    return code_closure.constant(f"scripts/{feature_modules(feature)[0]}", "AXES")


def environment_of(feature):
    """The packages that a feature needs, as `code` takes them."""
    if feature not in PRETRAINED:
        return "envs/classical.yaml"
    return SPEECH_ENVIRONMENT if extra_of(feature) else PRETRAINED_ENVIRONMENT


def extra_of(feature):
    """The extra (see genrebench.workflow.extras) that a feature needs, if any."""
    return next(map(extras.of, (f"scripts/{path}" for path in feature_modules(feature))), None)


def extra_notes(extra):
    """The files that say what is installed of an extra; none for None."""
    return extras.notes(extra) if extra else []


def weights_index(kind, name):
    """The file that says which weights a pretrained feature or model has on this dataset; none for others."""
    if name not in WITH_WEIGHTS[kind]:
        return []
    handle = config[kind][name]["handle"]  # of its own for each, so that another dataset's changes nothing
    return [f".cache/weights/{kind}/{name}-{hashlib.md5(handle.encode()).hexdigest()[:8]}.json"]


def weights_of_features(features):
    """The files that say which weights those of the features have that are pretrained."""
    return [file for feature in features for file in weights_index("features", feature)]


def only_if_extracted(feature):
    """What the wildcard of a feature may be in its own rule, which is not used where the feature is `precomputed`."""
    return feature if feature in EXTRACTED else NOTHING


def shard_marks(feature):
    """The caveats of a feature's extracted shards; none where it is not extracted from audio."""
    if brings_features(DATASET) or feature not in EXTRACTED:
        return []
    if pretrained.unavailable(module_of(feature, EXTRACTED[feature]), EXTRACTED[feature]):
        return []  # the feature is then described as not available
    return [f"{CACHE}/shards/{feature}/{shard}-of-{SHARDS}.json" for shard in range(SHARDS)]


def manifest_settings():
    """The section `manifest` of params.yaml with `duplicates: auto` decided for the dataset."""
    settings = dict(config["manifest"])
    if settings["duplicates"] == "auto":
        settings["duplicates"] = "group" if DATASET == "gtzan" else "reject"
    return Param("manifest", settings)


def refuse_entries_without_rules(rules):
    """Stop where params.yaml has a feature or a model that none of the rules, given by name, makes."""
    for kind, names, verb, file in (
        ("features", EXTRACTED, "collect", "features"),
        ("models", config["models"], "train", "train"),
    ):
        for name in names:
            if f"{verb}_{name}" not in rules:
                stop(f"params.yaml: {kind}.{name} has no rule; add `{verb}_{name}` to rules/{file}.smk, as the others.")


def model_module(model):
    """The file of the module that serves a model."""
    name = module_of(model, config["models"][model])
    return f"scripts/genrebench/models/{name}.py"


def model_code(model, script="train_model.py"):
    """The sources and packages that the training of a model by a script depends on."""
    environment = "networks" if is_network(model) else "speech" if is_speech(model) else "classical"
    path = Path(model_module(model)).relative_to("scripts")
    return code(script, path, environment=f"envs/{environment}.yaml")


def refuse_other_backend():
    """Stop where KERAS_BACKEND asks for another backend than params.yaml: numbers depend on it, so it is a parameter."""
    asked, backend = os.environ.get("KERAS_BACKEND"), config["compute"]["backend"]
    if asked not in (None, "", backend):
        stop(
            f"The environment variable KERAS_BACKEND is {asked}, but params.yaml: compute.backend is {backend}. "
            f"Set that to {asked}, or unset the variable."
        )


try:
    parameters.validate(config)
except InputError as error:
    stop(str(error))

DATASET = config["dataset"]
ENTRIES = dict(config["models"])  # as they stand in params.yaml
config.update(parameters.for_dataset(config, DATASET))
GENRES_OF_DEMO = 10
BEST = code_closure.constant("scripts/genrebench/inference/registry.py", "BEST")
NETWORK_ENGINE = "scripts/genrebench/training/keras_model.py"
PRETRAINED_ENVIRONMENT = "envs/pretrained.yaml"
SPEECH_ENVIRONMENT = "envs/speech.yaml"
NOTHING = "(?!)"  # the constraint of a wildcard that matches nothing
RAW = f"data/raw/{DATASET}"
RESULTS = f"results/{DATASET}"
CACHE = f".cache/{DATASET}"
INDEX = f"{CACHE}/raw.csv"

# features that are computed from audio, and those that only a dataset can bring
EXTRACTED = {name: entry for name, entry in config["features"].items() if not is_precomputed(entry)}
PRETRAINED = {name: entry for name, entry in EXTRACTED.items() if is_pretrained(entry)}
# models that can take weights from elsewhere, even where the handle is `none`: DVC's stages are to be the same
WITH_WEIGHTS = {
    "features": PRETRAINED,
    "models": {name: entry for name, entry in ENTRIES.items() if is_pretrained(entry)},
}
TABLES = [name for name in EXTRACTED if axes_of(name)[0] == "column"]
ONLY_PRECOMPUTED = [name for name in config["features"] if name not in EXTRACTED]

# A job replaces its shell, so that it is a child of the scheduler and ends with it (see genrebench.common.cli).
shell.prefix("set -euo pipefail; exec ")
scheduler.set_environment()

if not workflow.is_main_process:
    scheduler.record_where_it_runs()
else:
    scheduler.end_with_dvc()
    scheduler.clear_stale_lock()
    refuse_foreign_demo()
    refuse_other_backend()
    extras.update_notes()
    for kind, entries in WITH_WEIGHTS.items():
        for name, entry in entries.items():
            pretrained.update_index(module_of(name, entry), config[kind][name]["handle"], *weights_index(kind, name))
FILES = count_raw_files()
SHARDS = shard_count(FILES)
