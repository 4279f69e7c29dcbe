"""What of the configuration cannot be had on this dataset and this machine, and why.

All that is decided here is known before anything runs: packages and weights that are not here, features that only
other datasets bring, protocols that the dataset cannot have. None of it has jobs. What only the data tell, such as too
few known artists, is a status of the split and of its runs.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genrebench.common import files, written
from genrebench.common.cli import InputError
from genrebench.workflow import ablation, dataset_folder, file_index, pretrained
from genrebench.workflow.entries import features_of, is_precomputed, module_of

FAULT_FILTERED = "fault_filtered"  # of GTZAN's clips only
CATALOGUE = Path("data/catalogue/gtzan.csv")  # GTZAN's clips

Reasons = dict[str, str]  # name -> why it is unavailable, a sentence for people


@dataclass(frozen=True)
class Unavailable:
    """What is configured and unavailable, by name: each with one reason."""

    features: Reasons
    models: Reasons
    protocols: Reasons
    runs: Mapping[tuple[str, str], str]  # (model, protocol) -> reason; of the others that are configured

    def listed(self) -> list[dict[str, str]]:
        """The runs as a table: model, protocol, reason."""
        return [
            {"model": model, "protocol": protocol, "reason": reason} for (model, protocol), reason in self.runs.items()
        ]


def decide(config: Mapping[str, Any], folder: Path, paths: Collection[str], catalogue: Path = CATALOGUE) -> Unavailable:
    """Decide what of a configuration is unavailable.

    Parameters
    ----------
    config
        The parameters; `dataset`, `features`, `models` and `protocols` are read.
    folder
        The raw data of the dataset, which may be missing.
    paths
        The files in that folder, relative to it; empty where they are not known.
    catalogue
        The table of GTZAN's clips.

    Raises
    ------
    InputError
        If nothing of it can be run.
    """
    features = unavailable_features(config["features"], folder)
    models = {
        name: reason
        for name, entry in config["models"].items()
        if (reason := _of_model(name, entry, features) or _of_copies(entry, folder))
    }
    protocols = {
        name: reason
        for name in config["protocols"]
        if (reason := _of_protocol(name, config["dataset"], folder, paths, catalogue))
    }
    runs, reasons = 0, {}
    for model, entry in config["models"].items():
        for protocol in configured_protocols(entry, config["protocols"]):
            reason = models.get(model) or protocols.get(protocol)
            if reason := reason or _of_segments(entry, protocol, config["protocols"][protocol]):
                reasons[model, protocol] = reason
            else:
                runs += 1
    if not runs:
        listed = "; ".join(f"{model}, {protocol}: {reason}" for (model, protocol), reason in reasons.items())
        raise InputError(f"None of the configured models can be run. {listed or 'No model is configured.'}")
    # a model is unavailable, too, if it is under all of its protocols
    for model, entry in config["models"].items():
        own = [reasons.get((model, protocol)) for protocol in configured_protocols(entry, config["protocols"])]
        if all(own):
            models.setdefault(model, " ".join(dict.fromkeys(filter(None, own))))
    return Unavailable(features, models, protocols, reasons)


def fetch_is_due(paths: Collection[str], report: Path, local: Path, catalogue: Path = CATALOGUE) -> bool:
    """Whether GTZAN is to be fetched again: a clip was deleted since, or local.yaml changed and may name a better copy.

    Parameters
    ----------
    paths
        The files in the folder of the dataset, relative to it.
    report
        What the last fetch found missing (JSON).
    local
        local.yaml, which may be missing.
    catalogue
        The table of GTZAN's clips.
    """
    if not report.is_file():
        return False  # it is fetched anyway
    there = {Path(path).stem for path in paths}
    missing = {row["clip_id"] for row in files.read_rows(catalogue)} - there
    is_newer = local.is_file() and local.stat().st_mtime > report.stat().st_mtime
    return bool(missing) and (is_newer or not missing <= set(files.read_json(report)["missing"]))


def configured_protocols(entry: Mapping[str, Any], protocols: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The protocols under which a model is to be run: its own, or all that suit it.

    A protocol that assigns segments suits models that train on segments.
    """
    suitable = [name for name, settings in protocols.items() if "segments" in entry or "length_s" not in settings]
    return list(entry.get("protocols", suitable))


