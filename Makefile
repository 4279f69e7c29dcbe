# `make demo` and `make test` need Python 3.11 and a package registry, nothing else.

PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/ready
APP := .venv/app
S3 := .venv/s3
# Compiled modules are kept: without them every job pays for the compilation of its imports.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup demo test test-long test-app test-s3 test-slurm test-sge bench lint gpu speech app s3 plan record
.PHONY: restore push dag envs lock

help: ## this list
	@grep -hE '^[a-z0-9.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# A mark of its own: the folder is there, and newer than the lock, also when the installation broke off.
$(READY): requirements.lock
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	[ ! -d scripts ] || VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

setup: $(READY) ## set up the environment, and nothing else

demo: $(READY) ## run the workflow on the dataset of params.yaml (the demo corpus) and say where the report is
	snakemake --cores all --quiet host reason
	@python scripts/show_result.py

test: $(READY) ## run the tests
	pytest -n 2 --dist worksteal --durations 8

test-long: $(READY) ## run the tests that take longer: dvc repro, kills; backends, those that are installed
	pytest -n 2 --dist worksteal -m long --durations 8

test-app: $(APP) ## test the page in a browser (needs Chromium)
	VIRTUAL_ENV=$(CURDIR)/.venv uv pip install --quiet --group browser --constraints requirements.lock
	pytest tests/app --durations 8

test-s3: $(S3) ## test the remote in S3 against a server on this machine
	VIRTUAL_ENV=$(CURDIR)/.venv uv pip install --quiet --group s3-server --constraints requirements.lock
	pytest tests/workflow/test_s3.py -m long --durations 8

test-slurm: demo ## test profiles/slurm on a Slurm cluster of one node, started for that (Debian, root)
	ONE_NODE_CPUS=8 ONE_NODE_MEM_MB=64000 tests/slurm/one_node.sh start
	pytest tests/slurm --durations 8 -rPs; code=$$?; tests/slurm/one_node.sh stop; exit $$code

test-sge: $(READY) ## test profiles/sge on a Grid Engine of one node, started for that (Debian, root)
	tests/sge/one_node.sh start
	. /var/lib/genrebench-sge/default/common/settings.sh; \
		pytest tests/sge --durations 8; code=$$?; tests/sge/one_node.sh stop; exit $$code

bench: $(READY) ## time the extraction of features against librosa, and training against plain Keras
	PYTHONPATH=tests python tests/bench/bench_extraction.py
	PYTHONPATH=tests python tests/bench/bench_training.py

lint: $(READY) ## check style and workflow
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	lint-imports
	hadolint containers/Dockerfile
	snakemake --lint

gpu: $(READY) ## install what TensorFlow needs for an NVIDIA GPU: the packages of CUDA, some GB
	python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-gpu.lock

speech: $(READY) ## install what the speech transformers need: PyTorch and Hugging Face's transformers
	python -m pip install --disable-pip-version-check --quiet $$(grep -o 'torch==[0-9.]*' pyproject.toml)
	python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-speech.lock
	[ ! -d scripts ] || python -c "from genrebench import extras; extras.update_notes()"

$(APP): requirements-app.lock $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-app.lock
	touch $@

app: $(APP) ## start a page, on this machine only, that says which genre a recording is
	@genrebench app

# Without dependencies: the lock has only what is not in requirements.lock, or in another version there.
$(S3): requirements-s3.lock $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-s3.lock
	touch $@

s3: $(S3) ## install what a remote in S3 needs

plan: $(READY) ## what would run: jobs, hours, memory, disk
	@genrebench plan

record: $(READY) ## record a direct Snakemake run in dvc.lock, if nothing is left to run
	@python scripts/record_run.py

restore: $(READY) ## after git checkout and dvc pull: tell Snakemake that what DVC has verified is up to date
	@python scripts/restore_run.py

push: $(READY) ## push the results to the remote; WITHOUT="audio features" leaves out what can be had again
	@python scripts/push_results.py --without $(WITHOUT)

dvc.yaml: $(READY) Snakefile rules/*.smk params.yaml $(wildcard scripts/*.py scripts/genrebench/*/*.py) ## generate the stages of DVC
	python scripts/write_dvc_yaml.py --output $@

dag: $(READY) ## draw the graph of the rules in docs/dag.svg (needs Graphviz)
	python scripts/draw_rules.py | dot -Tsvg -Nfontname=sans-serif -Gbgcolor=white > docs/dag.svg

envs: $(READY) ## write envs/*.yaml from requirements.lock
	python scripts/write_envs.py

lock: ## resolve pyproject.toml anew
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-annotate --custom-compile-command "make lock" --quiet --output-file requirements.lock
	sed -n 's/^speech = //p' pyproject.toml | grep -o '[a-z]*>=[0-9.]*' | uv pip compile - --constraints requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock" --quiet \
		--output-file requirements-speech.lock
	sed -n 's/^gpu = //p' pyproject.toml | grep -o 'tensorflow[^"]*' | uv pip compile - --constraints requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock" --quiet \
		--output-file requirements-gpu.lock
	sed -n 's/^app = //p' pyproject.toml | grep -o '[a-z]*>=[0-9.]*,<[0-9]*' | uv pip compile - --constraints requirements.lock \
		--constraints requirements-speech.lock --universal --python-version 3.11 --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --quiet --output-file requirements-app.lock
	# botocore wants an older python-dateutil, which all the others take as well
	sed '/^python-dateutil==/,/[^\\]$$/d' requirements.lock > .venv/constraints.lock
	sed -n 's/^s3 = //p' pyproject.toml | grep -o '[a-z0-9-]*>=[0-9.]*,<[0-9]*' \
		| uv pip compile - --constraints .venv/constraints.lock --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command "make lock" --quiet \
		| awk 'NR == FNR { had[$$0]; next } /^[a-z]/ { skip = $$0 in had } !skip' requirements.lock - > requirements-s3.lock
