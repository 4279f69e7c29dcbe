"""Join an ablation's runs into tables, a figure and a page: rule build_ablation."""

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from genrebench.common import cli, files
from genrebench.evaluation import significance
from genrebench.plots import ablation as ablation_plots
from genrebench.plots import style
from genrebench.workflow import ablation

TEMPLATES = Path(__file__).parent.parent / "report"
VARIANT_COLUMNS = (
    "model", "variant", "kind", "feature", "features", "status", "reason", "runs", "valid_mean", "valid_std",
    "test_mean", "test_std", "valid_difference", "test_difference",
)  # fmt: skip
RANKING_COLUMNS = (
    "model", "feature", "rank", "alone", "alone_std", "without", "without_std", "drop", "drop_std", "permutation",
    "permutation_std", "rank_alone", "rank_drop", "rank_permutation", "selected_on", "splits",
)  # fmt: skip
COMPARISON_COLUMNS = (
    "model", "variant", "other", "clips", "accuracy", "other_accuracy", "difference", "difference_mean",
    "difference_low", "difference_high", "only_model", "only_other", "p_mcnemar", "p_holm", "splits", "t",
    "p_resampled",
)  # fmt: skip

Key = tuple[str, str, str, int]  # model, variant, split, seed


def build_ablation(dataset: str, plan: dict[str, Any], splits: Path, folder: Path) -> None:
    """Write ablation.csv, ranking.csv, comparison.csv, ablation.png and index.html into `folder`, which has the runs.

    `plan` has the features, the protocol, its splits, the variants, and by model the seeds. Accuracies of validation
    are what features are ranked and selected by; those of the test clips are read here for the first time.
    """
    protocol = plan["protocol"]
    runs = {
        (model, variant, split, seed): read_run(folder / "runs" / model / variant / protocol / split / f"seed{seed}")
        for model, seeds in plan["seeds"].items()
        for variant in plan["variants"]
        for split in plan["splits"]
        for seed in seeds
    }
    described = {split: files.read_json(splits / protocol / f"{split}.json") for split in plan["splits"]}
    selections = {
        (model, split): files.read_json(path)
        for model in plan["seeds"]
        for split in plan["splits"]
        if (path := folder / "selection" / model / protocol / f"{split}.json").is_file()
    }
    variants = [
        describe_variant(runs, selections, model, variant) for model in plan["seeds"] for variant in plan["variants"]
    ]
    ranking = []
    for model, seeds in plan["seeds"].items():
        of = {
            (split, seed): files.read_json(path)["loss"]
            for split in plan["splits"]
            for seed in seeds
            if (path := folder / "permutation" / model / protocol / split / f"seed{seed}.json").is_file()
        }
        kept = [found["features"] for (name, _), found in selections.items() if name == model and found["available"]]
        rows = [describe_feature(runs, of, kept, model, feature) for feature in plan["features"]]
        ranking += ablation.rank(rows)
    sizes = {split: (d["counts"]["train"], d["counts"]["test"]) for split, d in described.items() if d["available"]}
    compared = compare(runs, list(plan["seeds"]), plan["variants"], sizes)
    files.write_rows(folder / "ablation.csv", VARIANT_COLUMNS, map(_formatted, variants))
    files.write_rows(folder / "ranking.csv", RANKING_COLUMNS, map(_formatted, ranking))
    files.write_rows(folder / "comparison.csv", COMPARISON_COLUMNS, map(_formatted, compared))
    figure = ablation_plots.draw_ablation(variants, ranking)
    style.write(figure, folder / "ablation.png", dpi=110, palette=128)
    page = {
        "dataset": dataset,
        "protocol": protocol,
        "split_count": len(plan["splits"]),
        "models": list(plan["seeds"]),
        "seeds": plan["seeds"],
        "features": plan["features"],
        "variants": variants,
        "ranking": ranking,
        "compared": compared,
        "selections": {model: [s for (name, _), s in selections.items() if name == model] for model in plan["seeds"]},
        "level": significance.LEVEL,
        "counts": next((d["counts"] for d in described.values() if d["available"]), None),
        "picture": Markup(ablation_plots.as_html(figure)),
        "reasons": sorted({row["reason"] for row in variants if row["reason"]}),
        "components": _components(folder / "features" / protocol, plan["splits"]),
    }
    _write_page(page, folder / "index.html")


