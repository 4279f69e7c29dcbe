"""Tests of the study of errors: which clips are hard, what is shown of them, and what the report says."""

import io

import av
import numpy as np
import pandas as pd
import pytest
import soundfile
from PIL import Image

import study_errors
from genrebench.audio import excerpt
from genrebench.common import files
from genrebench.evaluation import hard_clips, tables
from genrebench.reporting import sections

MEL = {"n_fft": 512, "hop_length": 256, "n_mels": 16}
READING = {"sample_rate": 22050, "duration": "longest"}


def predictions(model, *answers, seed=0):
    """Predictions of test clips from (clip, genre, probability of blues, of jazz, of rock)."""
    return pd.DataFrame(answers, columns=["clip_id", "genre", "blues", "jazz", "rock"]).assign(model=model, seed=seed)


def test_a_verdict_is_the_mean_over_runs():
    first, second = (
        predictions("cnn", ("a", "jazz", 0.6, 0.4, 0)),
        predictions("cnn", ("a", "jazz", 0.1, 0.9, 0), seed=1),
    )
    (verdict,) = hard_clips.verdicts(pd.concat([first, second])).to_dict("records")
    assert (verdict["model"], verdict["clip_id"], verdict["genre"], verdict["guess"]) == ("cnn", "a", "jazz", "jazz")
    assert [verdict[f"p_{genre}"] for genre in ("blues", "jazz", "rock")] == pytest.approx([0.35, 0.65, 0])


def test_clips_are_ranked_by_the_share_of_models_that_are_wrong():
    told = [
        predictions("one", ("a", "jazz", 0.6, 0.4, 0), ("b", "jazz", 0.2, 0.8, 0), ("c", "rock", 0.5, 0.4, 0.1)),
        predictions("two", ("a", "jazz", 0.1, 0.3, 0.6), ("b", "jazz", 0.7, 0.3, 0), ("c", "rock", 0.4, 0.3, 0.3)),
        predictions("three", ("a", "jazz", 0.2, 0.8, 0), ("b", "jazz", 0, 1, 0), ("c", "rock", 0.3, 0.4, 0.3)),
    ]
    rows = hard_clips.rank_clips(hard_clips.verdicts(pd.concat(told))).to_dict("records")
    assert [(row["clip_id"], row["wrong"], row["models"], row["guess"], row["guesses"]) for row in rows] == [
        ("c", 3, 3, "blues", 2),
        ("a", 2, 3, "blues", 1),  # of equally many guesses the first by name
        ("b", 1, 3, "blues", 1),
    ]
    assert [rows[1][f"p_{genre}"] for genre in ("blues", "jazz", "rock")] == pytest.approx([0.3, 0.5, 0.2])
    assert [row["clip_id"] for row in hard_clips.hard(rows)] == ["c", "a"]


def test_an_excerpt_begins_where_the_energy_is():
    samples = np.full(1000, 0.1, np.float32)
    samples[400:500] = -0.9
    assert excerpt.loudest(samples, 100) == 400
    assert excerpt.loudest(samples, 1000) == 0
    assert excerpt.loudest(samples, 5000) == 0


