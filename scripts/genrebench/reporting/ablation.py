"""The page of the feature ablation."""

from pathlib import Path

from matplotlib.figure import Figure

from genrebench.datasets import synthetic as synthetic_music
from genrebench.evaluation import significance
from genrebench.evaluation.ablation import Study
from genrebench.plots import style
from genrebench.reporting.page import svg, write_page


def write(study: Study, dataset: str, synthetic: bool, figure: Figure, output: Path) -> None:
    """Write the page of an ablation on a dataset, `synthetic` or not; `figure` is that of `plots.ablation`."""
    content = {
        "dataset": synthetic_music.label(dataset, synthetic),
        "synthetic": synthetic_music.NOTE if synthetic else None,
        "protocol": study.plan["protocol"],
        "split_count": len(study.splits),
        "models": study.plan["models"],
        "seeds": {
            model: sorted(study.runs["seed"][study.runs["model"].str.startswith(f"{model}-")].unique())
            for model in study.plan["models"]
        },
        "variants": [row | {"listed": _in_words(row["features"])} for row in study.variants],
        "ranking": study.ranking,
        "compared": study.compared,
        "selections": {model: list(found.values()) for model, found in study.selections.items()},
        "level": significance.LEVEL,
        "counts": next((one["counts"] for one in study.described.values() if one["available"]), None),
        "picture": svg(style.to_svg(figure)),
        "reasons": sorted({row["reason"] for row in study.variants if row["reason"]}),
        "components": study.components,
    }
    write_page("ablation.html.j2", content, output)


def _in_words(features: str) -> str:
    """The features of a row of ablation.csv, with commas; of several splits each."""
    parts = (part.rpartition(": ") for part in features.split("; "))
    return "; ".join(f"{split}{colon}{', '.join(names.split())}" for split, colon, names in parts)
