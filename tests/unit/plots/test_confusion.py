import numpy as np

from genrebench.plots import confusion


def test_the_colour_is_the_share_of_the_true_genre():
    assert confusion.row_fractions([[1, 1, 0], [0, 1, 0], [0, 0, 0]]).tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0]]


def test_a_protocol_has_a_panel_and_a_cell_its_number_of_clips():
    counts = {"artist": np.array([[3, 1], [0, 4]]), "segment_random": np.array([[8, 0], [0, 8]])}
    artist, leaky = confusion.draw_confusions(counts, ["jazz", "rock"], "cnn", ["segment_random"]).axes
    assert [(t.get_position(), t.get_text()) for t in artist.texts] == [((0, 0), "3"), ((1, 0), "1"), ((1, 1), "4")]
    assert [any(patch.get_hatch() for patch in axes.patches) for axes in (artist, leaky)] == [False, True]
