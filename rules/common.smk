# What the rules share: the parameters, the paths, and the functions that name inputs. No rules stand here.

import json
import os
import re
from functools import partial

from genrebench.workflow import config as parameters
from genrebench.common import files
from genrebench.planning import memory
from genrebench.workflow import (
    ablation,
    availability,
    code_closure,
    dataset_folder,
    dvc_stages,
    extras,
    file_index,
    pretrained,
    sections,
)
from genrebench.workflow.file_index import State
from genrebench.workflow.entries import (
    BEST,
    entry_name,
    is_precomputed,
    is_pretrained,
    load_module,
    module_of,
    parse_entry_name,
)
from genrebench.common.run_key import RunKey
from genrebench.extraction.shards import shard_count


class Param(str):
    """Settings as JSON, and their paths: what a rule passes to its script is what both engines rerun it for."""

    def __new__(cls, value, *paths):
        result = super().__new__(cls, json.dumps(value, sort_keys=True))
        result.paths = paths
        return result


def param(*path):
    """The settings at this path, as a `Param`."""
    value = config
    for part in path:
        value = value[part]
    return Param(value, ".".join(path))


def code(*paths, environment="envs/classical.yaml"):
    """What a script's result depends on beside its inputs: its sources (see genrebench.workflow.code_closure) and its packages.

    The environments have the versions of requirements.lock.
    """
    return [ours(environment), *code_closure.closure(*(f"scripts/{path}" for path in paths))]


def ours(path):
    """A file of this project: relative where the workflow runs in it, as usual, else absolute."""
    return str(code_closure.BASE / path)


def parameter_file():
    """The file of the parameters, for people who read the report; as a module, that of the other workflow."""
    return "params.yaml" if Path("params.yaml").is_file() else next(iter(workflow.configfiles), ours("params.yaml"))


def refuse_foreign_demo():
    """Stop where data/raw/demo is somebody's own music: Snakemake empties the folder before it is rendered."""
    folder = Path("data/raw/demo")
    readme = folder / "README.md"
    ours = readme.is_file() and readme.read_text(encoding="utf-8", errors="replace").startswith("# The demo corpus")
    if folder.is_dir() and not ours and any(not path.name.startswith(".") for path in folder.iterdir()):
        stop(f"{folder} holds something else than the demo corpus, which would replace it; give it another name.")


def count_raw_files():
    """About how many files the dataset has, the same before and after they came."""
    nominal = {
        "demo": GENRES_OF_DEMO * config["demo"]["artists_per_genre"] * config["demo"]["clips_per_artist"],
        "gtzan": 1000,
    }
    if not (Path(RAW).is_dir() or Path(INDEX).is_file() or DATASET in nominal):
        known = sorted({*nominal, *(path.name for path in Path("data/raw").glob("*/"))})
        stop(
            f"params.yaml: dataset is {DATASET}, but there is no folder {RAW}. Put one there with one subfolder per "
            f"genre, or choose one of {', '.join(known)}."
        )
    return nominal.get(DATASET) or len(RAW_FILES)


def keep_available(reasons):
    """Take what is unavailable out of the configuration: it has no jobs, and all that follows does not know of it."""
    for kind in ("features", "models", "protocols"):
        config[kind] = {name: entry for name, entry in config[kind].items() if name not in getattr(reasons, kind)}
    for name in filter(ablation.is_selected, config["models"]):  # is chosen among those features that there are
        entry = config["models"][name]
        own = [feature for feature in entry["features"] if feature in config["features"]]
        config["models"][name] = entry | {"features": own}
    config["leakage"] = {"models": [name for name in config["leakage"]["models"] if name in config["models"]]}
    if "ablation" in config:
        section = config["ablation"]
        config["ablation"] = section | {
            "features": [name for name in section["features"] if name in config["features"]],
            "unavailable": {name: reasons.features[name] for name in section["features"] if name in reasons.features},
        }


