"""`genrebench predict`, from a folder outside the checkout: what it writes, and what it says of bad files."""

import csv
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
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
    wav = (music / "a.wav").read_bytes()
    (music / "a.wav").write_bytes(wav[: len(wav) // 2])
    listed = predict(music, "--model", model, ".", "--json")
    results = {Path(one["path"]).name: one for one in map(json.loads, listed.stdout.splitlines())}
    assert len(results) == 6
    assert set(results["a.wav"]["probabilities"]) == {"bass", "middle", "treble"}
    assert len(results["b.flac"]["windows"]) == 3
    assert len(results["a.wav"]["warnings"]) == 1 and results["b.flac"]["warnings"] == []
    assert results["text.mp3"].keys() == {"path", "error"}
    table = predict(music, "--model", model, ".", "--csv", "--output", "out.csv")
    assert table.stdout == ""
    for row in csv.DictReader((music / "out.csv").open()):
        one = results[Path(row["path"]).name]
        assert row["genre"] == one.get("genre", "")
        assert row["error"] == one.get("error", "")
        assert row["low_confidence"] == (one.get("low_confidence") or "")
        assert row["warnings"] == "; ".join(one.get("warnings", []))
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


def test_without_a_plot_there_is_the_prediction_and_the_reason(model, music):
    (music / "plots").touch()  # a file is where the folder would be
    result = predict(music, "--model", model, "a.wav", "more/b.flac", "--csv", "--plot", "plots")
    assert result.returncode == 1
    assert [row["genre"] for row in csv.DictReader(result.stdout.splitlines())] == ["bass", "treble"]
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2 and "plots/a.wav.png" in errors[0] and "plots/more/b.flac.png" in errors[1]
    assert "Traceback" not in result.stderr


def test_the_model_is_that_of_the_results_in_the_folder_or_of_the_project(model, music):
    result = predict(music, "--results", "results", "a.wav")
    assert result.returncode == 0 and "trained on gtzan" in result.stderr  # the model that comes with the project
    result = predict(music, "--results", "results", "--model", "best", "a.wav")
    assert result.returncode == 1
    assert f"{music}/results/*/export/best" in result.stderr
    (music / "results/tones/export").mkdir(parents=True)
    (music / "results/tones/export/best").symlink_to(model)
    result = predict(music, "a.wav")
    assert result.returncode == 0 and "trained on tones" in result.stderr


def test_from_a_folder_without_results_those_of_the_checkout_are_taken(model, music, monkeypatch):
    from genrebench.inference import registry

    monkeypatch.chdir(music)
    monkeypatch.setattr(registry, "ROOT", music / "checkout")
    assert registry.default_results() == Path("results")
    (music / "checkout/results/tones/export").mkdir(parents=True)
    (music / "checkout/results/tones/export/logistic").symlink_to(model)
    assert registry.default_results() == music / "checkout/results"
    # there is no `best`
    assert registry.find_model(None, registry.default_results()).name == "logistic"


HOSTILE = ["http:x.wav", "file:q.wav", "-i.wav", "a\rb\x1b[2J.wav", "new\nline.wav", "n\udcff.wav", 'q",.wav']


@pytest.fixture
def hostile(tmp_path):
    """Files whose names are no ordinary ones."""
    folder = tmp_path / "hostile"
    folder.mkdir()
    for name in HOSTILE:
        soundfile.write(os.fsencode(folder / name), tone("bass", 90, 1.0), RATE)
    return folder


@pytest.mark.parametrize("output", [None, "out", "n\udcff"])
def test_any_name_of_a_file_is_written(model, hostile, tmp_path, output):
    def lines(kind):
        result = predict(tmp_path, "--model", model, "hostile", kind, *(["--output", output] if output else []))
        assert (result.returncode, "Traceback" in result.stderr) == (0, False), result.stderr
        return (tmp_path / output).read_text() if output else result.stdout

    found = [json.loads(line)["path"] for line in lines("--json").splitlines()]
    assert found == [f"hostile/{name}" for name in sorted(HOSTILE)]
    table = lines("--csv")
    assert table.isprintable() or set(table) - set("\n") == {c for c in table if c.isprintable()}
    rows = list(csv.DictReader(table.splitlines()))
    assert [row["genre"] for row in rows] == ["bass"] * len(HOSTILE)
    assert {r"hostile/a\rb\x1b[2J.wav", r"hostile/n\xff.wav"} <= {row["path"] for row in rows}


def test_output_is_checked_before_the_work(model, music):
    for output in (".", "a.wav/out", "loop"):
        if output == "loop":
            (music / "loop").symlink_to("loop")
        result = predict(music, "--model", model, "a.wav", "--output", output)
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()  # and not that of the model, which comes first
        assert line.startswith(f"error: {output} ")


def test_output_through_a_link_keeps_the_link(model, music):
    (music / "link").symlink_to("target")
    for _ in range(2):
        assert predict(music, "--model", model, "a.wav", "--output", "link").returncode == 0
        assert (music / "link").is_symlink() and "bass" in (music / "target").read_text()


def test_output_to_a_pipe_or_device_is_written_there(model, music):
    os.mkfifo(music / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((music / "pipe").read_text()))
    reader.start()
    assert predict(music, "--model", model, "a.wav", "--output", "pipe").returncode == 0
    reader.join(10)
    assert "bass" in read[0] and stat.S_ISFIFO((music / "pipe").stat().st_mode)
    full = predict(music, "--model", model, "a.wav", "--output", "/dev/full")
    assert full.returncode == 1 and full.stderr.splitlines()[-1].startswith("error: /dev/full cannot be written: No sp")
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


def test_a_full_disk_behind_standard_output_is_one_sentence(model, music):
    command = [sys.executable, "-m", "genrebench", "predict", "--model", model, "a.wav"]
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(command, cwd=music, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: Standard output cannot be written: No space left")
    assert "Traceback" not in result.stderr and "Exception" not in result.stderr


def test_a_file_that_takes_too_long_or_is_no_file_costs_itself(model, music):
    os.mkfifo(music / "more/pipe.wav")
    result = predict(music, "--model", model, ".", "--json")
    lines = {Path(one["path"]).name: one for one in map(json.loads, result.stdout.splitlines())}
    assert "error" in lines["pipe.wav"] and "genre" in lines["a.wav"]
    result = predict(music, "--model", model, "a.wav", "--timeout", "0")
    assert result.returncode == 2


def children(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child) for child in found} | {grand for child in found for grand in children(child)}


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_command_that_is_killed(model, music, how):
    soundfile.write(music / "hour.flac", np.tile(tone("bass", 1, 60.0), 60), RATE)
    command = [sys.executable, "-m", "genrebench", "predict", "--model", model, *["hour.flac"] * 9]
    with subprocess.Popen(
        [*command, "--jobs", "2", "--output", "out"], cwd=music, stderr=subprocess.DEVNULL, text=True
    ) as process:
        end = time.monotonic() + 20
        while len(started := children(process.pid)) < 3 and time.monotonic() < end:  # two, and a tracker of Python's
            time.sleep(0.02)
        process.send_signal(how)
        process.wait(10)
    while (left := [pid for pid in started if Path(f"/proc/{pid}").exists()]) and time.monotonic() < end:
        time.sleep(0.05)
    assert started and not left
    assert not (music / "out").exists()
    if how == signal.SIGTERM:
        assert not list(music.glob(".out*"))


def test_no_audio_file_is_an_error(model, music):
    result = predict(music, "--model", model, "more/none*")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ") and "more/none*" in result.stderr and ".flac" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--zero-shot", "a,b", "--model", "x"], "no --model"),
        (["--zero-shot", "a"], "two or more different genres"),
        (["--zero-shot", "a,b", "--prompt", "a song"], "one {}"),
    ],
)
def test_genres_by_their_names_need_no_model_and_more_than_one_name(music, options, said):
    result = predict(music, *options, "a.wav")
    assert result.returncode == 1
    assert said in result.stderr.splitlines()[-1] and "Traceback" not in result.stderr
