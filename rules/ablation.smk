# Which features a model needs: `snakemake ablation`, and what a suite has that reads the selected features.


# Principal components see the training clips of their split only, so each split has a cache of its own.
rule reduce_features:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        split=f"{RESULTS}/splits/{{protocol}}/{{split}}.csv",
        split_description=f"{RESULTS}/splits/{{protocol}}/{{split}}.json",
        features=lambda w: ablation_features("json"),
        caches=lambda w: ancient(ablation_features("npy")),
        code=code("reduce_features.py"),
    output:
        values=f"{ABLATION}/{{protocol}}/{{split}}/features/pca.npy",
        description=f"{ABLATION}/{{protocol}}/{{split}}/features/pca.json",
    log:
        f"{RESULTS}/logs/reduce_features/{{protocol}}/{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/reduce_features/{{protocol}}/{{split}}.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(lambda input, threads: 2 * training_memory(input, threads)),  # the components are found in double precision
        runtime=at_least(60),
    params:
        components=lambda w: param("ablation", "pca"),
        threads=config["compute"]["threads"],
    message:
        "Ablation: principal components on {wildcards.protocol} {wildcards.split}"
    shell:
        f"python {SCRIPTS}/reduce_features.py"
        " --manifest {input.manifest} --split {input.split}"
        " --features {input.features} --components {params.components} --threads {params.threads}"
        " --values {output.values} --description {output.description} > {log} 2>&1"


# Of each split its own: with several splits, one's validation clips are another's test clips.
rule select_features:
    input:
        runs=lambda w: [
            f"{RESULTS}/runs/{key}/{name}"
            for key in runs_of_ablation(known_variants(), w.protocol, [w.model], w.split)
            for name in ("status.json", "config.json", "history.csv")
        ],
        code=code("select_features.py"),
    output:
        selection=f"{ABLATION}/{{protocol}}/{{split}}/selection/{{model}}.json",
    log:
        f"{RESULTS}/logs/select_features/{{model}}/{{protocol}}/{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/select_features/{{model}}/{{protocol}}/{{split}}.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(500),
        runtime=at_least(10),
    params:
        folder=lambda w: f"{RESULTS}/runs",
        runs=lambda w: runs_of_ablation(known_variants(), w.protocol, [w.model], w.split),
        unavailable=Param(config["ablation"]["unavailable"], "ablation"),
    message:
        "Ablation: selecting features for {wildcards.model} on {wildcards.protocol} {wildcards.split}"
    shell:
        f"python {SCRIPTS}/select_features.py"
        " --folder {params.folder} --runs {params.runs} --unavailable {params.unavailable:q} --output {output.selection}"
        " > {log} 2>&1"


rule permute_features:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        split=f"{RESULTS}/splits/{{protocol}}/{{split}}.csv",
        status=f"{RESULTS}/runs/{{model}}-{ablation.ALL}/{{protocol}}/{{split}}/seed{{seed}}/status.json",
        config=f"{RESULTS}/runs/{{model}}-{ablation.ALL}/{{protocol}}/{{split}}/seed{{seed}}/config.json",
        model=f"{RESULTS}/runs/{{model}}-{ablation.ALL}/{{protocol}}/{{split}}/seed{{seed}}/model",
        features=lambda w: ablation_features("json"),
        caches=lambda w: ancient(ablation_features("npy")),
        code=lambda w: model_code(w.model, "permute_features.py"),
    output:
        importance=f"{ABLATION}/{{protocol}}/{{split}}/permutation/{{model}}/seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/permute_features/{{model}}/{{protocol}}/{{split}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/permute_features/{{model}}/{{protocol}}/{{split}}/seed{{seed}}.tsv"
    conda:
        # a network is loaded, not trained
        "../envs/networks.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=at_least(
            lambda input, threads, models: network_memory(input, threads, models) + training_memory(input, threads),
            model_of_job,
        ),
        runtime=at_least(60),
    params:
        run=subpath(input.status, parent=True),
        repeats=lambda w: param("ablation", "permutations"),
    message:
        "Ablation: permuting the features of {wildcards.model} on {wildcards.split}, seed {wildcards.seed}"
    shell:
        f"python {SCRIPTS}/permute_features.py"
        " --run {params.run} --repeats {params.repeats} --manifest {input.manifest}"
        " --split {input.split} --features {input.features} --output {output.importance} > {log} 2>&1"


# The only one of these that reads the genres of test clips, when all is selected.
rule build_ablation:
    input:
        evaluations=lambda w: expand(
            f"{RESULTS}/evaluation/{{model}}-{{variant}}", model=ablated_under(w.protocol), variant=all_variants()
        ),
        selections=lambda w: [
            f"{ABLATION}/{key.protocol}/{key.split}/selection/{model}.json"
            for model in (ablated_under(w.protocol) if ablation.SELECTED in all_variants() else [])
            for key in runs_of_ablation([ablation.ALL], w.protocol, [model])
        ],
        permutations=lambda w: [
            f"{ABLATION}/{key.protocol}/{key.split}/permutation/{model}/seed{key.seed}.json"
            for model in ablated_under(w.protocol)
            for key in runs_of_ablation([ablation.ALL], w.protocol, [model])
        ],
        splits=lambda w: [f"{RESULTS}/splits/{w.protocol}/{split}.json" for split in splits_of(w.protocol)],
        templates=templates("ablation.html.j2", "style.css"),
        code=code("build_ablation.py"),
    output:
        page=f"{ABLATION}/{{protocol}}/index.html",
        variants=f"{ABLATION}/{{protocol}}/ablation.csv",
        ranking=f"{ABLATION}/{{protocol}}/ranking.csv",
        comparison=f"{ABLATION}/{{protocol}}/comparison.csv",
        plot=report(f"{ABLATION}/{{protocol}}/ablation.png", caption="../report/ablation.rst", category="Ablation"),
    log:
        f"{RESULTS}/logs/build_ablation/{{protocol}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/build_ablation/{{protocol}}.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        dataset=DATASET,
        synthetic=lambda w: param("manifest", "synthetic"),
        evaluation=lambda w: f"{RESULTS}/evaluation",
        splits=lambda w: f"{RESULTS}/splits",
        plan=lambda w: Param(
            {
                "features": config["ablation"]["features"],
                "unavailable": config["ablation"]["unavailable"],
                "protocol": w.protocol,
                "models": ablated_under(w.protocol),
                "variants": all_variants(),
            },
            "ablation",
        ),
        folder=subpath(output.page, parent=True),
    message:
        "Ablation: ranking the features on {wildcards.protocol}"
    shell:
        f"python {SCRIPTS}/build_ablation.py"
        " --dataset {params.dataset:q} --synthetic {params.synthetic} --plan {params.plan:q}"
        " --evaluation {params.evaluation} --splits {params.splits} --folder {params.folder} > {log} 2>&1"


rule ablation:
    input:
        lambda w: ablation_pages(),
    localrule: True
