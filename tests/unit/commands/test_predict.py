"""`genrebench predict`, from a folder outside the checkout: what it writes, and what it says of bad files."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from exported_models import CLASSICAL, RATE, SECONDS, Corpus, tone


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of an exported logistic regression."""
    corpus = Corpus(tmp_path_factory.mktemp("tones"))
    corpus.train("logistic", CLASSICAL["logistic"])
    return corpus.export("logistic")


@pytest.fixture
def music(tmp_path):
    """Two good files, one of them in a subfolder and of three windows, and four that are not."""
    (tmp_path / "more").mkdir()
    soundfile.write(tmp_path / "a.wav", tone("bass", 90, 1.4), RATE)
    soundfile.write(tmp_path / "more/b.flac", tone("treble", 91, 2.6 * SECONDS), RATE)
    soundfile.write(tmp_path / "more/silent.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "more/short.wav", tone("bass", 92, 0.2), RATE)
    (tmp_path / "more/text.mp3").write_text("no music")
    (tmp_path / "more/empty.ogg").touch()
    (tmp_path / "notes.txt").write_text("not audio")
    return tmp_path


def predict(folder, *arguments):
    """Run the command in a folder."""
    command = [sys.executable, "-m", "genrebench", "predict", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_one_file_gets_a_line_for_each_genre(model, music):
    result = predict(music, "--model", model, "a.wav")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "a.wav (0:01)"
    assert lines[1].split()[0] == "bass"
    assert {line.split()[0] for line in lines[1:4]} == {"bass", "middle", "treble"}
    assert "logistic, trained on tones" in result.stderr


def test_several_files_get_a_line_each_and_errors_name_theirs(model, music):
    result = predict(music, "--model", model, ".")
    assert result.returncode == 1
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["bass", "treble"]
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert [Path(line.split()[1]).name for line in errors] == ["empty.ogg", "short.wav", "silent.wav", "text.mp3"]


def test_json_and_csv_say_the_same(model, music):
    listed = predict(music, "--model", model, ".", "--json")
    results = {Path(one["path"]).name: one for one in map(json.loads, listed.stdout.splitlines())}
    assert len(results) == 6
    assert set(results["a.wav"]["probabilities"]) == {"bass", "middle", "treble"}
    assert len(results["b.flac"]["windows"]) == 3
    assert results["text.mp3"].keys() == {"path", "error"}
    table = predict(music, "--model", model, ".", "--csv", "--output", "out.csv")
    assert table.stdout == ""
    for row in csv.DictReader((music / "out.csv").open()):
        one = results[Path(row["path"]).name]
        assert row["genre"] == one.get("genre", "")
        assert row["error"] == one.get("error", "")
        assert row["low_confidence"] == (one.get("low_confidence") or "")
        for genre, probability in one.get("probabilities", {}).items():
            assert float(row[genre]) == pytest.approx(probability, abs=1e-8)


def test_several_processes_predict_the_same_in_the_same_order(model, music):
    some = ["--model", model, *[music] * 3, "--csv"]
    one = predict(music, *some, "--jobs", 1)
    two = predict(music, *some, "--jobs", 2)
    assert one.stdout == two.stdout
    assert len(one.stdout.splitlines()) == 19


def test_plots(model, music):
    titles = [f"{'歌' * 83}.wav", f"{'歌' * 82}ab.wav"]  # too long for names with another suffix
    for title in titles:
        (music / title).write_bytes((music / "a.wav").read_bytes())
    assert predict(music, "--model", model, "a.wav", "more/b.flac", *titles, "--plot", "plots").returncode == 0
    found = sorted(path.relative_to(music / "plots").as_posix() for path in (music / "plots").rglob("*.png"))
    assert found[:2] == ["a.wav.png", "more/b.flac.png"] and len(found) == 4


def test_the_model_is_that_of_the_results_in_the_folder(model, music):
    result = predict(music, "a.wav")
    assert result.returncode == 1
    assert f"{music}/results/*/export/best" in result.stderr
    (music / "results/tones/export").mkdir(parents=True)
    (music / "results/tones/export/best").symlink_to(model)
    assert predict(music, "a.wav").returncode == 0


def test_no_audio_file_is_an_error(model, music):
    result = predict(music, "--model", model, "more/none*")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ") and "more/none*" in result.stderr and ".flac" in result.stderr
