#!/bin/sh
# Run while an image is built: installs Python and what the lock file names, in the folder of this script. Its arguments
# are extras, as `make` knows them: gpu, speech.
set -eu
apt-get update
apt-get install --yes --no-install-recommends ca-certificates git make procps python3 python3-venv
rm -rf /var/lib/apt/lists/*
cd "$(dirname "$0")"
# Nobody can write to an image that is in use: modules are compiled now.
export PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1
make .venv/ready "$@"
