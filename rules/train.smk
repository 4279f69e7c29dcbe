# One rule per model, which also trains its variants; one job per model, split and seed.


rule train_model:
    input:
        manifest=f"{RESULTS}/manifest.csv",
        split=f"{RESULTS}/splits/{{protocol}}/{{split}}.csv",
        split_description=f"{RESULTS}/splits/{{protocol}}/{{split}}.json",
        features=lambda w: features_of_run(w, "json"),
        # the descriptions carry the caches' hashes, so that the caches need not be hashed for every job
        caches=lambda w: ancient(features_of_run(w, "npy")),
        weights=lambda w: weights_index("models", w.model),
        selection=selection_of_run,
        copies=copies_of_run,
        code=lambda w: model_code(w.model),
    output:
        status=f"{RESULTS}/runs/{{model}}/{{protocol}}/{{split}}/seed{{seed}}/status.json",
        config=f"{RESULTS}/runs/{{model}}/{{protocol}}/{{split}}/seed{{seed}}/config.json",
        history=f"{RESULTS}/runs/{{model}}/{{protocol}}/{{split}}/seed{{seed}}/history.csv",
        predictions=f"{RESULTS}/runs/{{model}}/{{protocol}}/{{split}}/seed{{seed}}/predictions.csv",
        model=directory(f"{RESULTS}/runs/{{model}}/{{protocol}}/{{split}}/seed{{seed}}/model"),
        cost=f"{RESULTS}/costs/{{model}}/{{protocol}}/{{split}}/seed{{seed}}.json",
    log:
        f"{RESULTS}/logs/train/{{model}}/{{protocol}}/{{split}}/seed{{seed}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{{model}}/{{protocol}}/{{split}}/seed{{seed}}.tsv"
    wildcard_constraints:
        model=NOTHING,  # each model has a rule of its own, below
    group:
        "model_{model}"
    conda:
        "../envs/classical.yaml"
    # for the scheduler; the script keeps to the parameter, whatever --cores leaves of this
    threads: config["compute"]["threads"]
    resources:
        mem_mb=at_least(training_memory),
        runtime=at_least(training_minutes),
    params:
        settings=lambda w: model_settings(w.model),
        compute=lambda w: compute_of(w.model),
        packages=lambda w: packages_of("speech" if is_speech(w.model) else None),
        checkpoints=f"{CACHE}/checkpoints/{{model}}/{{protocol}}/{{split}}/seed{{seed}}",
        folder=subpath(output.status, parent=True),
    message:
        "Training {wildcards.model} on {wildcards.protocol} {wildcards.split}, seed {wildcards.seed}"
    shell:
        f"python {SCRIPTS}/train_model.py"
        " --model {wildcards.model} --settings {params.settings:q}"
        " --compute {params.compute:q} --seed {wildcards.seed} --manifest {input.manifest} --split {input.split}"
        " --features {input.features} --selection {input.selection} --copies {input.copies} --checkpoints {params.checkpoints} --folder {params.folder} --cost {output.cost}"
        " > {log} 2>&1"


use rule train_model as train_logistic with:
    wildcard_constraints:
        model=and_variants_of("logistic"),


use rule train_model as train_sgd with:
    wildcard_constraints:
        model=and_variants_of("sgd"),


use rule train_model as train_random_forest with:
    wildcard_constraints:
        model=and_variants_of("random_forest"),


use rule train_model as train_random_forest_vggish with:
    wildcard_constraints:
        model=and_variants_of("random_forest_vggish"),


use rule train_model as train_random_forest_all with:
    wildcard_constraints:
        model=and_variants_of("random_forest_all"),


use rule train_model as train_logistic_cao with:
    wildcard_constraints:
        model=and_variants_of("logistic_cao"),


use rule train_model as train_sgd_cao with:
    wildcard_constraints:
        model=and_variants_of("sgd_cao"),


use rule train_model as train_random_forest_cao with:
    wildcard_constraints:
        model=and_variants_of("random_forest_cao"),


use rule train_model as train_logistic_tabular with:
    wildcard_constraints:
        model=and_variants_of("logistic_tabular"),


use rule train_model as train_random_forest_tabular with:
    wildcard_constraints:
        model=and_variants_of("random_forest_tabular"),


use rule train_model as train_svm_tabular with:
    wildcard_constraints:
        model=and_variants_of("svm_tabular"),


use rule train_model as train_linear_probe with:
    wildcard_constraints:
        model=and_variants_of("linear_probe"),


use rule train_model as train_linear_probe_vggish with:
    wildcard_constraints:
        model=and_variants_of("linear_probe_vggish"),


use rule train_model as train_linear_probe_hubert with:
    wildcard_constraints:
        model=and_variants_of("linear_probe_hubert"),


use rule train_model as train_svm_pooled with:
    wildcard_constraints:
        model=and_variants_of("svm_pooled"),


# A network is trained from its last checkpoint on, if it was interrupted.
use rule train_model as train_network with:
    group:
        "network_{model}"
    conda:
        "../envs/networks.yaml"
    resources:
        mem_mb=at_least(network_memory, model_of_job),
        runtime=1440,
        gpu=1,


use rule train_network as train_cnn with:
    wildcard_constraints:
        model=and_variants_of("cnn"),


use rule train_network as train_rnn with:
    wildcard_constraints:
        model=and_variants_of("rnn"),


use rule train_network as train_hybrid with:
    wildcard_constraints:
        model=and_variants_of("hybrid"),


use rule train_network as train_vgg16 with:
    wildcard_constraints:
        model=and_variants_of("vgg16"),
    resources:
        mem_mb=at_least(16000),  # 138 million weights, their gradients and moments, and large pictures
        runtime=1440,
        gpu=1,


use rule train_network as train_image_transfer with:
    wildcard_constraints:
        model=and_variants_of("image_transfer"),


use rule train_network as train_image_transfer_tuned with:
    wildcard_constraints:
        model=and_variants_of("image_transfer_tuned"),


use rule train_network as train_feature_cnn with:
    wildcard_constraints:
        model=and_variants_of("feature_cnn"),


use rule train_network as train_feature_lstm with:
    wildcard_constraints:
        model=and_variants_of("feature_lstm"),


use rule train_network as train_mel599_cnn with:
    wildcard_constraints:
        model=and_variants_of("mel599_cnn"),


use rule train_network as train_mel_lstm with:
    wildcard_constraints:
        model=and_variants_of("mel_lstm"),


use rule train_network as train_mel_lstm_segments with:
    wildcard_constraints:
        model=and_variants_of("mel_lstm_segments"),


use rule train_network as train_crnn_transformer with:
    wildcard_constraints:
        model=and_variants_of("crnn_transformer"),


# A speech transformer needs an extra.
use rule train_model as train_speech with:
    group:
        "network_{model}"
    conda:
        "../envs/speech.yaml"
    resources:
        mem_mb=at_least(8000),  # 95 million weights, their gradients and moments
        runtime=1440,
        gpu=1,


use rule train_speech as train_hubert with:
    wildcard_constraints:
        model=and_variants_of("hubert"),


use rule train_speech as train_wavlm with:
    wildcard_constraints:
        model=and_variants_of("wavlm"),


use rule train_speech as train_wav2vec2 with:
    wildcard_constraints:
        model=and_variants_of("wav2vec2"),


# `snakemake runs_logistic` trains all runs of one model
for model in CONFIGURED["models"]:

    rule:
        name:
            f"runs_{model}"
        input:
            all_runs(model, "status.json") if model in config["models"] else partial(refuse_model, model),
        localrule: True
        params:
            protocols=lambda w: param("protocols"),
            seeds=lambda w: param("seeds"),
