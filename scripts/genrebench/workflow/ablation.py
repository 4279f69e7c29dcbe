"""Which features a model needs: its variants, the ranking of the features, and the subset that validation selects.

Paper 003 trains each network on one feature alone ("positive"), on all but one ("negative"), and on the subset that
this leads to. All that is decided here is decided on validation clips.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from genrebench.common.cli import InputError
from genrebench.workflow import code_closure
from genrebench.workflow.entries import is_precomputed, load_module, module_of

ALL, SELECTED, PCA = "all", "selected", "pca"
ONLY, WITHOUT = "only-", "without-"  # before the name of a feature
# Modules of networks that join whatever features they get frame by frame; models of scikit-learn take any.
JOINING = ("feature_cnn", "feature_lstm", "mel_lstm")
RANKED = ("alone", "drop", "permutation")  # what features are ranked by: the higher, the more a feature matters


def variants(features: Sequence[str], missing: Sequence[str] = ()) -> dict[str, list[str]]:
    """The features of each variant that is known beforehand, by its name, which is also that of a folder.

    A feature that is `missing` is in none but its own, which is then not run and says why.
    """
    there = [feature for feature in features if feature not in missing]
    return {
        **({ALL: there} if there else {}),
        **{f"{ONLY}{feature}": [feature] for feature in features},
        **{f"{WITHOUT}{left}": [f for f in there if f != left] for left in there if len(there) > 1},
    }


def kind_of(variant: str) -> tuple[str, str]:
    """What a variant is (alone, without, all, selected, pca), and the feature that it is about, if it is about one."""
    for prefix, kind in ((ONLY, "alone"), (WITHOUT, "without")):
        if variant.startswith(prefix):
            return kind, variant.removeprefix(prefix)
    return variant, ""


def select(reference: float, without: Mapping[str, float], alone: Mapping[str, float]) -> list[str]:
    """The features to keep: those without which the accuracy in validation is lower than with all (`reference`).

    One round of backward elimination, as paper 003 describes it ("sequentially excluding each feature and analyzing its
    impact"); a full search would train anew after each exclusion (Kohavi and John 1997, Wrappers for feature subset
    selection, doi:10.1016/S0004-3702(97)00043-X). Two features that say the same can thus both go. If none is needed
    the best one alone stays, of equals the first. Accuracies are means over runs; `without` is empty for one feature.
    """
    kept = [feature for feature, accuracy in without.items() if accuracy < reference - 1e-12]
    return kept or [max(alone, key=lambda feature: alone[feature])]


def rank(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rank features by how well each does alone, what is lost without it, and its permutation importance.

    `rows` have these as `alone`, `drop` and `permutation`; one without them, because it could not be run, comes last
    without a rank. Adds `rank_alone`, `rank_drop` and `rank_permutation` (1 is the best, equals share the mean of
    their places) and `rank`, which is by the mean of the three (Borda's count); rows come sorted by it.
    """
    import numpy as np  # and SciPy: they take half a second, which a look at params.yaml does not need
    from scipy.stats import rankdata

    ranked = [row for row in rows if all(row[measure] is not None for measure in RANKED)]
    places = {m: rankdata([-round(row[m], 12) for row in ranked]).tolist() if ranked else [] for m in RANKED}
    means = np.mean(list(places.values()), axis=0) if ranked else []
    overall = rankdata(means, method="min").astype(int).tolist() if ranked else []
    result = [row | {f"rank_{m}": places[m][i] for m in RANKED} | {"rank": overall[i]} for i, row in enumerate(ranked)]
    others = [row | dict.fromkeys((*(f"rank_{m}" for m in RANKED), "rank")) for row in rows if row not in ranked]
    return [*sorted(result, key=lambda row: row["rank"]), *others]


def check(params: Mapping[str, Any], path: str = "params.yaml") -> None:
    """Raise `InputError` where section `ablation` names a model that cannot do without a feature, or cannot join them.

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
            raise InputError(
                f"{path}: ablation.models.{model}: each feature of {model} has a part of the network of its own, so "
                "none can be taken away. An ablation is for models of scikit-learn and for networks that join their "
                f"features frame by frame ({', '.join(JOINING)})."
            )
    hops: dict[str, int] = {}
    for feature in section["features"] if joining else ():
        entry = params["features"][feature]
        if is_precomputed(entry):
            continue  # nobody knows its frames before they are there
        axes = load_module("features", module_of(feature, entry)).AXES
        if len(axes) != 2 or axes[-1] != "frame" or "hop_length" not in entry:
            raise InputError(
                f"{path}: ablation.features: {joining[0]} joins features frame by frame, and {feature} "
                f"({', '.join(axes)}) cannot be joined so: leave one of the two out."
            )
        hops[feature] = entry["hop_length"]
    if len(set(hops.values())) > 1:
        listed = ", ".join(f"{feature} {hop}" for feature, hop in hops.items())
        raise InputError(
            f"{path}: ablation.features: {joining[0]} joins features frame by frame, but they have different hops "
            f"({listed} samples). Give them one hop_length under `features`, or leave some out."
        )
