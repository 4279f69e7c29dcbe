from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genrebench.audio.lengths import advice, segment_starts

tenths = st.integers(1, 400)


@given(duration=tenths, length=tenths, hop=tenths)
def test_the_grid_is_that_of_exact_arithmetic(duration, length, hop):
    # tenths of a second are not exact in binary, so that whole segments are lost without a tolerance
    starts = segment_starts(duration / 10, length / 10, hop / 10)
    exact = [k * hop for k in range(duration // hop + 1) if k * hop + length <= duration] or [0]
    assert starts == [pytest.approx(start / 10) for start in exact]


@given(samples=st.integers(1, 10**6), length=tenths, hop=tenths)
def test_the_rounding_of_manifests_loses_no_segment(samples, length, hop):
    duration = Fraction(samples, 22050)
    exact = max((duration - Fraction(length, 10)) / Fraction(hop, 10), 0)
    assert len(segment_starts(float(f"{float(duration):.6f}"), length / 10, hop / 10)) == int(exact) + 1


@pytest.mark.parametrize(
    ("duration", "length", "hop", "expected"),
    [
        (0.5, 3.0, 3.0, [0.0]),  # shorter than a segment: padded
        (3.0, 3.0, 3.0, [0.0]),
        (5.999, 3.0, 3.0, [0.0]),
        (6.0, 3.0, 3.0, [0.0, 3.0]),
        (6.0, 3.0, 1.5, [0.0, 1.5, 3.0]),
        (8.0, 3.0, 4.0, [0.0, 4.0]),
        (9.9, 3.0, 4.0, [0.0, 4.0]),
    ],
)
def test_segments_lie_whole_within_the_clip(duration, length, hop, expected):
    assert segment_starts(duration, length, hop) == expected


@pytest.mark.parametrize("durations", [[], [0.0], [30.0] * 9 + [30.6], [4.0, 4.0, 5.0]])
def test_lengths_that_differ_little_are_not_worth_a_word(durations):
    assert advice(durations) is None


@pytest.mark.parametrize(
    ("durations", "words"),
    [
        ([200.0, 240.0, 300.0], ("300 s", "240 s", "duration: 30", "10 times")),
        ([4.0, 4.0, 5.0, 40.0, 0.0], ("40 s", "5 s", "duration: 5", "8 times")),
    ],
)
def test_where_longest_makes_clips_much_longer_another_length_is_proposed(durations, words):
    assert all(word in advice(durations) for word in words)
