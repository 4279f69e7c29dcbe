# What the rules of the ablation share. A variant is an entry like those of `models`, called <model>-<variant>, which the
# rules of training and evaluation make as every other. No rules stand here.

ABLATION = f"{RESULTS}/ablation"
ABLATED = [name for name in config["ablation"]["models"] if name in config["models"]]


def known_variants():
    """The features of each variant that does not depend on results."""
    return ablation.variants(config["ablation"]["features"])


def all_variants():
    """The names of the variants; the selected subset, and components, are of at least two features."""
    several = len(config["ablation"]["features"]) > 1
    reduced = [ablation.PCA] if config["ablation"].get("pca") is not None else []
    return [*known_variants(), *([ablation.SELECTED, *reduced] if several else [])]


def variants_of(networks):
    """What the wildcard `model` of a training may be: the variants of the models that are, or are not, networks."""
    names = [
        ablation.entry_name(model, variant)
        for model in ABLATED
        if is_network(model) == networks
        for variant in all_variants()
    ]
    return "|".join(map(re.escape, names)) or NOTHING


def variant_entry(name):
    """The entry of a variant: the model's, with what section `ablation` has instead, and the variant's features."""
    model, variant = ablation.parse_entry_name(name)
    section = config["ablation"]
    entry = config["models"][model] | (section["models"][model] or {})
    own = {"module": module_of(model, entry), "protocols": [section["protocol"]]}
    return entry | own | {"features": known_variants().get(variant, section["features"])}


def features_of_variant(wildcards):
    """The names of the features that a run of a variant reads; the selected ones once they have been selected."""
    model, variant = ablation.parse_entry_name(wildcards.model)
    if variant == ablation.PCA:
        return [ablation.PCA]
    if variant == ablation.SELECTED:
        place = {"model": model, "protocol": wildcards.protocol, "split": wildcards.split}
        return files.read_json(checkpoints.select_features.get(**place).output.selection)["features"]
    return known_variants()[variant]


def variant_files(wildcards, suffix):
    """The files of the feature caches that a run of a variant reads or, of the selected, may read: their sizes count."""
    if suffix == "npy" and wildcards.model.endswith(f"-{ablation.SELECTED}"):
        return ablation_features(suffix)
    folder = RESULTS
    if wildcards.model.endswith(f"-{ablation.PCA}"):
        folder = f"{ABLATION}/{wildcards.protocol}/{wildcards.split}"
    return [f"{folder}/features/{name}.{suffix}" for name in features_of_variant(wildcards)]


def ablation_features(suffix):
    """The files of the caches of all features among which is chosen."""
    return [f"{RESULTS}/features/{name}.{suffix}" for name in config["ablation"]["features"]]


def ablation_page():
    """The page of the ablation; stops where none can be made."""
    protocol = config["ablation"]["protocol"]
    if protocol in UNAVAILABLE.protocols:
        stop(f"params.yaml: ablation.protocol: {protocol} is unavailable: {UNAVAILABLE.protocols[protocol]}")
    if not ABLATED or not config["ablation"]["features"]:
        stop("params.yaml: none of the models, or of the features, of section `ablation` is available.")
    return f"{ABLATION}/index.html"


def runs_of_ablation(variants, model=None, split=None):
    """The runs of these variants, of all models and on all splits or one."""
    return [
        key
        for one in ([model] if model else ABLATED)
        for variant in variants
        for key in runs_of(ablation.entry_name(one, variant))
        if split in (None, key.split)
    ]
