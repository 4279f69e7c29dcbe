# Which files are usable clips, and what is known about them.


# A checkpoint: what depends on the manifest is chosen anew once it is made, and nothing runs where it stays the same.
# With `update` the former tables stay until their successors are there, and after a failure.
checkpoint build_manifest:
    input:
        index=lambda w: index(INDEX),
        catalogue=ours("data/catalogue/gtzan.csv"),
        code=code("build_manifest.py"),
    output:
        manifest=update(report(f"{RESULTS}/manifest.csv", caption="../report/manifest.rst", category="Data")),
        rejected=update(report(f"{RESULTS}/rejected.csv", caption="../report/rejected.rst", category="Data")),
        notes=update(report(f"{RESULTS}/notes.csv", caption="../report/notes.rst", category="Data")),
    log:
        f"{RESULTS}/logs/build_manifest.log",
    benchmark:
        f"{RESULTS}/benchmarks/build_manifest.tsv"
    conda:
        "../envs/classical.yaml"
    threads: 8
    resources:
        mem_mb=at_least(manifest_memory),
        runtime=at_least(120),
    params:
        folder=RAW,
        settings=lambda w: param("manifest"),
        sample_rate=lambda w: param("audio", "sample_rate"),
    message:
        "Checking the files of {params.folder}"
    shell:
        f"python {SCRIPTS}/build_manifest.py"
        " --dataset-dir {params.folder:q} --sample-rate {params.sample_rate}"
        " --settings {params.settings:q} --catalogue {input.catalogue} --jobs {threads}"
        " --manifest {output.manifest} --rejected {output.rejected} --notes {output.notes} 2> >(tee {log} >&2)"
