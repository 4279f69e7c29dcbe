"""The papers' figures against ours, under the closest reading of their protocol and under one that keeps artists apart.

The closest reading of a figure is the protocol that data/published.csv gives it. Where a model has no run under that,
another that assigns whole clips at random stands for it (`ALIKE`, the most alike first). The artist-disjoint protocol
is the one that the report quotes results from (`split_leakage.pick_protocols`), among those under which the model was
run.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import pandas as pd

from genrebench.common.averages import mean
from genrebench.common.formatting import counted, interval, percent, points
from genrebench.datasets.published import is_counterpart, paper_of
from genrebench.datasets.split_leakage import MEANINGLESS, pick_protocols
from genrebench.evaluation import tables

# These assign whole clips at random; of size_matched fewer are trained on.
ALIKE = ("stratified", "holdout", "kfold", "size_matched")
MATCHED = "size_matched"
OURS = {  # column of papers.csv after closest_ and disjoint_, column of the leaderboard
    "protocol": "protocol",
    "accuracy": "accuracy_mean",
    "low": "accuracy_low",
    "high": "accuracy_high",
    "runs": "runs",
    "clips": "n_test",
}
SCORES = ["precision", "recall", "f1", "support"]
MEASURES = {"test_loss": "log_loss_mean", "valid_accuracy": "valid_accuracy"}  # their column in the leaderboard
# of a model of which only other figures than the accuracy are published
NO_ACCURACY = {
    **{"closest_protocol": None, "disjoint_protocol": None},
    "summary": "No accuracy of it is published, so no protocol is known.",
}
COSTS = ("parameters", "seconds_per_epoch")  # columns of cost.csv

Row = Mapping[str, Any]


def compare_accuracies(
    figures: Sequence[Row],
    leaderboard: Sequence[Row],
    protocols: Mapping[str, Row],
    dataset: str,
    models: Container[str],
) -> list[dict[str, Any]]:
    """The rows of papers.csv: one per figure of `figures` (see `published.read_accuracies`), in their order.

    `leaderboard` has the rows of leaderboard.csv, `protocols` is what `protocols.describe_protocols` returns, and
    `models` are those that are configured. Accuracies and their differences are fractions. `shared` is the share of the
    closest protocol's test clips that share an artist with training clips. `difference` is ours under it less the
    published figure and `inside` whether that lies in our 95% interval, both blank where `dataset` is not the figure's,
    so that the two are not `comparable`. `gap` is what the artist-disjoint protocol takes from ours, `published_gap`
    what it takes from the published figure. `size_matched` is ours on random subsets as large as the artist-disjoint
    ones.
    """
    by_model: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in leaderboard:
        by_model[row["model"]][row["protocol"]] = row
    rows = []
    for figure in figures:
        row = _compare(figure, by_model[figure["model"]], protocols, dataset)
        rows.append(row | {"summary": " ".join(_summary(row, by_model[row["model"]], protocols, models))})
    return rows


def compare_genres(
    scores: Sequence[Row], rows: Sequence[Row], genres: pd.DataFrame, dataset: str
) -> list[dict[str, Any]]:
    """The rows of papers_genres.csv: the printed scores of genres, `scores` (see `published.read_scores`).

    `rows` are those of `compare_accuracies`, which say under which protocols a model is compared, `genres` the scores
    of our runs (`results.read_genres`). Ours are means over the runs, None for a genre that was not tested; clips are
    test clips of a split. `macro avg` and `weighted avg` are the averages over genres, the second by their test clips.
    The accuracy of a genre is its recall. A printed support is no row of its own, but `published_clips` of the others.
    """
    chosen = {row["model"]: row for row in rows}
    clips = {(row["model"], row["genre"]): row["value"] for row in scores if row["metric"] == "support"}
    means = average_genres(genres).groupby(["model", "protocol", "genre"])[SCORES].mean()
    table = []
    for score in scores:
        model, genre, metric = score["model"], score["genre"], score["metric"]
        if metric == "support":
            continue
        row = {name: score[name] for name in ("model", "source", "dataset", "genre", "metric")}
        row |= {"published": score["value"], "published_clips": clips.get((model, genre)), "difference": None}
        for ours in ("closest", "disjoint"):
            protocol = chosen.get(model, NO_ACCURACY)[f"{ours}_protocol"]
            found = means.loc[model, protocol, genre] if (model, protocol, genre) in means.index else {}
            row |= {
                f"{ours}_protocol": protocol,
                f"{ours}_score": found.get("recall" if metric == "accuracy" else metric),
                f"{ours}_clips": found.get("support"),
            }
        if comparable(row, dataset) and row["closest_score"] is not None:
            row["difference"] = row["closest_score"] - row["published"]
        table.append(row)
    return table


def compare_measures(
    figures: Sequence[Row], rows: Sequence[Row], leaderboard: Sequence[Row], costs: Sequence[Row], dataset: str
) -> list[dict[str, Any]]:
    """The rows of papers_figures.csv: each printed loss, accuracy in validation, number of parameters and time.

    `figures` are what `published.read_measures` returns, `rows` those of papers.csv, which say under which protocols a
    model is compared and why it has no results, `leaderboard` and `costs` those of leaderboard.csv and cost.csv. Ours
    are means over the runs: the loss in nats, the accuracy in validation of the weights that are kept, a fraction,
    trained numbers, and seconds on the `device` at hand. `difference` is ours less the published figure, of
    losses and accuracies on the same dataset.
    """
    chosen = {row["model"]: row for row in rows}
    board = {(row["model"], row["protocol"]): row for row in leaderboard}
    measured: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for cost in costs:
        measured[cost["model"], cost["protocol"]].append(cost)
    table = []
    for figure in figures:
        model, metric = figure["model"], figure["metric"]
        row = {name: figure[name] for name in ("model", "source", "dataset", "metric", "note")}
        row |= {"published": figure["value"], "difference": None, "device": None, "reason": None}
        for ours in ("closest", "disjoint"):
            protocol = chosen.get(model, NO_ACCURACY)[f"{ours}_protocol"]
            own = measured[model, protocol]
            found = board.get((model, protocol), {})
            value = mean(one[metric] for one in own) if metric in COSTS else found.get(MEASURES.get(metric, ""))
            row |= {f"{ours}_protocol": protocol, f"{ours}_value": value}
            if metric in COSTS and own:
                row["device"] = row["device"] or f"{own[0]['backend']}, {own[0]['device']}"
        if row["closest_value"] is not None and metric in MEASURES and comparable(row, dataset):
            row["difference"] = row["closest_value"] - row["published"]
        if row["closest_value"] is None and row["disjoint_value"] is None:
            done = row["closest_protocol"] or row["disjoint_protocol"]
            row["reason"] = (
                "Not measured in our runs on this machine." if done else chosen.get(model, NO_ACCURACY)["summary"]
            )
        table.append(row)
    return table


def average_genres(genres: pd.DataFrame) -> pd.DataFrame:
    """The scores of the genres that have test clips (rows of genres.csv), and of each run their averages as more rows.

    The further genres are called `macro avg` and `weighted avg`, as scikit-learn prints them.
    """
    tested = genres[genres["support"] > 0].astype({"support": float})
    run = ["model", "protocol", "split", "seed"]
    total = tested.groupby(run)["support"].sum()
    macro = tested.groupby(run)[SCORES[:-1]].mean()
    products = tested[SCORES[:-1]].fillna(0).mul(tested["support"], axis=0).join(tested[run])
    weighted = products.groupby(run).sum().div(total, axis=0)
    averages = {"macro avg": macro, "weighted avg": weighted}
    return pd.concat(
        [tested, *(means.join(total).reset_index().assign(genre=name) for name, means in averages.items())],
        ignore_index=True,
    )


def comparable(row: Row, dataset: str) -> bool:
    """Whether a published figure is of this dataset."""
    return row["dataset"].lower() == dataset.lower()


def closest_protocol(stated: str, done: Container[str]) -> str | None:
    """The protocol under which a figure is compared: the `stated` one, or of those alike the first that is `done`."""
    return next((name for name in (stated, *(ALIKE if stated in ALIKE else ())) if name in done), None)


def describe_all(rows: Sequence[Row], dataset: str) -> list[str]:
    """Describe rows of papers.csv in sentences: how many accuracies are met, and the loss without artist overlap."""
    run = [row for row in rows if row["closest_accuracy"] is not None]
    papers = {paper_of(row["source"]) for row in rows}
    sentences = [
        f"The table has {len(rows)} published accuracies from {len(papers)} papers. For {len(run)} of them we have"
        " results with the closest protocol."
    ]
    known = [row for row in run if row["difference"] is not None]
    if foreign := sorted({row["dataset"] for row in rows if not comparable(row, dataset)}):
        sentences.append(f"Published accuracies on {', '.join(foreign)} are not comparable with results on {dataset}.")
    if known:
        above = sum(not row["inside"] and row["difference"] < 0 for row in known)
        below = sum(not row["inside"] and row["difference"] > 0 for row in known)
        sentences.append(
            f"Of {len(known)} comparable accuracies, {len(known) - above - below} are in our 95% interval,"
            f" {above} above it and {below} below it."
        )
    gaps = [row["gap"] for row in run if row["gap"] is not None and row["closest_protocol"] in ALIKE]
    if gaps:
        lost = median(gaps)
        sentences.append(
            "From the closest protocol to the artist-disjoint split our accuracy"
            f" {'falls' if lost >= 0 else 'rises'} by {points(abs(lost))} (median of {len(gaps)})."
        )
    return sentences


def describe_genres(rows: Sequence[Row]) -> str | None:
    """Describe the F1 of one model's genres (rows of papers_genres.csv); None where they cannot be compared."""
    known = [
        row
        for row in rows
        if row["metric"] == "f1" and row["difference"] is not None and not row["genre"].endswith(" avg")
    ]
    if not known:
        return None
    most = max(known, key=lambda row: abs(row["difference"]))
    mean = sum(abs(row["difference"]) for row in known) / len(known)
    return (
        f"With {most['closest_protocol']} our F1 differs from the published one by {points(mean)} on average over"
        f" {counted(len(known), 'genre')}, most for {most['genre']}: {percent(most['closest_score'])} instead of"
        f" {percent(most['published'])}."
    )


