"""Learning curves: every run of one model, and the means of all models over one another."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from scipy.optimize import isotonic_regression

from genrebench.evaluation.stability import SHARES, History, mean_curve
from genrebench.plots import style
from genrebench.training.data import best_row

TRAINING, VALIDATION = "#0072b2", "#d55e00"  # of style.OKABE_ITO
CURVES = {"accuracy": ("accuracy", "val_accuracy"), "loss": ("loss", "val_loss")}
LABEL = 0.17  # inches for the name of a curve


@mpl.rc_context(style.STYLE)
def draw_learning_curves(
    title: str, histories: Mapping[str, Sequence[History]], meaningless: Sequence[str] = ()
) -> Figure:
    """Draw accuracy, loss (nats) and learning rate of one model over the epochs, one column per protocol.

    A thin line is a run, the thick one the mean over the epochs that all runs reached, a dot the best epoch of a run on
    the validation clips. The axis of the loss ends at three times the initial loss.

    Parameters
    ----------
    title : str
        Names the model.
    histories : dict
        Rows of history.csv of each run, by protocol.
    meaningless : sequence of str
        Protocols whose training and test share clips; they come last.
    """
    order = sorted(histories, key=lambda protocol: protocol in meaningless)
    columns = {protocol: [_columns(rows) for rows in histories[protocol]] for protocol in order}
    figure = Figure(figsize=(max(5.0, 0.9 + 2.5 * len(columns)), 5.6), layout="constrained")
    grid = figure.subplots(3, len(columns), sharex=True, sharey="row", squeeze=False, height_ratios=[3, 3, 1])
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    for (accuracy, loss, rate), (protocol, runs) in zip(grid.T, columns.items(), strict=True):
        for axes, name in ((accuracy, "accuracy"), (loss, "loss")):
            for column, colour, dashes in zip(CURVES[name], (TRAINING, VALIDATION), ("--", "-"), strict=True):
                _draw_runs(axes, [(run["epoch"], run[column]) for run in runs], colour, dashes)
            for run in runs:
                best = best_row([dict(zip(run, row, strict=True)) for row in zip(*run.values(), strict=True)])
                axes.plot(run["epoch"][best], run[CURVES[name][1]][best], "o", ms=6, color=VALIDATION,
                          mec="white", mew=0.8, zorder=5)  # fmt: skip
        for run in runs:
            rate.plot(run["epoch"], run["learning_rate"], color="#777777", lw=1)
        accuracy.set_title(protocol)
        rate.set_xlabel("epoch")
        for axes in (accuracy, loss, rate):
            style.light_grid(axes)
        if protocol in meaningless:
            style.mark_meaningless(accuracy, protocol, width=25)
            style.hatch(loss)
            style.hatch(rate)
    accuracy, loss, rate = grid[:, 0]
    accuracy.set_ylim(0, 1.02)
    style.percent_axis(accuracy.yaxis)
    accuracy.set_ylabel("accuracy")
    loss.set_ylim(0, _highest_loss(columns.values()))
    loss.set_ylabel("loss (nats)")
    rate.set_ylim(bottom=0)
    rate.yaxis.set_major_locator(MaxNLocator(2))
    rate.set_ylabel("learning\nrate")
    for axes in grid[-1]:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    handles = [
        Line2D([], [], color=TRAINING, lw=2.2, ls="--", label="training"),
        Line2D([], [], color=VALIDATION, lw=2.2, label="validation"),
        Line2D([], [], color="#777777", lw=0.7, label="one run"),
        Line2D([], [], ls="", marker="o", ms=6, color=VALIDATION, mec="white", label="best epoch of a run"),
    ]
    figure.legend(
        handles=handles, loc="outside lower left", ncols=4 if len(columns) > 1 else 2, frameon=False, fontsize=9
    )
    return figure


@mpl.rc_context(style.STYLE)
def draw_mean_curves(histories: Mapping[str, Sequence[History]], models: Iterable[str], protocol: str | None) -> Figure:
    """Draw the mean validation accuracy and loss (nats) of all models over the share of their epochs.

    The axis of the loss ends at twice the median initial loss.

    Parameters
    ----------
    histories : dict
        Rows of history.csv of each run, by model.
    models : iterable of str
        All models of the dataset, which determine the colours.
    protocol : str or None
        Protocol of the runs.
    """
    histories = {
        model: known
        for model, runs in sorted(histories.items())
        if (known := [rows for rows in runs if all(row["val_accuracy"] and row["val_loss"] for row in rows)])
    }
    if not histories:
        return style.empty("No model that was run is trained by epochs.")
    colour = style.colours(models)
    marker = style.markers(colour)
    height = max(3.2, LABEL * len(histories) + 0.4)
    figure = Figure(figsize=(9, 2 * height + 1.3), layout="constrained")
    accuracy, loss = figure.subplots(2, 1, sharex=True)
    for axes, column in ((accuracy, "val_accuracy"), (loss, "val_loss")):
        curves = {model: mean_curve(runs, column) for model, runs in histories.items()}
        for i, (model, values) in enumerate(curves.items()):
            axes.plot(SHARES, values, color=colour[model], lw=1.8, marker=marker[model], ms=6, mew=0,
                      markevery=(3 * i % 20, 20))  # fmt: skip
        if column == "val_loss":
            starts = np.median([values[0] for values in curves.values()])
            highest = max(float(values.max()) for values in curves.values())
            axes.set_ylim(0, 1.05 * min(highest, 2 * float(starts)))
        else:
            axes.set_ylim(0, 1)
            style.percent_axis(axes.yaxis)
        style.light_grid(axes)
        names = {model: f"{model} ({_epochs(runs)})" for model, runs in histories.items()}
        _name_curves(axes, {names[model]: (values[-1], colour[model]) for model, values in curves.items()}, height)
    accuracy.set_title(f"Validation accuracy, {protocol} (number of epochs in brackets)")
    loss.set_title("Validation loss (nats)")
    loss.set_xlabel("share of the epochs")
    loss.set_xlim(0, 1)
    style.percent_axis(loss.xaxis)
    return figure


def _columns(rows: History) -> dict[str, np.ndarray]:
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in rows[0]}


def _highest_loss(columns: Iterable[Sequence[Mapping[str, np.ndarray]]]) -> float:
    """End of the axis of the loss: the highest loss, but at most three times the initial one."""
    runs = [run for runs in columns for run in runs]
    first = np.nanmedian([run["loss"][0] for run in runs])
    highest = np.nanmax([np.nanmax([*run["loss"], *run["val_loss"]]) for run in runs])
    return 1.05 * float(min(highest, 3 * first))


def _draw_runs(axes: Axes, runs: Sequence[tuple[np.ndarray, np.ndarray]], colour: str, dashes: str) -> None:
    """Draw each run's (epochs, values) thin, and their mean over the epochs that all runs have."""
    for epochs, values in runs:
        axes.plot(epochs, values, color=colour, lw=0.7, ls=dashes, alpha=0.5)
    shared = min(len(epochs) for epochs, _ in runs)
    mean = np.mean([values[:shared] for _, values in runs], axis=0)
    axes.plot(runs[0][0][:shared], mean, color=colour, lw=2.2, ls=dashes)


