"""Write the principal components of an ablation's features, fitted on the training clips: rule reduce_features."""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from genrebench.common import cli, files
from genrebench.training.data import Feature


def reduce_features(
    manifest: str, split: str, features: list[str], components: float, threads: int, values: Path, description: Path
) -> None:
    """Write `values` (float32 .npy: clips, components, frames) and its JSON `description`, a cache as any feature's.

    `features` are the JSON descriptions of the caches that are joined. Where the split or one of them is not available,
    the components are not either, with the reason.
    """
    described = files.read_json(Path(split).with_suffix(".json"))
    caches = [Feature.open(feature) for feature in features]
    reasons = [] if described["available"] else [described["reason"]]
    reasons += [f"{c.name} is missing: {c.description['reason']}" for c in caches if not c.description["available"]]
    if reasons:
        found: dict[str, Any] = {"available": False, "reason": "; ".join(reasons), "axes": ["component", "frame"]}
        array = np.empty((0,), np.float32)
    else:
        from genrebench.evaluation import pca

        number = {clip["clip_id"]: i for i, clip in enumerate(files.read_rows(manifest))}
        trained = sorted(number[row["clip_id"]] for row in files.read_rows(split) if row["subset"] == "train")
        with threadpool_limits(threads):
            fitted = pca.fit(caches, trained, components)
            array = pca.transform(fitted, caches)
        found = pca.describe(fitted, caches, array)
        share = sum(found["explained_variance"])
        print(f"{array.shape[1]} components of {found['values_per_frame']} values explain {share:.1%} of the variance")
    with files.atomic(values) as temporary:
        np.save(temporary, array)
    digest = hashlib.sha256(values.read_bytes()).hexdigest()
    files.write_json(description, {"feature": description.stem, "sha256": digest, **found})


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--split", required=True, help="CSV of the split, its JSON beside it")
    parser.add_argument("--features", required=True, nargs="+", help="JSON of each cache, its .npy beside it")
    parser.add_argument("--components", required=True, type=json.loads, help="how many, or a share of the variance")
    parser.add_argument("--threads", required=True, type=int, help="of BLAS")
    parser.add_argument("--values", required=True, type=Path, help=".npy to write")
    parser.add_argument("--description", required=True, type=Path, help=".json to write")
    return parser.parse_args()


if __name__ == "__main__":
    cli.run(reduce_features, vars(arguments()))
