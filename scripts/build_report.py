"""Join everything that a dataset's runs produced into one self-contained HTML page: rule build_report."""

import argparse
import base64
import importlib.metadata
import os
import platform
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from genrebench.common import cli, files
from genrebench.datasets import published
from genrebench.datasets.split_leakage import MEANINGLESS, describe_protocols, pick_protocols
from genrebench.evaluation import leakage, paper_comparison, stability
from genrebench.evaluation import results as evaluations
from genrebench.plots import artists, style
from genrebench.reporting import sections
from genrebench.workflow import plan

TEMPLATES = Path(__file__).parent.parent / "report"
PACKAGES = ("numpy", "scipy", "scikit-learn", "librosa", "PyWavelets", "tensorflow", "keras", "snakemake", "dvc")
MODELS_IN_PLOT = 8
TABLE = "tabular"  # the feature with a row of numbers per clip
MISTAKES_SHOWN = 10
CLIPS_SHOWN = 2000  # in a table on the page, which has to open in a browser
# columns of cost.csv: figures, and where they come from
MEASURED = (
    "parameters", "bytes", "epochs", "seconds_per_epoch", "training_clips_per_s", "inference_ms_per_clip",
    "peak_memory_mb",
)  # fmt: skip
WHERE = ("backend", "device", "threads")


def build_report(
    dataset: str, results: Path, params: Path, published_table: Path, output: Path, benchmarks: Path | None = None
) -> None:
    """Write the page for `results`/ (manifest, rejected, features, splits, evaluation, plots, tables) to `output`.

    The runs are those of `results`/statuses.csv, so that what an earlier configuration left is not shown.
    `benchmarks` is the folder of Snakemake's benchmark files; without it the cost of jobs is not shown.
    """
    manifest = _rows(results / "manifest.csv")
    leaderboard = [evaluations.typed(row) for row in _rows(results / "leaderboard.csv")]
    listed = _rows(results / "statuses.csv")
    statuses = [row for row in listed if row["split"]]  # an unavailable run has none
    runs = [_run(results / "evaluation", row) for row in statuses]
    protocols = describe_protocols(results / "splits", {(row["protocol"], row["split"]) for row in statuses})
    genres = sorted({clip["genre"] for clip in manifest})
    strict, loose = pick_protocols(leaderboard, protocols)
    headline = strict or loose
    features = read_features(results / "features" / "summary.csv")
    figures = published.read_accuracies(published_table)
    errors = listen(results)
    page = {
        "dataset": dataset,
        "finding": key_finding(leaderboard, protocols),
        "clips": manifest,
        "clips_shown": CLIPS_SHOWN,
        "genres": describe_genres(manifest),
        "colour": style.colours(genres) | style.colours(row["model"] for row in leaderboard),
        "has_audio": any(clip["duration_s"] for clip in manifest),
        "rejected": _rows(results / "rejected.csv"),
        "features": features,
        "table_plots": table_plots(results / "plots", features),
        "clip_plots": clip_plots(results / "plots" / "genres", manifest),
        "protocols": protocols,
        "meaningless": MEANINGLESS,
        "leaderboard": leaderboard,
        "by_model": accuracy_by_model(leaderboard),
        "published_here": published.is_of(dataset, figures),
        "published": figures,
        "plot": draw_leaderboard(leaderboard, runs, published.is_of(dataset, figures)),
        "confusions": pool_confusions(runs),
        "genre_scores": genre_scores(runs, genres),
        "genre_plots": {
            name: draw_genres(name, leaderboard, runs, genres)
            for name, protocol in protocols.items()
            if protocol["unit"] == "clip"
        },
        "headline": headline,
        "mistakes": confident_mistakes(leaderboard, runs, headline),
        "errors": errors,
        "labels": sections.describe_labels(results / "labels.csv", results / "labels.json", errors["clips"]),
        "saliency": sections.describe_saliency(results / "saliency.json"),
        "saliency_plot": _png(results / "plots" / "saliency.png"),
        "artists_plot": draw_artists(manifest),
        "comparisons": describe_comparisons(_rows(results / "comparisons.csv")),
        "comparison_plot": _png(results / "plots" / "comparisons.png"),
        "papers": describe_papers(results, dataset),
        "stability": describe_stability(results, strict, loose, protocols),
        "leakage": leakage.read_study(*(_existing(results / f"{name}.csv") for name in ("leakage", "leakage_parts"))),
        "leakage_plot": _png(results / "plots" / "leakage.png"),
        "reliability": model_plots(results / "evaluation", statuses, "reliability.png"),
        "curves": model_plots(results / "evaluation", statuses, "curves.png"),
        "not_run": not_run(listed),
        "warnings": warnings(statuses) + duplicate_warnings(statuses, protocols),
        "model_costs": model_costs(_rows(results / "cost.csv")),
        "cost_plot": _png(results / "plots" / "cost.png"),
        "jobs": read_benchmarks(benchmarks),
        "machine": machine(),
        "params": params.read_text(),
        "versions": versions(),
    }
    html = environment().get_template("template.html.j2").render(page)
    with files.atomic(output) as temporary:
        temporary.write_text(html, encoding="utf-8")


