from genrebench.plots import genre_scores, style


def test_a_point_per_model_and_genre_that_has_a_score():
    scores = {"cnn": {"jazz": 0.5, "rock": 0.25}, "svm": {"jazz": None, "rock": 0.75}}
    (axes,) = genre_scores.draw_genre_scores(scores, ["jazz", "rock"], ["cnn", "svm", "rnn"]).axes
    points = {line.get_label(): line.get_xydata().tolist() for line in axes.lines if line.get_label() in scores}
    assert points == {"cnn": [[0.5, 0], [0.25, 1]], "svm": [[0.75, 1]]}
    colour = style.colours(["cnn", "svm", "rnn"])
    assert {line.get_color() for line in axes.lines} >= {colour["cnn"], colour["svm"]}


def test_without_scores_there_are_no_axes():
    assert not genre_scores.draw_genre_scores({"cnn": {"jazz": None}}, ["jazz"], ["cnn"]).axes
