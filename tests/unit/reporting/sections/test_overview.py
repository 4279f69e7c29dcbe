from genrebench.reporting.sections import overview

ARTIST = {"unit": "clip", "separate": True, "shared": 0}
MIXED = {"unit": "clip", "separate": False, "shared": 0.75}
SEGMENTS = {"unit": "segment", "separate": False, "shared": 1.0}


def row(model: str, protocol: str, accuracy: float | None, half: float = 0.05) -> dict:
    low, high = (None, None) if accuracy is None else (accuracy - half, accuracy + half)
    return {"model": model, "protocol": protocol, "accuracy_mean": accuracy, "accuracy_low": low, "accuracy_high": high,
            "n_test": 30}  # fmt: skip


def test_the_best_model_of_the_artist_disjoint_split_is_quoted_beside_a_looser_split():
    rows = [row("cnn", "artist", 0.7), row("svm", "artist", 0.6), row("cnn", "stratified", 0.9)]
    best, _, other = overview.key_findings(rows, {"artist": ARTIST, "stratified": MIXED})
    assert all(text in best for text in ("cnn", "70.0%", "65.0 to 75.0", "30 test clips", "artist"))
    assert all(text in other for text in ("stratified", "75%", "90.0%", "20.0 points more", "do not overlap"))


def test_without_an_artist_disjoint_split_the_result_is_an_upper_bound():
    best, bound = overview.key_findings([row("cnn", "stratified", 0.9)], {"stratified": MIXED})
    assert "90.0%" in best
    assert "75%" in bound


def test_nothing_is_quoted_where_training_and_test_share_clips_or_nothing_is_available():
    for accuracy in (0.9, None):
        (sentence,) = overview.key_findings([row("cnn", "segment_random", accuracy)], {"segment_random": SEGMENTS})
        assert "%" not in sentence


def test_a_caveat_has_its_models_and_protocols():
    statuses = [
        {"model": "sgd", "protocol": "artist", "caveats": "slow; strange"},
        {"model": "cnn", "protocol": "stratified", "caveats": "strange"},
    ]
    assert overview.warnings(statuses) == [
        {"caveat": "slow", "models": ["sgd"], "protocols": ["artist"]},
        {"caveat": "strange", "models": ["cnn", "sgd"], "protocols": ["artist", "stratified"]},
    ]


def test_unavailable_runs_are_listed_by_reason():
    statuses = [
        {"model": model, "protocol": protocol, "status": "unavailable", "reason": "no weights"}
        for model, protocol in (("vgg16", "artist"), ("vgg16", "stratified"), ("hubert", "artist"))
    ]
    done = {"model": "cnn", "protocol": "artist", "status": "done", "reason": None}
    assert overview.unavailable([*statuses, done]) == [
        {"reason": "no weights", "models": ["hubert", "vgg16"], "protocols": ["artist", "stratified"], "runs": 3}
    ]
