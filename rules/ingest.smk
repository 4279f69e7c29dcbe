# The raw audio. Only the demo corpus is made; everything else under data/raw is the user's and is never an output.


rule render_demo:
    input:
        code=code("render_demo.py"),
    output:
        corpus=directory("data/raw/demo"),
    log:
        "results/demo/logs/render_demo.log",
    benchmark:
        "results/demo/benchmarks/render_demo.tsv"
    conda:
        "../envs/classical.yaml"
    threads: 8
    resources:
        mem_mb=at_least(lambda input, threads: 500 + 200 * threads),
        runtime=at_least(10),
    params:
        demo=lambda w: param("demo"),
        options=lambda w: " ".join(f"--{k.replace('_', '-')} {v}" for k, v in config["demo"].items()),
    message:
        "Rendering the demo corpus"
    shell:
        f"python {SCRIPTS}/render_demo.py" " --output {output.corpus} {params.options} --jobs {threads} > {log} 2>&1"


rule fetch_gtzan:
    input:
        catalogue=ours("data/catalogue/gtzan.csv"),
        code=code("fetch_gtzan.py"),
    output:
        report="results/gtzan/fetch.json",
    log:
        "results/gtzan/logs/fetch_gtzan.log",
    benchmark:
        "results/gtzan/benchmarks/fetch_gtzan.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(1000),
        runtime=at_least(240),
    params:
        mirrors=config["gtzan"]["mirrors"],
    message:
        "Getting GTZAN into data/raw/gtzan"
    shell:
        # where a copy lies on this machine is no parameter: every clip is compared with its md5
        f"python {SCRIPTS}/fetch_gtzan.py"
        " --output data/raw/gtzan --catalogue {input.catalogue} --report {output.report}"
        " --local local.yaml --mirrors {params.mirrors:q} 2> >(tee {log} >&2)"


# The files of a folder, by their contents (see genrebench.workflow.file_index): it runs where `check_indexes` in
# common.smk finds that they changed.
rule index_raw:
    input:
        {"demo": "data/raw/demo", "gtzan": "results/gtzan/fetch.json"}.get(DATASET, []),
    output:
        index=INDEX,
    log:
        f"{RESULTS}/logs/index_raw.log",
    benchmark:
        f"{RESULTS}/benchmarks/index_raw.tsv"
    localrule: True
    conda:
        "../envs/classical.yaml"
    params:
        folder=lambda w: RAW,
        kind="--dataset",  # what else lies there is no part of it
    message:
        "Indexing {params.folder}"
    shell:
        f"python {SCRIPTS}/index_raw.py" " {params.kind} --folder {params.folder:q} --index {output.index} > {log} 2>&1"


use rule index_raw as index_weights with:
    input:
        [],
    output:
        index=f"{pretrained.SEEN}/{{kind}}/{{entry}}-{{handle}}.json",
    log:
        f"{RESULTS}/logs/index_weights/{{kind}}/{{entry}}-{{handle}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/index_weights/{{kind}}/{{entry}}-{{handle}}.tsv"
    params:
        # from the output: where weights lie is nothing to be run again for
        folder=lambda w, output: weights_folder(output.index),
        kind="",
