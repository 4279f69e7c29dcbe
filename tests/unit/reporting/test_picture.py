from pathlib import Path

from PIL import Image

import draw_report


def test_the_picture_of_the_readme_is_of_these_templates():
    with Image.open(Path("docs/report.png")) as picture:
        assert picture.info.get(draw_report.DIGEST) == draw_report.digest(), "run `make demo picture`"
        assert picture.size == (draw_report.WIDTH, draw_report.HEIGHT)
