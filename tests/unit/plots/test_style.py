import numpy as np
import pytest

from genrebench.plots import style


def test_colours_are_fixed_distinct_and_the_same_for_known_names_everywhere():
    ten = style.colours(style.GENRES)
    assert len(set(ten.values())) == 10
    assert style.colours(["rock", "jazz", "my own"])["rock"] == ten["rock"]
    own = style.colours([f"genre {i}" for i in range(8)])
    assert len(set(own.values())) == 8
    models = style.colours(["sgd", "logistic"])
    assert style.colours(["sgd", "mine", "logistic"]).items() > models.items()


@pytest.mark.parametrize("fraction", np.linspace(0, 1, 21))
def test_text_on_a_heat_map_is_legible(fraction):
    def luminance(colour: str) -> float:  # WCAG 2.2, relative luminance
        channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted(luminance(colour) for colour in style.shade(fraction))
    assert (high + 0.05) / (low + 0.05) >= 4
