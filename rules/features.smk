# One pass over the audio extracts all features, shard by shard; each feature is then collected into its own cache.

rule extract_shard:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        code=code("extract_shard.py", *feature_modules(*EXTRACTED)),
    output:
        done=f"{RESULTS}/shards/{{shard}}-of-{{shards}}.json",
    params:
        features=lambda w: extracted_settings(),
        audio=lambda w: param("audio"),
        store=f"{CACHE}/features",
    log:
        f"{RESULTS}/logs/extract_shard/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_shard/{{shard}}-of-{{shards}}.tsv"
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../envs/classical.yaml"
    message:
        "Extracting features, shard {wildcards.shard} of {wildcards.shards}"
    shell:
        "python scripts/extract_shard.py --manifest {input.manifest} --audio {params.audio:q}"
        " --features {params.features:q} --shard {wildcards.shard} --shards {wildcards.shards}"
        " --store {params.store} --done {output.done} > {log} 2>&1"


rule shards:
    localrule: True
    input:
        all_shards(),


rule collect_feature:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        index=INDEX,
        # ancient: a change of one feature redoes the shards, but must not redo the other features' caches
        shards=ancient(all_shards()),
        code=lambda w: code("collect_feature.py", *feature_modules(w.feature)),
    output:
        values=f"{RESULTS}/features/{{feature}}.npy",
        description=f"{RESULTS}/features/{{feature}}.json",
    params:
        settings=lambda w: param("features", w.feature),
        audio=lambda w: param("audio"),
        shards=SHARDS,
        store=f"{CACHE}/features",
        brought=f"--brought {RAW}" if brings_features(DATASET) else "",
    log:
        f"{RESULTS}/logs/collect_feature/{{feature}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/collect_feature/{{feature}}.tsv"
    wildcard_constraints:
        feature="(?!)",  # each feature has a rule of its own, below
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../envs/classical.yaml"
    message:
        "Collecting {wildcards.feature}"
    shell:
        "python scripts/collect_feature.py --feature {wildcards.feature} --settings {params.settings:q}"
        " --audio {params.audio:q} --manifest {input.manifest} --shards {params.shards} --store {params.store}"
        " {params.brought} --values {output.values} --description {output.description} > {log} 2>&1"


use rule collect_feature as collect_mel with:
    wildcard_constraints:
        feature="mel",


use rule collect_feature as collect_mfcc with:
    wildcard_constraints:
        feature="mfcc",


use rule collect_feature as collect_chroma with:
    wildcard_constraints:
        feature="chroma",


use rule collect_feature as collect_wavelet with:
    wildcard_constraints:
        feature="wavelet",


use rule collect_feature as collect_brought with:
    wildcard_constraints:
        feature="|".join(ONLY_BROUGHT) or "(?!)",


rule summarise_features:
    input:
        descriptions=expand(f"{RESULTS}/features/{{feature}}.json", feature=config["features"]),
        code=code("summarise_features.py"),
    output:
        table=f"{RESULTS}/features/summary.csv",
    log:
        f"{RESULTS}/logs/summarise_features.log",
    benchmark:
        f"{RESULTS}/benchmarks/summarise_features.tsv"
    resources:
        mem_mb=500,
        runtime=5,
    conda:
        "../envs/classical.yaml"
    message:
        "Summarising the features"
    shell:
        "python scripts/summarise_features.py --descriptions {input.descriptions} --table {output.table}"
        " > {log} 2>&1"
