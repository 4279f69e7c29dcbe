from genrebench.plots import papers, style


def row(model: str, published: float, **numbers) -> dict:
    """A row of papers.csv; `numbers` are those that are known."""
    ours = {
        f"{which}_{name}": None for which in ("closest", "disjoint") for name in ("protocol", "accuracy", "low", "high")
    }
    for name, value in list(numbers.items()):
        if name.endswith("_accuracy"):
            which = name.removesuffix("_accuracy")
            numbers |= {f"{which}_low": value - 0.05, f"{which}_high": value + 0.05}
    source = "Huang and Minami 2024, Figure 4"
    return (
        ours | {"model": model, "source": source, "dataset": "gtzan", "published": published, "caveats": ""} | numbers
    )


def drawn(axes, marker: str, colour: str | None = None) -> list[tuple[float, float]]:
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in axes.lines
        if line.get_marker() == marker and colour in (None, line.get_color())
    ]


def test_the_plot_has_a_row_per_published_accuracy():
    rows = [
        row("cnn", 0.6, closest_accuracy=0.75, closest_protocol="stratified", disjoint_accuracy=0.55),
        row("lstm", 0.97, closest_accuracy=0.9, closest_protocol="segment_random"),
        row("alexnet", 0.3),
    ]
    axes = papers.draw_papers(rows, "gtzan", ["cnn", "lstm"], {"segment_random"}).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cnn", "lstm", "alexnet"]
    assert drawn(axes, "D") == [(0.6, 0), (0.97, 1), (0.3, 2)]
    assert [x for x, _ in drawn(axes, "o", style.colours(["cnn", "lstm"])["cnn"])] == [0.75]
    assert [x for x, _ in drawn(axes, "o", style.GREY)] == [0.9]  # training and test share clips
    assert [x for x, _ in drawn(axes, "s")] == [0.55]
    assert "Huang and Minami 2024" in [text.get_text() for text in axes.texts]
    assert axes.get_title(loc="left") == ""
    assert papers.draw_papers(rows, "mine", ["cnn", "lstm"], set()).axes[0].get_title(loc="left")  # not comparable


def test_without_published_figures_there_are_no_axes():
    assert not papers.draw_papers([], "mine", [], set()).axes
    assert not papers.draw_genres([], "mine", []).axes
