"""How far a long job is, and how fast: a bar in a terminal, elsewhere a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS_BETWEEN_LINES = 10


@contextmanager
def progress(
    verb: str, total: int | None, unit: str, scale: float = 1, done: int = 0
) -> Iterator[Callable[[int], None]]:
    """Show on standard error how much of a job is done.

    Parameters
    ----------
    verb : str
        What is done, such as "checked".
    total : int, optional
        How much there is to do; None where nobody knows.
    unit : str
        Of what, such as "files"; "MB" where amounts are bytes.
    scale : float
        What amounts are divided by in a line.
    done : int
        How much was done before.

    Yields
    ------
    callable
        To be called with each amount that was done.
    """
    if sys.stderr.isatty():
        from tqdm import tqdm

        in_bytes = unit == "MB"
        unit = "B" if in_bytes else f" {unit}"
        with tqdm(desc=verb, total=total, initial=done, unit=unit, unit_scale=in_bytes) as bar:
            yield bar.update
        return
    started = reported = time.monotonic()
    before = done

    def advance(amount: int) -> None:
        nonlocal done, reported
        done += amount
        now = time.monotonic()
        if now - reported > SECONDS_BETWEEN_LINES:
            reported = now
            of_all = "" if total is None else f" of {total / scale:.0f}"
            rate = (done - before) / scale / (now - started)
            print(f"{verb} {done / scale:.0f}{of_all} {unit}, {rate:.1f} per second", file=sys.stderr, flush=True)

    yield advance
