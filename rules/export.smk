# A trained model as one folder, which `genrebench predict` reads.


rule export_model:
    input:
        evaluations=lambda w: f"{RESULTS}/evaluation/{w.model}",
        runs=lambda w: exported_runs(w.model),
        descriptions=lambda w: cache_files(w.model, "json"),
        caches=lambda w: ancient(cache_files(w.model, "npy")),
        weights=lambda w: weights_of_features(parameters.features_of(CONFIGURED["models"][w.model])),
        manifest=f"{RESULTS}/manifest.csv",
        splits=all_splits("csv") + all_splits("json"),
        # the model may be a transformer, which is loaded by its name
        code=code(
            "export_model.py",
            "genrebench/training/transformer_model.py",
            environment="envs/export.yaml",
        ),
    output:
        folder=directory(f"{RESULTS}/export/{{model}}"),
    log:
        f"{RESULTS}/logs/export_model/{{model}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_model/{{model}}.tsv"
    wildcard_constraints:
        model=f"(?!{BEST}$)[a-z0-9_-]+",
    conda:
        "../envs/export.yaml"
    resources:
        mem_mb=at_least(4000),
        runtime=at_least(30),
    params:
        models=lambda w: w.model,
        dataset=DATASET,
        synthetic=lambda w: param("manifest", "synthetic"),
        results=lambda w: RESULTS,
        entries=lambda w: features_of_models([w.model]),
        audio=lambda w: param("audio"),
        limits=lambda w: param("manifest"),
    message:
        "Exporting {wildcards.model}"
    shell:
        f"python {SCRIPTS}/export_model.py"
        " --models {params.models} --evaluation {params.results}/evaluation"
        " --runs {params.results}/runs --splits {params.results}/splits --features {params.results}/features"
        " --entries {params.entries:q} --audio {params.audio:q} --limits {params.limits:q} --manifest {input.manifest}"
        " --dataset {params.dataset:q} --synthetic {params.synthetic} --output {output.folder} > {log} 2>&1"


# The best on the validation clips.
use rule export_model as export_best with:
    input:
        evaluations=expand(f"{RESULTS}/evaluation/{{model}}", model=EVALUATED),
        runs=[file for model in config["models"] for file in exported_runs(model)],
        descriptions=sorted({file for model in config["models"] for file in cache_files(model, "json")}),
        caches=ancient(sorted({file for model in config["models"] for file in cache_files(model, "npy")})),
        weights=lambda w: weights_of_features(sorted(features_read())),
        manifest=f"{RESULTS}/manifest.csv",
        splits=all_splits("csv") + all_splits("json"),
        # the model may be a transformer, which is loaded by its name
        code=code(
            "export_model.py",
            "genrebench/training/transformer_model.py",
            environment="envs/export.yaml",
        ),
    output:
        folder=directory(f"{RESULTS}/export/{BEST}"),
    log:
        f"{RESULTS}/logs/export_model/{BEST}.log",
    benchmark:
        f"{RESULTS}/benchmarks/export_model/{BEST}.tsv"
    params:
        models=list(config["models"]),
        dataset=DATASET,
        synthetic=lambda w: param("manifest", "synthetic"),
        results=lambda w: RESULTS,
        entries=lambda w: features_of_models(config["models"]),
        audio=lambda w: param("audio"),
        limits=lambda w: param("manifest"),
    message:
        "Exporting the model that is best on the validation clips"


rule export:
    input:
        rules.export_best.output,
    localrule: True