def indexed_folders():
    """The folders whose files the workflow watches, by the path of their index."""
    raw = {INDEX: Path(RAW)} if Path(RAW).is_dir() else {}
    weights = {
        index: folder
        for kind in ("features", "models")
        for name, entry in config[kind].items()
        for index in weights_index(kind, name)
        if (folder := pretrained.locate(module_of(name, entry), entry["handle"]))
    }
    return raw | weights


def makes_raw():
    """Whether a rule makes the raw data, or is yet to make them."""
    return DATASET == "demo" or (DATASET == "gtzan" and not Path(RESULTS, "fetch.json").is_file())


def prepare(writes):
    """Before the jobs are chosen: see `check_indexes`, and say what makes a run needlessly large."""
    try:
        check_indexes(writes)
    except InputError as error:
        stop(str(error))
    if config["audio"]["duration"] == "longest" and (note := length_note()):
        print(f"note: {note}", file=sys.stderr)


def length_note():
    """What is to be said where every clip is made as long as the longest; None where that is little."""
    from genrebench.audio import lengths  # numpy, 0.1 s

    manifest = Path(RESULTS, "manifest.csv")
    if manifest.is_file():
        return lengths.advice([float(row["duration_s"] or 0) for row in files.read_rows(manifest)])
    if makes_raw() or not Path(RAW).is_dir() or availability.brings_features(Path(RAW)):
        return None
    from genrebench.extraction import survey  # 1 s, only before there is a manifest

    return lengths.advice(survey.sample_seconds(Path(RAW)))


def check_indexes(writes):
    """Have the jobs run that bring an index up to date, where one is not.

    A job that runs has all after it run. So where only times of modification changed, or the index was lost, and
    something is to run, the files are read right now; it is known then whether they are others.
    """
    if writes:
        try:
            scheduler.require_writable(RESULTS, CACHE)
        except InputError as error:
            stop(str(error))
        scheduler.clear_stale_lock()
    fetched = f"{RESULTS}/fetch.json"
    if DATASET == "gtzan" and availability.fetch_is_due(
        RAW_FILES, Path(fetched), Path("local.yaml"), Path(ours("data/catalogue/gtzan.csv"))
    ):
        workflow.dag.forcefiles.add(fetched)
    for index, folder in indexed_folders().items():
        find = dataset_folder.used_files if index == INDEX else file_index.visible
        state = file_index.compare(folder, index, find)
        is_lost = not Path(index).is_file() and (index != INDEX or Path(RESULTS, "manifest.csv").is_file())
        if state == State.CURRENT:
            continue
        if index == INDEX and not makes_raw():
            dataset_folder.read(folder)  # what the manifest would refuse is refused before anything runs
            if note := availability.vanished(RAW_FILES, Path(INDEX)):
                print(f"note: {folder}: {note}", file=sys.stderr)
        if writes and (is_lost or workflow.touch):
            file_index.update(folder, index, find)
            state = State.CURRENT
        elif writes and state == State.TOUCHED:
            file_index.update_listing(folder, file_index.listing_of(index), find)
            state = file_index.compare(folder, index, find)
        elif state == State.TOUCHED:
            TOUCHED.add(index)
        if state != State.CURRENT:
            workflow.dag.forcefiles.add(index)


def index(path):
    """An index as an input. In a dry run whose files were only touched, nobody knows whether more is to run."""
    return ancient(path) if path in TOUCHED else path


def splits_of(protocol):
    """Names of the splits of a protocol."""
    return sections.splits_of(protocol, config["protocols"][protocol])


def split_settings(protocol):
    """The settings of a protocol; `size_matched` also has those of `artist`, whose sizes it takes."""
    settings = config["protocols"][protocol]
    if protocol == "size_matched":
        settings = {**settings, "artist": config["protocols"].get("artist", {})}
        return Param(settings, "protocols.size_matched", "protocols.artist")
    return Param(settings, f"protocols.{protocol}")


