"""The tables of the results: their columns and types, and how they are read and written.

In a data frame of these, text that is missing is blank, and a missing number, count or flag is NaN or NA.
"""

from typing import Any

import pandas as pd

from genrebench.common.tables import COUNT, FLAG, NUMBER, TEXT, Table

SEPARATOR = "; "  # between the caveats of a run


def _columns(**by_type: str) -> dict[str, str]:
    """Names of columns, separated by spaces, as {name: type}."""
    types = {"text": TEXT, "count": COUNT, "number": NUMBER, "flag": FLAG}
    return {name: types[kind] for kind, names in by_type.items() for name in names.split()}


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries of Python's own types, None where a value is missing, for those who show them."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


# Test clips, and all others that were predicted, of all runs of a model. `segment` is blank where the unit that is
# counted is the clip; then the probabilities, one further column per genre, are means over its `segments`, and
# `segments_right` is the number of these whose own most probable genre is that of the clip.
PREDICTIONS = Table(
    _columns(text="protocol split")
    | _columns(count="seed")
    | _columns(text="clip_id")
    | _columns(count="segment")
    | _columns(text="subset genre predicted")
    | _columns(count="segments segments_right"),
    number="%.9g",
    others=NUMBER,
)
SCORES = (
    "accuracy macro_precision macro_recall macro_f1 log_loss calibration_error majority_accuracy train_accuracy"
    " valid_accuracy"
)
RUN = _columns(text="model protocol split") | _columns(count="seed")
# A row per run of a model, and a row per run and genre.
METRICS = Table(
    RUN
    | _columns(text="status reason caveats unit protocol_version split_source")
    | _columns(count="n_test")
    | _columns(number=SCORES),
    number=None,
)
GENRES = Table(RUN | _columns(text="genre") | _columns(number="precision recall f1") | _columns(count="support"), None)
STATUSES = Table(RUN | _columns(text="status reason caveats"))
LEADERBOARD = Table(
    _columns(text="model protocol unit")
    | _columns(count="runs seeds splits n_test")
    | _columns(
        number="accuracy_mean accuracy_std accuracy_low accuracy_high bootstrap_low bootstrap_high macro_f1_mean"
        " macro_f1_std precision recall log_loss_mean calibration_error majority_accuracy train_accuracy valid_accuracy"
        " published_accuracy"
    )
    | _columns(text="published_source published_dataset caveats status reason")
    | _columns(flag="synthetic"),
    number="%.6f",
)
COMPARISONS = Table(
    _columns(text="protocol model other")
    | _columns(count="clips")
    | _columns(number="accuracy other_accuracy difference")
    | _columns(count="only_model only_other")
    | _columns(number="p_mcnemar p_holm")
    | _columns(count="splits")
    | _columns(number="t p_resampled")
    | _columns(flag="different")
)


def _ours(name: str) -> dict[str, str]:
    """Our figure beside a published one."""
    return (
        _columns(text=f"{name}_protocol")
        | _columns(number=f"{name}_accuracy {name}_low {name}_high")
        | _columns(count=f"{name}_runs {name}_clips")
    )


PAPERS = Table(
    _columns(text="model source dataset")
    | _columns(flag="comparable")
    | _columns(text="stated_protocol")
    | _columns(number="published")
    | _ours("closest")
    | _columns(number="shared difference")
    | _columns(flag="inside")
    | _ours("disjoint")
    | _columns(number="gap size_matched published_gap")
    | _columns(text="caveats summary note")
)
PAPERS_GENRES = Table(
    _columns(text="model source dataset genre metric")
    | _columns(number="published published_clips")
    | _columns(text="closest_protocol")
    | _columns(number="closest_score closest_clips")
    | _columns(text="disjoint_protocol")
    | _columns(number="disjoint_score disjoint_clips difference")
)
PAPERS_FIGURES = Table(
    _columns(text="model source dataset metric")
    | _columns(number="published")
    | _columns(text="closest_protocol")
    | _columns(number="closest_value")
    | _columns(text="disjoint_protocol")
    | _columns(number="disjoint_value difference")
    | _columns(text="device reason note")
)
CLAIMS = Table(
    _columns(text="id source claim kind protocol verdict")
    | _columns(number="difference low high")
    | _columns(text="ours reason caveats")
)
STABILITY = Table(
    _columns(text="model protocol unit")
    | _columns(count="runs seeds splits")
    | _columns(
        number="train_accuracy valid_accuracy test_accuracy gap valid_gap lowest highest seed_std split_std epochs"
        " best_epoch accuracy_lost loss_rise fluctuation"
    )
    | _columns(text="caveats")
)
# What the runs of a model predict of degraded test clips; further columns are the probabilities of genres.
DEGRADED = Table(
    _columns(text="condition protocol split") | _columns(count="seed") | _columns(text="clip_id predicted"),
    number="%.9g",
    others=NUMBER,
)
ROBUSTNESS = Table(
    _columns(text="model protocol condition")
    | _columns(count="runs clips")
    | _columns(number="accuracy accuracy_low accuracy_high difference difference_low difference_high"),
    number="%.6f",
)
LEAKAGE = Table(
    _columns(text="model protocol status reason unit")
    | _columns(count="runs")
    | _columns(number="accuracy accuracy_low accuracy_high clip_accuracy clip_accuracy_low clip_accuracy_high")
    | _columns(count="n_train n_test train_clips test_clips")
    | _columns(number="artists_known shared repeated")
)
LEAKAGE_PARTS = Table(
    _columns(text="model part unit protocol")
    | _columns(number="accuracy")
    | _columns(text="other")
    | _columns(number="other_accuracy difference low high")
    | _columns(text="reason")
)
# Further columns p_<genre>: the mean probability over models and runs.
HARD_CLIPS = Table(
    _columns(text="protocol clip_id genre artist path")
    | _columns(count="models wrong")
    | _columns(number="share")
    | _columns(text="guess")
    | _columns(count="guesses"),
    number="%.6f",
    others=NUMBER,
)
CONFUSED_PAIRS = Table(
    _columns(text="protocol model")
    | _columns(count="rank")
    | _columns(text="genre other")
    | _columns(count="cases confused")
    | _columns(number="share")
    | _columns(count="genre_as_other other_as_genre"),
    number="%.6f",
)
LABELS = Table(
    _columns(text="clip_id genre suggested")
    | _columns(number="probability self_confidence normalized_margin")
    | _columns(flag="suspected"),
    number="%.6f",
)
ABLATION = Table(
    _columns(text="model variant kind feature features status reason")
    | _columns(count="runs")
    | _columns(number="valid_mean valid_std test_mean test_std valid_difference test_difference")
)
RANKING = Table(
    _columns(text="model feature")
    | _columns(count="rank")
    | _columns(
        number="alone alone_std without without_std drop drop_std permutation permutation_std rank_alone rank_drop"
        " rank_permutation"
    )
    | _columns(count="selected_on splits")
)
ABLATION_COMPARISON = Table(
    _columns(text="model variant other")
    | _columns(count="clips")
    | _columns(number="accuracy other_accuracy difference difference_mean difference_low difference_high")
    | _columns(count="only_model only_other")
    | _columns(number="p_mcnemar p_holm")
    | _columns(count="splits")
    | _columns(number="t p_resampled")
)
