from genrebench.datasets.split_leakage import MEANINGLESS
from genrebench.datasets.synthetic import NOTE
from genrebench.plots import leaderboard, style

NUMBERS = ("accuracy_mean", "accuracy_low", "accuracy_high", "majority_accuracy", "published_accuracy")


def test_the_panel_of_meaningless_numbers_is_grey_hatched_and_says_so():
    row = dict.fromkeys((*NUMBERS, "caveats", "synthetic")) | {
        "model": "a",
        "accuracy_mean": 0.5,
        "majority_accuracy": 0.1,
    }
    row |= {"accuracy_low": 0.4, "accuracy_high": 0.6}
    rows = [row | {"protocol": "artist", "unit": "clip"}, row | {"protocol": "segment_random", "unit": "segment"}]
    figure = leaderboard.draw_leaderboard(rows, {("a", "artist"): [0.5], ("a", "segment_random"): [0.5]}, False)
    honest, leaking = figure.axes
    assert honest.get_title(loc="left") == "artist"
    assert not any(patch.get_hatch() for patch in honest.patches)
    assert MEANINGLESS in leaking.get_title(loc="left").replace("\n", " ")
    assert any(patch.get_hatch() for patch in leaking.patches)
    colours = {line.get_color() for line in leaking.lines}
    assert colours.isdisjoint(style.colours(["a"]).values())


def test_caveats_are_numbered_and_explained_and_synthetic_music_is_said():
    row = dict.fromkeys(NUMBERS, 0.5) | {"protocol": "artist", "unit": "clip", "synthetic": True}
    rows = [row | {"model": "a", "caveats": "small; slow"}, row | {"model": "b", "caveats": "slow"}]
    rows.append(row | {"model": "c", "caveats": ""})
    figure = leaderboard.draw_leaderboard(rows, {(name, "artist"): [0.5] for name in "abc"}, False)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a [1] [2]", "b [2]", "c"]
    assert figure.axes[0].get_xlabel().splitlines()[1:] == ["[1] small", "[2] slow"]
    assert figure.get_suptitle().lower() == NOTE