def split_duration(protocol):
    """`audio.duration` for the protocol that divides segments; null for the others, which it changes nothing of."""
    return param("audio", "duration") if protocol == "segment_random" else "null"


def all_splits(suffix):
    """The files of all splits of all protocols."""
    return [f"{RESULTS}/splits/{p}/{s}.{suffix}" for p in config["protocols"] for s in splits_of(p)]


def entry_of(model):
    """The entry of a model, or of a variant of an ablation."""
    if model in config["models"]:
        return config["models"][model]
    # the model itself may lack a feature that this variant does without
    return ablation.entry(config | {"models": CONFIGURATION.sections["models"]}, model)


def model_settings(model):
    """The settings of a model, but for which runs there are: another seed changes no run of the others."""
    base, variant = parse_entry_name(model)
    paths = [f"models.{base}"]
    if variant in CONFIGURATION.sections["variants"].get(base, {}):
        paths.append(f"variants.{base}.{variant}")
    elif variant:
        paths.append("ablation")
    settings = {key: value for key, value in entry_of(model).items() if key not in parameters.WHICH_RUNS}
    return Param(settings, *paths)


def compute_of(model):
    """What of section `compute` in params.yaml a model depends on: of the backend, networks only."""
    if is_network(model):
        return param("compute")
    if is_speech(model):
        keys = ["threads", "precision"]
    else:
        keys = ["threads"]
    return Param({key: config["compute"][key] for key in keys}, *(f"compute.{key}" for key in keys))


def is_network(model):
    """Whether a model is a neural network of Keras."""
    return NETWORK_ENGINE in code_closure.closure(model_module(model))


def is_speech(model):
    """Whether a model is a speech transformer."""
    return extras.of(model_module(model)) == "speech"


def protocols_of(model):
    """The protocols under which a model is run."""
    entry = CONFIGURED["models"].get(model) or entry_of(model)
    own = availability.configured_protocols(entry, CONFIGURED["protocols"])
    return [protocol for protocol in own if (model, protocol) not in UNAVAILABLE.runs]


def features_of_run(wildcards, suffix):
    """The files of the feature caches that a run reads or, of selected features, may read."""
    is_pca = parse_entry_name(wildcards.model)[1] == ablation.PCA
    folder = f"{ABLATION}/{wildcards.protocol}/{wildcards.split}" if is_pca else RESULTS
    names = parameters.features_of(entry_of(wildcards.model))
    return [f"{folder}/features/{name}.{suffix}" for name in names]


def selection_of_run(wildcards):
    """The file that says which features a run reads, where the ablation selects them."""
    if not ablation.is_selected(wildcards.model):
        return []
    model, _ = parse_entry_name(wildcards.model)
    return f"{ABLATION}/{wildcards.protocol}/{wildcards.split}/selection/{model}.json"


def degraded_files(models, subset, protocol, splits, conditions):
    """The files that say that what these models read is extracted of the degraded clips of a subset of some splits."""
    return [
        f"{CACHE}/degraded/{subset}/{protocol}/{split}/{condition}/{group}.json"
        for split in splits
        for condition in conditions
        for group in degraded_groups(models)
    ]


def degraded_groups(models):
    """The features that these models read, by the job that extracts them: one pass, or one for a pretrained model."""
    groups = {}
    for name in sorted(features_read(models)):
        groups.setdefault(name if name in PRETRAINED else FROM_AUDIO, []).append(name)
    return groups


def copies_of_run(wildcards):
    """The files that say that the degraded copies of the training clips of a run are extracted."""
    conditions = entry_of(wildcards.model).get("degraded_copies", [])
    if not conditions:
        return []
    return degraded_files([wildcards.model], "train", wildcards.protocol, [wildcards.split], conditions)


