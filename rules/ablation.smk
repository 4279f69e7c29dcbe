# Which features a model needs: `snakemake ablation`. No other target needs any of this.


use rule train_model as train_ablation with:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        split=f"{RESULTS}/splits/{{protocol}}/{{split}}.csv",
        split_description=f"{RESULTS}/splits/{{protocol}}/{{split}}.json",
        features=descriptions_of_variant,
        caches=lambda w: ancient(caches_of_variant(w)),
        code=lambda w: model_code(w.model),
    output:
        status=f"{ABLATION}/runs/{RUN_OF_ABLATION}/status.json",
        config=f"{ABLATION}/runs/{RUN_OF_ABLATION}/config.json",
        history=f"{ABLATION}/runs/{RUN_OF_ABLATION}/history.csv",
        predictions=f"{ABLATION}/runs/{RUN_OF_ABLATION}/predictions.csv",
        model=directory(f"{ABLATION}/runs/{RUN_OF_ABLATION}/model"),
        cost=f"{ABLATION}/costs/{RUN_OF_ABLATION}.json",
    log:
        f"{ABLATION}/logs/train/{RUN_OF_ABLATION}.log",
    benchmark:
        f"{ABLATION}/benchmarks/train/{RUN_OF_ABLATION}.tsv"
    wildcard_constraints:
        model=one_of(model for model in ABLATED if not is_network(model)),
        variant="[a-z0-9_-]+",
    group:
        "ablation_{model}_{variant}"
    params:
        settings=settings_of_variant,
        compute=lambda w: compute_of(w.model),
        checkpoints=f"{CACHE}/checkpoints/ablation/{RUN_OF_ABLATION}",
        folder=subpath(output.status, parent=True),
    message:
        "Ablation: training {wildcards.model} ({wildcards.variant}) on {wildcards.split}, seed {wildcards.seed}"


use rule train_ablation as train_ablation_network with:
    wildcard_constraints:
        model=one_of(model for model in ABLATED if is_network(model)),
        variant="[a-z0-9_-]+",
    group:
        "network_{model}"
    conda:
        "../envs/networks.yaml"
    resources:
        mem_mb=at_least(NETWORK_MEMORY),
        runtime=1440,
        gpu=1,


# Principal components see the training clips of their split only, so each split has a cache of its own.
rule reduce_features:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        split=f"{RESULTS}/splits/{{protocol}}/{{split}}.csv",
        split_description=f"{RESULTS}/splits/{{protocol}}/{{split}}.json",
        features=lambda w: [f"{RESULTS}/features/{feature}.json" for feature in features_that_are_there()],
        caches=lambda w: ancient([f"{RESULTS}/features/{feature}.npy" for feature in features_that_are_there()]),
        code=code("reduce_features.py"),
    output:
        values=f"{ABLATION}/features/{{protocol}}/{{split}}/pca.npy",
        description=f"{ABLATION}/features/{{protocol}}/{{split}}/pca.json",
    log:
        f"{ABLATION}/logs/reduce_features/{{protocol}}/{{split}}.log",
    benchmark:
        f"{ABLATION}/benchmarks/reduce_features/{{protocol}}/{{split}}.tsv"
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
checkpoint select_features:
    input:
        runs=lambda w: runs_of_ablation(
            w.model,
            ablation.variants(features_that_are_there()),
            [f"{w.protocol}/{w.split}"],
            "status.json",
            "history.csv",
        ),
        code=code("select_features.py"),
    output:
        selection=f"{ABLATION}/selection/{{model}}/{{protocol}}/{{split}}.json",
    log:
        f"{ABLATION}/logs/select_features/{{model}}/{{protocol}}/{{split}}.log",
    benchmark:
        f"{ABLATION}/benchmarks/select_features/{{model}}/{{protocol}}/{{split}}.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(500),
        runtime=at_least(10),
    params:
        runs=lambda w: f"{ABLATION}/runs/{w.model}",
        seeds=lambda w: seeds_of_ablation(w.model),
        features=lambda w: features_that_are_there(),
    message:
        "Ablation: selecting features for {wildcards.model} on {wildcards.protocol} {wildcards.split}"
    shell:
        f"python {SCRIPTS}/select_features.py"
        " --runs {params.runs} --split {wildcards.protocol}/{wildcards.split}"
        " --seeds {params.seeds} --features {params.features} --output {output.selection} > {log} 2>&1"


