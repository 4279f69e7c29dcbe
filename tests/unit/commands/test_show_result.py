from genrebench.evaluation.results import DONE, UNAVAILABLE
from show_result import unavailable


def test_each_reason_is_named_once_with_the_models_and_protocols_that_it_concerns():
    rows = [
        {"model": "b", "protocol": "artist", "status": UNAVAILABLE, "reason": "vggish is missing: no weights"},
        {"model": "a", "protocol": "kfold", "status": UNAVAILABLE, "reason": "vggish_pca is missing: no weights"},
        {"model": "c", "protocol": "kfold", "status": UNAVAILABLE, "reason": "too few artists"},
        {"model": "c", "protocol": "artist", "status": DONE, "reason": ""},
    ]
    assert unavailable(rows) == ["a, b (artist, kfold): no weights", "c (kfold): too few artists"]
