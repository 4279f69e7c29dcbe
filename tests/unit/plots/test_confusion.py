import numpy as np

from genrebench.plots import confusion, style


def test_the_colour_is_the_share_of_the_true_genre():
    assert confusion.row_fractions([[1, 1, 0], [0, 1, 0], [0, 0, 0]]).tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0]]


def test_a_cell_has_its_number_of_clips():
    figure = confusion.draw_confusion(np.array([[3, 1], [0, 4]]), ["jazz", "rock"], "cnn")
    (axes,) = figure.axes
    assert [(text.get_position(), text.get_text()) for text in axes.texts] == [
        ((0, 0), "3"),
        ((1, 0), "1"),
        ((1, 1), "4"),
    ]
    assert style.to_png(figure).startswith(b"\x89PNG")
