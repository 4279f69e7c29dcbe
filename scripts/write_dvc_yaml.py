"""Write dvc.yaml from the Snakefile and params.yaml (`make dvc.yaml`).

A stage is a target of the workflow: its command has Snakemake make that target with the stage's own rules, and its
dependencies, parameters and outputs are those of the jobs. Paths of the dataset are written with ${dataset}, which DVC
reads from params.yaml, so that one dvc.yaml serves every dataset.
"""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from genrebench.common import cli, files
from genrebench.workflow import availability, config, dag, extras
from genrebench.workflow.entries import BEST, is_pretrained, module_of

HEADER = "# Made by `make dvc.yaml` from the Snakefile and params.yaml; edit those.\n"
RAW, RESULTS = "data/raw/demo", "results/demo"
PLOTS = [f"{RESULTS}/plots/{name}.png" for name in ("distributions", "correlations")]
# Never DVC's: what was measured (times, memory), the page that joins it with the rest, and what only saves time.
UNTRACKED = (*(f"{RESULTS}/{name}" for name in ("costs/", "cost.csv", "plots/cost.png", "report/")), ".cache/")


@dataclass
class Stage:
    """One stage: the rules that its command may run, and the targets it asks for; the first rule names its outputs."""

    name: str
    rules: list[str]
    targets: list[str]


def write_dvc_yaml(output: str) -> None:
    """Write `output` from the workflow in the working directory."""
    stages = _stages(config.load(dataset="demo"))
    jobs, _ = dag.jobs({target for stage in stages for target in stage.targets}, {"dataset": "demo"})
    made = {str(path) for one in jobs for path in one.output}
    document = {
        "stages": {stage.name: _stage(stage, jobs) for stage in stages},
        "metrics": ["results/${dataset}/accuracy.json"],
        "plots": [
            {"results/${dataset}/leaderboard.png": None},
            *({path.replace(RESULTS, "results/${dataset}"): None} for path in PLOTS if path in made),
            {
                "results/${dataset}/leaderboard.csv": {
                    "template": "bar_horizontal",
                    "title": "Accuracy on the test subset",
                    "x": "accuracy_mean",
                    "y": "model",
                }
            },
        ],
    }
    with files.atomic(output) as temporary:
        temporary.write_text(HEADER + yaml.safe_dump(document, sort_keys=False, width=100))


def _stages(settings: dict[str, Any]) -> list[Stage]:
    """The stages, in the order in which the data run."""
    unavailable = availability.decide(settings, Path(RAW), [])
    models = [name for name in settings["models"] if name not in unavailable.models]
    return [
        Stage("render_demo", ["render_demo"], [RAW]),
        Stage("build_manifest", ["build_manifest", "index_raw"], [f"{RESULTS}/manifest.csv"]),
        *(
            Stage(f"collect_{name}", _rules_of(name, entry), [f"{RESULTS}/features/{name}.json"])
            for name, entry in settings["features"].items()
            if name not in unavailable.features
        ),
        Stage("summarise_features", ["summarise_features"], [f"{RESULTS}/features/summary.csv"]),
        Stage("make_splits", ["make_split", "splits"], ["splits"]),
        *(
            Stage(f"train_{name}", [f"train_{name}", f"runs_{name}", "index_weights"], [f"runs_{name}"])
            for name in models
        ),
        *(Stage(f"evaluate_{name}", ["evaluate_model"], [f"{RESULTS}/evaluation/{name}"]) for name in models),
        Stage("build_leaderboard", ["build_leaderboard"], [f"{RESULTS}/leaderboard.csv"]),
        Stage("compare_models", ["compare_models"], [f"{RESULTS}/comparisons.csv"]),
        Stage("compare_papers", ["compare_papers"], [f"{RESULTS}/papers.csv"]),
        Stage("compare_stability", ["compare_stability"], [f"{RESULTS}/stability.csv"]),
        Stage("study_leakage", ["study_leakage"], [f"{RESULTS}/leakage.csv"]),
        Stage("study_errors", ["study_errors"], [f"{RESULTS}/errors.csv"]),
        Stage("check_labels", ["check_labels"], [f"{RESULTS}/labels.csv"]),
        Stage("draw_saliency", ["draw_saliency"], [f"{RESULTS}/saliency.json"]),
        *([Stage("plot_features", ["plot_features"], [PLOTS[0]])] if "tabular" in settings["features"] else []),
        Stage("plot_genres", ["plot_genres"], [f"{RESULTS}/plots/genres"]),
        Stage("export_best", ["export_best"], [f"{RESULTS}/export/{BEST}"]),
        Stage("build_report", ["build_report"], [f"{RESULTS}/report/index.html"]),
    ]


def _rules_of(feature: str, entry: Any) -> list[str]:
    """The rules that make a feature from the manifest."""
    extract = "extract_shard"
    if is_pretrained(entry):
        extra = extras.of(f"scripts/genrebench/features/{module_of(feature, entry)}.py")
        extract = "extract_speech" if extra else "extract_embeddings"
    return ["collect_feature", "collect_table", extract, "index_raw", "index_weights"]


def _stage(stage: Stage, jobs: list[Any]) -> dict[str, Any]:
    """The entry of one stage in dvc.yaml: what its jobs need from outside, and what they make."""
    own = _jobs_of(stage, jobs)
    outs = {_tracked(path) for job in own for path in job.output}
    deps = {_tracked(path) for job in own for path in job.input if not path.is_ancient} - outs
    deps |= {job.params.folder for job in own if job.rule.name == "index_weights"}
    params = [value for job in own for param in job.params for value in (param if isinstance(param, list) else [param])]
    keys = {value.key for value in params if hasattr(value, "key")}
    result = {
        "cmd": (
            # in place of the shell, so that DVC is its parent, with which it ends (see genrebench.workflow.scheduler)
            "exec snakemake --workflow-profile \\${GENREBENCH_PROFILE:-profiles/default} "
            f"--allowed-rules {' '.join(stage.rules)} -- {' '.join(stage.targets)}"
        ),
        "deps": sorted(deps),
        # a section stands for all that is in it
        "params": sorted(key for key in keys if key.rpartition(".")[0] not in keys),
        "outs": sorted(path for path in outs if not path.startswith(UNTRACKED)),
    }
    return {
        key: _for_any_dataset(value, stage) if isinstance(value, str) else [_for_any_dataset(v, stage) for v in value]
        for key, value in result.items()
        if value
    }


def _jobs_of(stage: Stage, jobs: list[Any]) -> list[Any]:
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


def _tracked(path: str) -> str:
    """What DVC tracks for a file of Snakemake's: some folders as a whole."""
    folder = re.match(rf"{RESULTS}/(splits|runs/[^/]+|evaluation/[^/]+)", str(path))
    return folder[0] if folder else str(path)


def _for_any_dataset(text: str, stage: Stage) -> str:
    if stage.name == "render_demo":
        return text  # the only raw data that a stage makes
    return re.sub(r"\b(results|data/raw)/demo\b", r"\1/${dataset}", text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", default="dvc.yaml")
    cli.run(write_dvc_yaml, vars(parser.parse_args()))