def _compare(figure: Row, own: Mapping[str, Row], protocols: Mapping[str, Row], dataset: str) -> dict[str, Any]:
    done = {protocol: row for protocol, row in own.items() if row["accuracy_mean"] is not None}
    closest = done.get(closest_protocol(figure["protocol"], done) or "")
    strict, _ = pick_protocols(list(done.values()), protocols)
    disjoint = done.get(strict or "")
    row = dict.fromkeys(tables.PAPERS.columns) | {
        "model": figure["model"],
        "source": figure["source"],
        "dataset": figure["dataset"],
        "comparable": comparable(figure, dataset),
        "stated_protocol": figure["protocol"],
        "published": figure["value"],
        "note": figure["note"],
        "caveats": tables.SEPARATOR.join(_caveats(closest, disjoint)),
        **_ours("closest", closest),
        **_ours("disjoint", disjoint),
    }
    if closest:
        row["shared"] = protocols[closest["protocol"]]["shared"]
        if comparable(row, dataset):
            row["difference"] = closest["accuracy_mean"] - figure["value"]
            row["inside"] = closest["accuracy_low"] <= figure["value"] <= closest["accuracy_high"]
    if closest and disjoint:
        row["gap"] = closest["accuracy_mean"] - disjoint["accuracy_mean"]
    if disjoint and comparable(row, dataset):
        row["published_gap"] = figure["value"] - disjoint["accuracy_mean"]
    alike = strict and MATCHED in done and protocols[MATCHED]["counts"] == protocols[strict]["counts"]
    if alike and row["closest_protocol"] not in (None, MATCHED):
        row["size_matched"] = done[MATCHED]["accuracy_mean"]
    return row