def unavailable_features(entries: Mapping[str, Any], folder: Path) -> Reasons:
    """The features that cannot be had, with the reason, for the dataset in `folder`."""
    reasons = {name: _of_feature(name, entry, folder) for name, entry in entries.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def brings_features(folder: Path) -> bool:
    """Whether the dataset in `folder` comes as features and a manifest instead of audio."""
    return (folder / "manifest.csv").is_file()


def _of_feature(name: str, entry: Any, folder: Path) -> str | None:
    if brings_features(folder):
        if (folder / "features" / f"{name}.npy").is_file():
            return None
        there = ", ".join(sorted(path.stem for path in (folder / "features").glob("*.npy"))) or "none"
        return f"{folder} brings its own features and this is not among them (there are: {there})"
    if is_precomputed(entry):
        return "only a dataset that brings this feature has it, and this one brings audio"
    return pretrained.unavailable(module_of(name, entry), entry)


def _of_model(name: str, entry: Mapping[str, Any], features: Reasons) -> str | None:
    read = features_of(entry)
    missing = [feature for feature in read if feature in features]
    told = "; ".join(f"{feature} is missing: {features[feature]}" for feature in missing)
    if ablation.is_selected(name):  # among those that there are
        return f"There are no two features to select among. {told}" if len(read) - len(missing) < 2 else None
    if missing:
        return told
    return pretrained.unavailable(module_of(name, entry), entry)


def _of_copies(entry: Mapping[str, Any], folder: Path) -> str | None:
    if entry.get("degraded_copies") and brings_features(folder):
        return f"Its training clips are to have degraded copies, and {folder} has features instead of audio."
    return None


def _of_protocol(name: str, dataset: str, folder: Path, paths: Iterable[str], catalogue: Path) -> str | None:
    if name != FAULT_FILTERED or dataset == "gtzan":
        return None
    if brings_features(folder):
        clips = {row.get("clip_id", "") for row in written.read(folder / "manifest.csv").rows}
    else:
        clips = {Path(path).stem for path in paths}
    if dataset != "demo" and clips & {row["clip_id"] for row in files.read_rows(catalogue)}:
        return None
    return "The fault-filtered split is of GTZAN's clips, and none of these is."


def _of_segments(entry: Mapping[str, Any], protocol: str, settings: Mapping[str, Any]) -> str | None:
    """Why a model cannot be run under a protocol that assigns segments; None for other protocols."""
    if "length_s" not in settings:
        return None
    assigned = {key: settings[key] for key in ("length_s", "hop_s")}
    if entry.get("segments") == assigned:
        return None
    return f"{protocol} assigns segments of {_extent(assigned)}, and this model takes {_extent(entry.get('segments'))}."


def _extent(segments: Mapping[str, float] | None) -> str:
    return f"{segments['length_s']:g} s every {segments['hop_s']:g} s" if segments else "whole clips"


def files_of_dataset(folder: Path, index: Path, scan: bool = True) -> list[str]:
    """The paths of the files that a dataset is made of: of its folder or, where that is not here, of its listing.

    Without `scan` they come from the listing where there is one. Raises InputError if a folder cannot be read.
    """
    listed = [row["path"] for row in file_index.read_listing(index)]
    if not folder.is_dir() or (listed and not scan):
        return listed
    return [entry.inside for entry in dataset_folder.used_files(folder)]


def refuse_vanished(folder: Path, paths: Collection[str], index: Path) -> None:
    """Raise InputError if a dataset's folder is there without a file, but has some by its listing."""
    listed = file_index.read_listing(index)
    if folder.is_dir() and listed and not paths:
        raise InputError(
            f"{folder} had {len(listed)} files last time and has none now: is it mounted? If they are to be gone, "
            f"remove {file_index.listing_of(index)}."
        )


def vanished(paths: Collection[str], index: Path) -> str | None:
    """What is to be said where all files of a genre are gone since the last time; None if they are not."""
    before = [row["path"] for row in file_index.read_listing(index)]
    lost = sorted({path.split("/")[0] for path in before} - {path.split("/")[0] for path in paths})
    gone = len(set(before) - set(paths))
    return (
        f"{gone} of {len(before)} files are gone since last time, among them all of {', '.join(lost)}" if lost else None
    )
