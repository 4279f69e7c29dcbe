# Audio is read once for all features: the first job of a shard extracts whatever the store lacks of it for every
# configured feature, and the jobs of the other features find theirs there. Yet each feature has jobs and files of its
# own, so that a change of one redoes nothing of the others.


rule extract_shard:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        code=lambda w: code("extract_shard.py", *feature_modules(w.feature)),
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
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(extraction_memory),
        runtime=at_least(extraction_minutes),
        step=1,  # where they share a cluster's job, one at a time: all but the first have little to do
    params:
        settings=lambda w: param("features", w.feature),
        audio=lambda w: param("audio"),
        store=f"{CACHE}/features",
    message:
        "Extracting {wildcards.feature}, shard {wildcards.shard} of {wildcards.shards}"
    shell:
        # what else is worth extracting (--also) is no parameter: it changes when arrays are made, never what they hold
        "python scripts/extract_shard.py --manifest {input.manifest} --audio {params.audio:q}"
        " --feature {wildcards.feature} --settings {params.settings:q} --also {ALSO:q}"
        " --shard {wildcards.shard} --shards {wildcards.shards} --store {params.store} --done {output.done}"
        " > {log} 2>&1"


# A pretrained model is a pass of its own, in an environment of its own. One of speech takes minutes where the others
# take seconds.
use rule extract_shard as extract_embeddings with:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        weights=lambda w: weights_index("features", w.feature),
        code=lambda w: code("extract_shard.py", *feature_modules(w.feature), environment=environment_of(w.feature)),
    log:
        f"{RESULTS}/logs/extract_embeddings/{{feature}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_embeddings/{{feature}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        feature="|".join(name for name in PRETRAINED if not extra_of(name)) or NOTHING,
    group:
        "embeddings_{shard}"
    conda:
        "../envs/pretrained.yaml"
    resources:
        mem_mb=at_least(2500),
        runtime=at_least(240),
        step=1,


use rule extract_shard as extract_speech with:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        weights=lambda w: weights_index("features", w.feature),
        extra=lambda w: extra_notes(extra_of(w.feature)),
        code=lambda w: code("extract_shard.py", *feature_modules(w.feature), environment=environment_of(w.feature)),
    log:
        f"{RESULTS}/logs/extract_speech/{{feature}}/{{shard}}-of-{{shards}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/extract_speech/{{feature}}/{{shard}}-of-{{shards}}.tsv"
    wildcard_constraints:
        feature="|".join(name for name in PRETRAINED if extra_of(name)) or NOTHING,
    group:
        "speech_{shard}"
    conda:
        "../envs/speech.yaml"
    resources:
        mem_mb=at_least(4000),
        runtime=1440,


rule collect_feature:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        index=INDEX,
        shards=lambda w: shard_marks(w.feature),
        weights=lambda w: weights_index("features", w.feature),
        extra=lambda w: extra_notes(extra_of(w.feature)),
        # that of the extraction too, which is not asked for where weights are missing: DVC's stages are to be the same
        code=lambda w: code(
            "collect_feature.py",
            "extract_shard.py",
            *feature_modules(w.feature),
            environment=environment_of(w.feature),
        ),
    output:
        values=f"{RESULTS}/features/{{feature}}.npy",
        description=f"{RESULTS}/features/{{feature}}.json",
    log:
        f"{RESULTS}/logs/collect_feature/{{feature}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/collect_feature/{{feature}}.tsv"
    wildcard_constraints:
        feature=NOTHING,  # each feature has a rule of its own, below
    group:
        "features"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(collection_memory),
        runtime=at_least(collection_minutes),
    params:
        settings=lambda w: param("features", w.feature),
        audio=lambda w: param("audio"),
        shards=SHARDS,
        store=f"{CACHE}/features",
        precomputed=f"--precomputed {RAW}" if brings_features(DATASET) else "",
    message:
        "Collecting {wildcards.feature}"
    shell:
        "python scripts/collect_feature.py --feature {wildcards.feature} --settings {params.settings:q}"
        " --audio {params.audio:q} --manifest {input.manifest} --shards {params.shards} --store {params.store}"
        " {params.precomputed} --values {output.values} --description {output.description} > {log} 2>&1"


use rule collect_feature as collect_waveform with:
    wildcard_constraints:
        feature=only_if_extracted("waveform"),


use rule collect_feature as collect_hubert_embedding with:
    wildcard_constraints:
        feature=only_if_extracted("hubert_embedding"),
    conda:
        "../envs/speech.yaml"


use rule collect_feature as collect_mel with:
    wildcard_constraints:
        feature=only_if_extracted("mel"),


use rule collect_feature as collect_mfcc with:
    wildcard_constraints:
        feature=only_if_extracted("mfcc"),