def _ours(name: str, found: Row | None) -> dict[str, Any]:
    return {f"{name}_{short}": found[column] if found else None for short, column in OURS.items()}


def _summary(row: Row, own: Mapping[str, Row], protocols: Mapping[str, Row], models: Container[str]) -> Iterable[str]:
    """Describe a row of papers.csv, sentence by sentence."""
    if not is_counterpart(row, models):
        yield "A figure of the literature: the system is not part of this project."
        return
    if row["model"] not in models:
        yield "Unavailable: the model is not configured."
        return
    if row["closest_accuracy"] is None and row["disjoint_accuracy"] is None:
        reasons = dict.fromkeys(found["reason"] for found in own.values() if found["reason"])
        stated = own.get(row["stated_protocol"])
        reason = stated["reason"] if stated else next(iter(reasons), "the model has no protocol.")
        yield f"Unavailable: {reason.rstrip('.')}."
        return
    yield from _closest_sentences(row, own, protocols)
    yield from _disjoint_sentences(row)
    if caveats := [one for one in row["caveats"].split(tables.SEPARATOR) if one and one != MEANINGLESS]:
        yield f"Caveats: {'; '.join(caveats)}."


def _closest_sentences(row: Row, own: Mapping[str, Row], protocols: Mapping[str, Row]) -> Iterable[str]:
    protocol, stated = row["closest_protocol"], row["stated_protocol"]
    if protocol is None:
        reason = own[stated]["reason"].rstrip(".") if stated in own else "not configured for this model"
        yield f"Unavailable with {stated}: {reason}."
        return
    instead = f" (instead of {stated})" if protocol != stated else ""
    ours = f"With {protocol}{instead} our accuracy is {_accuracy(row, 'closest')}"
    if row["difference"] is None:
        yield f"{ours}."
    else:
        where = "inside" if row["inside"] else "outside"
        yield f"{ours}, {_more(row['difference'], 'published')}. The published accuracy is {where} our 95% interval."
    if protocols[protocol]["unit"] == "segment":
        yield "It says nothing about new music, because training and test share clips."
    elif row["shared"]:
        yield f"{percent(row['shared'], 0)} of the test clips share an artist with training clips."


