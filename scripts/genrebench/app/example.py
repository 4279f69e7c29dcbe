"""The recording that the page offers to try: a rendered clip of the demo, so that nothing of anybody's is shipped."""

from functools import cache

GENRE = "classical"
SECONDS = 60.0
RATE = 22050
NAME = "synthetic example.flac"


@cache
def recording() -> bytes:
    """The clip as a FLAC file."""
    import io

    import soundfile

    from genrebench.datasets.demo.music import render_clip

    file = io.BytesIO()
    soundfile.write(file, render_clip(0, GENRE, 0, 0, SECONDS, RATE), RATE, format="FLAC")
    return file.getvalue()
