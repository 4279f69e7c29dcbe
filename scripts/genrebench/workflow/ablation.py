"""The variants of an ablation, which are entries like those of `models`; what it finds is in evaluation.ablation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from genrebench.workflow import code_closure
from genrebench.workflow.entries import entry_name, is_precomputed, load_module, module_of, parse_entry_name

ALL, SELECTED, PCA = "all", "selected", "pca"
RESERVED = (ALL, SELECTED, PCA)  # names of variants
ONLY, WITHOUT = "only-", "without-"  # before the name of a feature
# Modules of networks that join whatever features they get frame by frame; models of scikit-learn take any.
JOINING = ("feature_cnn", "feature_lstm", "mel_lstm")


def variants(features: Sequence[str]) -> dict[str, list[str]]:
    """The features of each variant that is known beforehand, by its name."""
    return {
        **({ALL: list(features)} if features else {}),
        **{f"{ONLY}{feature}": [feature] for feature in features},
        **{f"{WITHOUT}{left}": [f for f in features if f != left] for left in features if len(features) > 1},
    }


def kind_of(variant: str) -> tuple[str, str]:
    """What a variant is (alone, without, all, selected, pca), and the feature that it is about, if it is about one."""
    for prefix, kind in ((ONLY, "alone"), (WITHOUT, "without")):
        if variant.startswith(prefix):
            return kind, variant.removeprefix(prefix)
    return variant, ""


def ablated(params: Mapping[str, Any]) -> list[str]:
    """The models that are ablated: of those of section `ablation` the ones that run, or only on selected features."""
    return [
        model for model in params["ablation"]["models"] if {model, entry_name(model, SELECTED)} & set(params["models"])
    ]


def protocols(params: Mapping[str, Any], model: str) -> list[str]:
    """The protocols under which a model is ablated: those of the entry that reads the selected features, if it runs."""
    selected = params["models"].get(entry_name(model, SELECTED), {})
    return list(selected.get("protocols", [params["ablation"]["protocol"]]))


def entry(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The entry of a variant: the model's, with what section `ablation` has instead, and the variant's features.

    Of the selected features, which a run knows once they have been selected, it has all among which is chosen. There
    are no degraded copies of training clips: components of features are not computed from audio.
    """
    model, variant = parse_entry_name(name)
    section = params["ablation"]
    base = params["models"][model] | (section["models"][model] or {})
    features = [PCA] if variant == PCA else variants(section["features"]).get(variant, section["features"])
    own = {"module": module_of(model, base), "protocols": protocols(params, model), "features": list(features)}
    return {key: value for key, value in (base | own).items() if key != "degraded_copies"}


def is_selected(name: str) -> bool:
    """Whether an entry reads the features that the ablation of its model selects."""
    return parse_entry_name(name)[1] == SELECTED


def faults(params: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where section `ablation` names a model that cannot do without a feature, or cannot join them: path, sentence.

    Names are those of `models` and `features` already.
    """
    section = params["ablation"]
    joining = ["pca"] if "pca" in section else []
    for model in section["models"]:
        module = module_of(model, params["models"][model])
        if module in JOINING:
            joining.append(model)
        elif str(code_closure.SCRIPTS / "genrebench/training/sklearn_model.py") not in code_closure.closure(
            f"scripts/genrebench/models/{module}.py"
        ):
            yield (
                ("ablation", "models", model),
                f"ablation.models.{model}: each feature of {model} has a part of the network of its own, so none can "
                "be taken away. An ablation is for models of scikit-learn and for networks that join their features "
                f"frame by frame ({', '.join(JOINING)}).",
            )
    hops: dict[str, int] = {}
    for feature in section["features"] if joining else ():
        entry = params["features"][feature]
        if is_precomputed(entry):
            continue  # nobody knows its frames before they are there
        axes = load_module("features", module_of(feature, entry)).AXES
        if len(axes) != 2 or axes[-1] != "frame" or "hop_length" not in entry:
            yield (
                ("ablation", "features"),
                f"ablation.features: {joining[0]} joins features frame by frame, and {feature} ({', '.join(axes)}) "
                "cannot be joined so: leave one of the two out.",
            )
        else:
            hops[feature] = entry["hop_length"]
    if len(set(hops.values())) > 1:
        listed = ", ".join(f"{feature} {hop}" for feature, hop in hops.items())
        yield (
            ("ablation", "features"),
            f"ablation.features: {joining[0]} joins features frame by frame, but they have different hops ({listed} "
            "samples). Give them one hop_length under `features`, or leave some out.",
        )
