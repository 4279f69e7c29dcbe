"""The page, started as people start it, in a browser as people use it (`make test-app`)."""

import base64
import csv
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from exported_models import CLASSICAL, RATE, SECONDS, Corpus, tone
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.inference.description import write_description, write_reason
from genrebench.inference.predictor import Predictor

sync_api = pytest.importorskip("playwright.sync_api", reason="not installed: `make test-tools`")
expect, sync_playwright = sync_api.expect, sync_api.sync_playwright
pytestmark = pytest.mark.long

TRAINED = "trained from scratch, without ImageNet weights"
ALONE = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # no other name leads anywhere
expect.set_options(timeout=30_000)  # where other things run beside it
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Exported models, two of which are the same, and a folder that says why there is none."""
    corpus = Corpus(tmp_path_factory.mktemp("corpus"))
    for model in ("logistic", "random_forest"):
        corpus.train(model, CLASSICAL[model])
        corpus.export(model)
    results = tmp_path_factory.mktemp("results")

    def place(name, model, accuracy, caveats, confidence, dataset="demo"):
        folder = results / dataset / "export" / name
        shutil.copytree(corpus.folder / "export" / model, folder)
        description = files.read_json(folder / "export.json")
        figures = {"accuracy": accuracy, "accuracy_low": accuracy - 0.1, "accuracy_high": accuracy + 0.1}
        description["metrics"] |= figures | {"n_test": 60, "valid_accuracy": accuracy}
        limits = {"min_probability": confidence, "max_ood_score": 1e9}
        write_description(folder, description | {"dataset": dataset, "caveats": caveats, "confidence": limits})

    place("logistic", "logistic", 0.8, [], 0.4)
    place("best", "logistic", 0.8, [], 0.4)
    place("random_forest", "random_forest", 0.6, [TRAINED], 1.01)
    place("logistic", "logistic", 0.9, [], 0.4, dataset="other")
    write_reason(results / "demo/export/none", "the features are precomputed")
    return results


def write(path, *genres, seconds=SECONDS):
    """A recording of a tone of each genre, one after the other, in the format of the file's suffix."""
    soundfile.write(path, np.concatenate([tone(genre, 99, seconds) for genre in genres]), RATE)
    return path


@contextmanager
def started(results, *options, temporary=None):
    """The page as a process; its address. It ends by itself when it is interrupted, and says nothing."""
    command = [sys.executable, "-m", "genrebench", "app", "--results", results, "--port", "0", *options]
    environment = os.environ | ({"TMPDIR": str(temporary)} if temporary else {})
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        try:
            assert line.startswith("Open http://127.0.0.1:"), line + process.stderr.read()
            yield line.split()[1]
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors, errors


@pytest.fixture(scope="session")
def temporary(tmp_path_factory):
    """Where the page puts the files that it gets."""
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="session")
def address(results, temporary):
    with started(results, "--max-mb", "3", "--max-minutes", "2", temporary=temporary) as address:
        yield address


@pytest.fixture(scope="session")
def chromium():
    """The browser that is installed."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert program, "Chromium is not installed, and the page is tested in it: `apt-get install chromium`"
    with sync_playwright() as playwright:
        options = {"executable_path": program, "args": ["--no-sandbox", *ALONE, *MICROPHONE]}
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, address, temporary):
    """The page, opened; what it asks for is all of its own address, no program fails, and no upload is left."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    requested, failed = [], []
    page.on("request", lambda request: requested.append(request.url))
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert not failed
    assert requested
    assert [url for url in requested if not url.removeprefix("blob:").startswith((f"{address}/", "data:"))] == []
    assert list(temporary.glob("genrebench-upload-*")) == []


def genres(page):
    """The table: genres and percentages, as a person reads them."""
    return [tuple(row.inner_text().split(maxsplit=1)) for row in page.locator("#genres tbody tr").all()]


