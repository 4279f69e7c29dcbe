"""The report of a dataset: one page with all results."""

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genrebench.common import files, packages
from genrebench.datasets import published, synthetic
from genrebench.datasets.split_leakage import MEANINGLESS, describe_protocols, pick_protocols
from genrebench.evaluation import costs, leakage, paper_comparison, predictions, results, tables
from genrebench.plots import cost as cost_plot
from genrebench.plots import style
from genrebench.reporting.page import existing, png, write_page
from genrebench.reporting.sections import cost, dataset, overview, scores, studies
from genrebench.reporting.sections.ablation import describe_ablation
from genrebench.reporting.sections.papers import describe_papers

PACKAGES = ("numpy", "scipy", "scikit-learn", "librosa", "PyWavelets", "tensorflow", "keras", "snakemake", "dvc")
CLIPS_SHOWN = 2000  # in a table on the page, so that browsers can open it
# In the order of the page. The name is that of the template and of the anchor.
SECTIONS = {
    "results": "Results",
    "significance": "Statistical significance",
    "papers": "Comparison with the papers",
    "ablation": "Feature ablation",
    "stability": "Stability and overfitting",
    "robustness": "Robustness",
    "leakage": "Leakage study",
    "protocols": "Split protocols",
    "confusion": "Confusion matrices",
    "confused_pairs": "Confused genres",
    "genres": "Scores per genre",
    "confident_errors": "Confident errors",
    "hard_clips": "Hard clips",
    "labels": "Label quality",
    "saliency": "Occlusion saliency",
    "calibration": "Calibration",
    "curves": "Learning curves",
    "cost": "Cost",
    "dataset": "Dataset",
    "rejected": "Rejected files",
    "features": "Features",
    "feature_table": "Features by genre",
    "clips": "Clips over time",
    "unavailable": "Unavailable runs",
    "reproducibility": "Reproducibility",
}


def build_report(
    name: str,
    folder: Path,
    params: Sequence[Path],
    published_table: Path,
    page: Path,
    cost_table: Path,
    cost_picture: Path,
    measures_table: Path,
    benchmarks: Path | None = None,
    ablation: Sequence[str] = (),
    robustness: bool = False,
) -> None:
    """Write the report of a dataset, its costs as table and plot, and the papers' other figures beside ours.

    The runs are those of statuses.csv, so results of an earlier configuration are not shown.

    Parameters
    ----------
    name : str
        The dataset.
    folder : path
        Its results.
    params : sequence of path
        params.yaml and the preset of the dataset, shown on the page.
    published_table : path
        data/published.csv.
    page, cost_table, cost_picture, measures_table : path
        HTML, CSV, PNG and CSV (papers_figures.csv) to write.
    benchmarks : path, optional
        Folder of Snakemake's benchmark files; without it, costs of jobs are not shown.
    ablation : sequence of str
        The protocols whose feature ablation is shown.
    robustness : bool
        Whether the study of degraded recordings is shown.

    Raises
    ------
    InputError
        If a result is missing.
    """
    statuses = tables.rows(tables.STATUSES.read(folder / "statuses.csv"))
    leaderboard = tables.rows(tables.LEADERBOARD.read(folder / "leaderboard.csv"))
    splits = {(row["protocol"], row["split"]) for row in statuses if row["split"]}
    protocols = describe_protocols(folder / "splits", splits)
    strict, loose = pick_protocols(leaderboard, protocols)
    headline = strict or loose
    measured = costs.read_costs(statuses, folder / "runs", folder / "costs")
    files.write_rows(cost_table, costs.COLUMNS, measured)
    points = costs.accuracy_and_cost(leaderboard, measured, headline)
    figure = cost_plot.draw_costs(points, [row["model"] for row in statuses], headline)
    style.write(figure, cost_picture, palette=128)
    papers = tables.rows(tables.PAPERS.read(folder / "papers.csv"))
    printed = published.with_paper_settings(
        published.read_measures(published_table), {row["model"] for row in leaderboard}
    )
    measures = paper_comparison.compare_measures(list(printed), papers, leaderboard, measured, name)
    tables.PAPERS_FIGURES.write(measures_table, measures)
    content = (
        _results(folder, leaderboard, statuses, protocols)
        | _dataset(folder)
        | {
            "dataset": name,
            "synthetic": synthetic.NOTE if any(row["synthetic"] for row in leaderboard) else None,
            "protocols": protocols,
            "headline": headline,
            "meaningless": MEANINGLESS,
            "published_here": published.is_of(name, papers),
            "papers": describe_papers(folder, name, papers, measures, {row["model"] for row in leaderboard}),
            "ablation": describe_ablation(folder, ablation),
            "stability": scores.describe_stability(folder, strict, loose, protocols),
            "robustness": scores.describe_robustness(folder) if robustness else None,
            "warnings": overview.warnings(statuses) + overview.duplicate_warnings(statuses, protocols),
            "unavailable": overview.unavailable(statuses),
            "model_costs": cost.model_costs(measured),
            "cost_plot": png(cost_picture),
            "jobs": cost.read_benchmarks(benchmarks),
            "machine": cost.machine(),
            "params": {path.name: path.read_text(encoding="utf-8") for path in params},
            "versions": versions(),
        }
    )
    content["colour"] = style.colours(row["genre"] for row in content["genres"]) | style.colours(
        row["model"] for row in leaderboard
    )
    write_page("report.html.j2", content | {"sections": _sections(content)}, page)


