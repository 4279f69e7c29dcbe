import csv
import json
import random
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from genrebench.audio.plausibility import Limits
from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.common.workers import Workers
from genrebench.datasets import manifest, precomputed, tables
from genrebench.workflow import dataset_folder
from worker_jobs import check_that_dies

RATE = 22050
SETTINGS = {"min_duration_s": 1.0, "max_duration_s": 600.0, "min_rms": 1e-4, "duplicates": "reject"}
CATALOGUE_COLUMNS = tables.CATALOGUE.columns


def sound(seed, seconds=2.0):
    """Notes at random: sounds that no fingerprint takes for one another."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(RATE * 0.2)) / RATE
    notes = [
        sum(np.sin(2 * np.pi * f * time) for f in generator.uniform(200, 2500, 4)) * np.exp(-5 * time) * 0.1
        for _ in range(int(seconds / 0.2) + 1)
    ]
    return np.concatenate(notes)[: int(seconds * RATE)].astype(np.float32)


def write(path, samples, rate=RATE):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)


def build(folder, out, jobs=1, **changes):
    """Run the script; return the rows of the manifest and of the rejected files."""
    out.mkdir(exist_ok=True)
    if not (out / "catalogue.csv").exists():
        files.write_rows(out / "catalogue.csv", CATALOGUE_COLUMNS, [])
    command = ["--dataset-dir", folder, "--sample-rate", str(RATE), "--settings", json.dumps(SETTINGS | changes)]
    command += ["--catalogue", out / "catalogue.csv", "--jobs", str(jobs)]
    command += ["--manifest", out / "manifest.csv", "--rejected", out / "rejected.csv", "--notes", out / "notes.csv"]
    result = subprocess.run([sys.executable, "scripts/build_manifest.py", *command], capture_output=True, text=True)
    if result.returncode:
        raise InputError(result.stderr.strip().splitlines()[-1])
    return files.read_rows(out / "manifest.csv"), files.read_rows(out / "rejected.csv")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A folder with one file of each fault."""
    folder = tmp_path_factory.mktemp("faulty") / "raw"
    for number in range(3):
        write(folder / "jazz" / f"jazz.{number:05d}.wav", sound(number, 4.0))
    write(folder / "rock" / "Band" / "one.flac", sound(10))
    write(folder / "rock" / "Band" / "one.wav", sound(11))
    write(folder / "rock" / "copy.flac", soundfile.read(folder / "jazz" / "jazz.00001.wav")[0])
    write(folder / "rock" / "stereo.wav", np.stack([sound(12), sound(13)], 1), 44100)
    write(folder / "jazz" / "softer.mp3", 0.6 * sound(2, 4.0)[RATE // 4 :])
    write(folder / "jazz" / "silent.wav", np.zeros(2 * RATE))
    write(folder / "jazz" / "short.wav", sound(5, 0.5))
    (folder / "jazz" / "empty.wav").touch()
    (folder / "jazz" / "noise.mp3").write_bytes(random.Random(0).randbytes(5000))
    write(folder / "jazz" / "opposite.wav", np.stack([sound(21), -sound(21)], 1))
    write(folder / "jazz" / "cut.wav", sound(22, 6.0))
    data = (folder / "jazz" / "cut.wav").read_bytes()
    (folder / "jazz" / "cut.wav").write_bytes(data[: len(data) // 2])
    write(folder / "jazz" / "rate.wav", sound(23))
    data = (folder / "jazz" / "rate.wav").read_bytes()
    (folder / "jazz" / "rate.wav").write_bytes(data[:24] + (44).to_bytes(4, "little") + data[28:])
    write(folder / "rock" / "late.flac", np.concatenate([np.zeros(20 * RATE), sound(24)]))
    bad = sound(20)
    bad[100] = np.nan
    soundfile.write(folder / "jazz" / "nan.wav", bad, RATE, subtype="FLOAT")
    (folder / "jazz" / "notes.txt").write_text("not audio")
    (folder / "jazz" / ".hidden.wav").write_bytes(b"")
    (folder / "jazz" / "._jazz.00000.wav").write_bytes(b"")
    return folder


def test_every_fault_is_found_and_no_file_vanishes(faulty, tmp_path):
    kept, rejected = build(faulty, tmp_path)
    reasons = {Path(row["path"]).name: row["reason"] for row in rejected}
    assert reasons == {
        "silent.wav": "silent",
        "short.wav": "too short",
        "empty.wav": "empty",
        ".hidden.wav": "empty",
        "noise.mp3": "unreadable",
        "nan.wav": "not finite",
        "opposite.wav": "silent in mono",
        "rate.wav": "implausible",
        "copy.flac": "duplicate",
        "softer.mp3": "near duplicate",
    }
    assert [row["clip_id"] for row in kept] == [
        "jazz.00000", "jazz.00001", "jazz.00002", "jazz.cut",
        "rock.Band/one", "rock.Band/one.wav", "rock.late", "rock.stereo",
    ]  # fmt: skip
    warned = {row["clip_id"]: row["warnings"] for row in kept if row["warnings"]}
    assert set(warned) == {"jazz.cut", "rock.late"}
    assert "6.0 s" in warned["jazz.cut"] and "20.0 s" in warned["rock.late"]
    assert {row["clip_id"]: row["duration_s"] for row in kept}["rock.late"] == "1.999955"  # a tone starts with 0
    assert [(row["files"], row["example"]) for row in files.read_rows(tmp_path / "notes.csv")] == [
        ("1", "jazz/notes.txt"),
        ("1", "jazz/._jazz.00000.wav"),
    ]
    detail = {Path(row["path"]).name: row["detail"] for row in rejected}
    assert "jazz.00001.wav" in detail["copy.flac"] and "labelled rock here and jazz there" in detail["copy.flac"]
    stereo = kept[-1]
    assert (stereo["sample_rate"], stereo["channels"], stereo["duration_s"]) == ("44100", "2", "1.000000")


def test_grouped_duplicates_stay_and_stay_together(faulty, tmp_path):
    kept, rejected = build(faulty, tmp_path, duplicates="group")
    by_id = {row["clip_id"]: row for row in kept}
    assert by_id["rock.copy"]["duplicate_of"] == "jazz.00001"
    assert by_id["rock.copy"]["group"] == by_id["jazz.00001"]["group"]
    assert by_id["jazz.softer"]["duplicate_of"] == "jazz.00002"
    assert by_id["jazz.00000"]["group"] == "jazz.00000"
    assert not {row["reason"] for row in rejected} & {"duplicate", "near duplicate"}


def test_any_number_of_processes_gives_the_same_files(faulty, tmp_path):
    assert build(faulty, tmp_path / "a", jobs=1) == build(faulty, tmp_path / "b", jobs=2)


def test_distorted_audio_is_warned_of_and_kept(tmp_path):
    folder = tmp_path / "raw"
    write(folder / "jazz" / "fine.wav", sound(1))
    write(folder / "jazz" / "clipped.wav", np.clip(20 * sound(2), -1, 1))
    kept, rejected = build(folder, tmp_path / "out")
    assert not rejected
    assert {row["clip_id"]: (row["faults"], row["warnings"].partition(":")[0]) for row in kept} == {
        "jazz.fine": ("", ""),
        "jazz.clipped": ("distorted", "clipping"),
    }


def test_artists_from_the_list_the_folder_the_tags_and_the_catalogue(tmp_path):
    folder = tmp_path / "raw"
    for number, name in enumerate(("listed", "Trio/x", "jazz.00007", "nobody")):
        write(folder / "jazz" / f"{name}.wav", sound(number))
    write(folder / "jazz" / "tagged.flac", sound(99))
    tags = mutagen.File(folder / "jazz" / "tagged.flac", easy=True)
    tags["artist"] = "Tagged"
    tags.save()
    rows = [
        {"path": "jazz/listed.wav", "artist": "Listed", "group": "tape 1"},
        {"path": "jazz/nobody.wav", "group": "tape 1"},
    ]
    files.write_rows(folder / "clips.csv", ("path", "artist", "group"), rows)
    (tmp_path / "out").mkdir()
    md5 = files.md5_file(folder / "jazz" / "jazz.00007.wav")
    known = [
        {"clip_id": "jazz.00007", "md5": md5, "artist": "James Carter", "artist_group": "5", "faults": "mislabelled"},
        {"clip_id": "jazz.nobody", "md5": "that of another sound", "artist": "Somebody Else", "artist_group": "6"},
    ]
    files.write_rows(tmp_path / "out" / "catalogue.csv", CATALOGUE_COLUMNS, known)
    kept, _ = build(folder, tmp_path / "out")
    assert {row["clip_id"]: row["artist"] for row in kept} == {
        "jazz.listed": "Listed",
        "jazz.Trio/x": "Trio",
        "jazz.00007": "James Carter",
        "jazz.nobody": "",
        "jazz.tagged": "Tagged",
    }
    assert [row["clip_id"] for row in kept if row["faults"] == "mislabelled"] == ["jazz.00007"]
    group = {row["clip_id"]: row["group"] for row in kept}
    assert group["jazz.listed"] == group["jazz.nobody"] != group["jazz.tagged"] == "Tagged"


def test_parts_of_one_recording_are_in_one_group_even_where_they_do_not_overlap(tmp_path):
    whole = sound(1, 18.0)
    for name, start, stop in (("a", 0, 9), ("b", 9, 18), ("c", 4, 14)):
        write(tmp_path / "raw" / "jazz" / f"{name}.wav", whole[start * RATE : stop * RATE])
    kept, _ = build(tmp_path / "raw", tmp_path / "out", duplicates="group")
    assert [row["duplicate_of"] for row in kept] == ["", "jazz.a", "jazz.a"]
    assert {row["group"] for row in kept} == {"jazz.a"}


def test_an_artist_is_the_same_in_any_case_and_various_artists_are_none(tmp_path):
    for number, artist in enumerate(("ABBA", "Abba", "Various Artists", "various artists")):
        write(tmp_path / "raw" / ("pop", "rock")[number % 2] / artist / f"{number}.wav", sound(number))
    kept, _ = build(tmp_path / "raw", tmp_path / "out")
    assert sorted(row["artist"] for row in kept) == ["", "", "ABBA", "Abba"]
    assert len({row["group"] for row in kept}) == 3


def test_an_artist_is_the_same_in_both_compositions_of_a_name(tmp_path):
    for number, form in enumerate(("NFC", "NFD")):
        write(
            tmp_path / "raw" / ("pop", "rock")[number] / unicodedata.normalize(form, "Björk") / "a.wav", sound(number)
        )
    kept, _ = build(tmp_path / "raw", tmp_path / "out")
    assert len({row["group"] for row in kept}) == 1


def test_links_that_lead_nowhere_or_in_a_circle(tmp_path):
    write(tmp_path / "raw" / "jazz" / "a.wav", sound(1))
    (tmp_path / "raw" / "jazz" / "circle").symlink_to("..")
    (tmp_path / "raw" / "jazz" / "gone.wav").symlink_to("nowhere.wav")
    kept, rejected = build(tmp_path / "raw", tmp_path / "out")
    assert [row["clip_id"] for row in kept] == ["jazz.a"]
    assert [(row["reason"], row["detail"]) for row in rejected] == [("unreadable", "No such file or directory")]


@settings(max_examples=100, deadline=None)
@given(
    st.sets(
        st.tuples(
            st.sampled_from(["rock", "rock.a", "jazz"]),
            st.sampled_from(["", "a/", "a.wav/"]),
            st.sampled_from(["a", "rock.a", "a.wav", "a.wav.flac", "rock.a.wav"]),
            st.sampled_from([".wav", ".MP3", ".flac", ".txt", ".json"]),
        ),
        min_size=1,
    )
)
def test_ids_are_unique_and_every_audio_file_has_one(names):
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, genre, f"{inside}{stem}{suffix}") for genre, inside, stem, suffix in sorted(names)]
        paths = [path for path in [*paths, Path(folder, "pop", "b.wav")] if path.suffix not in (".txt", ".json")]
        for path in paths:
            if not any(parent.is_file() for parent in path.parents) and not path.is_dir():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        there = {path for path in paths if path.is_file()}
        clips = manifest.clips_of(dataset_folder.read(folder))
        assert {clip.path for clip in clips} == there
        assert len({clip.clip_id for clip in clips}) == len(there) == len(clips)


CONTENTS = {
    "one sound": sound(1),
    "another": sound(2),
    "silence": np.zeros(RATE),
    "a click": np.ones(10),
    "nothing": np.zeros(0),
    "not finite": np.full(RATE * 2, np.nan),
    "text": None,
}


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(["jazz", "rock"]), st.sampled_from("abcd"), st.sampled_from([".wav", ".flac"])),
        st.sampled_from(sorted(CONTENTS)),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["reject", "group"]),
)
def test_no_file_vanishes(contents, duplicates):
    with tempfile.TemporaryDirectory() as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workers, "map", lambda self, items: map(self.start(*self.arguments), items))  # here: fast
        folder = Path(out, "raw")
        write(folder / "pop" / "usable.wav", sound(3))
        for (genre, name, suffix), content in contents.items():
            path = folder / genre / f"{name}{suffix}"
            if CONTENTS[content] is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("not audio")
            elif suffix == ".wav":
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, CONTENTS[content], RATE, subtype="FLOAT")
            else:
                write(path, np.nan_to_num(CONTENTS[content]))
        files.write_rows(Path(out, "catalogue.csv"), CATALOGUE_COLUMNS, [])
        manifest.build_manifest(
            folder,
            RATE,
            SETTINGS | {"duplicates": duplicates},
            f"{out}/catalogue.csv",
            1,
            f"{out}/manifest.csv",
            f"{out}/rejected.csv",
            f"{out}/notes.csv",
        )
        listed = [row["path"] for name in ("manifest", "rejected") for row in files.read_rows(f"{out}/{name}.csv")]
        assert sorted(listed) == sorted(path.as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_that_ends_its_process_costs_no_other_file(tmp_path, monkeypatch):
    for name in ("a", "deadly", "b"):
        write(tmp_path / "raw" / "jazz" / f"{name}.wav", sound(1))
    monkeypatch.setattr(manifest, "_checking", check_that_dies)
    clips = manifest.clips_of(dataset_folder.read(tmp_path / "raw"))
    found = list(manifest.check_all(clips, RATE, Limits(), 2))
    assert [clip.reason for clip in found] == ["", "", "unreadable"]
    assert "SIGABRT" in found[2].detail


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends workers on Linux only")
def test_workers_end_with_a_killed_job(tmp_path):
    for number in range(100):
        write(tmp_path / "raw" / "jazz" / f"{number}.wav", sound(0, 10.0))
    files.write_rows(tmp_path / "catalogue.csv", CATALOGUE_COLUMNS, [])
    command = ["--dataset-dir", tmp_path / "raw", "--sample-rate", str(RATE), "--settings", json.dumps(SETTINGS)]
    command += ["--catalogue", tmp_path / "catalogue.csv", "--jobs", "2"]
    command += ["--manifest", tmp_path / "manifest.csv", "--rejected", tmp_path / "rejected.csv"]
    command += ["--notes", tmp_path / "notes.csv"]
    process = subprocess.Popen([sys.executable, "scripts/build_manifest.py", *command])
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers: list[str] = []  # and the process with which Python tracks what they share
    while len(workers) < 3 and process.poll() is None:
        workers = children.read_text().split()
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert len(workers) == 3, "the job ended too soon to be killed"
    deadline = time.monotonic() + 60  # those that were still starting end when they have
    while any(_runs(worker) for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_runs(worker) for worker in workers)
    assert not (tmp_path / "manifest.csv").exists()


def _runs(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def write_precomputed(folder, rows, counts=(3,)):
    (folder / "features").mkdir(parents=True)
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for number, count in enumerate(counts):
        np.save(folder / "features" / f"f{number}.npy", np.zeros((count, 2)))


def test_genres_of_a_dataset_of_features_have_one_spelling(tmp_path):
    rows = [{"clip_id": name, "genre": genre} for name, genre in (("a", "rock"), ("b", "Rock "), ("c", "jazz"))]
    write_precomputed(tmp_path / "raw", rows)
    kept, _ = build(tmp_path / "raw", tmp_path / "out")
    assert [row["genre"] for row in kept] == ["Rock", "Rock", "jazz"]


def test_a_dataset_that_brings_features_keeps_its_order(tmp_path):
    rows = [{"clip_id": i, "genre": "jazz", "artist": a} for i, a in (("z", "A"), ("a", ""), ("m", "A"))]
    write_precomputed(tmp_path / "raw", rows)
    kept, rejected = build(tmp_path / "raw", tmp_path / "out")
    assert [(row["clip_id"], row["group"]) for row in kept] == [("z", "A"), ("a", "a"), ("m", "A")]
    assert rejected == []


@pytest.mark.parametrize(
    ("rows", "counts", "words"),
    [
        ([("a", "jazz"), ("a", "rock"), ("b", "rock")], (3,), "a stands there twice"),
        ([("a", "jazz"), ("", "rock"), ("b", "rock")], (3,), "line 3: clip_id or genre is blank"),
        ([("a", "jazz"), ("b", "rock")], (2, 3), r"f1\.npy has 3 rows"),
        ([("a", "jazz"), ("b", "subset")], (2,), "genre called subset"),
        ([("a", "jazz"), ("b", "rock")], (), r"neither audio nor features"),
    ],
)
def test_a_wrong_dataset_of_features_is_named(tmp_path, rows, counts, words):
    write_precomputed(tmp_path / "raw", [{"clip_id": i, "genre": g} for i, g in rows], counts)
    with pytest.raises(InputError, match=words):
        build(tmp_path / "raw", tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"junk", np.array([{}, {}], object), np.array(["a", "b"]), np.array(3.0)])
def test_a_feature_that_is_no_array_of_numbers_is_named(tmp_path, content):
    write_precomputed(tmp_path / "raw", [{"clip_id": "a", "genre": "jazz"}, {"clip_id": "b", "genre": "rock"}], (2,))
    path = tmp_path / "raw" / "features" / "f0.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(InputError, match=r"f0\.npy (is no array of numbers|holds .* of shape)"):
        precomputed.read_manifest(tmp_path / "raw")
