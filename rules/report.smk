# One page that says it all.


rule build_report:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        rejected=f"{RESULTS}/rejected.csv",
        summary=f"{RESULTS}/features/summary.csv",
        splits=all_splits("json"),
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=config["models"]),
        leaderboard=f"{RESULTS}/leaderboard.csv",
        statuses=f"{RESULTS}/statuses.csv",
        plot=f"{RESULTS}/leaderboard.png",
        comparisons=[f"{RESULTS}/comparisons.csv", f"{RESULTS}/plots/comparisons.png"],
        papers=[
            *multiext(f"{RESULTS}/papers", ".csv", "_genres.csv"),
            *multiext(f"{RESULTS}/plots/papers", ".png", "_genres.png"),
        ],
        stability=[f"{RESULTS}/stability.csv", *multiext(f"{RESULTS}/plots/", "stability.png", "curves.png")],
        leakage=rules.study_leakage.output,
        errors=[f"{RESULTS}/errors.csv", f"{RESULTS}/errors"],
        labels=multiext(f"{RESULTS}/labels", ".csv", ".json"),
        saliency=[f"{RESULTS}/saliency.json", f"{RESULTS}/plots/saliency.png"],
        costs=[f"{RESULTS}/cost.csv", f"{RESULTS}/plots/cost.png"],
        columns=(
            multiext(f"{RESULTS}/plots/", "distributions.png", "correlations.png")
            if "tabular" in config["features"]
            else []
        ),
        clips=f"{RESULTS}/plots/genres",
        published=ours("data/published.csv"),
        params=parameter_file(),
        template=multiext(ours("report") + "/", "template.html.j2", "study.html.j2", "style.css", "sort.js"),
        code=code("build_report.py"),
    output:
        page=f"{RESULTS}/report/index.html",
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
    message:
        "Writing the report"
    shell:
        f"python {SCRIPTS}/build_report.py"
        " --dataset {params.dataset:q} --results {params.results}"
        " --params {input.params} --published {input.published} --benchmarks {params.benchmarks}"
        " --output {output.page} > {log} 2>&1"
