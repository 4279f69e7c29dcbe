"""The command that classifies files: what it hears, what it writes, and what it says of files that it cannot hear."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from exported_models import CLASSICAL, RATE, SECONDS, Corpus, tone
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.inference.predictor import Predictor, pieces
from predict import find_files, find_model, predict
from project import ROOT


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A corpus with an exported logistic regression, `best`."""
    corpus = Corpus(tmp_path_factory.mktemp("tones"))
    corpus.train("logistic", CLASSICAL["logistic"])
    corpus.export("logistic", name="best")
    return corpus


@pytest.fixture
def music(tmp_path):
    """Two good files, one of them in a subfolder and of three pieces, and four that are not."""
    (tmp_path / "more").mkdir()
    soundfile.write(tmp_path / "a.wav", tone("bass", 90, 1.4), RATE)
    soundfile.write(tmp_path / "more/b.flac", tone("treble", 91, 2.6 * SECONDS), RATE)
    soundfile.write(tmp_path / "more/silent.wav", np.zeros(RATE), RATE)
    soundfile.write(tmp_path / "more/short.wav", tone("bass", 92, 0.2), RATE)
    (tmp_path / "more/text.mp3").write_text("no music")
    (tmp_path / "more/empty.ogg").touch()
    (tmp_path / "notes.txt").write_text("not audio")
    return tmp_path


