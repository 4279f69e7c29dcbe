# What has to be known before Snakemake itself reads params.yaml: that it may, and that somebody can work in this folder.

import sys
from pathlib import Path

ROOT = Path(str(workflow.current_basedir)).resolve().parent  # of this project; another workflow may run elsewhere
if str(ROOT / "scripts") not in sys.path:
    sys.path.insert(0, str(ROOT / "scripts"))
# Snakemake looks for loggers in the environment, and so has imported the library that is installed there. Where that is
# of another checkout, it is not that of these rules.
if not any(Path(place).is_relative_to(ROOT) for place in getattr(sys.modules.get("genrebench"), "__path__", [ROOT])):
    for name in [name for name in sys.modules if name.partition(".")[0] == "genrebench"]:
        del sys.modules[name]

from genrebench.common.cli import InputError
from genrebench.workflow import scheduler, settings_file


def stop(sentence):
    """End with a sentence for people instead of a traceback."""
    raise WorkflowError(sentence)


try:
    if workflow.is_main_process:
        scheduler.require_writable(".snakemake", scheduler.ALIVE)
    if not workflow.modifier.skip_configfile and Path("params.yaml").is_file():
        settings_file.read("params.yaml")
except InputError as error:
    stop(str(error))