def and_variants_of(model):
    """What the wildcard `model` may be where a model is trained, which is how its variants are trained too."""
    return f"{model}(-[a-z0-9_-]+)?"


def runs_of(model):
    """The runs of a model."""
    seeds = entry_of(model).get("seeds", config["seeds"])
    return [RunKey(model, p, s, seed) for p in protocols_of(model) for s in splits_of(p) for seed in seeds]


def all_runs(model, *names):
    """The files of these names of all runs of a model."""
    return [f"{RESULTS}/runs/{run}/{name}" for run in runs_of(model) for name in names]


def exported_runs(model):
    """What an export reads of all runs of a model."""
    return all_runs(model, "config.json", "predictions.csv", "model")


def refuse_model(model, wildcards):
    """As an input: stop with the reason why a model is unavailable."""
    stop(f"The model {model} is unavailable: {UNAVAILABLE.models[model]}")


def features_read(models=None):
    """The features that these models read, or any of them."""
    return {name for model in models or config["models"] for name in parameters.features_of(config["models"][model])}


def features_of_models(models):
    """The entries of the features that these models read."""
    names = sorted(features_read(models))
    return Param({name: config["features"][name] for name in names}, *(f"features.{name}" for name in names))


def cache_files(model, suffix):
    """The files of the feature caches that a model reads."""
    return [f"{RESULTS}/features/{feature}.{suffix}" for feature in parameters.features_of(config["models"][model])]


def feature_modules(*features):
    """The modules of those features that are computed from audio."""
    return [f"genrebench/features/{module_of(name, EXTRACTED[name])}.py" for name in features if name in EXTRACTED]


def axes_of(feature):
    """The axes of a feature that is computed from audio."""
    return load_module("features", module_of(feature, EXTRACTED[feature])).AXES


def environment_of(feature):
    """The packages that a feature needs, as `code` takes them."""
    if feature not in PRETRAINED:
        return "envs/classical.yaml"
    return "envs/speech.yaml" if extra_of(feature) else "envs/pretrained.yaml"


def extra_of(feature):
    """The extra (see genrebench.workflow.extras) that a feature needs, if any."""
    return next(map(extras.of, (f"scripts/{path}" for path in feature_modules(feature))), None)


def packages_of(extra):
    """The versions of an extra's packages, as JSON: others give other numbers."""
    return json.dumps(extras.versions(extra) if extra else None)


def extracted_together():
    """The features that one pass over the audio computes: those that are computed at all, and are not pretrained."""
    return {name: entry for name, entry in EXTRACTED.items() if name in COMPUTED and name not in PRETRAINED}


def weights_index(kind, name):
    """The index of the weights that a feature or model has on this dataset; none for others."""
    entry = config[kind].get(name)
    if not pretrained.is_watched(entry):
        return []
    return [index(pretrained.index_of(kind, name, entry["handle"]))]


def weights_folder(path):
    """The folder of the weights that an index of `weights_index` is of."""
    return next(str(folder) for index, folder in indexed_folders().items() if index == path)


def weights_of_features(features):
    """The indexes of the weights of those of the features that are pretrained."""
    return [file for feature in features for file in weights_index("features", feature)]


def shard_marks(feature):
    """The files that say that a feature's shards are extracted; none where it is not extracted from audio."""
    if feature in UNAVAILABLE.features:
        stop(f"The feature {feature} is unavailable: {UNAVAILABLE.features[feature]}")
    if availability.brings_features(Path(RAW)):
        return []
    return [f"{CACHE}/shards/{feature}/{shard}-of-{SHARDS}.json" for shard in range(SHARDS)]


def unavailable_runs(models=None):
    """The configured runs of these models, or of all, that are unavailable, with the reasons, as JSON."""
    listed = [row for row in UNAVAILABLE.listed() if models is None or row["model"] in models]
    return json.dumps(listed, sort_keys=True)


