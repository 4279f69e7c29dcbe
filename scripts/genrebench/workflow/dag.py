"""The jobs of the workflow, as Snakemake itself derives them from the Snakefile."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings


def jobs(targets: Iterable[str], config: dict[str, Any] | None = None, cores: int = 1) -> tuple[list[Any], list[Any]]:
    """All jobs that these targets need, and those among them that are not up to date.

    `config` overrides top-level keys of params.yaml, as `--config` does; `cores` is what `--cores` would be. The jobs
    are Snakemake's own objects, with `rule.name`, `input`, `output`, `params` and `resources`.
    """
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            ResourceSettings(cores=cores), ConfigSettings(config=config or {}), snakefile=Path("Snakefile")
        )._workflow
        # as `snakemake --d3dag` does it; the API has no call that returns the jobs
        workflow.dag_settings = DAGSettings(targets=set(targets))
        workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
        workflow._build_dag()
        return list(workflow.dag.jobs), list(workflow.dag.needrun_jobs())
