# Audio is read once for all features: the first job of a shard extracts whatever the store lacks of it for every
# configured feature, and the jobs of the other features find theirs there. Yet each feature has jobs and files of its
# own, so that a change of one redoes nothing of the others.


rule extract_shard:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        weights=lambda w: weights_index("features", w.feature),
        code=lambda w: code("extract_shard.py", *feature_modules(w.feature), environment=environment_of(w.feature)),
    output:
        done=f"{CACHE}/shards/{{feature}}/{{shard}}-of-{{shards}}.json",
    log:
        f"{RESULTS}/logs/extract_shard/{{feature}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_shard/{{feature}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        feature="|".join(name for name in EXTRACTED if name not in PRETRAINED) or NOTHING,
    group:
        "shard_{shard}"
    conda:
        lambda w: f"../{environment_of(w.feature)}"
    resources:
        mem_mb=at_least(extraction_memory),
        runtime=at_least(extraction_minutes),
        step=1,  # where they share a cluster's job, one at a time: all but the first have little to do
    params:
        settings=lambda w: param("features", w.feature),
        audio=lambda w: param("audio"),
        packages=lambda w: packages_of(extra_of(w.feature)),
        store=f"{CACHE}/features",
        # what else is worth extracting changes when arrays are made, never what they hold: what follows from the input
        # is nothing to be run again for
        also=lambda w, input: json.dumps({} if w.feature in PRETRAINED else extracted_together()),
    message:
        "Extracting {wildcards.feature}, shard {wildcards.shard} of {wildcards.shards}"
    shell:
        f"python {SCRIPTS}/extract_shard.py"
        " --manifest {input.manifest} --audio {params.audio:q}"
        " --feature {wildcards.feature} --settings {params.settings:q} --also {params.also:q}"
        " --shard {wildcards.shard} --shards {wildcards.shards} --store {params.store} --done {output.done}"
        " > {log} 2>&1"


# A pretrained model is a pass of its own. One of speech takes minutes where the others take seconds.
use rule extract_shard as extract_embeddings with:
    log:
        f"{RESULTS}/logs/extract_embeddings/{{feature}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_embeddings/{{feature}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        feature="|".join(name for name in PRETRAINED if not extra_of(name)) or NOTHING,
    group:
        "embeddings_{shard}"
    resources:
        mem_mb=at_least(2500),
        runtime=at_least(240),
        step=1,


use rule extract_shard as extract_speech with:
    log:
        f"{RESULTS}/logs/extract_speech/{{feature}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_speech/{{feature}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        feature="|".join(name for name in PRETRAINED if extra_of(name)) or NOTHING,
    group:
        "speech_{shard}"
    resources:
        mem_mb=at_least(4000),
        runtime=1440,


rule collect_feature:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        # an array that comes with the dataset may change where its manifest does not
        index=lambda w: index(INDEX) if availability.brings_features(Path(RAW)) else [],
        shards=lambda w: shard_marks(w.feature),
        weights=lambda w: weights_index("features", w.feature),
        code=lambda w: code("collect_feature.py", *feature_modules(w.feature), environment=environment_of(w.feature)),
    output:
        values=f"{RESULTS}/features/{{feature}}.npy",
        description=f"{RESULTS}/features/{{feature}}.json",
    log:
        f"{RESULTS}/logs/collect_feature/{{feature}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/collect_feature/{{feature}}.tsv"
    wildcard_constraints:
        feature="|".join(name for name in CONFIGURED["features"] if name not in TABLES) or NOTHING,
    group:
        "features"
    conda:
        lambda w: f"../{environment_of(w.feature)}"
    resources:
        mem_mb=at_least(collection_memory),
        runtime=at_least(collection_minutes),
    params:
        settings=lambda w: param("features", w.feature),
        audio=lambda w: param("audio"),
        shards=SHARDS,
        store=f"{CACHE}/features",
        precomputed=f"--precomputed {RAW}" if availability.brings_features(Path(RAW)) else "",
        table="",
    message:
        "Collecting {wildcards.feature}"
    shell:
        f"python {SCRIPTS}/collect_feature.py"
        " --feature {wildcards.feature} --settings {params.settings:q}"
        " --audio {params.audio:q} --manifest {input.manifest} --shards {params.shards} --store {params.store}"
        " {params.precomputed} --values {output.values} --description {output.description} {params.table} > {log} 2>&1"


# A feature that is a table is also written as CSV, for people.
use rule collect_feature as collect_table with:
    output:
        values=f"{RESULTS}/features/{{feature}}.npy",
        description=f"{RESULTS}/features/{{feature}}.json",
        table=f"{RESULTS}/features/{{feature}}.csv",
    wildcard_constraints:
        feature="|".join(TABLES) or NOTHING,
    params:
        settings=lambda w: param("features", w.feature),
        audio=lambda w: param("audio"),
        shards=SHARDS,
        store=f"{CACHE}/features",
        precomputed=f"--precomputed {RAW}" if availability.brings_features(Path(RAW)) else "",
        table=lambda w, output: f"--table {output.table}",


# `snakemake tables` writes every feature that is a table as CSV
rule tables:
    input:
        expand(f"{RESULTS}/features/{{feature}}.csv", feature=[name for name in TABLES if name in COMPUTED]),
    localrule: True


rule summarise_features:
    input:
        **caches_of(COMPUTED),
        code=code("summarise_features.py"),
    output:
        table=f"{RESULTS}/features/summary.csv",
    log:
        f"{RESULTS}/logs/summarise_features.log",
    benchmark:
        f"{RESULTS}/benchmarks/summarise_features.tsv"
    group:
        "features"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(summary_memory),
        runtime=at_least(training_minutes),
    params:
        unavailable=json.dumps(
            {name: why for name, why in UNAVAILABLE.features.items() if name in CONFIGURATION.features}, sort_keys=True
        ),
    message:
        "Summarising the features"
    shell:
        f"python {SCRIPTS}/summarise_features.py"
        " --descriptions {input.descriptions} --unavailable {params.unavailable:q}"
        " --table {output.table} > {log} 2>&1"
