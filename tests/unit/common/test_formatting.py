import pytest

from genrebench.common import averages, formatting


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formatting.percent(0.8126), "81.3%"),
        (formatting.percent(0.8126, 0), "81%"),
        (formatting.percent(None), "–"),
        (formatting.percent_value(-0.05), "−5.0"),
        (formatting.percent_tick(0.4, 3), "40%"),
        (formatting.signed(0.05), "+5.0"),
        (formatting.signed(-0.125), "−12.5"),
        (formatting.signed(0.0004), "0"),
        (formatting.signed(-0.049, 0), "−5"),
        (formatting.signed(None), ""),
        (formatting.points(-0.05), "−5.0 points"),
        (formatting.interval(0.75, 0.88), "75.0 to 88.0"),
        (formatting.interval(None, 0.88), ""),
        (formatting.deviation(0.012), " ± 1.2"),
        (formatting.deviation(None), ""),
        (formatting.p_value(0.0123), "0.012"),
        (formatting.p_value(1e-5), "< 0.001"),
        (formatting.p_value(None), ""),
        (formatting.number("28.0"), "28"),
        (formatting.number(0.123456), "0.1235"),
        (formatting.number("-40.25"), "−40.25"),
        (formatting.number("36 x 128"), "36 x 128"),
        (formatting.number(None), ""),
        (formatting.amount(52290), "52\u202f290"),
        (formatting.amount(0.25), "0.25"),
        (formatting.amount(None), ""),
        (formatting.short_amount(0.02), "0.02"),
        (formatting.short_amount(5000), "5000"),
        (formatting.short_amount(20000), "20 k"),
        (formatting.short_amount(1.5e6), "1.5 M"),
        (formatting.seconds(0.01), "< 0.1 s"),
        (formatting.seconds(1.54), "1.5 s"),
        (formatting.seconds(45.2), "45 s"),
        (formatting.seconds(150), "2.5 min"),
        (formatting.seconds(1800), "30 min"),
        (formatting.seconds(7200), "2.0 h"),
        (formatting.megabytes(0.21), "0.3 MB"),
        (formatting.megabytes(35.2), "35 MB"),
        (formatting.megabytes(2400), "2.4 GB"),
        (formatting.megabytes(None), ""),
        (formatting.counted(1, "clip"), "1 clip"),
        (formatting.counted(0, "clip"), "no clips"),
        (formatting.counted(12.0, "clip"), "12 clips"),
    ],
)
def test_a_number_is_written(written, expected):
    assert written == expected


def test_what_is_missing_does_not_count():
    assert averages.mean([1.0, None, 3.0]) == 2.0
    assert averages.mean([None]) is None
    assert averages.std([1.0, None, 3.0]) == pytest.approx(2**0.5)
    assert averages.std([1.0, None]) is None
