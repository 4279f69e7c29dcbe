# What the rules of the ablation share: names of its variants and of what they read. No rules stand here.

ABLATION = f"{RESULTS}/ablation"
RUN_OF_ABLATION = "{model}/{variant}/{protocol}/{split}/seed{seed}"
ABLATED = [name for name in config["ablation"]["models"] if name in config["models"]]


def ablation_section():
    """The section `ablation` of params.yaml for this dataset."""
    if "ablation" not in config:
        stop("params.yaml has no section `ablation`, which names the models and the features.")
    return config["ablation"]


def ablation_entry(model):
    """The entry of a model: that under `models`, with what section `ablation` has instead."""
    return config["models"][model] | (ablation_section()["models"][model] or {})


def seeds_of_ablation(model):
    """The seeds of a model's runs."""
    return ablation_entry(model).get("seeds", config["seeds"])


def features_that_are_there():
    """The features of the ablation that this dataset and this machine can have."""
    return ablation_section()["features"]


def known_variants():
    """The features of each variant that does not depend on results."""
    return ablation.variants(features_that_are_there())


def all_variants():
    """The names of the variants; the selected subset, and components, are of at least two features."""
    several = len(features_that_are_there()) > 1
    reduced = [ablation.PCA] if "pca" in ablation_section() else []
    return [*known_variants(), *([ablation.SELECTED, *reduced] if several else [])]


def features_of_variant(wildcards):
    """The features that a variant reads; the selected ones are known when they have been selected."""
    if wildcards.variant == ablation.SELECTED:
        place = {name: wildcards[name] for name in ("model", "protocol", "split")}
        return files.read_json(checkpoints.select_features.get(**place).output.selection)["features"]
    return known_variants()[wildcards.variant]


def descriptions_of_variant(wildcards):
    """The descriptions of the feature caches that a variant reads."""
    if wildcards.variant == ablation.PCA:
        return [f"{ABLATION}/features/{wildcards.protocol}/{wildcards.split}/pca.json"]
    return [f"{RESULTS}/features/{feature}.json" for feature in features_of_variant(wildcards)]


def caches_of_variant(wildcards):
    """The feature caches that a variant reads or, as long as that is not known, may read."""
    if wildcards.variant == ablation.SELECTED:
        return [f"{RESULTS}/features/{feature}.npy" for feature in features_that_are_there()]
    return [path.removesuffix("json") + "npy" for path in descriptions_of_variant(wildcards)]


def settings_of_variant(wildcards):
    """The settings of a variant: the model's entry with other features."""
    features = [ablation.PCA] if wildcards.variant == ablation.PCA else features_of_variant(wildcards)
    return settings_with(wildcards.model, features)


def settings_with(model, features):
    """The settings of a model that reads these features."""
    entry = {key: value for key, value in ablation_entry(model).items() if key not in parameters.WHICH_RUNS}
    return Param(entry | {"features": features}, "ablation")


def runs_of_ablation(model, variants, splits, *names):
    """The files of these names of a model's runs of these variants on these splits (protocol/split)."""
    return [
        f"{ABLATION}/runs/{model}/{variant}/{split}/seed{seed}/{name}"
        for variant in variants
        for split in splits
        for seed in seeds_of_ablation(model)
        for name in names
    ]


def splits_of_ablation():
    """The splits, as protocol/split."""
    protocol = ablation_section()["protocol"]
    return [f"{protocol}/{split}" for split in splits_of(protocol)]


def one_of(names):
    """What a wildcard may be: one of these names."""
    return "|".join(map(re.escape, names)) or NOTHING
