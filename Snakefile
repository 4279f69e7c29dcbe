# genrebench: raw audio -> manifest -> features -> splits -> models -> evaluation -> report
#
# The rules stand in rules/, one file per phase, in the order in which the data run. `snakemake --cores 8` makes the
# report of the dataset that params.yaml names; each rule calls the script of its name.

from snakemake.utils import min_version

min_version("9.27")


include: "rules/settings.smk"


configfile: "params.yaml"


include: "rules/common.smk"
include: "rules/resources.smk"
include: "rules/ingest.smk"
include: "rules/manifest.smk"
include: "rules/features.smk"
include: "rules/splits.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/plots.smk"
include: "rules/export.smk"
include: "rules/study.smk"
include: "rules/robustness_common.smk"
include: "rules/robustness.smk"
include: "rules/report.smk"
include: "rules/ablation_common.smk"
include: "rules/ablation.smk"


refuse_models_without_rules({rule.name for rule in workflow.rules})


onstart:
    scheduler.cancel_orphans(on_cluster=workflow.non_local_exec)
    dvc_stages.note_direct_run()


report: "report/workflow.rst"


wildcard_constraints:
    dataset=re.escape(DATASET),
    feature="[a-z0-9_]+",
    model="[a-z0-9_-]+",  # a variant has hyphens
    protocol="[a-z][a-z0-9_]*",
    split="[a-z0-9]+",
    seed=r"\d+",
    shard=r"\d+",


rule all:
    default_target: True
    input:
        f"{RESULTS}/report/index.html",
        rules.tables.input,
        rules.export_best.output,
    localrule: True
