# Studies of all clips, test clips included: hard clips, label issues, saliency. They are for people to look at and listen
# to; no model and no setting is chosen by them.

LABEL_FEATURES = [name for name in config["study"]["labels"]["features"] if name in config["features"]]
EXPLAINED = [name for name in config["study"]["saliency"]["models"] if name in EVALUATED]
PICTURED = [name for name in DRAWN if name == "mel"]
PICTURED_CACHES = [name for name in DRAWN_CACHES if name in PICTURED]


rule study_errors:
    input:
        **caches_of(PICTURED_CACHES),
        manifest=f"{RESULTS}/manifest.csv",
        statuses=f"{RESULTS}/statuses.csv",
        leaderboard=f"{RESULTS}/leaderboard.csv",
        splits=all_splits("json"),
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=EVALUATED),
        code=code("study_errors.py", *feature_modules(*PICTURED)),
    output:
        table=report(f"{RESULTS}/errors.csv", caption="../report/errors.rst", category="Errors"),
        pairs=report(f"{RESULTS}/confused_pairs.csv", caption="../report/confused_pairs.rst", category="Errors"),
        pictures=report(
            directory(f"{RESULTS}/errors"),
            patterns=["{clip_id}.png"],
            caption="../report/errors.rst",
            category="Errors",
        ),
        # a folder of its own, because audio may not be shared as the rest may
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
        evaluation=lambda w: f"{RESULTS}/evaluation",
        splits=lambda w: f"{RESULTS}/splits",
        models=EVALUATED,
        features=PICTURED,
        settings=lambda w: [param("features", name) for name in PICTURED],
        audio=lambda w: param("audio"),
    message:
        "Listing the clips that most models predict wrongly, and the genres that they confuse"
    shell:
        f"python {SCRIPTS}/study_errors.py"
        " --manifest {input.manifest} --statuses {input.statuses}"
        " --leaderboard {input.leaderboard} --splits {params.splits} --evaluation {params.evaluation}"
        " --models {params.models}"
        " --caches {input.descriptions} --features {params.features} --settings {params.settings:q}"
        " --audio {params.audio:q} --table {output.table} --pairs {output.pairs} --pictures {output.pictures} --excerpts {output.excerpts} > {log} 2>&1"


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
        "Looking for label issues"
    shell:
        f"python {SCRIPTS}/check_labels.py"
        " --manifest {input.manifest} --features {input.features}"
        " --settings {params.settings:q} --table {output.table} --description {output.description} > {log} 2>&1"


rule draw_saliency:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        errors=f"{RESULTS}/errors.csv",
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=EXPLAINED),
        runs=[all_runs(model, "config.json", "model") for model in EXPLAINED],
        features=[cache_files(model, "json") for model in EXPLAINED],
        caches=ancient([cache_files(model, "npy") for model in EXPLAINED]),
        code=code(
            "draw_saliency.py",
            *(Path(model_module(model)).relative_to("scripts") for model in EXPLAINED),
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
    # as in training
    threads: config["compute"]["threads"]
    resources:
        mem_mb=at_least(network_memory, lambda w: EXPLAINED),
        runtime=at_least(60),
        gpu=1,
    params:
        settings=lambda w: param("study", "saliency"),
        models=EXPLAINED,
        evaluation=lambda w: f"{RESULTS}/evaluation",
        runs=lambda w: f"{RESULTS}/runs",
        features=lambda w: f"{RESULTS}/features",
    message:
        "Drawing the saliency of networks"
    shell:
        f"python {SCRIPTS}/draw_saliency.py"
        " --manifest {input.manifest} --errors {input.errors}"
        " --models {params.models} --settings {params.settings:q} --evaluation {params.evaluation} --runs {params.runs} --features {params.features}"
        " --plot {output.plot} --description {output.description} > {log} 2>&1"
