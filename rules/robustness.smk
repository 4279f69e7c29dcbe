# How models do on degraded recordings: `snakemake robustness`, and a part of the report if params.yaml asks for it. The
# test clips are degraded, and trained models predict them. Training clips are degraded for models that ask for copies.


rule extract_degraded:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        split=f"{RESULTS}/splits/{{protocol}}/{{split}}.csv",
        weights=lambda w: weights_of_features(features_of_group(w)),
        code=lambda w: code(
            "extract_degraded.py",
            *feature_modules(*features_of_group(w)),
            environment=environment_of_group(w.group),
        ),
    output:
        done=f"{CACHE}/degraded/{{subset}}/{{protocol}}/{{split}}/{{condition}}/{{group}}.json",
    log:
        f"{RESULTS}/logs/extract_degraded/{{subset}}/{{protocol}}/{{split}}/{{condition}}/{{group}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_degraded/{{subset}}/{{protocol}}/{{split}}/{{condition}}/{{group}}.tsv"
    wildcard_constraints:
        subset="train|test",
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
        features=lambda w: entries_of(features_of_group(w)),
        packages=lambda w: packages_of(extra_of(w.group) if w.group in PRETRAINED else None),
        # of all subsets and splits: what one has of a clip, another need not extract
        store=f"{CACHE}/degraded/features/{{condition}}",
    message:
        "Extracting features of the {wildcards.subset} clips of {wildcards.protocol} {wildcards.split} under {wildcards.condition} ({wildcards.group})"
    shell:
        f"python {SCRIPTS}/extract_degraded.py"
        " --manifest {input.manifest} --split {input.split} --subset {wildcards.subset} --audio {params.audio:q} --features {params.features:q}"
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
        done=lambda w: degraded_files(
            [w.model],
            "test",
            config["robustness"]["protocol"],
            splits_of(config["robustness"]["protocol"]),
            CONDITIONS,
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
        folder=f"{CACHE}/degraded",
    message:
        "Robustness: predicting degraded test clips with {wildcards.model}"
    shell:
        f"python {SCRIPTS}/predict_degraded.py"
        " --runs {params.runs} --only {params.only} --manifest {input.manifest} --features {params.features}"
        " --done {input.done} --folder {params.folder} --output {output.predictions} > {log} 2>&1"


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
