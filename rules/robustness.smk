# How models do on degraded recordings: `snakemake robustness`, and a part of the report if params.yaml asks for it. The
# test clips alone are degraded, and trained models predict them.

CONDITIONS = config["robustness"]["conditions"]
FROM_AUDIO = "from-audio"  # the features that one pass over the audio computes; no feature has a hyphen in its name


def robust_models():
    """The models of the study that have runs under its protocol, on features that are computed from audio."""
    protocol = config["robustness"]["protocol"]
    if protocol in UNAVAILABLE.protocols or availability.brings_features(Path(RAW)):
        return []
    return [
        model
        for model in config["robustness"].get("models", EVALUATED)
        if model in EVALUATED and protocol in protocols_of(model) and features_read([model]) <= set(EXTRACTED)
    ]


ROBUST = robust_models()
ROBUSTNESS_IN_REPORT = bool(ROBUST) and config["robustness"]["in_report"]


def robustness_files():
    """The results of the study; stops where there can be none."""
    protocol = config["robustness"]["protocol"]
    if protocol in UNAVAILABLE.protocols:
        stop(f"params.yaml: robustness.protocol: {protocol} is unavailable: {UNAVAILABLE.protocols[protocol]}")
    if availability.brings_features(Path(RAW)):
        stop(f"{RAW} has features instead of audio, so that no recording can be degraded.")
    if not ROBUST:
        stop(f"params.yaml: none of the models of section `robustness` runs under the protocol {protocol}.")
    return rules.study_robustness.output


def degraded_groups(models):
    """The features that these models read, by the job that extracts them: one pass, or a pretrained model."""
    groups = {}
    for name in sorted(features_read(models)):
        groups.setdefault(name if name in PRETRAINED else FROM_AUDIO, []).append(name)
    return groups


def features_of_group(group):
    """The features of a group, those of all models of the study."""
    return degraded_groups(ROBUST)[group]


def entries_of(features):
    """The entries of features."""
    return Param({name: config["features"][name] for name in features}, *(f"features.{name}" for name in features))


def runs_of_study(model):
    """The runs of a model under the protocol of the study."""
    return [run for run in runs_of(model) if run.protocol == config["robustness"]["protocol"]]


def environment_of_group(group):
    """The packages that the features of a group need."""
    return "envs/classical.yaml" if group == FROM_AUDIO else environment_of(group)


def environment_of_model(model):
    """The packages that a trained model needs."""
    return f"envs/{'networks' if is_network(model) else 'speech' if is_speech(model) else 'classical'}.yaml"


rule extract_degraded:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        splits=(
            [
                f"{RESULTS}/splits/{config['robustness']['protocol']}/{split}.csv"
                for split in splits_of(config["robustness"]["protocol"])
            ]
            if ROBUST
            else []
        ),
        weights=lambda w: weights_of_features(features_of_group(w.group)),
        code=lambda w: code(
            "extract_degraded.py",
            *feature_modules(*features_of_group(w.group)),
            environment=environment_of_group(w.group),
        ),
    output:
        done=f"{CACHE}/robustness/{{condition}}/{{group}}.json",
    log:
        f"{RESULTS}/logs/extract_degraded/{{condition}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_degraded/{{condition}}/{{group}}.tsv"
    wildcard_constraints:
        condition="|".join(CONDITIONS),
        group="[a-z0-9_-]+",
    conda:
        lambda w: f"../{environment_of_group(w.group)}"
    resources:
        mem_mb=at_least(lambda input, threads: max(2500, extraction_memory(input, threads))),
        runtime=at_least(240),
    params:
        recipe=lambda w: Param(CONDITIONS[w.condition], "robustness"),
        seed=lambda w: param("robustness", "seed"),
        audio=lambda w: param("audio"),
        features=lambda w: entries_of(features_of_group(w.group)),
        packages=lambda w: packages_of(extra_of(w.group) if w.group in PRETRAINED else None),
        store=subpath(output.done, parent=True),
    message:
        "Robustness: extracting features of the test clips under {wildcards.condition} ({wildcards.group})"
    shell:
        f"python {SCRIPTS}/extract_degraded.py"
        " --manifest {input.manifest} --splits {input.splits} --audio {params.audio:q} --features {params.features:q}"
        " --condition {wildcards.condition} --recipe {params.recipe:q} --seed {params.seed}"
        " --store {params.store} --done {output.done} > {log} 2>&1"


rule predict_degraded:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        runs=lambda w: [
            f"{RESULTS}/runs/{run}/{name}"
            for run in runs_of_study(w.model)
            for name in ("status.json", "config.json", "predictions.csv", "model")
        ],
        features=lambda w: cache_files(w.model, "json"),
        caches=lambda w: ancient(cache_files(w.model, "npy")),
        done=lambda w: expand(
            f"{CACHE}/robustness/{{condition}}/{{group}}.json",
            condition=CONDITIONS,
            group=degraded_groups([w.model]),
        ),
        code=lambda w: model_code(w.model, "predict_degraded.py"),
    output:
        predictions=f"{RESULTS}/robustness/{{model}}.csv",
    log:
        f"{RESULTS}/logs/predict_degraded/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/predict_degraded/{{model}}.tsv"
    conda:
        lambda w: f"../{environment_of_model(w.model)}"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=at_least(
            lambda input, threads, models: network_memory(input, threads, models) + training_memory(input, threads),
            model_of_job,
        ),
        runtime=at_least(240),
    params:
        only=lambda w: runs_of_study(w.model),
        runs=lambda w: f"{RESULTS}/runs",
        features=lambda w: f"{RESULTS}/features",
        entries=lambda w: features_of_models([w.model]),
        conditions=lambda w: param("robustness", "conditions"),
        store=f"{CACHE}/robustness",
    message:
        "Robustness: predicting degraded test clips with {wildcards.model}"
    shell:
        f"python {SCRIPTS}/predict_degraded.py"
        " --runs {params.runs} --only {params.only} --manifest {input.manifest} --features {params.features}"
        " --entries {params.entries:q} --conditions {params.conditions:q} --store {params.store} --done {input.done}"
        " --output {output.predictions} > {log} 2>&1"


rule study_robustness:
    input:
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=ROBUST),
        degraded=expand(f"{RESULTS}/robustness/{{model}}.csv", model=ROBUST),
        code=code("study_robustness.py"),
    output:
        table=report(f"{RESULTS}/robustness.csv", caption="../report/robustness.rst", category="Robustness"),
        plot=report(f"{RESULTS}/plots/robustness.png", caption="../report/robustness.rst", category="Robustness"),
    log:
        f"{RESULTS}/logs/study_robustness.log",
    benchmark:
        f"{RESULTS}/benchmarks/study_robustness.tsv"
    group:
        "studies"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        evaluation=lambda w: f"{RESULTS}/evaluation",
        degraded=lambda w: f"{RESULTS}/robustness",
        models=ROBUST,
        protocol=config["robustness"]["protocol"],
        conditions=lambda w: list(CONDITIONS),
    message:
        "Robustness: comparing accuracies on degraded and clean recordings"
    shell:
        f"python {SCRIPTS}/study_robustness.py"
        " --evaluation {params.evaluation} --degraded {params.degraded} --models {params.models}"
        " --protocol {params.protocol} --conditions {params.conditions} --table {output.table} --plot {output.plot}"
        " > {log} 2>&1"


rule robustness:
    input:
        lambda w: robustness_files(),
    localrule: True