def caches_of(features):
    """Descriptions of the caches of features, and the caches, whose hashes the descriptions have."""
    return {
        "descriptions": [f"{RESULTS}/features/{name}.json" for name in features],
        "caches": ancient([f"{RESULTS}/features/{name}.npy" for name in features]),
    }


def templates(*patterns):
    """The files of the templates of pages that match."""
    folder = Path(ours("scripts/genrebench/reporting/templates"))
    return sorted(str(path) for pattern in patterns for path in folder.glob(pattern))


def refuse_models_without_rules(rules):
    """Stop where params.yaml has a model that none of the rules, given by name, trains. A variant has that of its model."""
    for name in {parse_entry_name(name)[0]: None for name in CONFIGURATION.sections["models"]}:
        # as a module, the rules may have a prefix
        if not any(own == f"train_{name}" or own.endswith(f"_train_{name}") for own in rules):
            stop(f"params.yaml: models.{name} has no rule; add `train_{name}` to rules/train.smk, as the others.")


def model_module(model):
    """The file of the module that serves a model."""
    name = module_of(model, entry_of(model))
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
    given = workflow.config_settings.overwrite_config  # --config
    CONFIGURATION = parameters.resolve(parameters.with_types(dict(config), given))
except InputError as error:
    stop(str(error))

config.clear()
config.update(CONFIGURATION.params)  # of the models, those of the suite
DATASET = config["dataset"]
SCRIPTS = code_closure.SCRIPTS  # for the commands of the rules, which may run elsewhere (see `ours`)
GENRES_OF_DEMO = 10
NETWORK_ENGINE = str(code_closure.SCRIPTS / "genrebench/training/keras_model.py")
FROM_AUDIO = "from-audio"  # the features that one pass over the audio computes; no feature has a hyphen in its name
NOTHING = "(?!)"  # the constraint of a wildcard that matches nothing
RAW = f"data/raw/{DATASET}"
RESULTS = f"results/{DATASET}"
CACHE = f".cache/{DATASET}"
INDEX = f"{CACHE}/raw.json"
TOUCHED = set()  # indexes, in a dry run; see `index`

# A job of a cluster reads the listing that the main process made.
try:
    RAW_FILES = availability.files_of_dataset(Path(RAW), Path(INDEX), scan=workflow.is_main_process)
    if not makes_raw():
        availability.refuse_vanished(Path(RAW), RAW_FILES, Path(INDEX))
except InputError as error:
    stop(str(error))
FILES = count_raw_files()
SHARDS = shard_count(FILES)
CONFIGURED = {kind: dict(config[kind]) for kind in ("features", "models", "protocols")}
try:
    UNAVAILABLE = availability.decide(config, Path(RAW), RAW_FILES, Path(ours("data/catalogue/gtzan.csv")))
except InputError as error:
    stop(str(error))
keep_available(UNAVAILABLE)

# features that are computed from audio, and those that only a dataset can bring
EXTRACTED = {name: entry for name, entry in config["features"].items() if not is_precomputed(entry)}
PRETRAINED = {name: entry for name, entry in EXTRACTED.items() if is_pretrained(entry)}
COMPUTED = [name for name in CONFIGURATION.features if name in config["features"]]  # without being asked for
TABLES = [name for name in EXTRACTED if axes_of(name)[0] == "column"]

scheduler.set_environment()
if not workflow.modifier.is_module:
    # A job replaces its shell, so that it is a child of the scheduler and ends with it (see genrebench.common.cli).
    shell.prefix("set -euo pipefail; exec ")

if not workflow.is_main_process:
    scheduler.record_where_it_runs()
else:
    scheduler.end_with_dvc()
    try:
        dvc_stages.check(CONFIGURATION, UNAVAILABLE)
    except InputError as error:
        stop(str(error))
    dvc_stages.say_what_is_unrecorded()
    refuse_foreign_demo()
    refuse_other_backend()
    scheduler.before_jobs(workflow, prepare)
