# From predictions to numbers: the only phase that reads the test clips' genres.

CATEGORIES = {"confusion": "Confusion matrices", "curves": "Learning curves", "reliability": "Reliability"}
EVALUATED = [model for model in config["models"] if runs_of(model)]


rule evaluate_model:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        runs=lambda w: all_runs(w.model, "predictions.csv", "history.csv", "status.json"),
        splits=all_splits("json"),
        code=code("evaluate_model.py"),
    output:
        evaluation=report(
            directory(f"{RESULTS}/evaluation/{{model}}"),
            patterns=["{plot,confusion|curves|reliability}.png"],
            caption="../report/evaluation.rst",
            category=lambda w: CATEGORIES[getattr(w, "plot", "confusion")],
        ),
    log:
        f"{RESULTS}/logs/evaluate_model/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/evaluate_model/{{model}}.tsv"
    group:
        "model_{model}"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        runs=lambda w: f"{RESULTS}/runs/{w.model}",
        # only these: runs of an earlier configuration may still lie there
        only=lambda w: [run.within_model for run in runs_of(w.model)],
        splits=lambda w: f"{RESULTS}/splits",
    message:
        "Evaluating {wildcards.model}"
    shell:
        f"python {SCRIPTS}/evaluate_model.py"
        " --runs {params.runs} --only {params.only} --manifest {input.manifest}"
        " --splits {params.splits} --output {output.evaluation} > {log} 2>&1"


rule build_leaderboard:
    input:
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=EVALUATED),
        published=ours("data/published.csv"),
        code=code("build_leaderboard.py"),
    output:
        leaderboard=report(f"{RESULTS}/leaderboard.csv", caption="../report/leaderboard.rst", category="Leaderboard"),
        accuracy=f"{RESULTS}/accuracy.json",
        statuses=f"{RESULTS}/statuses.csv",
        plot=report(f"{RESULTS}/leaderboard.png", caption="../report/leaderboard.rst", category="Leaderboard"),
    log:
        f"{RESULTS}/logs/build_leaderboard.log",
    benchmark:
        f"{RESULTS}/benchmarks/build_leaderboard.tsv"
    group:
        "studies"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        dataset=DATASET,
        evaluation=lambda w: f"{RESULTS}/evaluation",
        models=EVALUATED,
        unavailable=unavailable_runs(),
        synthetic=lambda w: param("manifest", "synthetic"),
    message:
        "Building the leaderboard"
    shell:
        f"python {SCRIPTS}/build_leaderboard.py"
        " --evaluation {params.evaluation} --models {params.models} --published {input.published}"
        " --dataset {params.dataset:q} --synthetic {params.synthetic} --leaderboard {output.leaderboard} --accuracy {output.accuracy}"
        " --unavailable {params.unavailable:q} --statuses {output.statuses} --plot {output.plot} > {log} 2>&1"


rule compare_models:
    input:
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=EVALUATED),
        leaderboard=f"{RESULTS}/leaderboard.csv",
        splits=all_splits("json"),
        code=code("compare_models.py"),
    output:
        table=report(f"{RESULTS}/comparisons.csv", caption="../report/comparisons.rst", category="Comparisons"),
        plot=report(f"{RESULTS}/plots/comparisons.png", caption="../report/comparisons.rst", category="Comparisons"),
    log:
        f"{RESULTS}/logs/compare_models.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_models.tsv"
    group:
        "studies"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        evaluation=lambda w: f"{RESULTS}/evaluation",
        splits=lambda w: f"{RESULTS}/splits",
        models=EVALUATED,
    message:
        "Comparing the models"
    shell:
        f"python {SCRIPTS}/compare_models.py"
        " --evaluation {params.evaluation} --splits {params.splits}"
        " --models {params.models} --leaderboard {input.leaderboard} --table {output.table} --plot {output.plot}"
        " > {log} 2>&1"


rule compare_papers:
    input:
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=EVALUATED),
        leaderboard=f"{RESULTS}/leaderboard.csv",
        splits=all_splits("json"),
        published=ours("data/published.csv"),
        code=code("compare_papers.py"),
    output:
        table=report(f"{RESULTS}/papers.csv", caption="../report/papers.rst", category="Papers"),
        genres=report(f"{RESULTS}/papers_genres.csv", caption="../report/papers_genres.rst", category="Papers"),
        plot=report(f"{RESULTS}/plots/papers.png", caption="../report/papers.rst", category="Papers"),
        genre_plot=report(
            f"{RESULTS}/plots/papers_genres.png", caption="../report/papers_genres.rst", category="Papers"
        ),
    log:
        f"{RESULTS}/logs/compare_papers.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_papers.tsv"
    group:
        "studies"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        dataset=DATASET,
        evaluation=lambda w: f"{RESULTS}/evaluation",
        splits=lambda w: f"{RESULTS}/splits",
        models=EVALUATED,
    message:
        "Comparing with the papers"
    shell:
        f"python {SCRIPTS}/compare_papers.py"
        " --evaluation {params.evaluation} --splits {params.splits}"
        " --models {params.models} --leaderboard {input.leaderboard} --published {input.published}"
        " --dataset {params.dataset:q} --table {output.table} --genres {output.genres} --plot {output.plot}"
        " --genre-plot {output.genre_plot} > {log} 2>&1"