def _disjoint_sentences(row: Row) -> Iterable[str]:
    protocol = row["disjoint_protocol"]
    if protocol is None:
        yield "No artist-disjoint split has results."
        return
    ours = f"With {protocol} our accuracy is {_accuracy(row, 'disjoint')}"
    if row["gap"] is None:
        known = row["published_gap"] is not None
        yield f"{ours}, {_more(-row['published_gap'], 'published')}." if known else f"{ours}."
    elif protocol == row["closest_protocol"]:
        yield "This split is artist-disjoint."
    else:
        apart = row["disjoint_high"] < row["closest_low"] or row["closest_high"] < row["disjoint_low"]
        yield f"{ours}, {_more(-row['gap'])}. The two intervals {'do not overlap' if apart else 'overlap'}."
        if row["size_matched"] is not None:
            rest = row["size_matched"] - row["disjoint_accuracy"]
            matched = percent(row["size_matched"])
            yield f"With {MATCHED}, a random split of the same size, it is {matched}, {_more(rest)}."


def _caveats(*found: Row | None) -> list[str]:
    return list(
        dict.fromkeys(one for row in found if row for one in (row["caveats"] or "").split(tables.SEPARATOR) if one)
    )


def _accuracy(row: Row, which: str) -> str:
    return f"{percent(row[f'{which}_accuracy'])} ({interval(row[f'{which}_low'], row[f'{which}_high'])})"


def _more(difference: float, other: str = "") -> str:
    """Compare an accuracy with an `other` one, or with that of the sentence before."""
    if abs(difference) < 0.0005:
        return f"the same as {other}" if other else "the same"
    return f"{points(abs(difference))} {'more' if difference > 0 else 'less'}" + (f" than {other}" if other else "")