def _epochs(runs: Sequence[History]) -> str:
    counts = sorted({len(rows) for rows in runs})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _name_curves(axes: Axes, ends: Mapping[str, tuple[float, str]], height: float) -> None:
    """Write the name of each curve (its last value and colour) to the right of the axes, without overlap."""
    low, high = axes.get_ylim()
    order = sorted(ends, key=lambda name: (ends[name][0], name))
    values = [(min(ends[name][0], high) - low) / (high - low) for name in order]
    for name, at in zip(order, spread_out(values, LABEL / height), strict=True):
        value, colour = ends[name]
        axes.annotate(
            name,
            (1, min(value, high)),
            (1.04, at),
            xycoords="data",
            textcoords=axes.transAxes,
            fontsize=8.5,
            va="center",
            color=colour,
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "lw": 0.7, "color": colour, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)},
        )


def spread_out(places: Sequence[float], distance: float) -> list[float]:
    """Move ascending `places` (0 to 1) apart to at least `distance`, with the smallest sum of squared moves.

    Minus the distances before them, the places need only ascend: isotonic regression, clipped to the bounds.
    """
    steps = distance * np.arange(len(places))
    room = max(0.0, 1 - distance * (len(places) - 1))
    return list(np.clip(isotonic_regression(np.asarray(places) - steps).x, 0, room) + steps)
