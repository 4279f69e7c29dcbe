"""The tables of a dataset: their columns and types (see genrebench.common.tables)."""

from genrebench.common.tables import COUNT, NUMBER, TEXT, Table
from genrebench.workflow import dataset_folder

MANIFEST = Table(
    {
        "clip_id": TEXT,
        "path": TEXT,
        "genre": TEXT,
        "artist": TEXT,  # as credited; blank if not known
        "group": TEXT,  # clips that must stay together: of one artist, of one recording (genrebench.datasets.artists)
        "duplicate_of": TEXT,  # clip_id of an earlier clip of the same recording
        "faults": TEXT,  # kinds, with a blank between them (genrebench.datasets.faults)
        "duration_s": NUMBER,
        "sample_rate": COUNT,  # of the file, Hz
        "channels": COUNT,
        "mean_amplitude": NUMBER,  # of the decoded audio in mono; full scale is 1
        "rms_amplitude": NUMBER,
        "max_amplitude": NUMBER,
        "md5": TEXT,  # of the decoded audio
        "warnings": TEXT,  # such as a truncated file, silence that was cut, distortion; blank for most
    },
    number="%.6f",
)
REJECTED = Table({"path": TEXT, "genre": TEXT, "reason": TEXT, "detail": TEXT})
NOTES = Table({"note": TEXT, "files": COUNT, "example": TEXT})  # what is to be said about the files of the folder
SPLIT = Table({"clip_id": TEXT, "subset": TEXT})
SEGMENT_SPLIT = Table({"clip_id": TEXT, "segment": COUNT, "subset": TEXT})  # segments count from 0 in each clip
# What is known about GTZAN's clips: data/catalogue/gtzan.csv.
CATALOGUE = Table(
    dict.fromkeys("clip_id md5 artist title fault_filtered artist_fold artist_group faults repeats".split(), TEXT)
)
# What a person may say about the clips of a folder (clips.csv): at least `path` and one of the others.
CLIPS = Table(dict.fromkeys(dataset_folder.LISTED_COLUMNS, TEXT))
