"""`genrebench plot`."""

import numpy as np
import pytest
import soundfile

from genrebench.commands.main import main


def test_a_recording_is_plotted_from_any_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    soundfile.write("song.wav", 0.1 * np.sin(0.1 * np.arange(22050)), 22050)
    main(["plot", "song.wav"])
    assert (tmp_path / "song.wav.png").read_bytes().startswith(b"\x89PNG")
    main(["plot", "song.wav", "--output", "other.svg"])
    assert "<svg" in (tmp_path / "other.svg").read_text()
    assert capsys.readouterr().out.split() == ["song.wav.png", "other.svg"]


def test_what_is_no_file_is_an_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["plot", "missing.wav"])
    assert ended.value.code == 1
    assert "missing.wav" in capsys.readouterr().err
