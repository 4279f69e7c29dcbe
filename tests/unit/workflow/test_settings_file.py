"""Parameter files with faults are accepted, or refused with sentences: no traceback, no hang."""

import os
import signal
from contextlib import contextmanager

import pytest

from genrebench.common.cli import InputError
from genrebench.workflow import config, settings_file
from mutated_settings import BOMBS, mutated

COUNT = int(os.environ.get("GENREBENCH_MUTATIONS", "300"))
SECONDS = 5  # of a processor, for one file; it takes 30 ms


@contextmanager
def limit_of_time(seconds):
    """Raise TimeoutError in a block that takes more of the processor: a machine that is busy with others is no hang."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def refused(text, name="params.yaml"):
    with pytest.raises(InputError) as error:
        settings_file.parse(text, name)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_mutated_parameters_are_accepted_or_refused_with_a_line_for_each_fault(tmp_path):
    path = tmp_path / "params.yaml"
    accepted, refusals = 0, 0
    for number, content in enumerate(mutated(COUNT)):
        path.write_bytes(content)
        try:
            with limit_of_time(SECONDS):
                config.load(path)
            accepted += 1
        except InputError as error:
            refusals += 1
            lines = str(error).splitlines()
            assert len(lines) <= 2 + config.MOST_SHOWN, number
            assert len(lines) == 1 or lines[0].endswith("settings are wrong:"), number
            assert all(line.strip() and line.isprintable() and len(line) < 2000 for line in lines), (number, lines)
        except Exception as error:
            raise AssertionError(f"file {number} of {COUNT}: {content[:300]!r}") from error
    assert accepted and refusals > COUNT / 4


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_what_grows_without_bounds_is_refused(bomb):
    if len(bomb) < settings_file.MAX_BYTES and "seeds" not in bomb:
        refused(bomb)


def test_a_mark_that_cannot_be_seen_is_shown():
    assert r"\ufeff" in refused("a: 1\n\ufeff# b\nc: 2\n")


def test_a_key_that_is_there_twice_is_named_with_its_lines():
    sentence = refused("a: 1\nb: {c: 1, d: 2, c: 3}\n")
    assert "'c'" in sentence and "line" in sentence and "2" in sentence
    assert "lines 1 and 3" in refused("a: 1\nb: 2\na: 3\n")


def test_aliases_that_are_few_are_read():
    text = "base: &base {a: 1}\nother: {<<: *base, b: 2}\nsame: *base\n"
    assert settings_file.parse(text, "x") == {"base": {"a": 1}, "other": {"a": 1, "b": 2}, "same": {"a": 1}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (10**30, "18 digits"),
        ("a\nb", "control"),
        ("\ud800", "control"),
        (b"x", "bytes"),
        ([0] * 5000, "5000 entries"),
        ({5: 1}, "quotes"),
    ],
)
def test_what_is_no_setting_is_named_with_its_path(value, words):
    ((path, sentence),) = settings_file.faults({"a": {"b": value}})
    assert path == ("a", "b") and sentence.startswith("a.b") and words in sentence


def test_a_date_is_to_be_put_in_quotes():
    assert "quotes" in refused("a: 2020-01-01")


def test_a_file_that_is_none_or_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "params.yaml"
    for content in (None, b"a: \xe9\n", b"a: 1\n" * 100_000):
        if content:
            path.write_bytes(content)
        with pytest.raises(InputError, match=r"params\.yaml"):
            settings_file.read(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match="no file"):
        settings_file.read(path)
    path.unlink()
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert settings_file.read(path) == {"a": 1}