def read_run(folder: Path) -> dict[str, Any]:
    """Its status and reason and, of a run that was done, by subset (valid, test) which clips were right."""
    from genrebench.common import scoring

    status = files.read_json(folder / "status.json")
    found = {"status": status["status"], "reason": status["reason"], "caveats": status["caveats"], "right": {}}
    rows = files.read_rows(folder / "predictions.csv") if status["status"] == "done" else []
    for subset in ("valid", "test") if rows else ():
        import numpy as np

        own = [row for row in rows if row["subset"] == subset]
        genres = list(rows[0])[5:]
        values = np.array([[float(row[genre]) for genre in genres] for row in own])
        clips, probabilities = scoring.average_segments([row["clip_id"] for row in own], values)
        true = {row["clip_id"]: row["genre"] for row in own}
        named = scoring.most_probable(probabilities, genres)
        found["right"][subset] = {clip: true[clip] == guess for clip, guess in zip(clips, named, strict=True)}
    return found


def describe_variant(
    runs: dict[Key, dict[str, Any]], selections: dict[tuple[str, str], dict[str, Any]], model: str, variant: str
) -> dict[str, Any]:
    """A row of ablation.csv: mean and standard deviation over the runs, and the mean differences to all features."""
    kind, feature = ablation.kind_of(variant)
    own = {key: run for key, run in runs.items() if key[:2] == (model, variant)}
    done = {key: run for key, run in own.items() if run["status"] == "done"}
    row = {
        "model": model,
        "variant": variant,
        "kind": kind,
        "feature": feature,
        "features": _listed(selections, model) if variant == ablation.SELECTED else "",
        "status": "done" if done else "not run",
        "reason": "; ".join(sorted({run["reason"] for run in own.values() if run["reason"]})),
        "runs": len(done),
    }
    for subset in ("valid", "test"):
        reached = [accuracy(run, subset) for run in done.values()]
        differences = _differences(runs, done, subset)
        row |= {
            f"{subset}_mean": _mean(reached),
            f"{subset}_std": _std(reached),
            f"{subset}_difference": _mean(differences),
        }
    return row


def describe_feature(
    runs: dict[Key, dict[str, Any]],
    permuted: dict[tuple[str, int], dict[str, list[float]]],
    kept: Sequence[Sequence[str]],
    model: str,
    feature: str,
) -> dict[str, Any]:
    """A row of ranking.csv without its ranks: what the feature is worth in validation, in three ways.

    `permuted` has by split and seed the losses by feature; `kept` the selected features of each split.
    """

    def of(variant: str) -> dict[Key, dict[str, Any]]:
        return {key: run for key, run in runs.items() if key[:2] == (model, variant) and run["status"] == "done"}

    alone = [accuracy(run, "valid") for run in of(f"{ablation.ONLY}{feature}").values()]
    without = of(f"{ablation.WITHOUT}{feature}")
    drops = [-value for value in _differences(runs, without, "valid")]
    losses = [loss for found in permuted.values() for loss in found.get(feature, ())]
    return {
        "model": model,
        "feature": feature,
        "alone": _mean(alone),
        "alone_std": _std(alone),
        "without": _mean([accuracy(run, "valid") for run in without.values()]),
        "without_std": _std([accuracy(run, "valid") for run in without.values()]),
        "drop": _mean(drops),
        "drop_std": _std(drops),
        "permutation": _mean(losses),
        "permutation_std": _std(losses),
        "selected_on": sum(feature in features for features in kept),
        "splits": len(kept),
    }


def compare(
    runs: dict[Key, dict[str, Any]], models: Sequence[str], variants: Sequence[str], sizes: dict[str, tuple[int, int]]
) -> list[dict[str, Any]]:
    """The rows of comparison.csv: the selected features, and the components, against all features on the test clips.

    `difference` and McNemar's test are of the first run of each clip (see comparison.compare), p values corrected for
    their number (`p_holm`); `difference_mean` and its 95% interval are of the mean of each clip's runs.
    """
    rows = []
    done = {key: run for key, run in runs.items() if run["right"]}
    for model in models:
        for variant in [name for name in (ablation.SELECTED, ablation.PCA) if name in variants]:
            own, other = (
                {key[2:]: run["right"]["test"] for key, run in done.items() if key[:2] == (model, name)}
                for name in (variant, ablation.ALL)
            )
            if own.keys() & other.keys():
                mean, low, high = _difference(own, other)
                found = significance.compare(own, other, sizes)
                found |= {"difference_mean": mean, "difference_low": low, "difference_high": high}
                rows.append({"model": model, "variant": variant, "other": ablation.ALL} | found)
    corrected = significance.holm([row["p_mcnemar"] for row in rows])
    return [row | {"p_holm": p} for row, p in zip(rows, corrected, strict=True)]


