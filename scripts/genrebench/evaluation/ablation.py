"""Which features a model needs: the subset that validation selects, the ranking of the features, and what it is worth.

Li trains each network on one feature alone ("positive"), on all but one ("negative"), and on the subset that this leads
to. All that is decided here is decided on validation clips; the test clips are read once, after that.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from genrebench.common import files
from genrebench.common.run_key import RunKey
from genrebench.evaluation import predictions, results, significance, tables
from genrebench.evaluation.intervals import bootstrap_interval
from genrebench.training.data import kept_row
from genrebench.workflow.ablation import ALL, ONLY, PCA, SELECTED, WITHOUT, kind_of
from genrebench.workflow.entries import entry_name, parse_entry_name

RANKED = ("alone", "drop", "permutation")  # what features are ranked by: the higher, the more a feature matters
RUN = ["split", "seed"]


def select_features(folder: Path, keys: Sequence[RunKey]) -> dict[str, Any]:
    """Choose the features that a model needs on one split, by the accuracies of its variants in validation.

    `folder` has the runs of these keys: all features, each alone, and all but each. The accuracy is that of the epoch
    in history.csv whose weights are kept; test clips are not read. Where a variant is unavailable all features stay,
    and the reason is given.
    """
    statuses = [files.read_json(folder / str(key) / "status.json") for key in keys]
    variants = [parse_entry_name(key.model)[1] for key in keys]
    features = list(dict.fromkeys(kind_of(variant)[1] for variant in variants if variant.startswith(ONLY)))
    reason = next((found["reason"] for found in statuses if found["status"] != results.DONE), None)
    chosen: dict[str, Any] = {"available": reason is None, "reason": reason, "features": features, "dropped": []}
    if reason is None:
        reached = pd.Series([_validation(folder / str(key)) for key in keys])
        means = reached.groupby(variants, sort=False).mean().to_dict()
        of: dict[str, dict[str, float]] = {"alone": {}, "without": {}, ALL: {}}
        for variant, accuracy in means.items():
            kind, feature = kind_of(variant)
            of[kind][feature] = accuracy
        chosen["features"] = select(of[ALL][""], of["without"], of["alone"])
        chosen["dropped"] = [feature for feature in features if feature not in chosen["features"]]
        chosen["valid_accuracy"] = {variant: round(accuracy, 9) for variant, accuracy in means.items()}
    return chosen


def _validation(run: Path) -> float:
    names = ("val_accuracy", "val_loss")
    rows = [{name: float(row[name]) for name in names} for row in files.read_rows(run / "history.csv")]
    keep = files.read_json(run / "config.json")["settings"].get("keep", "last")
    return rows[kept_row(rows, keep)]["val_accuracy"]


def select(reference: float, without: Mapping[str, float], alone: Mapping[str, float]) -> list[str]:
    """The features to keep, by their accuracies in validation, alone and left out.

    Li names as important what does well alone ("notable contribution values") or cannot be left out ("indispensable").
    Our reading: a feature is kept if its accuracy alone is above the mean of all features alone, or if the accuracy
    without it is lower than with all (`reference`). Each is tested once; a full search would train anew after each
    exclusion. If neither holds for any, the best one alone stays, of equals the first. Accuracies are means over runs;
    `without` is empty for one feature.

    References
    ----------
    R. Kohavi and G. H. John (1997), Wrappers for feature subset selection, doi:10.1016/S0004-3702(97)00043-X.
    """
    mean = float(np.mean(list(alone.values())))
    kept = [
        feature
        for feature in alone
        if alone[feature] > mean + 1e-12 or without.get(feature, reference) < reference - 1e-12
    ]
    return kept or [max(alone, key=lambda feature: alone[feature])]


def rank(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rank features by how well each does alone, what is lost without it, and its permutation importance.

    `rows` have these as `alone`, `drop` and `permutation`; one without them, because it is unavailable, comes last
    without a rank. Adds `rank_alone`, `rank_drop` and `rank_permutation` (1 is the best, equals share the mean of their
    places) and `rank`, which is by the mean of the three (Borda's count); rows come sorted by it.
    """
    ranked = [row for row in rows if all(row[measure] is not None for measure in RANKED)]
    places = {m: rankdata([-round(row[m], 12) for row in ranked]).tolist() if ranked else [] for m in RANKED}
    means = np.mean(list(places.values()), axis=0) if ranked else []
    overall = rankdata(means, method="min").astype(int).tolist() if ranked else []
    result = [row | {f"rank_{m}": places[m][i] for m in RANKED} | {"rank": overall[i]} for i, row in enumerate(ranked)]
    others = [row | dict.fromkeys((*(f"rank_{m}" for m in RANKED), "rank")) for row in rows if row not in ranked]
    return [*sorted(result, key=lambda row: row["rank"]), *others]


