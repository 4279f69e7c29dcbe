# Who trains, who chooses, who is tested: one file per protocol and split.


rule make_split:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        catalogue=ours("data/catalogue/gtzan.csv"),
        canonical=ours("data/splits/gtzan.csv"),
        file=lambda w: config["protocols"][w.protocol].get("file", []),
        code=code("make_split.py"),
    output:
        csv=f"{RESULTS}/splits/{{protocol}}/{{split}}.csv",
        json=report(f"{RESULTS}/splits/{{protocol}}/{{split}}.json", caption="../report/split.rst", category="Splits"),
    log:
        f"{RESULTS}/logs/make_split/{{protocol}}/{{split}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/make_split/{{protocol}}/{{split}}.tsv"
    conda:
        "../envs/classical.yaml"
    resources:
        mem_mb=at_least(700),
        runtime=at_least(10),
    params:
        dataset=DATASET,
        settings=lambda w: split_settings(w.protocol),
        duration=lambda w: split_duration(w.protocol),
    message:
        "Splitting: {wildcards.protocol}, {wildcards.split}"
    shell:
        f"python {SCRIPTS}/make_split.py"
        " --manifest {input.manifest} --protocol {wildcards.protocol}"
        " --split {wildcards.split} --settings {params.settings:q} --dataset {params.dataset:q}"
        " --duration {params.duration:q} --canonical {input.canonical} --catalogue {input.catalogue}"
        " --csv {output.csv} --json {output.json} > {log} 2>&1"


rule splits:
    input:
        all_splits("csv"),
    localrule: True
    params:
        protocols=lambda w: param("protocols"),
