import pytest

from genrebench.common.file_names import LONGEST, shortened


@pytest.mark.parametrize("title", ["a" * 245, "歌" * 80, "🎵" * 70, "é" * 130, "x/" + "歌" * 90, "歌" * 90 + "/x"])
def test_long_names_fit_and_stay_apart(tmp_path, title):
    names = {shortened(f"{title}{end}", ".png") for end in ("", "1", "2")}
    assert len(names) == 3
    for name in names:
        assert all(len(part.encode()) <= LONGEST - len(".tmp") for part in name.split("/")) and name.endswith(".png")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()


def test_short_names_stay():
    assert shortened("rock.Trio/x", ".png") == "rock.Trio/x.png"
    assert shortened("a\udcff", ".png") == "a\udcff.png"
