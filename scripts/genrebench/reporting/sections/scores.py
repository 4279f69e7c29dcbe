"""The sections with the scores of models, and with what is derived from them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from genrebench.evaluation import confused_pairs as pairs_of_genres
from genrebench.evaluation import robustness, stability, tables
from genrebench.plots import genre_scores as genre_plot
from genrebench.plots import style
from genrebench.plots.confusion import row_fractions
from genrebench.reporting.page import png, svg

MODELS_IN_PLOT = 8
ERRORS_SHOWN = 10
PAIRS_SHOWN = 3  # of confused genres, per model

Row = Mapping[str, Any]


def accuracy_by_model(leaderboard: Sequence[Row], headline: str | None) -> dict[str, dict[str, Row]]:
    """Arrange the leaderboard as {model: {protocol: row}}, models by their accuracy with the protocol `headline`."""
    table: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in leaderboard:
        table[row["model"]][row["protocol"]] = row

    def accuracy(model: str) -> tuple[float, float]:
        known = {name: row["accuracy_mean"] or 0 for name, row in table[model].items() if row["unit"] == "clip"}
        return known.get(headline or "", 0), max(known.values(), default=0)

    return {model: table[model] for model in sorted(table, key=lambda model: (*(-a for a in accuracy(model)), model))}


def confusions(
    tested: pd.DataFrame, genres: Sequence[str], protocols: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    """Count the test predictions by protocol, for each model, as cells with their colours.

    Parameters
    ----------
    tested : DataFrame
        Test predictions of all models (`predictions.read`).
    genres : sequence of str
        The genres, in the order of rows and columns.
    protocols : iterable of str
        The protocols, in their order on the page.
    """
    counts = tested.groupby(["protocol", "model", "genre", "predicted"]).size()
    runs = tested.drop_duplicates(["protocol", "model", "split", "seed"]).groupby(["protocol", "model"]).size()
    return {
        protocol: [
            {
                "model": model,
                "runs": int(count),
                "genres": genres,
                "cells": _cells(
                    counts.loc[protocol, model].unstack(fill_value=0).reindex(genres, fill_value=0), genres
                ),
            }
            for model, count in runs[protocol].items()
        ]
        for protocol in protocols
        if protocol in runs.index
    }


def _cells(counts: pd.DataFrame, genres: Sequence[str]) -> list[list[dict[str, Any]]]:
    values = counts.reindex(columns=genres, fill_value=0).to_numpy()
    return [
        [
            {"count": int(count), "share": float(share), "shade": style.shade(share)}
            for count, share in zip(row, shares, strict=True)
        ]
        for row, shares in zip(values, row_fractions(values), strict=True)
    ]


def confused_pairs(
    table: Path, leaderboard: Sequence[Row], tested: pd.DataFrame, protocol: str | None
) -> dict[str, Any] | None:
    """List the first pairs of genres that each model confuses under `protocol`, the best model first; None without any.

    Parameters
    ----------
    table : path
        confused_pairs.csv.
    leaderboard : sequence of dict
        Rows of leaderboard.csv, in whose order the models stand.
    tested : DataFrame
        Test predictions of all models (`predictions.read`), for the pairs that all of them together confuse: `all`.
    protocol : str or None
        The protocol that the report quotes.
    """
    own = tables.CONFUSED_PAIRS.read(table).query("protocol == @protocol")
    if own.empty:
        return None
    first = own[own["rank"] <= PAIRS_SHOWN]
    models = [row["model"] for row in leaderboard if row["protocol"] == protocol and row["accuracy_mean"] is not None]
    together = pairs_of_genres.rank_pairs(tested[tested["protocol"] == protocol].assign(model=""))
    return {
        "protocol": protocol,
        "shown": PAIRS_SHOWN,
        "all": tables.rows(together.head(PAIRS_SHOWN)),
        "models": {model: tables.rows(first[first["model"] == model]) for model in models},
    }


def genre_scores(
    scores: pd.DataFrame, genres: Sequence[str], protocols: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    """Average precision, recall and F1 of each genre over the runs: by protocol, a row per model.

    Parameters
    ----------
    scores : DataFrame
        Rows of genres.csv of all models.
    genres : sequence of str
        The genres, in their order. A genre without test clips has None.
    protocols : iterable of str
        The protocols, in their order on the page.
    """
    table: dict[str, list[dict[str, Any]]] = {}
    for protocol in protocols:
        own = scores[scores["protocol"] == protocol]
        for model, of_model in own.groupby("model"):
            means = of_model.groupby("genre")[["precision", "recall", "f1"]].mean().reindex(genres)
            by_genre = dict(zip(genres, tables.rows(means), strict=True))
            shaded = {genre: row | {"shade": style.shade(row["f1"] or 0)} for genre, row in by_genre.items()}
            table.setdefault(protocol, []).append({"model": model, "scores": shaded})
    return table


def draw_genres(
    scores: Mapping[str, Sequence[Row]], leaderboard: Sequence[Row], genres: Sequence[str]
) -> dict[str, str]:
    """Draw the F1 per genre of the best models of each protocol of clips, as data addresses."""
    ranked: dict[str, list[str]] = defaultdict(list)
    for row in leaderboard:
        if row["unit"] == "clip" and row["accuracy_mean"] is not None:
            ranked[row["protocol"]].append(row["model"])
    plots = {}
    for protocol, models in ranked.items():
        rows = {row["model"]: row["scores"] for row in scores.get(protocol, ())}
        best = {model: {g: rows[model][g]["f1"] for g in genres} for model in models[:MODELS_IN_PLOT] if model in rows}
        if best:
            figure = genre_plot.draw_genre_scores(best, genres, {row["model"] for row in leaderboard})
            plots[protocol] = svg(style.to_svg(figure))
    return plots


def confident_errors(leaderboard: Sequence[Row], tested: pd.DataFrame, protocol: str | None) -> dict[str, Any] | None:
    """List the wrong predictions of the best model under `protocol` with the highest mean probabilities."""
    best = next((r for r in leaderboard if r["protocol"] == protocol and r["accuracy_mean"] is not None), None)
    if best is None:
        return None
    own = tested[(tested["protocol"] == protocol) & (tested["model"] == best["model"]) & ~tested["right"]]
    own = own.assign(probability=[row[row["predicted"]] for _, row in own.iterrows()])
    found = own.groupby(["clip_id", "genre", "predicted"])["probability"].agg(probability="mean", runs="size")
    found = found.reset_index().sort_values(["probability", "clip_id"], ascending=[False, True])
    return {"model": best["model"], "protocol": protocol, "clips": tables.rows(found.head(ERRORS_SHOWN))}


def describe_comparisons(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Count by protocol the tested pairs of comparisons.csv, and list those that differ, the better model first."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        facts = found.setdefault(row["protocol"], {"tested": 0, "different": []})
        facts["tested"] += row["p_holm"] is not None
        if row["different"]:
            pair = dict(row) | {"better": row["model"], "worse": row["other"]}
            if row["difference"] < 0:
                pair |= {"better": row["other"], "worse": row["model"], "difference": -row["difference"]}
                pair |= {"only_model": row["only_other"], "only_other": row["only_model"]}
            facts["different"].append(pair)
    for facts in found.values():
        facts["different"].sort(key=lambda pair: (pair["p_holm"], pair["better"], pair["worse"]))
    return found


def describe_stability(
    folder: Path, strict: str | None, loose: str | None, protocols: Mapping[str, Row]
) -> dict[str, Any]:
    """Read stability and overfitting: sentences, the rows of stability.csv by protocol, and plots."""
    rows = tables.rows(tables.STABILITY.read(folder / "stability.csv"))
    return {
        "findings": stability.describe(rows, strict, loose, protocols),
        "rows": {name: own for name in protocols if (own := [row for row in rows if row["protocol"] == name])},
        "plot": png(folder / "plots" / "stability.png"),
        "curves": png(folder / "plots" / "curves.png"),
    }


def describe_robustness(folder: Path) -> dict[str, Any]:
    """Read the study of degraded recordings: sentences, the rows of robustness.csv, their protocol, and the plot."""
    rows = tables.rows(tables.ROBUSTNESS.read(folder / "robustness.csv"))
    return {
        "findings": robustness.findings(rows),
        "rows": rows,
        "protocol": rows[0]["protocol"] if rows else None,
        "plot": png(folder / "plots" / "robustness.png"),
    }


def model_plots(evaluation: Path, models: Sequence[str], name: str) -> list[dict[str, str]]:
    """List model and plot, as a data address, of the models whose evaluation has a plot of this name."""
    paths = {model: evaluation / model / name for model in models}
    return [{"model": model, "plot": png(path)} for model, path in paths.items() if path.exists()]