def describe_genres(manifest: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Per genre: clips, artists, clips whose artist is unknown, clips that repeat another, minutes of audio."""
    groups = defaultdict(list)
    for clip in manifest:
        groups[clip["genre"]].append(clip)
    return [
        {
            "genre": genre,
            "clips": len(clips),
            "share": len(clips) / max(map(len, groups.values())),
            "artists": len({clip["artist"] for clip in clips} - {""}),
            "unknown": sum(not clip["artist"] for clip in clips),
            "duplicates": sum(bool(clip["duplicate_of"]) for clip in clips),
            "minutes": sum(float(clip["duration_s"] or 0) for clip in clips) / 60,
        }
        for genre, clips in sorted(groups.items())
    ]


def read_features(summary: Path) -> dict[str, Any]:
    """The rows of features/summary.csv that have figures and, by name, why the other features are not there."""
    rows = _rows(summary)
    missing = {row["feature"]: row["reason"] for row in rows if row["available"] != "True"}
    return {"summary": [row for row in rows if row["feature"] not in missing], "missing": missing}


def table_plots(folder: Path, features: Mapping[str, Any]) -> dict[str, str | None]:
    """The plots of the table of features as data addresses, or the `reason` why there are none."""
    if TABLE in features["missing"]:
        return {"reason": f"{TABLE} is not available: {features['missing'][TABLE]}"}
    if TABLE not in [row["feature"] for row in features["summary"]]:
        return {"reason": f"params.yaml has no feature {TABLE}, the table with a row per clip that would stand here."}
    return {"reason": None} | {name: _png(folder / f"{name}.png") for name in ("distributions", "correlations")}


def clip_plots(folder: Path, manifest: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Genre, clip and plot (a data address) of the first clip of each genre, as far as they have audio."""
    first: dict[str, str] = {}
    for clip in manifest:
        if clip["path"]:
            first.setdefault(clip["genre"], clip["clip_id"])
    return [{"genre": g, "clip_id": clip, "plot": _png(folder / f"{g}.png")} for g, clip in sorted(first.items())]


def key_finding(leaderboard: Sequence[Mapping[str, Any]], protocols: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One to three sentences: the best model's accuracy with its interval, and what a looser protocol adds."""
    strict, loose = pick_protocols(leaderboard, protocols)
    if not (strict or loose):
        if any(row["accuracy_mean"] is not None for row in leaderboard):
            return ["No result can be quoted: wherever a model was run, segments of one clip are on both sides."]
        return ["No model could be run; the reasons are below."]
    table = {(row["protocol"], row["model"]): row for row in leaderboard if row["accuracy_mean"] is not None}
    best = next(row for (protocol, _), row in table.items() if protocol == (strict or loose))
    models = sum(protocol == best["protocol"] for protocol, _ in table)
    which = f"The best of {models} models is {best['model']}" if models > 1 else f"The only model is {best['model']}"
    result = f"{which}: {_accuracy(best)} under the protocol {best['protocol']}."
    if not strict:
        leak = protocols[best["protocol"]]["shared"]
        why = (
            f"{leak:.0%} of its test clips share an artist with training clips"
            if leak
            else "nobody knows which of its test clips share an artist with training clips"
            if leak is None
            else "it does not keep artists and recordings apart"
        )
        return [result, f"No protocol with artists kept apart could be run, and {why}: read this as an upper bound."]
    sentences = [result, "No test clip of this protocol shares a known artist or a recording with a training clip."]
    other = table.get((loose, best["model"]))
    if other:
        difference = 100 * (other["accuracy_mean"] - best["accuracy_mean"])
        apart = other["accuracy_low"] > best["accuracy_high"] or best["accuracy_low"] > other["accuracy_high"]
        shared = protocols[loose]["shared"]
        where = f", where {shared:.0%} of the test clips share an artist with training clips," if shared else ""
        settled = (
            "The two intervals do not overlap."
            if apart
            else "The two intervals overlap: this many clips do not settle the difference."
        )
        sentences.append(
            f"Under {loose}{where} the same model scores {_accuracy(other)}: {abs(difference):.1f} points"
            f" {'more' if difference >= 0 else 'less'}. {settled}"
        )
    return sentences


def accuracy_by_model(leaderboard: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The leaderboard's rows as {model: {protocol: row}}, models by their best accuracy that means something."""
    table: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in leaderboard:
        table[row["model"]][row["protocol"]] = row
    best = {
        model: max((row["accuracy_mean"] or 0 for row in rows.values() if row["unit"] == "clip"), default=0)
        for model, rows in table.items()
    }
    return dict(sorted(table.items(), key=lambda item: (-best[item[0]], item[0])))


def pool_confusions(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Per protocol and model: confusion counts summed over splits and seeds, as cells with their colours."""
    pooled: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
    names: dict[tuple[str, str], list[str]] = {}
    for run in runs:
        if run["status"] == "done":
            rows = files.read_rows(run["folder"] / "confusion.csv")
            genres = list(rows[0])[1:]
            key = run["protocol"], run["model"]
            pooled[key].append(np.array([[int(row[genre]) for genre in genres] for row in rows]))
            names[key] = genres
    return [
        {"protocol": protocol, "model": model, "runs": len(all_counts)}
        | _confusion_cells(np.sum(all_counts, axis=0), names[protocol, model])
        for (protocol, model), all_counts in sorted(pooled.items())
    ]


def genre_scores(runs: Sequence[Mapping[str, Any]], genres: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Per protocol, one row per model: precision, recall and F1 of each genre, mean over its runs or None."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for run in runs:
        if run["status"] == "done":
            groups[run["protocol"], run["model"]].append(run)
    table: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for (protocol, model), group in sorted(groups.items()):
        scores = {}
        for genre in genres:
            found = [run["genres"].get(genre) or {} for run in group]
            scores[genre] = {key: _mean(f.get(key) for f in found) for key in ("precision", "recall", "f1")}
            scores[genre]["shade"] = style.shade(scores[genre]["f1"] or 0)
        table[protocol].append({"model": model, "scores": scores})
    return dict(table)


def confident_mistakes(
    leaderboard: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]], protocol: str | None
) -> dict[str, Any] | None:
    """The wrong test predictions of which the best model under `protocol` was surest (mean over its runs)."""
    best = next((r for r in leaderboard if r["protocol"] == protocol and r["accuracy_mean"] is not None), None)
    if best is None:
        return None
    wrong: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for run in runs:
        if run["status"] == "done" and (run["protocol"], run["model"]) == (protocol, best["model"]):
            for clip in files.read_rows(run["folder"] / "clips.csv"):
                if clip["predicted"] != clip["genre"]:
                    wrong[clip["clip_id"], clip["genre"], clip["predicted"]].append(float(clip["probability"]))
    surest = sorted(wrong.items(), key=lambda item: (-np.mean(item[1]), item[0]))[:MISTAKES_SHOWN]
    clips = [
        {"clip_id": c, "genre": g, "predicted": p, "runs": len(v), "probability": float(np.mean(v))}
        for (c, g, p), v in surest
    ]
    return {"model": best["model"], "protocol": protocol, "clips": clips}


def listen(results: Path) -> dict[str, Any]:
    """What `study.describe_errors` says, with pictures and excerpts as data addresses, or None."""
    for name in ("errors.csv", "labels.csv", "labels.json", "saliency.json"):
        if not (results / name).exists():
            raise cli.InputError(f"{results / name} is missing, and the report is made from it: run its rule first.")
    found = sections.describe_errors(
        results / "errors.csv", results / "errors", results / "excerpts", sections.suspected(results / "labels.csv")
    )
    for card in found["cards"]:
        card["picture"] = _png(card["picture"]) if card["picture"] else None
        excerpt = card["excerpt"]
        card["excerpt"] = data_address(excerpt.read_bytes(), "audio/mpeg") if excerpt else None
    return found


def draw_artists(manifest: Sequence[Mapping[str, str]]) -> str | None:
    """The artists of each genre as a data address; None if none is known."""
    if not any(clip["artist"] for clip in manifest):
        return None
    return data_address(style.to_svg(artists.draw_artists(artists.count_artists(manifest))))


def describe_comparisons(rows: Sequence[Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    """Per protocol: how many pairs of models were tested, and those that differ, the better one first."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        facts = found.setdefault(row["protocol"], {"tested": 0, "different": []})
        facts["tested"] += row["p_holm"] != ""
        if row["different"] == "True":
            numbers = {key: _float(row[key]) for key in row if key not in ("protocol", "model", "other", "different")}
            names = {"better": row["model"], "worse": row["other"]}
            if numbers["difference"] < 0:
                names = {"better": row["other"], "worse": row["model"]}
                numbers |= {"only_model": numbers["only_other"], "only_other": numbers["only_model"]}
            facts["different"].append(names | numbers | {"difference": abs(numbers["difference"])})
    for facts in found.values():
        facts["different"].sort(key=lambda pair: (pair["p_holm"], pair["better"], pair["worse"]))
    return found


def describe_papers(results: Path, dataset: str) -> dict[str, Any]:
    """The papers' figures against ours: sentences, the rows of papers.csv, a sentence per model on genres, plots."""
    rows = [evaluations.typed(row, paper_comparison.WORDS) for row in _rows(results / "papers.csv")]
    scores = [evaluations.typed(row, paper_comparison.GENRE_WORDS) for row in _rows(results / "papers_genres.csv")]
    of_model = {row["model"]: [score for score in scores if score["model"] == row["model"]] for row in rows}
    return {
        "finding": paper_comparison.describe_all(rows, dataset),
        "rows": rows,
        "genres": {model: paper_comparison.describe_genres(own) for model, own in of_model.items() if own},
        "plot": _png(results / "plots" / "papers.png"),
        "genre_plot": _png(results / "plots" / "papers_genres.png"),
    }


def describe_stability(
    results: Path, strict: str | None, loose: str | None, protocols: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Stability and overfitting: sentences, the rows of stability.csv by protocol, and plots."""
    rows = [evaluations.typed(row, stability.WORDS) for row in _rows(results / "stability.csv")]
    return {
        "finding": stability.describe(rows, strict, loose, protocols),
        "rows": {name: own for name in protocols if (own := [row for row in rows if row["protocol"] == name])},
        "plot": _png(results / "plots" / "stability.png"),
        "curves": _png(results / "plots" / "curves.png"),
    }


def model_plots(evaluation: Path, statuses: Sequence[Mapping[str, str]], name: str) -> list[dict[str, str]]:
    """Model and plot (a data address) of the models whose evaluation has a plot of this name."""
    models = sorted({row["model"] for row in statuses})
    paths = {model: evaluation / model / name for model in models}
    return [{"model": model, "plot": _png(path)} for model, path in paths.items() if path.exists()]


def model_costs(rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Per model, from the runs of cost.csv: their number, the mean of each figure, and where they were measured."""
    groups: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        groups[row["model"]].append(row)
    return [
        {"model": model, "runs": len(group)}
        | {name: _mean(_float(row[name]) for row in group) for name in MEASURED}
        | {name: ", ".join(sorted({row[name] for row in group})) for name in WHERE}
        for model, group in sorted(groups.items())
    ]


def not_run(statuses: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The runs that are not done, one row per protocol and reason, with the models and the number of runs."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in statuses:
        if row["status"] != "done":
            groups[row["protocol"], row["reason"]].append(row["model"])
    return [
        {"protocol": protocol, "reason": reason, "models": sorted(set(models)), "runs": len(models)}
        for (protocol, reason), models in sorted(groups.items())
    ]


def warnings(statuses: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """What must be said wherever certain numbers appear: each mark with its models and protocols."""
    caveats: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in statuses:
        for mark in filter(None, row["caveats"].split("; ")):
            caveats[mark].append(row)
    return [
        {
            "mark": mark,
            "models": sorted({row["model"] for row in rows}),
            "protocols": sorted({row["protocol"] for row in rows}),
        }
        for mark, rows in sorted(caveats.items())
    ]


def duplicate_warnings(
    statuses: Sequence[Mapping[str, str]], protocols: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What must be said where test clips repeat training clips, as `warnings` says it.

    Of a protocol that deals segments, all of whose numbers are marked, nothing is said of this.
    """
    return [
        {
            "mark": f"{facts['repeated']:.1%} of the test clips repeat, or nearly repeat, a training clip",
            "models": sorted({row["model"] for row in statuses if row["protocol"] == protocol}),
            "protocols": [protocol],
        }
        for protocol, facts in protocols.items()
        if facts["unit"] == "clip" and facts["repeated"]
    ]


def read_benchmarks(benchmarks: Path | None) -> list[dict[str, Any]]:
    """Snakemake's benchmark files summed by rule (a folder or file of `benchmarks`): jobs, s, MB at most."""
    costs: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for path in sorted(benchmarks.rglob("*.tsv")) if benchmarks else []:
        header, *lines = (line.split("\t") for line in path.read_text().splitlines() if line)
        rule = path.relative_to(benchmarks).with_suffix("").parts[0]
        costs[rule] += [dict(zip(header, line, strict=False)) for line in lines]
    return [
        {
            "rule": rule,
            "jobs": len(rows),
            "seconds": sum(_float(row.get("s")) or 0 for row in rows),
            "cpu": sum(_float(row.get("cpu_time")) or 0 for row in rows),
            "memory": max(_float(row.get("max_rss")) or 0 for row in rows),
        }
        for rule, rows in sorted(costs.items())
        if rows
    ]


def machine() -> str:
    """The processor, and how many of its cores this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{plan.processor()}, {cores} core{'s' if cores > 1 else ''}"


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that make the numbers."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def draw_leaderboard(
    leaderboard: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]], show_published: bool
) -> str:
    """The leaderboard's plot as a data address."""
    points: dict[tuple[str, str], list[float]] = defaultdict(list)
    for run in runs:
        if run["status"] == "done":
            points[run["model"], run["protocol"]].append(run["accuracy"])
    return data_address(style.to_svg(style.draw_leaderboard(leaderboard, points, show_published)))


def draw_genres(
    protocol: str,
    leaderboard: Sequence[Mapping[str, Any]],
    runs: Sequence[Mapping[str, Any]],
    genres: Sequence[str],
) -> str | None:
    """The F1 per genre of the protocol's best models as a data address, or None if none was run."""
    best = [r["model"] for r in leaderboard if r["protocol"] == protocol and r["accuracy_mean"] is not None]
    rows = {row["model"]: row["scores"] for row in genre_scores(runs, genres).get(protocol, [])}
    models = {row["model"] for row in leaderboard}
    scores = {m: {g: rows[m][g]["f1"] for g in genres} for m in best[:MODELS_IN_PLOT] if m in rows}
    return data_address(style.to_svg(style.draw_genre_scores(scores, genres, models))) if scores else None


def data_address(content: bytes, kind: str = "image/svg+xml") -> str:
    """Content of a MIME type as a data: address; the ids of an image in an img element cannot meet those of another."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def environment() -> Environment:
    """Jinja's environment: everything that is not markup of the template is escaped."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "percent": _percent,
        "signed": _signed,
        "number": _number,
        "clock": _clock,
        "amount": _amount,
        "megabytes": plan.megabytes,
    }
    env.globals["as_is"] = lambda name: Markup((TEMPLATES / name).read_text())
    return env


def _rows(path: Path) -> list[dict[str, str]]:
    return files.read_rows(_existing(path))


def _existing(path: Path) -> Path:
    if not path.exists():
        raise cli.InputError(f"{path} is missing, and the report is made from it: run its rule first.")
    return path


def _png(path: Path) -> str:
    if not path.exists():
        raise cli.InputError(f"{path} is missing, and the report shows it: run its rule first.")
    return data_address(path.read_bytes(), "image/png")


def _run(evaluation: Path, row: Mapping[str, str]) -> dict[str, Any]:
    folder = evaluation / row["model"] / row["protocol"] / row["split"] / f"seed{row['seed']}"
    if not (folder / "metrics.json").exists():
        raise cli.InputError(f"{folder}/metrics.json is missing, yet statuses.csv lists it: evaluate it again.")
    return files.read_json(folder / "metrics.json") | {"folder": folder}


def _float(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:  # Snakemake writes "NA" and "-"
        return None


def _mean(values: Any) -> float | None:
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else None


def _accuracy(row: Mapping[str, Any]) -> str:
    return (
        f"{100 * row['accuracy_mean']:.1f}% accuracy (95% interval {100 * row['accuracy_low']:.1f} to"
        f" {100 * row['accuracy_high']:.1f}%, {row['n_test']:.0f} test clips)"
    )


def _confusion_cells(counts: np.ndarray, genres: Sequence[str]) -> dict[str, Any]:
    fractions = style.row_fractions(counts)
    cells = [
        [
            {"count": int(n), "share": float(share), "shade": style.shade(share)}
            for n, share in zip(row, shares, strict=True)
        ]
        for row, shares in zip(counts, fractions, strict=True)
    ]
    return {"genres": genres, "cells": cells}


def _percent(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{100 * value:.{digits}f}"


def _signed(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _number(value: Any, digits: int = 4) -> str:
    number = _float(str(value)) if value not in (None, "") else None
    if number is None:
        return str(value or "")
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e9 else f"{number:.{digits}g}"


def _clock(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _amount(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}".replace(",", "\u202f") if value >= 100 else f"{value:.3g}"  # thousands apart


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--results", type=Path, required=True, help="folder of the dataset's results")
    parser.add_argument("--params", type=Path, required=True, help="params.yaml, shown in the report")
    parser.add_argument("--published", dest="published_table", type=Path, required=True, help="the papers' figures")
    parser.add_argument("--benchmarks", type=Path, help="folder of Snakemake's benchmark files")
    parser.add_argument("--output", type=Path, required=True, help="file to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(build_report, vars(arguments()))
