# What the results do not say by themselves: which clips are hard, whose label looks wrong, what networks go by. People
# listen to it and look at it; no model is trained or chosen by it.

LABEL_FEATURES = [name for name in config["study"]["labels"]["features"] if name in config["features"]]
LOOKED_AT = [name for name in config["study"]["saliency"]["models"] if name in config["models"]]
PICTURED = [name for name in DRAWN if name == "mel"]


rule study_errors:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        statuses=f"{RESULTS}/statuses.csv",
        leaderboard=f"{RESULTS}/leaderboard.csv",
        splits=all_splits("json"),
        predictions=[all_runs(model, "predictions.csv") for model in config["models"]],
        code=code("study_errors.py", *feature_modules(*PICTURED)),
    output:
        table=report(f"{RESULTS}/errors.csv", caption="../report/errors.rst", category="Errors"),
        pictures=report(
            directory(f"{RESULTS}/errors"),
            patterns=["{clip_id}.png"],
            caption="../report/errors.rst",
            category="Errors",
        ),
        # apart, because audio may not be shared as the rest may
        excerpts=directory(f"{RESULTS}/excerpts"),
    log:
        f"{RESULTS}/logs/study_errors.log",
    benchmark:
        f"{RESULTS}/benchmarks/study_errors.tsv"
    group:
        "studies"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(extraction_memory),
        runtime=at_least(10),
    params:
        runs=lambda w: f"{RESULTS}/runs",
        splits=lambda w: f"{RESULTS}/splits",
        features=PICTURED,
        settings=lambda w: [param("features", name) for name in PICTURED],
        reading=lambda w: param("audio"),
    message:
        "Listing the clips that most models get wrong"
    shell:
        f"python {SCRIPTS}/study_errors.py"
        " --manifest {input.manifest} --statuses {input.statuses}"
        " --leaderboard {input.leaderboard} --splits {params.splits} --runs {params.runs}"
        " --features {params.features} --settings {params.settings:q} --reading {params.reading:q}"
        " --table {output.table} --pictures {output.pictures} --excerpts {output.excerpts} > {log} 2>&1"


rule check_labels:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        features=[f"{RESULTS}/features/{name}.json" for name in LABEL_FEATURES],
        # the descriptions carry the caches' hashes
        caches=ancient([f"{RESULTS}/features/{name}.npy" for name in LABEL_FEATURES]),
        code=code("check_labels.py"),
    output:
        table=report(f"{RESULTS}/labels.csv", caption="../report/labels.rst", category="Errors"),
        description=f"{RESULTS}/labels.json",
    log:
        f"{RESULTS}/logs/check_labels.log",
    benchmark:
        f"{RESULTS}/benchmarks/check_labels.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(training_memory),
        runtime=at_least(10 + FILES // 1500),
    params:
        settings=lambda w: param("study", "labels"),
    message:
        "Looking for wrong labels"
    shell:
        f"python {SCRIPTS}/check_labels.py"
        " --manifest {input.manifest} --features {input.features}"
        " --settings {params.settings:q} --table {output.table} --description {output.description} > {log} 2>&1"


rule draw_saliency:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        errors=f"{RESULTS}/errors.csv",
        statuses=f"{RESULTS}/statuses.csv",
        splits=all_splits("csv"),
        runs=[all_runs(model, "config.json", "predictions.csv", "model") for model in LOOKED_AT],
        features=[cache_files(model, "json") for model in LOOKED_AT],
        caches=ancient([cache_files(model, "npy") for model in LOOKED_AT]),
        code=code(
            "draw_saliency.py",
            *(Path(model_module(model)).relative_to("scripts") for model in LOOKED_AT),
            environment="envs/networks.yaml",
        ),
    output:
        plot=report(f"{RESULTS}/plots/saliency.png", caption="../report/saliency.rst", category="Errors"),
        description=f"{RESULTS}/saliency.json",
    log:
        f"{RESULTS}/logs/draw_saliency.log",
    benchmark:
        f"{RESULTS}/benchmarks/draw_saliency.tsv"
    conda:
        "../envs/networks.yaml"
    # as in the training of a network
    threads: config["compute"]["threads"]
    resources:
        mem_mb=at_least(NETWORK_MEMORY),
        runtime=at_least(60),
        gpu=1,
    params:
        settings=lambda w: param("study", "saliency"),
        models=LOOKED_AT,
        runs=lambda w: f"{RESULTS}/runs",
        splits=lambda w: f"{RESULTS}/splits",
        features=lambda w: f"{RESULTS}/features",
    message:
        "Drawing what the networks go by"
    shell:
        f"python {SCRIPTS}/draw_saliency.py"
        " --manifest {input.manifest} --errors {input.errors}"
        " --statuses {input.statuses} --models {params.models}"
        " --settings {params.settings:q} --runs {params.runs} --splits {params.splits} --features {params.features}"
        " --plot {output.plot} --description {output.description} > {log} 2>&1"
