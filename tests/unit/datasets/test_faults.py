from collections import Counter
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

from clip_tables import clip, frame
from genrebench.datasets import artists, faults, tables
from genrebench.workflow.sections import Fault

CATALOGUE = Path("data/catalogue/gtzan.csv")


@pytest.fixture(scope="module")
def catalogue() -> pd.DataFrame:
    return tables.CATALOGUE.read(CATALOGUE).set_index("clip_id")


def having(catalogue: pd.DataFrame, kind: str) -> pd.DataFrame:
    return catalogue[[kind in cell.split() for cell in catalogue["faults"]]]


def test_the_kinds_are_those_of_the_settings():
    assert faults.KINDS == get_args(Fault)


def test_kinds_of_a_cell_stand_once_and_in_order():
    assert faults.joined("", "distorted", "mislabelled distorted") == "mislabelled distorted"
    assert faults.joined("", "") == ""


def test_clips_with_a_fault_of_the_kinds_are_left_out():
    clips = frame(
        [clip("a"), clip("b") | {"faults": "exact_repetition distorted"}, clip("c") | {"faults": "distorted"}]
    )
    assert list(faults.leave_out(clips, [])["clip_id"]) == ["a", "b", "c"]
    assert list(faults.leave_out(clips, ["exact_repetition"])["clip_id"]) == ["a", "c"]
    assert list(faults.leave_out(clips, ["mislabelled", "distorted"])["clip_id"]) == ["a"]


def test_faults_are_counted_by_genre_and_kind():
    rows = [clip("1", "rock", "Queen"), clip("2", "rock", "The Queen and David Bowie"), clip("3", "pop", "Bowie")]
    rows += [clip("4", "pop") | {"faults": "exact_repetition mislabelled"}, clip("5", "pop", "David Bowie")]
    pop, rock = faults.count(frame(rows))
    assert (pop["genre"], pop["exact_repetition"], pop["mislabelled"], pop["distorted"]) == ("pop", 1, 1, 0)
    assert (pop["artist_repetition"], rock["artist_repetition"]) == (1, 1)


def test_the_catalogue_speaks_only_of_its_own_clips():
    known = {"rock.00001": {"faults": "distorted"}, "rock.00002": {"faults": ""}}
    clips = frame([clip("rock.00001", "rock"), clip("rock.00002", "rock"), clip("x", "rock")])
    assert faults.of_catalogue(clips, known) == ["distorted", "", ""]
    assert faults.of_catalogue(frame([clip("rock.00001", "noise")]), known) == [""]


def test_the_catalogue_has_the_published_numbers_of_faults(catalogue):
    """50 exact repetitions are all that Sturm (2013) counts; of the other kinds not every clip is known here."""
    counted = Counter(kind for cell in catalogue["faults"] for kind in cell.split())
    assert counted == {"exact_repetition": 50, "recording_repetition": 17, "mislabelled": 3, "distorted": 2}
    assert set(counted) == set(faults.KINDS)
    assert "distorted" in catalogue.loc["reggae.00086", "faults"]


def test_a_clip_that_repeats_another_names_it_and_is_by_the_same_artist(catalogue):
    repeats = catalogue[catalogue["repeats"] != ""]
    kinds = {"exact_repetition", "recording_repetition"}
    assert all(bool(kinds & set(cell.split())) == (clip in repeats.index) for clip, cell in catalogue["faults"].items())
    for repeat, original in repeats["repeats"].items():
        assert original in catalogue.index and original != repeat
        assert artists.names(catalogue.loc[repeat, "artist"]) == artists.names(catalogue.loc[original, "artist"])


def test_equal_files_are_exact_repetitions(catalogue):
    for _, same in catalogue.groupby("md5"):
        assert sum("exact_repetition" in cell for cell in same["faults"]) >= len(same) - 1


def test_the_lists_of_two_other_papers_agree(catalogue):
    """Foleiss leaves out exact repetitions and distortions (reggae.00065 for 00054, a slip); Kereliuk et al. leave out
    one clip of each pair, be it the first or the second."""
    exact = set(having(catalogue, "exact_repetition").index) | set(having(catalogue, "distorted").index)
    assert exact ^ set(catalogue.index[catalogue["artist_fold"] == ""]) == {"reggae.00054", "reggae.00065"}
    recording = set(having(catalogue, "recording_repetition").index)
    left_out = set(catalogue.index[catalogue["fault_filtered"] == ""])
    assert recording <= left_out
    for repeat, original in catalogue["repeats"][catalogue["repeats"] != ""].items():
        assert {repeat, original} & left_out