rule compare_claims:
    input:
        evaluations=lambda w: expand(f"{RESULTS}/evaluation/{{model}}", model=evaluated_with_ablation()),
        histories=lambda w: [path for model in evaluated_with_ablation() for path in all_runs(model, "history.csv")],
        statuses=f"{RESULTS}/statuses.csv",
        splits=all_splits("json"),
        claims=ours("data/claims.csv"),
        code=code("compare_claims.py"),
    output:
        table=report(f"{RESULTS}/claims.csv", caption="../report/claims.rst", category="Papers"),
    log:
        f"{RESULTS}/logs/compare_claims.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_claims.tsv"
    group:
        "studies"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        evaluation=lambda w: f"{RESULTS}/evaluation",
        runs=lambda w: f"{RESULTS}/runs",
        splits=lambda w: f"{RESULTS}/splits",
        models=lambda w: evaluated_with_ablation(),
    message:
        "Answering the papers' claims"
    shell:
        f"python {SCRIPTS}/compare_claims.py"
        " --evaluation {params.evaluation} --runs {params.runs} --splits {params.splits} --statuses {input.statuses}"
        " --models {params.models} --claims {input.claims} --table {output.table} > {log} 2>&1"


rule compare_stability:
    input:
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=EVALUATED),
        histories=[all_runs(model, "history.csv") for model in config["models"]],
        leaderboard=f"{RESULTS}/leaderboard.csv",
        splits=all_splits("json"),
        code=code("compare_stability.py"),
    output:
        table=report(f"{RESULTS}/stability.csv", caption="../report/stability.rst", category="Stability"),
        plot=report(f"{RESULTS}/plots/stability.png", caption="../report/stability.rst", category="Stability"),
        curves=report(f"{RESULTS}/plots/curves.png", caption="../report/curves.rst", category="Stability"),
    log:
        f"{RESULTS}/logs/compare_stability.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_stability.tsv"
    group:
        "studies"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        evaluation=lambda w: f"{RESULTS}/evaluation",
        runs=lambda w: f"{RESULTS}/runs",
        splits=lambda w: f"{RESULTS}/splits",
        models=EVALUATED,
    message:
        "Comparing stability and overfitting"
    shell:
        f"python {SCRIPTS}/compare_stability.py"
        " --evaluation {params.evaluation} --runs {params.runs}"
        " --splits {params.splits} --models {params.models} --leaderboard {input.leaderboard} --table {output.table}"
        " --plot {output.plot} --curves {output.curves} > {log} 2>&1"


rule study_leakage:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=config["leakage"]["models"]),
        splits=all_splits("json"),
        code=code("study_leakage.py"),
    output:
        table=report(f"{RESULTS}/leakage.csv", caption="../report/leakage.rst", category="Leakage"),
        parts=report(f"{RESULTS}/leakage_parts.csv", caption="../report/leakage.rst", category="Leakage"),
        plot=report(f"{RESULTS}/plots/leakage.png", caption="../report/leakage.rst", category="Leakage"),
    log:
        f"{RESULTS}/logs/study_leakage.log",
    benchmark:
        f"{RESULTS}/benchmarks/study_leakage.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000 + FILES // 50),
        runtime=at_least(10),
    params:
        evaluation=lambda w: f"{RESULTS}/evaluation",
        splits=lambda w: f"{RESULTS}/splits",
        models=lambda w: config["leakage"]["models"],
        protocols=list(CONFIGURED["protocols"]),
        unavailable=unavailable_runs(config["leakage"]["models"]),
        settings=lambda w: param("leakage"),
    message:
        "Splitting accuracies into learning and leakage"
    shell:
        f"python {SCRIPTS}/study_leakage.py"
        " --manifest {input.manifest} --evaluation {params.evaluation}"
        " --splits {params.splits} --models {params.models} --protocols {params.protocols}"
        " --unavailable {params.unavailable:q} --table {output.table} --parts {output.parts} --plot {output.plot} > {log} 2>&1"


# `snakemake leakage` trains the models of the study and no others
rule leakage:
    input:
        rules.study_leakage.output,
    localrule: True
