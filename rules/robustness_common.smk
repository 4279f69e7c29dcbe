# What the rules of degraded recordings share. No rules stand here.

CONDITIONS = config["robustness"]["conditions"]
COPYING = [model for model, entry in config["models"].items() if "degraded_copies" in entry]


def robust_models():
    """The models of the study that have runs under its protocol, on features that are computed from audio."""
    protocol = config["robustness"]["protocol"]
    if protocol in UNAVAILABLE.protocols or availability.brings_features(Path(RAW)):
        return []
    return [
        model
        for model in config["robustness"].get("models", EVALUATED)
        if model in EVALUATED and protocol in protocols_of(model) and features_read([model]) <= set(EXTRACTED)
    ]


ROBUST = robust_models()
ROBUSTNESS_IN_REPORT = bool(ROBUST) and config["robustness"]["in_report"]


def robustness_files():
    """The results of the study; stops where there can be none."""
    protocol = config["robustness"]["protocol"]
    if protocol in UNAVAILABLE.protocols:
        stop(f"params.yaml: robustness.protocol: {protocol} is unavailable: {UNAVAILABLE.protocols[protocol]}")
    if availability.brings_features(Path(RAW)):
        stop(f"{RAW} has features instead of audio, so that no recording can be degraded.")
    if not ROBUST:
        stop(f"params.yaml: none of the models of section `robustness` runs under the protocol {protocol}.")
    return rules.study_robustness.output


def features_of_group(wildcards):
    """The features of a group, of all models of the study, or of those with copies of their training clips."""
    return degraded_groups(ROBUST if wildcards.subset == "test" else COPYING)[wildcards.group]


def entries_of(features):
    """The entries of features."""
    return Param({name: config["features"][name] for name in features}, *(f"features.{name}" for name in features))


def runs_of_study(model):
    """The runs of a model under the protocol of the study."""
    return [run for run in runs_of(model) if run.protocol == config["robustness"]["protocol"]]


def environment_of_group(group):
    """The packages that the features of a group need."""
    return "envs/classical.yaml" if group == FROM_AUDIO else environment_of(group)


def environment_of_model(model):
    """The packages that a trained model needs."""
    return f"envs/{'networks' if is_network(model) else 'speech' if is_speech(model) else 'classical'}.yaml"