class Study:
    """The tables of an ablation.

    Parameters
    ----------
    plan
        `models`, `variants` and `features` that were compared, the `protocol`, and the features that are
        `unavailable`, with the reasons.
    evaluation, splits
        Folders of all evaluations and of the splits' descriptions.
    folder
        The ablation's own under this protocol: <split>/ with selections, permutations and components.

    Attributes
    ----------
    variants, ranking, compared
        Rows of ablation.csv, ranking.csv and comparison.csv.
    """

    def __init__(self, plan: Mapping[str, Any], evaluation: Path, splits: Path, folder: Path):
        self.plan = plan
        names = [entry_name(model, variant) for model in plan["models"] for variant in plan["variants"]]
        runs = results.read_runs(evaluation, names)
        self.runs = runs[runs["protocol"] == plan["protocol"]]
        tested = predictions.read(evaluation, names, ("protocol", *significance.CASE, "subset"))
        self.tested = tested[(tested["subset"] == "test") & (tested["protocol"] == plan["protocol"])]
        self.splits = list(dict.fromkeys(self.runs["split"]))
        self.described = {split: files.read_json(splits / plan["protocol"] / f"{split}.json") for split in self.splits}
        self.selections = {
            model: {
                split: files.read_json(path)
                for split in self.splits
                if (path := folder / split / "selection" / f"{model}.json").is_file()
            }
            for model in plan["models"]
        }
        self.permuted = {
            model: [files.read_json(path)["loss"] for path in sorted(folder.glob(f"*/permutation/{model}/seed*.json"))]
            for model in plan["models"]
        }
        components = (folder / split / "features" / "pca.json" for split in self.splits)
        found = [files.read_json(path) for path in components if path.is_file()]
        self.components = [one for one in found if one["available"]]
        self.variants = [
            *(self.describe_variant(model, variant) for model in plan["models"] for variant in plan["variants"]),
            *self._unavailable(),
        ]
        self.ranking = [
            row
            for model in plan["models"]
            for row in rank(
                [self.describe_feature(model, feature) for feature in (*plan["features"], *plan["unavailable"])]
            )
        ]
        self.compared = self.compare()

    def describe_variant(self, model: str, variant: str) -> dict[str, Any]:
        """A row of ablation.csv: means and standard deviations over the runs, and mean differences to all features."""
        kind, feature = kind_of(variant)
        own = self.runs[self.runs["model"] == entry_name(model, variant)]
        done = self._done(model, variant)
        row = {
            "model": model,
            "variant": variant,
            "kind": kind,
            "feature": feature,
            "features": self._selected(model) if variant == SELECTED else "",
            "status": results.UNAVAILABLE if done.empty else results.DONE,
            "reason": "; ".join(sorted(set(own["reason"]) - {""})),
            "runs": len(done),
        }
        differences = self._against_all(model, variant)
        for subset, column in (("valid", "valid_accuracy"), ("test", "accuracy")):
            row |= {
                f"{subset}_mean": _mean(done[column]),
                f"{subset}_std": _std(done[column]),
                f"{subset}_difference": _mean(differences[column]),
            }
        return row

    def describe_feature(self, model: str, feature: str) -> dict[str, Any]:
        """A row of ranking.csv without its ranks: what the feature is worth in validation, in three ways."""
        alone = self._done(model, f"{ONLY}{feature}")["valid_accuracy"]
        without = self._done(model, f"{WITHOUT}{feature}")["valid_accuracy"]
        drop = -self._against_all(model, f"{WITHOUT}{feature}")["valid_accuracy"]
        losses = pd.Series([loss for found in self.permuted[model] for loss in found.get(feature, ())], dtype=float)
        kept = [found["features"] for found in self.selections[model].values() if found["available"]]
        measures = {"alone": alone, "without": without, "drop": drop, "permutation": losses}
        return {
            "model": model,
            "feature": feature,
            **{name: _mean(values) for name, values in measures.items()},
            **{f"{name}_std": _std(values) for name, values in measures.items()},
            "selected_on": sum(feature in features for features in kept),
            "splits": len(kept),
        }

    def compare(self) -> list[dict[str, Any]]:
        """The rows of comparison.csv: the selected features, and the components, against all on the test clips.

        `difference` and McNemar's test are of the first run of each clip (see `significance.compare`), p values
        corrected for their number (`p_holm`); `difference_mean` and its 95% interval are of the mean of each clip's
        runs.
        """
        counts = {split: found["counts"] for split, found in self.described.items() if found["available"]}
        sizes = {split: (found["train"], found["test"]) for split, found in counts.items()}
        right = self.tested.pivot(index=significance.CASE, columns="model", values="right").astype(float)
        rows = []
        for model in self.plan["models"]:
            for variant in (SELECTED, PCA):
                own, other = entry_name(model, variant), entry_name(model, ALL)
                if own in right and other in right:
                    found = significance.compare(right[own], right[other], sizes)
                    by_clip = (right[own] - right[other]).dropna().groupby(level="clip_id").mean()
                    low, high = bootstrap_interval(by_clip)
                    found |= {"difference_mean": float(by_clip.mean()), "difference_low": low, "difference_high": high}
                    rows.append({"model": model, "variant": variant, "other": ALL} | found)
        corrected = significance.holm([row["p_mcnemar"] for row in rows])
        return [row | {"p_holm": p} for row, p in zip(rows, corrected, strict=True)]

    def _done(self, model: str, variant: str) -> pd.DataFrame:
        """The finished runs of a variant, by split and seed."""
        own = self.runs[(self.runs["model"] == entry_name(model, variant)) & (self.runs["status"] == results.DONE)]
        return own.set_index(RUN)

    def _against_all(self, model: str, variant: str) -> pd.DataFrame:
        """How much more accurate each run is than that on all features of the same split and seed."""
        columns = ["valid_accuracy", "accuracy"]
        return (self._done(model, variant)[columns] - self._done(model, ALL)[columns]).dropna(how="all")

    def _selected(self, model: str) -> str:
        """The selected features: of one split, or of each."""
        own = {split: " ".join(found["features"]) for split, found in self.selections[model].items()}
        if len(own) < 2:
            return next(iter(own.values()), "")
        return "; ".join(f"{split}: {names}" for split, names in own.items())

    def _unavailable(self) -> list[dict[str, Any]]:
        return [
            {
                "model": model,
                "variant": f"{ONLY}{feature}",
                "kind": "alone",
                "feature": feature,
                "runs": 0,
                "features": "",
            }
            | {"status": results.UNAVAILABLE, "reason": reason}
            | dict.fromkeys(
                f"{subset}_{what}" for subset in ("valid", "test") for what in ("mean", "std", "difference")
            )
            for model in self.plan["models"]
            for feature, reason in self.plan["unavailable"].items()
        ]

    def write(self, folder: Path) -> None:
        """Write ablation.csv, ranking.csv and comparison.csv into `folder`."""
        tables.ABLATION.write(folder / "ablation.csv", self.variants)
        tables.RANKING.write(folder / "ranking.csv", self.ranking)
        tables.ABLATION_COMPARISON.write(folder / "comparison.csv", self.compared)


def _mean(values: pd.Series) -> float | None:
    """Differences that cancel out are 0, whatever their last bits say."""
    return round(float(values.mean()), 12) + 0.0 if len(values) else None


def _std(values: pd.Series) -> float | None:
    return float(values.std()) if len(values) > 1 else None
