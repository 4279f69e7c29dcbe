# One page with all results.


rule build_report:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        rejected=f"{RESULTS}/rejected.csv",
        notes=f"{RESULTS}/notes.csv",
        summary=f"{RESULTS}/features/summary.csv",
        splits=all_splits("json"),
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=EVALUATED),
        leaderboard=f"{RESULTS}/leaderboard.csv",
        statuses=f"{RESULTS}/statuses.csv",
        leaderboard_plot=f"{RESULTS}/leaderboard.png",
        comparisons=[f"{RESULTS}/comparisons.csv", f"{RESULTS}/plots/comparisons.png"],
        papers=[
            *multiext(f"{RESULTS}/papers", ".csv", "_genres.csv"),
            *multiext(f"{RESULTS}/plots/papers", ".png", "_genres.png"),
        ],
        claims=f"{RESULTS}/claims.csv",
        stability=[f"{RESULTS}/stability.csv", *multiext(f"{RESULTS}/plots/", "stability.png", "curves.png")],
        leakage=rules.study_leakage.output,
        errors=[*multiext(f"{RESULTS}/", "errors.csv", "confused_pairs.csv"), f"{RESULTS}/errors"],
        labels=multiext(f"{RESULTS}/labels", ".csv", ".json"),
        ablation=lambda w: (
            ablation_files(SELECTING, "ablation.csv", "ranking.csv", "comparison.csv", "ablation.png")
            if SELECTING
            else []
        ),
        robustness=rules.study_robustness.output if ROBUSTNESS_IN_REPORT else [],
        saliency=[f"{RESULTS}/saliency.json", f"{RESULTS}/plots/saliency.png"],
        columns=(
            multiext(f"{RESULTS}/plots/", "distributions.png", "correlations.png")
            if "tabular" in config["features"]
            else []
        ),
        clips=f"{RESULTS}/plots/genres",
        published=ours("data/published.csv"),
        params=[parameter_file(), ours(CONFIGURATION.preset)],
        templates=templates("report.html.j2", "macros.html.j2", "sections/*", "style.css", "page.js"),
        code=code("build_report.py"),
        # The costs of runs are no input: runs from `dvc pull` have none, and must not be trained again for them.
        trainings=[all_runs(model, "config.json", "history.csv") for model in EVALUATED],
    output:
        page=f"{RESULTS}/report/index.html",
        cost_table=report(f"{RESULTS}/cost.csv", caption="../report/cost.rst", category="Cost"),
        measures=report(f"{RESULTS}/papers_figures.csv", caption="../report/papers_figures.rst", category="Papers"),
        cost_plot=report(f"{RESULTS}/plots/cost.png", caption="../report/cost.rst", category="Cost"),
    log:
        f"{RESULTS}/logs/build_report.log",
    benchmark:
        f"{RESULTS}/benchmarks/build_report.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        dataset=DATASET,
        results=lambda w: RESULTS,
        benchmarks=lambda w: f"{RESULTS}/benchmarks",
        ablation=lambda w: ablation_protocols(SELECTING),
        robustness="--robustness" if ROBUSTNESS_IN_REPORT else "",
    message:
        "Writing the report"
    shell:
        f"python {SCRIPTS}/build_report.py"
        " --dataset {params.dataset:q} --results {params.results}"
        " --ablation {params.ablation} {params.robustness} --params {input.params} --published {input.published} --benchmarks {params.benchmarks}"
        " --page {output.page} --cost-table {output.cost_table} --cost-picture {output.cost_plot}"
        " --measures-table {output.measures} > {log} 2>&1"