def accuracy(run: dict[str, Any], subset: str) -> float:
    """Of a run on the clips of a subset."""
    return statistics.fmean(run["right"][subset].values())


def _differences(runs: dict[Key, dict[str, Any]], done: dict[Key, dict[str, Any]], subset: str) -> list[float]:
    """How much more accurate each run is than that on all features of the same split and seed."""
    pairs = [(run, runs.get((key[0], ablation.ALL, *key[2:]))) for key, run in done.items()]
    return [accuracy(run, subset) - accuracy(other, subset) for run, other in pairs if other and other["right"]]


def _difference(first: dict[Any, dict[str, bool]], second: dict[Any, dict[str, bool]]) -> tuple[float, float, float]:
    """Mean over clips of the mean over a clip's runs, and its 95% interval."""
    by_clip: dict[str, list[float]] = {}
    for run in sorted(first.keys() & second.keys()):
        for clip, right in first[run].items():
            by_clip.setdefault(clip, []).append(right - float(second[run][clip]))
    means = [statistics.fmean(by_clip[clip]) for clip in sorted(by_clip)]
    return statistics.fmean(means), *significance.bootstrap_interval(means)


def _listed(selections: dict[tuple[str, str], dict[str, Any]], model: str) -> str:
    """The selected features: of one split, or of each."""
    own = {split: " ".join(found["features"]) for (name, split), found in selections.items() if name == model}
    return next(iter(own.values()), "") if len(own) < 2 else "; ".join(f"{s}: {names}" for s, names in own.items())


def _components(folder: Path, splits: Sequence[str]) -> list[dict[str, Any]]:
    described = [files.read_json(path) for split in splits if (path := folder / split / "pca.json").is_file()]
    return [d for d in described if d["available"]]


def _mean(values: Sequence[float]) -> float | None:
    """Differences that cancel out are 0, whatever their last bits say."""
    return round(statistics.fmean(values), 12) + 0.0 if values else None


def _std(values: Sequence[float]) -> float | None:
    """Of a sample; one value has none."""
    return statistics.stdev(values) if len(values) > 1 else None


def _in_words(features: str) -> str:
    """The features of a row of ablation.csv, with commas; of several splits each."""
    parts = (part.rpartition(": ") for part in features.split("; "))
    return "; ".join(f"{split}{colon}{', '.join(names.split())}" for split, colon, names in parts)


def _points(value: float | None) -> str:
    """A difference in points, with its sign."""
    rounded = None if value is None else round(100 * value, 1)
    return "" if rounded is None else f"{rounded:+.1f}".replace("-", "−") if rounded else "0"


def _formatted(row: dict[str, Any]) -> dict[str, Any]:
    return {key: f"{value:.6g}" if isinstance(value, float) else value for key, value in row.items()}


def _write_page(page: dict[str, Any], output: Path) -> None:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.globals["as_is"] = lambda name: Markup((TEMPLATES / name).read_text())
    environment.filters |= {
        "listed": _in_words,
        "percent": lambda value: "" if value is None else f"{100 * value:.1f}%",
        "points": _points,
        "spread": lambda value: "" if value is None else f" ± {100 * value:.1f}",
        "p_value": lambda value: "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}",
    }
    text = environment.get_template("ablation.html.j2").render(page)
    with files.atomic(output) as temporary:
        temporary.write_text(text, encoding="utf-8")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--plan", required=True, type=json.loads, help="what was run, as JSON")
    parser.add_argument("--splits", required=True, type=Path, help="folder of the dataset's splits")
    parser.add_argument("--folder", required=True, type=Path, help="the ablation's folder, with its runs")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(build_ablation, vars(arguments()))
