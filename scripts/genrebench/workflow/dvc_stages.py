"""The stages of DVC: dvc.yaml, made from the Snakefile for the configuration at hand.

A stage is a target of the workflow. Its command has Snakemake make that target with the stage's own rules; its
dependencies, parameters and outputs are those of the jobs. A parameter is named in each file that says something about
it, params.yaml and the preset, so that DVC runs the stage again for either.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from genrebench.common import files
from genrebench.common.cli import InputError
from genrebench.workflow import ablation, availability, config, extras, settings_file
from genrebench.workflow.availability import Unavailable
from genrebench.workflow.config import Configuration
from genrebench.workflow.entries import BEST, entry_name, is_pretrained, module_of, parse_entry_name

DVC_YAML = Path("dvc.yaml")
# There where Snakemake was run directly since DVC recorded results.
UNRECORDED = Path(".snakemake", "genrebench.unrecorded")
HEADER = """\
# Made by `make dvc.yaml` from the Snakefile, params.yaml and {preset}; edit those.
# Configuration {digest}
"""
# Of results/<dataset>/ never DVC's: what was measured (times, memory), and the page that joins it with the rest.
UNTRACKED = ("costs/", "cost.csv", "papers_figures.csv", "plots/cost.png", "report/")
PLOTS = ("plots/distributions.png", "plots/correlations.png")


@dataclass
class Stage:
    """One stage.

    Attributes
    ----------
    name : str
    rules : list of str
        The rules that its command may run; the first names its outputs.
    targets : list of str
        What its command asks for.
    keys : tuple of str
        Settings that it depends on beside those of its jobs.
    """

    name: str
    rules: list[str]
    targets: list[str]
    keys: tuple[str, ...] = ()


def write(output: str | Path = DVC_YAML, params: str | Path = "params.yaml") -> None:
    """Write the stages for `params`, and the preset of its dataset, to `output`; the Snakefile is in the folder."""
    from genrebench.workflow import dag  # Snakemake, which the Snakefile's own import of this module does without

    configuration = config.resolve(settings_file.read(params), str(params))
    dataset = configuration.sections["dataset"]
    unavailable = _unavailable(configuration)
    stages = _stages(configuration, unavailable)
    jobs, _ = dag.jobs({target for stage in stages for target in stage.targets})
    made = {str(path) for one in jobs for path in one.output}
    results = f"results/{dataset}"
    document = {
        "stages": {stage.name: _stage(stage, jobs, configuration) for stage in stages},
        "metrics": [f"{results}/accuracy.json"],
        # pictures alone: what DVC draws itself loads a library from the network
        "plots": [
            {f"{results}/leaderboard.png": None},
            *({f"{results}/{path}": None} for path in PLOTS if f"{results}/{path}" in made),
            *_plots_of_models(
                {name: own for name, own in configuration.params["models"].items() if name not in unavailable.models},
                results,
            ),
        ],
    }
    header = HEADER.format(preset=configuration.preset, digest=digest(configuration, unavailable))
    with files.atomic(output) as temporary:
        temporary.write_text(header + yaml.safe_dump(document, sort_keys=False, width=100))


def _plots_of_models(models: Mapping[str, Any], results: str) -> list[dict[str, None]]:
    """The confusion matrices of each model that runs, and the learning curves of each network."""
    curves = [name for name, entry in models.items() if "epochs" in entry]
    return [
        *({f"{results}/evaluation/{name}/confusion.png": None} for name in models),
        *({f"{results}/evaluation/{name}/curves.png": None} for name in curves),
    ]


def digest(configuration: Configuration, unavailable: Unavailable) -> str:
    """What stands for all of a configuration that dvc.yaml depends on: its stages, what they read, where settings are.

    The settings' values are no part of it: DVC watches them itself.
    """
    sections = configuration.sections
    entries = {
        kind: {name: sections[kind][name] for name in names if name not in getattr(unavailable, kind)}
        for kind, names in (("models", configuration.suite), ("features", configuration.features))
    }
    reads = {
        name: [module_of(name, entry), config.features_of(entry), entry.get("handle"), entry.get("degraded_copies")]
        for name, entry in entries["models"].items()
    }
    extracted = {
        name: [module_of(name, entry), entry.get("handle") if is_pretrained(entry) else None]
        for name, entry in entries["features"].items()
    }
    listed = {
        file: {
            section: _variants_in(value) if section == "variants" else sorted(value) if section in entries else []
            for section, value in given.items()
        }
        for file, given in configuration.given.items()
    }
    study = sections["study"]
    robustness = {key: value for key, value in sections["robustness"].items() if key != "seed"}
    studied = [sections["leakage"]["models"], study["saliency"]["models"], study["labels"]["features"]]
    studied += [robustness] if robustness["in_report"] else []
    shape = [sections["dataset"], configuration.preset, reads, extracted, listed, studied]
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()[:16]


def _variants_in(section: Mapping[str, Any]) -> list[str]:
    return sorted(entry_name(model, name) for model, of_model in section.items() for name in of_model)


def check(configuration: Configuration, unavailable: Unavailable, path: Path = DVC_YAML) -> None:
    """Raise InputError where DVC has started this process with a dvc.yaml of another configuration."""
    if "DVC_STAGE" in os.environ and not _is_of(configuration, unavailable, path):
        raise InputError(
            f"{path} was made for another configuration: the dataset, the suite, the features or the models that are "
            "listed, what one of them reads, or what is available here have changed. Run `make dvc.yaml`, then DVC "
            "again."
        )


def _is_of(configuration: Configuration, unavailable: Unavailable, path: Path) -> bool:
    """Whether a dvc.yaml is of this configuration."""
    found = re.search(r"^# Configuration (\w+)$", path.read_text(encoding="utf-8"), re.M)
    return found is not None and found[1] == digest(configuration, unavailable)


def update(params: str | Path = "params.yaml") -> bool:
    """Make dvc.yaml for `params` where it is of another configuration; whether it was."""
    configuration = config.resolve(settings_file.read(params), str(params))
    if DVC_YAML.is_file() and _is_of(configuration, _unavailable(configuration), DVC_YAML):
        return False
    write(DVC_YAML, params)
    return True


def note_direct_run() -> None:
    """Remember that results are made without DVC, where it could make them."""
    if "DVC_STAGE" not in os.environ and DVC_YAML.is_file():
        UNRECORDED.touch()


def say_what_is_unrecorded() -> None:
    """Under DVC, say once after a direct run that DVC does not know its results."""
    if "DVC_STAGE" in os.environ and UNRECORDED.is_file():
        print(
            "Snakemake was run without DVC, and dvc.lock does not have its results: DVC makes them again where they "
            "differ from those that it has. To keep them instead: Ctrl-C, `snakemake --cores all`, `make record`.",
            file=sys.stderr,
        )
        UNRECORDED.unlink()


def tracked_keys(configuration: Configuration, key: str) -> list[tuple[str, str]]:
    """The file and the key of a setting in each file that says something about it.

    DVC refuses a key that a file does not have, so the longest part of the path that is there stands for it. Of an
    entry of `features`, `models` or `variants` that a file lacks, nothing does: the whole section would be that of all
    entries.
    """
    found = []
    for file, given in configuration.given.items():
        parts: list[str] = []
        node: Any = given
        for part in key.split("."):
            if not isinstance(node, dict) or part not in node:
                break
            node = node[part]
            parts.append(part)
        if parts and (parts[0] not in ("features", "models", "variants") or len(parts) > 1 or "." not in key):
            found.append((file, ".".join(parts)))
    return found


def _unavailable(configuration: Configuration) -> Unavailable:
    dataset = configuration.sections["dataset"]
    raw = Path("data/raw", dataset)
    return availability.decide(
        configuration.params, raw, availability.files_of_dataset(raw, Path(".cache", dataset, "raw.json"))
    )


def _stages(configuration: Configuration, unavailable: Unavailable) -> list[Stage]:
    """The stages, in the order in which the data run."""
    sections = configuration.sections
    dataset = sections["dataset"]
    results = f"results/{dataset}"
    params = configuration.params
    available = [name for name in configuration.suite if name not in unavailable.models]
    selecting = [parse_entry_name(name)[0] for name in available if ablation.is_selected(name)]
    models = [name for name in available if not ablation.is_selected(name)]
    features = [name for name in configuration.features if name not in unavailable.features]
    return [
        *([Stage("render_demo", ["render_demo"], ["data/raw/demo"])] if dataset == "demo" else []),
        # the clips are none of its outputs: DVC would delete them before it runs the stage again
        *([Stage("fetch_gtzan", ["fetch_gtzan"], [f"{results}/fetch.json"])] if dataset == "gtzan" else []),
        # another dataset has other stages: this one notices
        Stage("build_manifest", ["build_manifest", "index_raw"], [f"{results}/manifest.csv"], ("dataset",)),
        *(
            Stage(f"collect_{name}", _rules_of(name, sections["features"][name]), [f"{results}/features/{name}.json"])
            for name in features
        ),
        Stage("summarise_features", ["summarise_features"], [f"{results}/features/summary.csv"]),
        Stage("make_splits", ["make_split", "splits"], ["splits"]),
        *(
            Stage(
                f"train_{name}",
                [
                    *(f"train_{parse_entry_name(name)[0]}", f"runs_{name}", "index_weights"),
                    *(["extract_degraded"] if "degraded_copies" in params["models"][name] else []),
                ],
                [f"runs_{name}"],
            )
            for name in models
        ),
        *(Stage(f"evaluate_{name}", ["evaluate_model"], [f"{results}/evaluation/{name}"]) for name in models),
        *(_ablation(params, selecting, unavailable) if selecting else []),
        # another suite has other stages: this one notices
        Stage("build_leaderboard", ["build_leaderboard"], [f"{results}/leaderboard.csv"], ("suite",)),
        Stage("compare_models", ["compare_models"], [f"{results}/comparisons.csv"]),
        Stage("compare_papers", ["compare_papers"], [f"{results}/papers.csv"]),
        Stage("compare_claims", ["compare_claims"], [f"{results}/claims.csv"]),
        Stage("compare_stability", ["compare_stability"], [f"{results}/stability.csv"]),
        Stage("study_leakage", ["study_leakage"], [f"{results}/leakage.csv"]),
        *_robustness(sections["robustness"], results, unavailable),
        Stage("study_errors", ["study_errors"], [f"{results}/errors.csv"]),
        Stage("check_labels", ["check_labels"], [f"{results}/labels.csv"]),
        Stage("draw_saliency", ["draw_saliency"], [f"{results}/saliency.json"]),
        *([Stage("plot_features", ["plot_features"], [f"{results}/{PLOTS[0]}"])] if "tabular" in features else []),
        Stage("plot_genres", ["plot_genres"], [f"{results}/plots/genres"]),
        Stage("export_best", ["export_best"], [f"{results}/export/{BEST}"]),
        Stage("build_report", ["build_report"], [f"{results}/report/index.html"]),
    ]


def _robustness(study: Mapping[str, Any], results: str, unavailable: Unavailable) -> list[Stage]:
    """The stage of the study of degraded recordings, where it is a part of the report."""
    if not study["in_report"] or study["protocol"] in unavailable.protocols:
        return []
    rules = ["study_robustness", "predict_degraded", "extract_degraded", "index_weights"]
    return [Stage("study_robustness", rules, [f"{results}/robustness.csv"])]


def _ablation(params: Mapping[str, Any], selecting: Sequence[str], unavailable: Unavailable) -> list[Stage]:
    """The stage of the ablation: all its trainings, because of them it is known only later which are needed."""
    protocols = dict.fromkeys(protocol for model in selecting for protocol in ablation.protocols(params, model))
    return [
        Stage(
            "build_ablation",
            [
                *("build_ablation", "select_features", "reduce_features", "permute_features", "evaluate_model"),
                *(f"train_{model}" for model in ablation.ablated(params)),
            ],
            [
                f"results/{params['dataset']}/ablation/{protocol}/index.html"
                for protocol in protocols
                if protocol not in unavailable.protocols
            ],
        )
    ]


def _rules_of(feature: str, entry: Any) -> list[str]:
    """The rules that make a feature from the manifest."""
    extract = "extract_shard"
    if is_pretrained(entry):
        extra = extras.of(f"scripts/genrebench/features/{module_of(feature, entry)}.py")
        extract = "extract_speech" if extra else "extract_embeddings"
    return ["collect_feature", "collect_table", extract, "index_raw", "index_weights"]


def _stage(stage: Stage, jobs: Sequence[Any], configuration: Configuration) -> dict[str, Any]:
    """The entry of one stage in dvc.yaml: what its jobs need from outside, and what they make."""
    results = f"results/{configuration.sections['dataset']}"
    own = _jobs_of(stage, jobs)
    outs = {tracked(path, results) for job in own for path in job.output}
    deps = {tracked(path, results) for job in own for path in job.input if not path.is_ancient} - outs
    # the folders whose indexes Snakemake reads
    deps |= {job.params.folder for job in own if job.rule.name in ("index_raw", "index_weights")}
    if any(job.rule.name.startswith("extract_") for job in own):
        deps.add(f"data/raw/{configuration.sections['dataset']}")  # clips, by their paths in the manifest
    result = {
        "cmd": (
            # in place of the shell, so that DVC is its parent, with which it ends (see genrebench.workflow.scheduler)
            "exec snakemake --workflow-profile \\${GENREBENCH_PROFILE:-profiles/default} "
            f"--allowed-rules {' '.join(stage.rules)} -- {' '.join(stage.targets)}"
        ),
        "deps": sorted(deps),
        "params": _params(stage, own, configuration),
        "outs": sorted(path for path in outs if not is_untracked(path, results)),
    }
    return {key: value for key, value in result.items() if value}


def _params(stage: Stage, jobs: Sequence[Any], configuration: Configuration) -> list[Any]:
    """The parameters of a stage as dvc.yaml has them: keys of params.yaml, and by file those of others."""
    params = [param for job in jobs for param in job.params]
    values = [value for param in params for value in (param if isinstance(param, list) else [param])]
    keys = {path for value in values for path in getattr(value, "paths", ())} | set(stage.keys)
    # a section stands for all that is in it
    keys = {key for key in keys if key.rpartition(".")[0] not in keys}
    first = next(iter(configuration.given))
    by_file: dict[str, set[str]] = {}
    for key in sorted(keys):
        section = key.partition(".")[0]
        if section not in configuration.given[first]:
            empty = "auto" if section == "suite" else "{}"
            raise InputError(
                f"{first} has no section {section}, so that DVC cannot watch it: add `{section}: {empty}`."
            )
        for file, tracked in tracked_keys(configuration, key):
            by_file.setdefault(file, set()).add(tracked)
    if "suite" in stage.keys and configuration.listed_suite:
        by_file[config.SUITES] = {configuration.listed_suite}
    return [*sorted(by_file.pop(first, ())), *({file: sorted(by_file[file])} for file in sorted(by_file))]


def _jobs_of(stage: Stage, jobs: Sequence[Any]) -> list[Any]:
    """The jobs that make the stage's targets with the stage's rules."""
    producer = {str(path): job for job in jobs for path in job.output}
    pending = [job for job in jobs if job.rule.name in stage.targets]
    pending += [producer[target] for target in stage.targets if target in producer]
    own: list[Any] = []
    while pending:
        job = pending.pop()
        if job.rule.name in stage.rules and job not in own:
            own.append(job)
            pending.extend(producer[str(path)] for path in job.input if str(path) in producer)
    return own


def is_untracked(path: str, results: str) -> bool:
    """Whether an output is none of DVC's; `results` is the dataset's folder of results."""
    return path.startswith((".cache/", *(f"{results}/{name}" for name in UNTRACKED)))


def tracked(path: str, results: str) -> str:
    """What DVC tracks for a file of Snakemake's: some folders as a whole."""
    folder = re.match(rf"{re.escape(results)}/(splits|runs/[^/]+|evaluation/[^/]+)", str(path))
    return folder[0] if folder else str(path)