def _results(
    folder: Path,
    leaderboard: list[dict[str, Any]],
    statuses: list[dict[str, Any]],
    protocols: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """The content of the sections about models."""
    models = sorted({row["model"] for row in statuses if row["status"] == results.DONE})
    evaluation = folder / "evaluation"
    tested = predictions.read(evaluation, models)
    tested = tested[(tested["subset"] == "test") & tested["protocol"].isin(protocols)]
    genres = sorted({clip["genre"] for clip in files.read_rows(existing(folder / "manifest.csv"))})
    by_genre = scores.genre_scores(results.read_genres(evaluation, models), genres, protocols)
    strict, loose = pick_protocols(leaderboard, protocols)
    errors = studies.describe_errors(
        existing(folder / "errors.csv"), folder / "errors", folder / "excerpts", existing(folder / "labels.csv")
    )
    return {
        "findings": overview.key_findings(leaderboard, protocols),
        "leaderboard": leaderboard,
        "by_model": scores.accuracy_by_model(leaderboard, strict or loose),
        "leaderboard_plot": png(folder / "leaderboard.png"),
        "confusions": scores.confusions(tested, genres, protocols),
        "confused_pairs": scores.confused_pairs(folder / "confused_pairs.csv", leaderboard, tested, strict or loose),
        "genre_scores": by_genre,
        "genre_plots": scores.draw_genres(by_genre, leaderboard, genres),
        "mistakes": scores.confident_errors(leaderboard, tested, strict or loose),
        "errors": errors,
        "labels": studies.describe_labels(folder / "labels.csv", existing(folder / "labels.json"), errors["clips"]),
        "saliency": studies.describe_saliency(existing(folder / "saliency.json")),
        "saliency_plot": png(folder / "plots" / "saliency.png"),
        "comparisons": scores.describe_comparisons(tables.rows(tables.COMPARISONS.read(folder / "comparisons.csv"))),
        "comparison_plot": png(folder / "plots" / "comparisons.png"),
        "leakage": leakage.read_study(*(existing(folder / f"{table}.csv") for table in ("leakage", "leakage_parts"))),
        "leakage_plot": png(folder / "plots" / "leakage.png"),
        "reliability": scores.model_plots(evaluation, models, "reliability.png"),
        "curves": scores.model_plots(evaluation, models, "curves.png"),
    }


def _dataset(folder: Path) -> dict[str, Any]:
    """The content of the sections about the dataset."""
    manifest = files.read_rows(existing(folder / "manifest.csv"))
    features = dataset.read_features(existing(folder / "features" / "summary.csv"))
    return {
        "clips": manifest,
        "clips_shown": CLIPS_SHOWN,
        "genres": dataset.describe_genres(manifest),
        "faults": dataset.describe_faults(manifest),
        "has_audio": any(clip["duration_s"] for clip in manifest),
        "rejected": files.read_rows(existing(folder / "rejected.csv")),
        "notes": files.read_rows(existing(folder / "notes.csv")),
        "artists_plot": dataset.draw_artists_of(manifest),
        "features": features,
        "table_plots": dataset.table_plots(folder / "plots", features),
        "clip_plots": dataset.clip_plots(folder / "plots" / "genres", manifest),
    }


def _sections(content: dict[str, Any]) -> dict[str, str]:
    """The sections of the page: those that have content."""
    needed = {
        "papers": content["papers"]["rows"] or content["papers"]["literature"],
        "ablation": content["ablation"],
        "stability": content["stability"]["rows"],
        "robustness": content["robustness"],
        "confused_pairs": content["confused_pairs"],
        "confident_errors": content["mistakes"] and content["mistakes"]["clips"],
        "calibration": content["reliability"],
        "curves": content["curves"],
    }
    return {name: title for name, title in SECTIONS.items() if needed.get(name, True)}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that determine the numbers."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = packages.version(package)
        except packages.PackageNotFoundError:
            continue
    return found
