"""Principal components of features that are joined frame by frame, fitted on training clips."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from genrebench.common import files
from genrebench.common.cli import InputError
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
        array: np.ndarray = np.empty((0,), np.float32)
    else:
        number = {clip["clip_id"]: i for i, clip in enumerate(files.read_rows(manifest))}
        trained = sorted(number[row["clip_id"]] for row in files.read_rows(split) if row["subset"] == "train")
        with threadpool_limits(threads):
            fitted = fit(caches, trained, components)
            array = transform(fitted, caches)
        found = describe(fitted, caches, array)
        share = sum(found["explained_variance"])
        count, width = len(found["explained_variance"]), found["values_per_frame"]
        print(f"{count} components of {width} values explain {share:.1%} of the variance")
    with files.atomic(values) as temporary:
        np.save(temporary, array)
    digest = hashlib.sha256(values.read_bytes()).hexdigest()
    files.write_json(description, {"feature": description.stem, "sha256": digest, **found})


def fit(features: Sequence[Feature], clips: Sequence[int], components: float) -> Pipeline:
    """The components of the frames of these clips (rows of the caches), all features side by side.

    Each value is standardised first, because features have units of their own. `components` is how many, or, below 1,
    the share of the variance that they are to explain at least (scikit-learn's `n_components`). The ends of clips that
    are padding are left out. Raises InputError for more components than there are values.
    """
    lengths = own_lengths(features)
    # of float32 the smallest components would be rounding errors
    frames = np.concatenate([joined(features, clip)[: lengths[clip]] for clip in clips], dtype=np.float64)
    if components >= 1 and components > min(frames.shape):
        raise InputError(
            f"params.yaml: ablation.pca is {components}, but {', '.join(f.name for f in features)} together have "
            f"{frames.shape[1]} values per frame: lower it."
        )
    # exact, as there are far more frames than values
    return make_pipeline(StandardScaler(), PCA(components, svd_solver="covariance_eigh")).fit(frames)


def joined(features: Sequence[Feature], clip: int) -> np.ndarray:
    """The frames of a clip (frames, values), all features side by side; the longer ones lose their last frame."""
    frames = _frames(features)
    return np.concatenate([np.asarray(f.values[clip])[..., :frames].reshape(-1, frames) for f in features]).T


def transform(fitted: Pipeline, features: Sequence[Feature]) -> np.ndarray:
    """The components of all clips, padding included: float32 (clips, components, frames)."""
    shape = len(features[0].values), fitted[-1].n_components_, _frames(features)
    out = np.empty(shape, np.float32)
    for clip in range(len(out)):
        out[clip] = fitted.transform(joined(features, clip)).T
    return out


def describe(fitted: Pipeline, features: Sequence[Feature], values: np.ndarray) -> dict[str, Any]:
    """The description of the cache, as that of any feature, and the share of variance of each component."""
    pca = fitted[-1]
    return {
        "available": True,
        "reason": None,
        "axes": ["component", "frame"],
        "unit": "principal component",
        "shape": list(values.shape),
        "lengths": own_lengths(features),
        "seconds": features[0].description["seconds"],
        "mean": float(values.mean(dtype=np.float64)),
        "std": float(values.std(dtype=np.float64)),
        "min": float(values.min()),
        "max": float(values.max()),
        "components_of": [feature.name for feature in features],
        "values_per_frame": pca.n_features_in_,
        "explained_variance": [round(float(share), 6) for share in pca.explained_variance_ratio_],
    }


def own_lengths(features: Sequence[Feature]) -> list[int]:
    """The frames of each clip that are not padding, of the feature that has the fewest."""
    whole = [_frames(features)] * len(features[0].values)
    lengths = [feature.description.get("lengths") or whole for feature in features]
    return [min(of_clip) for of_clip in zip(whole, *lengths, strict=True)]


def _frames(features: Sequence[Feature]) -> int:
    frames = [feature.values.shape[-1] for feature in features]
    if not all(feature.has_time for feature in features) or max(frames) - min(frames) > 1:
        listed = ", ".join(f"{feature.name} {feature.values.shape[1:]}" for feature in features)
        raise InputError(f"ablation.pca joins features frame by frame, and these do not fit ({listed}): leave it out")
    return min(frames)
