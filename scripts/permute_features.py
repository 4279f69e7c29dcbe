"""Permutation importance of each feature for a model trained on all of them: rule permute_features."""

import argparse
import hashlib
import importlib
import json
import shutil
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from genrebench.common import cli, files
from genrebench.training import backend
from genrebench.training.data import Data, Feature
from genrebench.workflow import code_closure


def permute_features(
    model: str,
    settings: dict[str, Any],
    compute: dict[str, Any],
    seed: int,
    repeats: int,
    manifest: str,
    split: str,
    features: list[str],
    status: Path,
    checkpoints: Path,
    output: Path,
) -> None:
    """Write the `output` JSON: the accuracy in validation, and by feature what each of `repeats` permutations loses.

    The model is trained as for the variant `all`, of which `status` says whether it could be run: the same settings and
    seed make the same model. It never predicts a test clip.
    """
    known = files.read_json(status)
    if known["status"] != "done":
        files.write_json(output, {"available": False, "reason": known["reason"], "loss": {}})
        return
    from genrebench.evaluation import permutation

    name = settings.get("module", model)
    caches = [Feature.open(feature) for feature in features]
    clips = files.read_rows(manifest)
    data = Data.of_split(clips, files.read_rows(split), caches, settings.get("segments"), settings.get("cut"))
    if "backend" in compute:
        backend.choose(compute)
    code = code_closure.closure("scripts/permute_features.py", f"scripts/genrebench/models/{name}.py")
    state = code_closure.digest([manifest, split, *code])
    key = f"{model} {settings} {compute} {seed} {[cache.description['sha256'] for cache in caches]} {state}"
    with threadpool_limits(compute["threads"]):
        fitted = importlib.import_module(f"genrebench.models.{name}").build(data, settings, seed, compute)
        fitted.fit(checkpoints, hashlib.sha256(key.encode()).hexdigest())
        accuracy, loss = permutation.importance(fitted, [cache.name for cache in caches], repeats, seed)
    found = {feature: [round(value, 9) for value in values] for feature, values in loss.items()}
    files.write_json(output, {"available": True, "reason": None, "valid_accuracy": round(accuracy, 9), "loss": found})
    shutil.rmtree(checkpoints, ignore_errors=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="an entry of `ablation.models` in params.yaml")
    parser.add_argument("--settings", required=True, type=json.loads, help="its settings as JSON")
    parser.add_argument("--compute", required=True, type=json.loads, help="section `compute` as JSON")
    parser.add_argument("--seed", required=True, type=int, help="of the training, and of the permutations")
    parser.add_argument("--repeats", required=True, type=int, help="permutations of each feature")
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--split", required=True, help="CSV of the split, its JSON beside it")
    parser.add_argument("--features", required=True, nargs="+", help="JSON of each cache, its .npy beside it")
    parser.add_argument("--status", required=True, type=Path, help="status.json of the run on all features")
    parser.add_argument("--checkpoints", required=True, type=Path, help="where an interrupted training is kept")
    parser.add_argument("--output", required=True, type=Path, help="JSON to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(permute_features, vars(arguments()))
