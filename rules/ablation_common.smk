# What the rules of the ablation share. A variant is an entry like those of `models`, called <model>-<variant>, which the
# rules of training and evaluation make as every other. No rules stand here.

ABLATION = f"{RESULTS}/ablation"
ABLATED = ablation.ablated(config)
SELECTING = [name for name in ABLATED if entry_name(name, ablation.SELECTED) in config["models"]]  # in the suite


def ablation_protocols(models):
    """The protocols under which any of these models is ablated, but for those that are unavailable."""
    named = [protocol for model in models for protocol in ablation.protocols(config, model)]
    return [protocol for protocol in dict.fromkeys(named) if protocol not in UNAVAILABLE.protocols]


def ablated_under(protocol):
    """The models that are ablated under a protocol."""
    return [model for model in ABLATED if protocol in ablation.protocols(config, model)]


def known_variants():
    """The features of each variant that does not depend on results."""
    return ablation.variants(config["ablation"]["features"])


def all_variants():
    """The names of the variants; the selected subset, and components, are of at least two features."""
    several = len(config["ablation"]["features"]) > 1
    reduced = [ablation.PCA] if config["ablation"].get("pca") is not None else []
    return [*known_variants(), *([ablation.SELECTED, *reduced] if several else [])]


def ablation_features(suffix):
    """The files of the caches of all features among which is chosen."""
    return [f"{RESULTS}/features/{name}.{suffix}" for name in config["ablation"]["features"]]


def evaluated_with_ablation():
    """The entries that are evaluated with the suite, also the variants of the ablation where it is a part of it."""
    ablated = [model for protocol in ablation_protocols(SELECTING) for model in ablated_under(protocol)]
    variants = [entry_name(model, variant) for model in ablated for variant in all_variants()]
    return list(dict.fromkeys([*EVALUATED, *variants]))


def ablation_files(models, *names):
    """The files of these names of the ablation of these models, under each of their protocols."""
    return [f"{ABLATION}/{protocol}/{name}" for protocol in ablation_protocols(models) for name in names]


def ablation_pages():
    """The pages of the ablation; stops where none can be made."""
    protocol = config["ablation"]["protocol"]
    if protocol in UNAVAILABLE.protocols:
        stop(f"params.yaml: ablation.protocol: {protocol} is unavailable: {UNAVAILABLE.protocols[protocol]}")
    if not ABLATED or not config["ablation"]["features"]:
        stop("params.yaml: none of the models, or of the features, of section `ablation` is available.")
    return ablation_files(ABLATED, "index.html")


def runs_of_ablation(variants, protocol, models, split=None):
    """The runs of these variants of models under a protocol, on all splits or one."""
    return [
        key
        for one in models
        for variant in variants
        for key in runs_of(entry_name(one, variant))
        if key.protocol == protocol and split in (None, key.split)
    ]