def tone(seconds, hz=440.0, rate=22050, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def test_an_excerpt_decodes_to_what_it_was():
    samples = tone(2.0, amplitude=1.7)  # beyond full scale: scaled, not clipped
    encoded = excerpt.encode(samples, excerpt.SAMPLE_RATE)
    assert encoded == excerpt.encode(samples, excerpt.SAMPLE_RATE)
    assert len(encoded) < 15_000
    with av.open(io.BytesIO(encoded)) as container:
        (stream,) = container.streams.audio
        assert (stream.rate, stream.channels) == (excerpt.SAMPLE_RATE, 1)
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(stream)])
    assert len(decoded) / excerpt.SAMPLE_RATE == pytest.approx(2.0, abs=0.15)  # MP3 adds silence at its ends
    middle = decoded[11025:22050].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * excerpt.SAMPLE_RATE / len(middle) == pytest.approx(440, abs=3)
    assert spectrum[spectrum.argmax() + 20 :].max() < 0.01 * spectrum.max()  # of a clipped tone: a third harmonic


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of three models on four clips: three are hard, `sub/b` lies in a folder, the recording of `c` is gone."""
    folder = tmp_path_factory.mktemp("errors")
    swelling = np.abs(tone(7, hz=0.5, amplitude=1.0)) * tone(7)
    soundfile.write(folder / "a.wav", np.concatenate([tone(3, amplitude=0.05), swelling]), 22050)
    soundfile.write(folder / "b.wav", tone(1.5), 22050)
    clips = {"a": "jazz", "sub/b": "jazz", "c": "rock", "d": "rock"}
    paths = {"a": folder / "a.wav", "sub/b": folder / "b.wav", "c": folder / "gone.wav", "d": ""}
    columns = ["clip_id", "path", "genre", "artist", "duplicate_of", "duration_s"]
    files.write_rows(
        folder / "manifest.csv",
        columns,
        [{"clip_id": c, "genre": g, "path": paths[c], "artist": f"{g} artist"} for c, g in clips.items()],
    )
    facts = {"available": True, "artists_known": 1.0, "counts": {"train": 9, "test": 4}}
    facts |= {"test_clips_sharing_artist_with_train": 0, "test_clips_with_known_artist": 4}
    files.write_json(folder / "splits/artist/repeat0.json", facts | {"test_clips_duplicated_in_train": 0})
    facts |= {"test_clips_sharing_artist_with_train": 4, "test_clips_duplicated_in_train": 0}
    files.write_json(folder / "splits/stratified/repeat0.json", facts)
    statuses, board = [], []
    told: dict[str, list] = {"cnn": [], "forest": [], "svm": []}
    for protocol in ("artist", "stratified"):
        for number, model in enumerate(("cnn", "forest", "svm")):
            wrong = {"a": 0.9, "sub/b": 0.8, "c": 0.7, "d": 0.1} if protocol == "artist" else dict.fromkeys(clips, 0.1)
            answers = [
                (clip, genre, wrong[clip], *((1 - wrong[clip], 0) if genre == "jazz" else (0, 1 - wrong[clip])))
                for clip, genre in clips.items()
            ]
            if number == 2:
                answers[2] = ("c", "rock", 0, 0, 1)
            rows = predictions(model, *answers).drop(columns="model")
            told[model].append(rows.assign(protocol=protocol, split="repeat0", subset="test"))
            statuses.append({"model": model, "protocol": protocol, "split": "repeat0", "seed": 0, "status": "done"})
            board.append({"model": model, "protocol": protocol, "accuracy_mean": 0.5})
    statuses.append({"model": "vgg16", "protocol": "artist", "split": "repeat0", "seed": 0, "status": "unavailable"})
    board.append({"model": "vgg16", "protocol": "artist", "accuracy_mean": None})
    for model, rows in told.items():
        tables.PREDICTIONS.write(folder / f"evaluation/{model}/predictions.csv", pd.concat(rows))
    tables.STATUSES.write(folder / "statuses.csv", statuses)
    tables.LEADERBOARD.write(folder / "leaderboard.csv", board)
    run(folder)
    return folder


def run(folder, name=""):
    study_errors.study_errors(
        *(folder / part for part in ("manifest.csv", "statuses.csv", "leaderboard.csv", "splits", "evaluation")),
        ["mel"],
        [MEL],
        READING,
        folder / f"errors{name}.csv",
        folder / f"errors{name}",
        folder / f"excerpts{name}",
    )


def test_errors_are_those_of_the_protocol_that_keeps_artists_apart(results):
    rows = files.read_rows(results / "errors.csv")
    assert [(r["protocol"], r["clip_id"], r["wrong"], r["models"], r["guess"]) for r in rows] == [
        ("artist", "a", "3", "3", "blues"),
        ("artist", "sub/b", "3", "3", "blues"),
        ("artist", "c", "2", "3", "blues"),
        ("artist", "d", "0", "3", ""),
    ]
    assert float(rows[0]["p_blues"]) == pytest.approx(0.9)
    assert float(rows[2]["p_rock"]) == pytest.approx((0.3 + 0.3 + 1) / 3, abs=1e-6)


def test_hard_clips_that_are_at_hand_have_a_picture_and_their_loudest_seconds(results):
    folders = results / "errors", results / "excerpts"
    there = sorted(path.relative_to(results).as_posix() for folder in folders for path in folder.rglob("*.*"))
    assert there == ["errors/a.png", "errors/sub/b.png", "excerpts/a.mp3", "excerpts/sub/b.mp3"]
    loud, _ = soundfile.read(results / "excerpts/a.mp3")
    assert len(loud) / 22050 == pytest.approx(study_errors.EXCERPT_S, abs=0.15)
    assert np.sqrt(np.mean(loud[22050:-22050] ** 2)) == pytest.approx(0.25, rel=0.1)
    short, _ = soundfile.read(results / "excerpts/sub/b.mp3")
    assert len(short) / 22050 == pytest.approx(1.5, abs=0.15)
    # the part that is heard is marked in the longer clip only, in yellow: what else is drawn is blue or grey
    for name, shown in (("a", True), ("sub/b", False)):
        with Image.open(results / f"errors/{name}.png") as picture:
            pixels = np.asarray(picture.convert("RGB"), int)[: 2 * picture.height // 5]  # the waveform
        assert ((pixels[..., 0] - pixels[..., 2] > 40).sum() > 500) == shown


def test_errors_are_the_same_bytes_again(results):
    run(results, "2")
    assert (results / "errors2.csv").read_bytes() == (results / "errors.csv").read_bytes()
    for name in ("errors", "excerpts"):
        for path in (results / name).rglob("*.*"):
            assert (results / f"{name}2" / path.relative_to(results / name)).read_bytes() == path.read_bytes()


def test_the_report_describes_them_in_sentences(results):
    found = sections.describe_errors(*(results / name for name in ("errors.csv", "errors", "excerpts")), {"a": {}})
    assert found["sentences"] == [
        "3 of 4 test clips under artist are wrong for more than half of 3 models.",
        "2 are wrong for all of them, 1 right for all.",
        "Among the hard ones, jazz taken for blues comes most often (2 clips).",
        "2 of them are by 1 artist with more than one such clip.",
    ]
    assert [card["suspected"] for card in found["cards"]] == [True, False, False]
    assert [card["excerpt"] is not None for card in found["cards"]] == [True, True, False]
    assert found["cards"][0]["probabilities"][0] == {"genre": "blues", "probability": 0.9, "true": False}


def test_of_many_genres_the_first_are_shown_and_the_true_one():
    row = {"genre": "last"} | {f"p_g{i:02}": str(0.03 - i / 1000) for i in range(20)} | {"p_last": "0.0001"}
    shown = [one["genre"] for one in sections.probabilities(row)]
    assert shown == [*(f"g{i:02}" for i in range(sections.GENRES_SHOWN - 1)), "last"]


def test_without_a_protocol_that_can_be_quoted_there_are_no_errors(results, tmp_path):
    tables.LEADERBOARD.write(tmp_path / "leaderboard.csv", [])
    study_errors.study_errors(
        *(results / part for part in ("manifest.csv", "statuses.csv")),
        tmp_path / "leaderboard.csv",
        *(results / part for part in ("splits", "evaluation")),
        [],
        [],
        READING,
        tmp_path / "errors.csv",
        *(folders := (tmp_path / "errors", tmp_path / "excerpts")),
    )
    assert files.read_rows(tmp_path / "errors.csv") == []
    assert [list(folder.iterdir()) for folder in folders] == [[], []]
    assert sections.describe_errors(tmp_path / "errors.csv", *folders, {})["sentences"] == []