use rule collect_feature as collect_mfcc_20 with:
    wildcard_constraints:
        feature=only_if_extracted("mfcc_20"),


use rule collect_feature as collect_chroma with:
    wildcard_constraints:
        feature=only_if_extracted("chroma"),


use rule collect_feature as collect_chroma_12 with:
    wildcard_constraints:
        feature=only_if_extracted("chroma_12"),


use rule collect_feature as collect_wavelet with:
    wildcard_constraints:
        feature=only_if_extracted("wavelet"),


use rule collect_feature as collect_spectral_centroid with:
    wildcard_constraints:
        feature=only_if_extracted("spectral_centroid"),


use rule collect_feature as collect_spectral_bandwidth with:
    wildcard_constraints:
        feature=only_if_extracted("spectral_bandwidth"),


use rule collect_feature as collect_spectral_rolloff with:
    wildcard_constraints:
        feature=only_if_extracted("spectral_rolloff"),


use rule collect_feature as collect_spectral_contrast with:
    wildcard_constraints:
        feature=only_if_extracted("spectral_contrast"),


use rule collect_feature as collect_zero_crossing_rate with:
    wildcard_constraints:
        feature=only_if_extracted("zero_crossing_rate"),


use rule collect_feature as collect_rms with:
    wildcard_constraints:
        feature=only_if_extracted("rms"),


use rule collect_feature as collect_amplitude_statistics with:
    wildcard_constraints:
        feature=only_if_extracted("amplitude_statistics"),


use rule collect_feature as collect_tonnetz with:
    wildcard_constraints:
        feature=only_if_extracted("tonnetz"),


use rule collect_feature as collect_onset_strength with:
    wildcard_constraints:
        feature=only_if_extracted("onset_strength"),


use rule collect_feature as collect_tempogram with:
    wildcard_constraints:
        feature=only_if_extracted("tempogram"),


use rule collect_feature as collect_tempo with:
    wildcard_constraints:
        feature=only_if_extracted("tempo"),


use rule collect_feature as collect_tabular with:
    wildcard_constraints:
        feature=only_if_extracted("tabular"),


use rule collect_feature as collect_tabular_segments with:
    wildcard_constraints:
        feature=only_if_extracted("tabular_segments"),


use rule collect_feature as collect_tabular_cao with:
    wildcard_constraints:
        feature=only_if_extracted("tabular_cao"),


use rule collect_feature as collect_descriptors with:
    wildcard_constraints:
        feature=only_if_extracted("descriptors"),


use rule collect_feature as collect_mel_image with:
    wildcard_constraints:
        feature=only_if_extracted("mel_image"),


use rule collect_feature as collect_yamnet with:
    wildcard_constraints:
        feature=only_if_extracted("yamnet"),
    conda:
        "../envs/pretrained.yaml"


use rule collect_feature as collect_vggish with:
    wildcard_constraints:
        feature=only_if_extracted("vggish"),
    conda:
        "../envs/pretrained.yaml"


use rule collect_feature as collect_vggish_pca with:
    wildcard_constraints:
        feature=only_if_extracted("vggish_pca"),
    conda:
        "../envs/pretrained.yaml"


use rule collect_feature as collect_precomputed with:
    wildcard_constraints:
        feature="|".join(ONLY_PRECOMPUTED) or NOTHING,


rule write_table:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        description=f"{RESULTS}/features/{{feature}}.json",
        # the description carries its hash
        values=ancient(f"{RESULTS}/features/{{feature}}.npy"),
        code=code("write_table.py"),
    output:
        table=f"{RESULTS}/features/{{feature}}.csv",
    log:
        f"{RESULTS}/logs/write_table/{{feature}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_table/{{feature}}.tsv"
    wildcard_constraints:
        feature="|".join(TABLES) or NOTHING,
    group:
        "features"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(500),
        runtime=at_least(10),
    message:
        "Writing {wildcards.feature} as a table"
    shell:
        "python scripts/write_table.py --manifest {input.manifest} --feature {input.description} --table {output.table}"
        " > {log} 2>&1"


# `snakemake tables` writes every feature that is a table as CSV
rule tables:
    input:
        expand(f"{RESULTS}/features/{{feature}}.csv", feature=[name for name in TABLES if name in COMPUTED]),
    localrule: True


rule summarise_features:
    input:
        descriptions=expand(f"{RESULTS}/features/{{feature}}.json", feature=COMPUTED),
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
        mem_mb=at_least(500),
        runtime=at_least(5),
    message:
        "Summarising the features"
    shell:
        "python scripts/summarise_features.py --descriptions {input.descriptions} --table {output.table}"
        " > {log} 2>&1"
