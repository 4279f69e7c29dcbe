"""`snakemake --sdm conda`, with a stand-in for conda that knows what Snakemake asks of it: no channels are needed."""

import os
import sys
from pathlib import Path

CONDA = """\
#!/bin/bash
set -eu
case "$*" in
  "info --json") echo '{{"conda_prefix": "{folder}", "platform": "linux-64"}}' ;;
  "--version") echo "conda 24.7.1" ;;
  "config --get channel_priority --json") echo '{{"get": {{"channel_priority": "strict"}}}}' ;;
  "env create "*)
    prefix=${{@: -1}}
    mkdir -p "$prefix/bin"
    printf '#!/bin/sh\\necho %s "$1" >> {folder}/calls\\nexec {python} "$@"\\n' "${{prefix##*/}}" > "$prefix/bin/python"
    chmod +x "$prefix/bin/python" ;;
  "clean "*) ;;
  *) echo "unexpected: conda $*" >&2; exit 2 ;;
esac
"""
# As conda does it: where an environment is active, the new one takes its place in PATH; else it comes first.
ACTIVATE = """\
if [ "${CONDA_SHLVL:-0}" -gt 0 ]; then
  PATH=":$PATH:"; PATH="${PATH/":$CONDA_PREFIX/bin:"/":$1/bin:"}"; PATH="${PATH#:}"; PATH="${PATH%:}"
else
  PATH="$1/bin:$PATH"
fi
export PATH CONDA_PREFIX="$1" CONDA_SHLVL=$((${CONDA_SHLVL:-0} + 1))
"""


def test_jobs_run_in_their_own_environment_also_where_another_is_active(tiny, tmp_path):
    project = tiny.copy(tmp_path / "project")
    conda = tmp_path / "conda"
    (conda / "bin").mkdir(parents=True)
    (conda / "bin/conda").write_text(CONDA.format(folder=conda, python=sys.executable))
    (conda / "bin/conda").chmod(0o755)
    (conda / "bin/activate").write_text(ACTIVATE)
    # conda's base is active, and the environment of Snakemake was activated after it
    path = f"{Path(sys.executable).parent}:{conda}/bin:{os.environ['PATH']}"
    active = {"PATH": path, "CONDA_SHLVL": "1", "CONDA_PREFIX": str(conda)}
    project.snakemake("results/demo/manifest.csv", "--sdm", "conda", env=active)
    calls = [line.split() for line in (conda / "calls").read_text().splitlines()]
    scripts = ["scripts/render_demo.py", "scripts/index_raw.py", "scripts/build_manifest.py"]
    assert [script for _, script in calls] == scripts
    (environment,) = {name for name, _ in calls}
    made = project.folder / f".snakemake/conda/{environment}.yaml"
    assert made.read_text() == (project.folder / "envs/classical.yaml").read_text()