rule permute_features:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        split=f"{RESULTS}/splits/{{protocol}}/{{split}}.csv",
        features=lambda w: [f"{RESULTS}/features/{feature}.json" for feature in features_that_are_there()],
        caches=lambda w: ancient([f"{RESULTS}/features/{feature}.npy" for feature in features_that_are_there()]),
        status=f"{ABLATION}/runs/{{model}}/all/{{protocol}}/{{split}}/seed{{seed}}/status.json",
        code=lambda w: model_code(w.model, "permute_features.py"),
    output:
        importance=f"{ABLATION}/permutation/{{model}}/{{protocol}}/{{split}}/seed{{seed}}.json",
    log:
        f"{ABLATION}/logs/permute_features/{{model}}/{{protocol}}/{{split}}/seed{{seed}}.log",
    benchmark:
        f"{ABLATION}/benchmarks/permute_features/{{model}}/{{protocol}}/{{split}}/seed{{seed}}.tsv"
    wildcard_constraints:
        model=one_of(model for model in ABLATED if not is_network(model)),
    conda:
        "../envs/classical.yaml"
    threads: config["compute"]["threads"]
    resources:
        mem_mb=at_least(training_memory),
        runtime=at_least(60),
    params:
        settings=lambda w: settings_with(w.model, features_that_are_there()),
        compute=lambda w: compute_of(w.model),
        repeats=lambda w: param("ablation", "permutations"),
        checkpoints=f"{CACHE}/checkpoints/ablation/permutation/{{model}}/{{protocol}}/{{split}}/seed{{seed}}",
    message:
        "Ablation: permuting the features of {wildcards.model} on {wildcards.split}, seed {wildcards.seed}"
    shell:
        f"python {SCRIPTS}/permute_features.py"
        " --model {wildcards.model} --settings {params.settings:q}"
        " --compute {params.compute:q} --seed {wildcards.seed} --repeats {params.repeats} --manifest {input.manifest}"
        " --split {input.split} --features {input.features} --status {input.status}"
        " --checkpoints {params.checkpoints} --output {output.importance} > {log} 2>&1"


use rule permute_features as permute_features_network with:
    wildcard_constraints:
        model=one_of(model for model in ABLATED if is_network(model)),
    conda:
        "../envs/networks.yaml"
    resources:
        mem_mb=at_least(NETWORK_MEMORY),
        runtime=1440,
        gpu=1,


# The only one of these that reads the genres of test clips, when all is selected.
rule build_ablation:
    input:
        runs=lambda w: [
            path
            for model in ABLATED
            for path in runs_of_ablation(model, all_variants(), splits_of_ablation(), "status.json", "predictions.csv")
        ],
        selections=lambda w: expand(
            f"{ABLATION}/selection/{{model}}/{{split}}.json",
            model=ABLATED if ablation.SELECTED in all_variants() else [],
            split=splits_of_ablation(),
        ),
        permutations=lambda w: [
            f"{ABLATION}/permutation/{model}/{split}/seed{seed}.json"
            for model in (ABLATED if ablation.ALL in all_variants() else [])
            for split in splits_of_ablation()
            for seed in seeds_of_ablation(model)
        ],
        splits=lambda w: [f"{RESULTS}/splits/{split}.json" for split in splits_of_ablation()],
        template=templates("ablation.html.j2", "style.css"),
        code=code("build_ablation.py"),
    output:
        page=f"{ABLATION}/index.html",
        variants=f"{ABLATION}/ablation.csv",
        ranking=f"{ABLATION}/ranking.csv",
        comparison=f"{ABLATION}/comparison.csv",
        plot=report(f"{ABLATION}/ablation.png", caption="../report/ablation.rst", category="Ablation"),
    log:
        f"{ABLATION}/logs/build_ablation.log",
    benchmark:
        f"{ABLATION}/benchmarks/build_ablation.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    params:
        dataset=DATASET,
        plan=lambda w: Param(
            {
                "features": ablation_section()["features"],
                "protocol": ablation_section()["protocol"],
                "splits": splits_of(ablation_section()["protocol"]),
                "variants": all_variants(),
                "seeds": {model: seeds_of_ablation(model) for model in ABLATED},
            },
            "ablation",
        ),
        splits=lambda w: f"{RESULTS}/splits",
        folder=subpath(output.page, parent=True),
    message:
        "Ablation: ranking the features"
    shell:
        f"python {SCRIPTS}/build_ablation.py"
        " --dataset {params.dataset:q} --plan {params.plan:q} --splits {params.splits}"
        " --folder {params.folder} > {log} 2>&1"


rule ablation:
    input:
        lambda w: f"{ABLATION}/index.html",
    localrule: True
