import numpy as np
import pytest
import soundfile
from PIL import Image

import study_errors
from genrebench.common import files
from genrebench.common.file_names import shortened
from genrebench.evaluation import tables
from genrebench.plots import hard_clips

MEL = {"n_fft": 512, "hop_length": 256, "n_mels": 16}
B = "sub/" + "歌" * 84  # a title that is too long for a name with another suffix
AUDIO = {"sample_rate": 22050, "duration": "longest"}


def predictions(protocol, *answers):
    """Rows of a model's predictions.csv from (clip, genre, probability of blues, of jazz, of rock)."""
    run = {"protocol": protocol, "split": "repeat0", "seed": 0, "subset": "test"}
    given = [
        (clip, genre, dict(zip(("blues", "jazz", "rock"), values, strict=True))) for clip, genre, *values in answers
    ]
    return [
        run | {"clip_id": clip, "genre": genre, "predicted": max(values, key=values.get)} | values
        for clip, genre, values in given
    ]


def tone(seconds, hz=440.0, rate=22050, amplitude=0.5):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of three models on four clips: three are hard, `B` lies in a folder, the recording of `c` is gone."""
    folder = tmp_path_factory.mktemp("errors")
    swelling = np.abs(tone(7, hz=0.5, amplitude=1.0)) * tone(7)
    soundfile.write(folder / "a.wav", np.concatenate([tone(3, amplitude=0.05), swelling]), 22050)
    soundfile.write(folder / "b.wav", tone(1.5), 22050)
    clips = {"a": "jazz", B: "jazz", "c": "rock", "d": "rock"}
    paths = {"a": folder / "a.wav", B: folder / "b.wav", "c": folder / "gone.wav", "d": ""}
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
    statuses, board, predicted = [], [], {}
    for protocol in ("artist", "stratified"):
        for number, model in enumerate(("cnn", "forest", "svm")):
            wrong = {"a": 0.9, B: 0.8, "c": 0.7, "d": 0.1} if protocol == "artist" else dict.fromkeys(clips, 0.1)
            answers = [
                (clip, genre, wrong[clip], *((1 - wrong[clip], 0) if genre == "jazz" else (0, 1 - wrong[clip])))
                for clip, genre in clips.items()
            ]
            if number == 2:
                answers[2] = ("c", "rock", 0, 0, 1)
            predicted.setdefault(model, []).extend(predictions(protocol, *answers))
            statuses.append({"model": model, "protocol": protocol, "split": "repeat0", "seed": 0, "status": "done"})
            board.append({"model": model, "protocol": protocol, "accuracy_mean": 0.5})
    for model, rows in predicted.items():
        tables.PREDICTIONS.write(folder / f"evaluation/{model}/predictions.csv", rows)
    statuses.append({"model": "vgg16", "protocol": "artist", "status": "unavailable"})
    tables.STATUSES.write(folder / "statuses.csv", statuses)
    tables.LEADERBOARD.write(folder / "leaderboard.csv", board)
    run(folder)
    return folder


def run(folder, name=""):
    study_errors.study_errors(
        *(folder / part for part in ("manifest.csv", "statuses.csv", "leaderboard.csv", "splits", "evaluation")),
        models=["cnn", "forest", "svm"],
        table=folder / f"errors{name}.csv",
        pairs=folder / f"confused_pairs{name}.csv",
        descriptions=[],
        features=["mel"],
        settings=[MEL],
        audio_settings=AUDIO,
        pictures=folder / f"errors{name}",
        excerpts=folder / f"excerpts{name}",
    )


def test_errors_are_those_of_the_protocol_that_keeps_artists_apart(results):
    rows = files.read_rows(results / "errors.csv")
    assert [(r["protocol"], r["clip_id"], r["wrong"], r["models"], r["guess"]) for r in rows] == [
        ("artist", "a", "3", "3", "blues"),
        ("artist", B, "3", "3", "blues"),
        ("artist", "c", "2", "3", "blues"),
        ("artist", "d", "0", "3", ""),
    ]
    assert float(rows[0]["p_blues"]) == pytest.approx(0.9)
    assert float(rows[2]["p_rock"]) == pytest.approx((0.3 + 0.3 + 1) / 3, abs=1e-6)


def test_confused_pairs_are_those_of_each_model_and_protocol(results):
    rows = tables.rows(tables.CONFUSED_PAIRS.read(results / "confused_pairs.csv"))
    assert [(r["protocol"], r["model"], r["genre"], r["other"], r["cases"], r["confused"]) for r in rows] == [
        ("artist", "cnn", "blues", "jazz", 2, 2),
        ("artist", "cnn", "blues", "rock", 2, 1),
        ("artist", "forest", "blues", "jazz", 2, 2),
        ("artist", "forest", "blues", "rock", 2, 1),
        ("artist", "svm", "blues", "jazz", 2, 2),
    ]


def test_hard_clips_that_are_at_hand_have_a_picture_and_their_loudest_seconds(results):
    folders = results / "errors", results / "excerpts"
    there = sorted(path.relative_to(results).as_posix() for folder in folders for path in folder.rglob("*.*"))
    b = shortened(B)
    assert there == ["errors/a.png", f"errors/{b}.png", "excerpts/a.mp3", f"excerpts/{b}.mp3"]
    loud, _ = soundfile.read(results / "excerpts/a.mp3")
    assert len(loud) / 22050 == pytest.approx(hard_clips.EXCERPT_S, abs=0.15)
    assert np.sqrt(np.mean(loud[22050:-22050] ** 2)) == pytest.approx(0.25, rel=0.1)
    short, _ = soundfile.read(results / f"excerpts/{shortened(B, '.mp3')}")
    assert len(short) / 22050 == pytest.approx(1.5, abs=0.15)
    # the excerpt is highlighted in the longer clip only, in yellow: everything else is blue or grey
    for name, shown in (("a", True), (B, False)):
        with Image.open(results / "errors" / shortened(name, ".png")) as picture:
            pixels = np.asarray(picture.convert("RGB"), int)[: 2 * picture.height // 5]  # the waveform
        assert ((pixels[..., 0] - pixels[..., 2] > 40).sum() > 500) == shown


def test_errors_are_the_same_bytes_again(results):
    run(results, "2")
    for name in ("errors", "confused_pairs"):
        assert (results / f"{name}2.csv").read_bytes() == (results / f"{name}.csv").read_bytes()
    for name in ("errors", "excerpts"):
        for path in (results / name).rglob("*.*"):
            assert (results / f"{name}2" / path.relative_to(results / name)).read_bytes() == path.read_bytes()


def test_without_a_protocol_that_can_be_quoted_there_are_no_errors(results, tmp_path):
    tables.LEADERBOARD.write(tmp_path / "leaderboard.csv", [])
    folders = tmp_path / "errors", tmp_path / "excerpts"
    study_errors.study_errors(
        *(results / part for part in ("manifest.csv", "statuses.csv")),
        tmp_path / "leaderboard.csv",
        *(results / part for part in ("splits", "evaluation")),
        models=["cnn"],
        table=tmp_path / "errors.csv",
        pairs=tmp_path / "confused_pairs.csv",
        descriptions=[],
        features=[],
        settings=[],
        audio_settings=AUDIO,
        pictures=folders[0],
        excerpts=folders[1],
    )
    assert files.read_rows(tmp_path / "errors.csv") == []
    assert [list(folder.iterdir()) for folder in folders] == [[], []]
