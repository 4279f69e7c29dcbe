"""How numbers are written: in tables for programs, and in sentences, pages and pictures for people.

Accuracies and their differences are fractions everywhere in the library. Only these functions turn them into percent.
"""

import math
import unicodedata

CONTROL = ("Cc", "Cs", "Zl", "Zp")  # categories of Unicode: control characters, surrogates, separators of lines
SURROGATE = 0xDC00  # what Python adds to the bytes of a file's name that are no text
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"  # stands for a number that there is not
THOUSANDS = "\N{NARROW NO-BREAK SPACE}"


def percent(fraction: float | None, digits: int = 1) -> str:
    """Write a fraction in percent: 0.8125 is "81.2%"; None is a dash."""
    return NONE if fraction is None else f"{percent_value(fraction, digits)}%"


def percent_value(fraction: float | None, digits: int = 1) -> str:
    """Write a fraction in percent without the sign, for a column whose heading has it; None is a dash."""
    return NONE if fraction is None else f"{100 * fraction:.{digits}f}".replace("-", MINUS)


def percent_tick(fraction: float, _position: int | None = None) -> str:
    """Write a fraction as the label of a tick, as matplotlib's formatters do: 0.8 is "80%"."""
    return percent(fraction, 0)


def signed(difference: float | None, digits: int = 1) -> str:
    """Write a difference of fractions in points, with its sign: 0.05 is "+5.0", nearly 0 is "0"; None is blank."""
    if difference is None:
        return ""
    rounded = round(100 * difference, digits)
    return f"{rounded:+.{digits}f}".replace("-", MINUS) if rounded else "0"


def points(difference: float, digits: int = 1) -> str:
    """Write a difference of fractions in words: 0.05 is "5.0 points"."""
    return f"{percent_value(difference, digits)} points"


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Write the ends of an interval of fractions in percent, without the sign: "75.0 to 88.0"; None is blank."""
    if low is None or high is None:
        return ""
    return f"{percent_value(low, digits)} to {percent_value(high, digits)}"


def deviation(std: float | None) -> str:
    """Write a standard deviation of fractions in points, to follow a mean: " ± 1.2"; None is blank."""
    return "" if std is None else f" ± {100 * std:.1f}"


def p_value(p: float | None) -> str:
    """Write a p value: "0.012", "< 0.001"; None is blank."""
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def number(value: float | str | None, digits: int = 4) -> str:
    """Write a number, whole or with so many significant digits; text that is no number stays, None is blank."""
    try:
        known = float(value if value is not None else "")
    except ValueError:
        return str(value or "")
    return (f"{known:.0f}" if known.is_integer() and abs(known) < 1e9 else f"{known:.{digits}g}").replace("-", MINUS)


def amount(value: float | None) -> str:
    """Write a quantity: from 100 on whole, with thousands apart, else with three digits; None is blank."""
    if value is None:
        return ""
    return f"{value:,.0f}".replace(",", THOUSANDS) if value >= 100 else f"{value:.3g}"


def short_amount(value: float, _position: int | None = None) -> str:
    """Write a quantity as the label of a tick: 0.02, 500, 20 k, 1.5 M."""
    for least, factor, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= least:
            return f"{value / factor:g} {letter}"
    return f"{value:g}"


def seconds(value: float) -> str:
    """Write a duration in s: "< 0.1 s", "1.5 s", "45 s", "2.5 min", "30 min", "1.6 h"."""
    if 0 < value < 0.1:
        return "< 0.1 s"
    if value < 90:
        return f"{value:.1f} s" if value < 9.95 else f"{value:.0f} s"
    if value < 5400:
        return f"{value / 60:.1f} min" if value < 600 else f"{value / 60:.0f} min"
    return f"{value / 3600:.1f} h"


def megabytes(value: float | None) -> str:
    """Write a size in MB (1e6 bytes): "0.3 MB", "35 MB", "2.4 GB"; None is blank."""
    if value is None:
        return ""
    if value >= 999.5:
        return f"{value / 1000:.1f} GB"
    return f"{value:.0f} MB" if value >= 9.95 else f"{math.ceil(value * 10) / 10:.1f} MB"


def counted(count: float, noun: str) -> str:
    """Write a number with its noun: "1 clip", "3 clips", "no clips"."""
    return f"{f'{count:.0f}' if count else 'no'} {noun}{'' if count == 1 else 's'}"


def printable(text: str, lines: bool = False) -> str:
    r"""Write control characters as escapes such as `\r`, and bytes of a file's name that are no text as `\xff`.

    What a file is called must not clear a terminal, break a table in two, or be impossible to write. With `lines`, ends
    of lines stay.
    """
    return "".join(_escaped(c) if unicodedata.category(c) in CONTROL and not (lines and c == "\n") else c for c in text)


def _escaped(character: str) -> str:
    byte = ord(character) - SURROGATE
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else character.encode("unicode_escape").decode()