def test_a_recording_gets_a_prediction(page, tmp_path):
    page.set_input_files("#file", write(tmp_path / "a song & more.flac", "treble"))
    expect(page.locator("#headline")).to_contain_text("a song & more.flac: treble, ")
    shown = genres(page)
    assert {genre for genre, _ in shown} == {"bass", "middle", "treble"}
    values = [int(percentage.strip("<% ")) for _, percentage in shown]
    assert values == sorted(values, reverse=True)
    assert 98 <= sum(values) <= 102
    expect(page.locator("#low-confidence")).to_be_hidden()
    assert page.evaluate("document.querySelector('#plot img').naturalWidth") > 1000
    assert page.evaluate("document.getElementById('player').duration") == pytest.approx(SECONDS, abs=0.1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_the_prediction_is_that_of_the_predictor_over_time(page, address, tmp_path, results):
    song = write(tmp_path / "song.flac", "bass", "bass", "treble", "middle", "bass")
    said = Predictor(results / "demo/export/logistic").predict(song)
    status, answer = ask(address, song.read_bytes(), "song.flac", results / "demo/export/best")
    assert status == 200
    assert [(g["name"], g["probability"]) for g in answer["genres"]] == said.ranked()
    page.set_input_files("#file", song)
    expect(page.locator("#headline")).to_have_text(f"song.flac: bass, {said.probabilities.max():.0%}")
    # a click in the middle of the time axis plays that moment
    box = page.locator("#plot").bounding_box()
    middle = (answer["plot"]["start"] + answer["plot"]["end"]) / 2
    page.mouse.click(box["x"] + middle * box["width"], box["y"] + 60)
    page.wait_for_function("document.getElementById('player').currentTime > 4.5")
    assert page.evaluate("document.getElementById('player').currentTime") == pytest.approx(said.seconds / 2, abs=1)
    left = page.evaluate("parseFloat(document.getElementById('playhead').style.left)")
    assert left == pytest.approx(100 * middle, abs=5)


def test_a_recording_is_dropped(page, tmp_path):
    song = write(tmp_path / "song.wav", "middle")
    page.evaluate(
        """encoded => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(atob(encoded), c => c.charCodeAt(0))], "dropped.wav"));
            document.getElementById("drop").dispatchEvent(
                new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        base64.b64encode(song.read_bytes()).decode(),
    )
    expect(page.locator("#headline")).to_contain_text("dropped.wav: middle, ")


def test_a_narrow_window_shows_all_of_it(page, tmp_path):
    page.set_viewport_size({"width": 420, "height": 800})
    page.set_input_files("#file", write(tmp_path / f"{'a very long name ' * 8}.flac", "bass"))
    expect(page.locator("#headline")).to_contain_text(": bass, ")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    shown = page.locator("#plot img").bounding_box()
    assert page.evaluate("document.querySelector('#plot img').naturalWidth") == pytest.approx(2 * shown["width"], abs=3)


def test_the_microphone_is_recorded(page):
    page.click("#record")
    expect(page.locator("#record")).to_have_text("Stop and predict")
    time.sleep(2.5)  # of the device's beeps
    page.click("#record")
    expect(page.locator("#headline")).to_contain_text("recording.webm: ")


BAD = {
    "text.mp3": b"this is a text, whatever its name says\n" * 100,
    "empty.mp3": b"",
    "silent.wav": np.zeros(3 * RATE, np.float32),
    "short.wav": tone("bass", 99, 0.2),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_the_predictors_sentence(page, tmp_path, results, name):
    path = tmp_path / name
    if isinstance(BAD[name], bytes):
        path.write_bytes(BAD[name])
    else:
        soundfile.write(path, BAD[name], RATE)
    with pytest.raises(InputError) as error:
        Predictor(results / "demo/export/logistic").predict(path)
    sentence = str(error.value).replace(f"{tmp_path}/", "")
    assert sentence.startswith(f"{name} ")
    page.set_input_files("#file", path)
    expect(page.locator("#error")).to_have_text(sentence)
    expect(page.locator("#result")).to_be_hidden()
    # the next file is not affected
    page.set_input_files("#file", write(tmp_path / "good.wav", "bass"))
    expect(page.locator("#headline")).to_contain_text("good.wav: bass, ")
    expect(page.locator("#error")).to_be_hidden()


def test_a_file_that_is_too_large_is_not_sent(page, tmp_path):
    requested = []
    page.on("request", lambda request: requested.append(request.method))
    page.set_input_files("#file", write(tmp_path / "large.wav", "bass", seconds=200))
    expect(page.locator("#error")).to_have_text("large.wav has 3.2 MB; the limit of this page is 3 MB (`--max-mb`)")
    assert requested == []


def test_a_small_file_that_lasts_too_long_is_not_decoded(page, tmp_path):
    long = tmp_path / "long.flac"
    soundfile.write(long, np.zeros((5 * 60 * 44100, 2), np.int16), 44100)
    assert long.stat().st_size < 1_000_000
    page.set_input_files("#file", long)
    expect(page.locator("#error")).to_contain_text("long.flac is too long: 300 s")


def test_a_format_that_the_browser_cannot_play_gets_a_prediction(page, tmp_path):
    page.set_input_files("#file", write(tmp_path / "song.aiff", "bass"))
    expect(page.locator("#headline")).to_contain_text("song.aiff: bass, ")
    expect(page.locator("#mute")).to_have_text("Your browser cannot play this format.")
    expect(page.locator("#player")).to_be_hidden()
    page.set_input_files("#file", write(tmp_path / "song.flac", "bass"))
    expect(page.locator("#headline")).to_contain_text("song.flac: bass, ")
    expect(page.locator("#player")).to_be_visible()


def test_the_example_gets_a_prediction(page):
    page.click("#example")
    expect(page.locator("#headline")).to_contain_text("synthetic example.flac: ")
    expect(page.locator("#player")).to_be_visible()


def test_several_files_get_a_table_to_download(page, tmp_path):
    (tmp_path / 'a, "b".mp3').write_bytes(b"no audio")
    songs = [write(tmp_path / f"{genre}.flac", genre) for genre in ("bass", "treble")]
    page.set_input_files("#file", [songs[0], tmp_path / 'a, "b".mp3', songs[1]])
    expect(page.locator("#download")).to_be_visible()
    expect(page.locator("#count")).to_have_text("3 files, 1 without a prediction")
    rows = page.locator("#files tbody tr").all_inner_texts()
    assert [row.split()[0] for row in rows] == ["bass.flac", "a,", "treble.flac"]
    assert "is unreadable" in rows[1]
    with page.expect_download() as download:
        page.click("#download")
    with Path(download.value.path()).open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["path"] for row in table] == ["bass.flac", 'a, "b".mp3', "treble.flac"]
    assert [row["genre"] for row in table] == ["bass", "", "treble"]
    assert "is unreadable" in table[1]["error"] and table[1]["bass"] == ""
    assert sum(float(table[2][genre]) for genre in ("bass", "middle", "treble")) == pytest.approx(1, abs=1e-4)
    page.click("text=treble.flac")
    expect(page.locator("#headline")).to_contain_text("treble.flac: treble, ")
    expect(page.locator("#several")).to_be_visible()
    page.set_input_files("#file", songs[0])  # one file: no table
    expect(page.locator("#headline")).to_contain_text("bass.flac: bass, ")
    expect(page.locator("#several")).to_be_hidden()


def test_the_columns_are_those_of_the_command(page, tmp_path, results):
    songs = [str(write(tmp_path / f"{genre}.flac", genre)) for genre in ("bass", "treble")]
    command = ["predict", *songs, "--csv", "--model", results / "demo/export/best"]
    said = subprocess.run([sys.executable, "-m", "genrebench", *command], capture_output=True, text=True, check=True)
    page.set_input_files("#file", songs)
    expect(page.locator("#download")).to_be_visible()
    with page.expect_download() as download:
        page.click("#download")
    assert Path(download.value.path()).read_text().partition("\n")[0] == said.stdout.partition("\n")[0]


def test_models_are_chosen(page, tmp_path):
    assert page.locator("#model option").all_inner_texts() == [
        "logistic on demo (best in validation)",
        "random_forest on demo",
        "logistic on other",
        "logistic_musicnn on gtzan",  # which comes with the project
    ]
    expect(page.locator("#test")).to_contain_text("Accuracy 80% on 60 test clips")
    expect(page.locator("#test")).to_contain_text("95% interval 70 to 90%, protocol artist")
    expect(page.locator("#caveats li")).to_have_count(0)
    page.set_input_files("#file", write(tmp_path / "song.wav", "bass"))
    expect(page.locator("#headline")).to_contain_text("song.wav: bass, ")
    sure = genres(page)
    page.select_option("#model", label="random_forest on demo")  # it predicts the same file
    expect(page.locator("#low-confidence")).to_have_text("Low confidence: no genre reaches 101%")
    expect(page.locator("#caveats li")).to_have_text(TRAINED)
    assert genres(page) != sure


def test_the_browser_refuses_what_is_elsewhere(page):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/"
        refused = "url => fetch(url, {signal: AbortSignal.timeout(5000)}).then(() => 'came', error => error.name)"
        assert page.evaluate(refused, url) == "TypeError"
        elsewhere.settimeout(0.5)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def ask(address, body, name="song.wav", model=None, **headers):
    """POST without a browser: status and answer."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    chunked = not isinstance(body, bytes)
    connection.request("POST", f"/predict?model={model}&name={name}&width=800", body, headers, encode_chunked=chunked)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def test_the_limits_hold_without_the_page(address, results, temporary, tmp_path):
    model = results / "demo/export/best"
    sentence = "song.wav is larger than 3 MB, the limit of this page (`--max-mb`)"
    assert ask(address, b"0" * 3_000_001, model=model) == (413, {"error": sentence})
    chunks = (b"0" * 100_000 for _ in range(31))
    assert ask(address, chunks, model=model, **{"Transfer-Encoding": "chunked"}) == (413, {"error": sentence})
    song = write(tmp_path / "song.wav", "bass").read_bytes()
    assert ask(address, song, model=model)[0] == 200
    assert ask(address, song, model=model, Origin="http://example.org")[0] == 403
    assert ask(address, song, model="/etc")[0] == 404
    status, answer = ask(address, b"text", "..%2F..%2F..%2Fescaped.mp3", model)
    assert status == 422
    assert answer["error"].startswith("escaped.mp3 is unreadable: ")
    assert list(temporary.glob("**/*")) == []


def test_other_names_of_the_machine_are_refused(address):
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", "/", headers={"Host": "example.org"})
    assert connection.getresponse().status == 400


def test_only_this_machine_can_connect(address):
    port = int(address.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):  # 127.0.0.2 is this machine too, by another address
        socket.create_connection(("127.0.0.2", port), timeout=5)


def refused(*options):
    result = subprocess.run([sys.executable, "-m", "genrebench", "app", *options], capture_output=True, text=True)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


def test_without_a_model_it_says_how_to_make_one(tmp_path):
    assert "export/best` exports it" in refused("--results", tmp_path, "--model", "best")


def test_a_port_that_is_taken_is_told(results):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert refused("--results", results, "--port", port) == (
            f"error: Port {port} cannot be used: Address already in use; choose another with --port"
        )


def test_one_model_is_asked_for(results):
    with started(results, "--model", Path(results / "demo/export/random_forest")) as address:
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
        connection.request("GET", "/")
        html = connection.getresponse().read().decode()
    assert "<strong>random_forest on demo</strong>" in html
    assert "<select" not in html