def run(exported, *arguments):
    command = [sys.executable, ROOT / "scripts/predict.py", "--model", exported.folder / "export/best", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def test_pieces_are_as_long_as_the_clips_of_the_training():
    assert pieces(3.0, 4.0) == [(0.0, 3.0)]
    assert pieces(4.0, 4.0) == [(0.0, 4.0)]
    assert pieces(8.9, 4.0) == [(0.0, 4.0), (4.0, 8.0)]  # what is left is too short
    assert pieces(10.0, 4.0) == [(0.0, 4.0), (4.0, 8.0), (6.0, 10.0)]  # the last one ends with the file


def test_a_long_file_is_the_mean_of_its_pieces(exported, music):
    predictor = Predictor(exported.folder / "export/best")
    found = predictor.predict(music / "more/b.flac")
    assert found.spans == [(0.0, 2.0), (2.0, 4.0), (pytest.approx(3.2), pytest.approx(5.2))]
    assert found.genre == "treble"
    samples, _ = soundfile.read(music / "more/b.flac", dtype="float32")
    for (start, end), expected in zip(found.spans, found.curve, strict=True):
        soundfile.write(music / "piece.wav", samples[round(start * RATE) : round(end * RATE)], RATE, subtype="FLOAT")
        np.testing.assert_allclose(predictor.predict(music / "piece.wav").probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.probabilities, found.curve.mean(axis=0))


def test_what_resembles_no_clip_of_the_training_is_unsure(exported, tmp_path):
    predictor = Predictor(exported.folder / "export/best")
    soundfile.write(tmp_path / "square.wav", np.sign(np.sin(0.3 * np.arange(2 * RATE))), RATE)
    assert "it sounds unlike the clips of the training" in predictor.predict(tmp_path / "square.wav").doubts
    soundfile.write(tmp_path / "noise.wav", np.random.default_rng(0).standard_normal(2 * RATE) / 4, RATE)
    assert "no genre reaches" in predictor.predict(tmp_path / "noise.wav").doubts
    doubted = [bool(predictor.predict(clip["path"]).doubts) for clip in exported.clips]
    assert np.mean(doubted) < 0.5


def test_a_table_for_people(exported, music):
    single = run(exported, music / "a.wav")
    assert single.returncode == 0
    lines = single.stdout.splitlines()
    assert lines[0] == f"{music / 'a.wav'} (0:01)"
    assert lines[1].split()[0] == "bass"
    assert "█" in lines[1]
    assert {line.split()[0] for line in lines[1:4]} == {"bass", "middle", "treble"}
    assert "logistic, trained on tones, was right on" in single.stderr
    several = run(exported, music)
    assert several.returncode == 1
    assert [line.split()[0] for line in several.stdout.splitlines()] == ["bass", "treble"]  # each with its path
    for what in ("empty.ogg is empty", "short.wav is too short: 0.200 s", "silent.wav is silent", "text.mp3 cannot be"):
        assert sum(what in line for line in several.stderr.splitlines()) == 1
    assert "4 of 6 files got no answer" in several.stderr


def test_json_and_csv_say_the_same(exported, music):
    listed = run(exported, music, "--json")
    answers = {Path(one["path"]).name: one for one in map(json.loads, listed.stdout.splitlines())}
    assert len(answers) == 6
    assert set(answers["a.wav"]["probabilities"]) == {"bass", "middle", "treble"}
    assert len(answers["b.flac"]["curve"]) == 3
    assert answers["text.mp3"].keys() == {"path", "error"}
    table = run(exported, music, "--csv", "--output", music / "out.csv")
    assert table.stdout == ""
    for row in csv.DictReader((music / "out.csv").open()):
        one = answers[Path(row["path"]).name]
        assert row["genre"] == one.get("genre", "")
        assert row["error"] == one.get("error", "")
        for genre, probability in one.get("probabilities", {}).items():
            assert float(row[genre]) == pytest.approx(probability, abs=1e-8)


def test_processes_side_by_side_answer_the_same_in_the_same_order(exported, music):
    some = [str(music)] * 3
    one = run(exported, *some, "--csv", "--jobs", 1)
    two = run(exported, *some, "--csv", "--jobs", 2)
    assert one.stdout == two.stdout
    assert len(one.stdout.splitlines()) == 19


def test_plots(exported, music):
    assert run(exported, music / "a.wav", music / "more/b.flac", "--plot", music / "plots").returncode == 0
    found = sorted(path.relative_to(music / "plots").as_posix() for path in (music / "plots").rglob("*.png"))
    assert found == ["a.wav.png", "more/b.flac.png"]


def test_files_folders_and_patterns(music, monkeypatch):
    monkeypatch.chdir(music)
    names = [path.as_posix() for path in find_files(["."])]
    assert names == ["a.wav", "more/b.flac", "more/empty.ogg", "more/short.wav", "more/silent.wav", "more/text.mp3"]
    assert [path.as_posix() for path in find_files(["**/*.flac", "notes.txt"])] == ["more/b.flac", "notes.txt"]
    assert [path.as_posix() for path in find_files(["missing.wav"])] == ["missing.wav"]


def test_errors_say_what_to_do(exported, music, monkeypatch):
    monkeypatch.chdir(music)
    with pytest.raises(InputError, match=r"no exported model below .*: `snakemake --cores 2 export` makes it"):
        find_model(None, music / "results")
    with pytest.raises(InputError, match=r"no exported model cnn below .* .*results/demo/export/cnn` makes it"):
        find_model("cnn", music / "results")
    with pytest.raises(InputError, match=r"no audio file in .*more/none.*\.flac"):
        predict(["more/none*"], str(exported.folder / "export/best"), music, "table", None, None, 1)
    (music / "old").mkdir()
    files.write_json(music / "old/export.json", {"format": 99})
    with pytest.raises(InputError, match="has the format 99, and this version of genrebench reads 1"):
        Predictor(music / "old")


def test_nothing_slow_is_imported(exported):
    """TensorFlow, scikit-learn, librosa, pandas and matplotlib take seconds; a linear model needs none of them."""
    code = (
        "import sys; from genrebench.inference.predictor import Predictor; "
        f"Predictor({str(exported.folder / 'export/best')!r}).predict({exported.clips[0]['path']!r}); "
        "print([name for name in ('tensorflow', 'keras', 'sklearn', 'librosa', 'pandas', 'matplotlib', 'torch') "
        "if name in sys.modules])"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts")}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.strip() == "[]"
