"""Draw the occlusion saliency of networks for a few test clips: rule draw_saliency."""

import argparse
import json
from pathlib import Path

from genrebench.common import cli
from genrebench.plots.saliency import study_saliency

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("manifest", "errors"):
        parser.add_argument(f"--{name}", type=Path, required=True, help=f"{name}.csv")
    parser.add_argument("--models", nargs="*", default=[], help="networks that read a spectrogram of whole clips")
    parser.add_argument("--settings", type=json.loads, required=True, help="section study.saliency as JSON")
    parser.add_argument("--evaluation", type=Path, required=True, help="folder of all models' evaluations")
    parser.add_argument("--runs", type=Path, required=True, help="folder of all models' runs")
    parser.add_argument("--features", type=Path, required=True, help="folder of the dataset's features")
    parser.add_argument("--plot", type=Path, required=True, help="PNG to write")
    parser.add_argument("--description", type=Path, required=True, help="JSON to write")
    cli.run(study_saliency, vars(parser.parse_args()))
