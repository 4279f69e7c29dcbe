"""Set the papers' figures against ours, system by system and genre by genre: rule compare_papers."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from genrebench.common import cli
from genrebench.datasets import published
from genrebench.datasets.split_leakage import describe_protocols
from genrebench.evaluation import paper_comparison, results, tables
from genrebench.plots import papers as paper_plots
from genrebench.plots import style


def compare_papers(
    evaluation: Path,
    splits: Path,
    leaderboard: Path,
    published_table: Path,
    dataset: str,
    models: Sequence[str],
    table: Path,
    genres: Path,
    plot: Path,
    genre_plot: Path,
) -> None:
    """Write papers.csv, a row per published accuracy, papers_genres.csv, and two plots of the systems of this project.

    `models` were evaluated. On another dataset than the figures' ours are shown, but no differences.
    """
    runs = results.read_runs(evaluation, models)
    protocols = describe_protocols(splits, set(zip(runs["protocol"], runs["split"], strict=True)))
    board = tables.LEADERBOARD.read(leaderboard)
    configured = set(board["model"])  # also those that are unavailable
    figures, printed = (
        list(published.with_paper_settings(read(published_table), configured))
        for read in (published.read_accuracies, published.read_scores)
    )
    rows = paper_comparison.compare_accuracies(figures, tables.rows(board), protocols, dataset, configured)
    scores = paper_comparison.compare_genres(printed, rows, results.read_genres(evaluation, models), dataset)
    tables.PAPERS.write(table, rows)
    tables.PAPERS_GENRES.write(genres, scores)
    rows = [row for row in rows if published.is_counterpart(row, configured)]
    segments = {name for name, protocol in protocols.items() if protocol["unit"] == "segment"}
    style.write(paper_plots.draw_papers(rows, dataset, models, segments), plot, dpi=110, palette=128)
    style.write(paper_plots.draw_genres(scores, dataset, models), genre_plot, dpi=110, palette=128)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--splits", type=Path, required=True, help="folder of the dataset's splits")
    parser.add_argument("--leaderboard", type=Path, required=True, help="leaderboard.csv")
    parser.add_argument("--published", dest="published_table", type=Path, required=True, help="the papers' figures")
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--models", nargs="*", default=[], help="the models that were evaluated")
    for name, what in {
        "table": "accuracies (CSV)", "genres": "scores per genre (CSV)", "plot": "plot of the accuracies",
        "genre-plot": "plot of the scores per genre",
    }.items():  # fmt: skip
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{what}, to write")
    cli.run(compare_papers, vars(parser.parse_args()))
