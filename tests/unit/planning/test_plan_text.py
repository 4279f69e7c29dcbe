"""The plan as text."""

from genrebench.planning import plan_text


def result(**changes):
    plain = {
        "dataset": "mine", "clips": 10, "audio_seconds": 40.0, "corpus_source": "a test", "models": ["sgd"],
        "protocols": ["artist"], "seeds": [0], "cores": 2, "jobs_in_all": 9, "jobs": 2, "core_seconds": 3.0,
        "longest_chain_seconds": 3.0, "wall_seconds": 3.0,
        "rules": [{"rule": "train_sgd", "jobs": 2, "core_seconds": 3.0, "source": "here"}],
        "memory": {"largest_mb": 1.0, "largest_rule": "train_sgd", "together_mb": 2.0, "machine_mb": 1000.0},
        "disk": {"new_mb": {"features": 5.0}, "total_mb": 5.0, "free_mb": 9.0, "used_mb": {"results/mine": 3.0},
                 "reflinks": False},
    }  # fmt: skip
    return plain | changes


def test_what_does_not_fit_is_said():
    assert plan_text.warnings(result()) == []
    disk = result()["disk"] | {"total_mb": 5000.0}
    assert "does not fit on the disk; 5.0 GB are missing" in plan_text.as_text(result(disk=disk))
    memory = result()["memory"] | {"together_mb": 2000.0}
    assert "more memory than this machine has" in plan_text.as_text(result(memory=memory))
    rules = [{"rule": "train_new", "jobs": 1, "core_seconds": None, "source": "never measured"}]
    assert "never measured: train_new" in plan_text.as_text(result(rules=rules))


def test_clips_made_much_longer_are_noted():
    assert "Note: too long" in plan_text.as_text(result(length_note="too long"))


def test_a_finished_result_says_so_and_what_it_takes():
    text = plan_text.as_text(result(jobs=0, rules=[]))
    assert text.startswith("Nothing to do") and "results/mine 3.0 MB" in text
