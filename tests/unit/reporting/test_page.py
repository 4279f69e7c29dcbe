import pytest
from jinja2 import UndefinedError

from genrebench.common import cli
from genrebench.reporting import page


def test_content_is_escaped_and_a_missing_one_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "a.html.j2").write_text("{{ text }} {{ share | percent(0) }} {{ as_is('style.css') }}")
    (tmp_path / "style.css").write_text("a > b {}")
    monkeypatch.setattr(page, "TEMPLATES", tmp_path)
    page.write_page("a.html.j2", {"text": "<b>", "share": 0.5}, tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text() == "&lt;b&gt; 50% a > b {}"
    with pytest.raises(UndefinedError):
        page.write_page("a.html.j2", {"text": "<b>"}, tmp_path / "b.html")
    assert not (tmp_path / "b.html").exists()


def test_a_picture_that_is_missing_is_named(tmp_path):
    with pytest.raises(cli.InputError, match=r"plot\.png is missing"):
        page.png(tmp_path / "plot.png")
    (tmp_path / "plot.png").write_bytes(b"picture")
    assert page.png(tmp_path / "plot.png") == "data:image/png;base64,cGljdHVyZQ=="
