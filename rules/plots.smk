# Plots of the dataset: the table of features by genre, and clips over time.

from genrebench.plots import FEATURES_OF_CLIP

DRAWN = [name for name in FEATURES_OF_CLIP if name in EXTRACTED and EXTRACTED[name].get("module", name) == name]
# those that are computed for all clips anyway, and need not be computed again for a few
DRAWN_CACHES = [name for name in DRAWN if name in COMPUTED]


rule plot_features:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        values=f"{RESULTS}/features/tabular.npy",
        description=f"{RESULTS}/features/tabular.json",
        code=code("plot_features.py"),
    output:
        distributions=report(
            f"{RESULTS}/plots/distributions.png", caption="../report/distributions.rst", category="Features"
        ),
        correlations=report(
            f"{RESULTS}/plots/correlations.png", caption="../report/correlations.rst", category="Features"
        ),
    log:
        f"{RESULTS}/logs/plot_features.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_features.tsv"
    group:
        "features"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(10),
    message:
        "Drawing the feature table"
    shell:
        f"python {SCRIPTS}/plot_features.py"
        " --manifest {input.manifest} --values {input.values}"
        " --description {input.description} --distributions {output.distributions}"
        " --correlations {output.correlations} > {log} 2>&1"


rule plot_genres:
    input:
        **caches_of(DRAWN_CACHES),
        manifest=f"{RESULTS}/manifest.csv",
        code=code("plot_genres.py", *feature_modules(*DRAWN)),
    output:
        folder=report(
            directory(f"{RESULTS}/plots/genres"),
            patterns=["{genre}.png"],
            caption="../report/clip.rst",
            category="Clips",
        ),
    log:
        f"{RESULTS}/logs/plot_genres.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_genres.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(extraction_memory),
        runtime=at_least(10),
    params:
        features=DRAWN,
        settings=lambda w: [param("features", name) for name in DRAWN],
        audio=lambda w: param("audio"),
    message:
        "Drawing a clip of each genre"
    shell:
        f"python {SCRIPTS}/plot_genres.py"
        " --manifest {input.manifest} --caches {input.descriptions}"
        " --features {params.features} --settings {params.settings:q} --audio {params.audio:q}"
        " --output {output.folder} > {log} 2>&1"


# Not part of the report: any clip by name, as results/demo/plots/clips/<clip_id>.png.
rule plot_clip:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        code=code("plot_clip.py", *feature_modules(*DRAWN)),
    output:
        plot=f"{RESULTS}/plots/clips/{{clip_id}}.png",
    log:
        f"{RESULTS}/logs/plot_clip/{{clip_id}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_clip/{{clip_id}}.tsv"
    wildcard_constraints:
        clip_id=".+",  # ids of files in subfolders of a genre have slashes
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(extraction_memory),
        runtime=at_least(10),
    params:
        features=DRAWN,
        settings=lambda w: [param("features", name) for name in DRAWN],
        audio=lambda w: param("audio"),
    message:
        "Drawing {wildcards.clip_id}"
    shell:
        f"python {SCRIPTS}/plot_clip.py"
        " --manifest {input.manifest} --clip-id {wildcards.clip_id:q}"
        " --features {params.features} --settings {params.settings:q} --audio-settings {params.audio:q}"
        " --output {output.plot:q} > {log:q} 2>&1"
