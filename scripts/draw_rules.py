"""Print the graph of the workflow's rules for Graphviz, the rules of all features and of all models as one each."""

import argparse
import re
from typing import Any

from genrebench.common import cli
from genrebench.workflow import dag


def draw_rules() -> None:
    """Print the graph (DOT) of the workflow in the working directory, on the demo corpus."""
    jobs, _ = dag.jobs({"all"}, {"dataset": "demo"})
    print("digraph rules {")
    print('  node [shape=box, style=rounded, color="#0072b2", fontsize=12]; edge [color="#777777"]; ranksep=0.3;')
    for one, other in sorted(edges(jobs)):
        print(f'  "{one}" -> "{other}";')
    print("}")


def edges(jobs: list[Any]) -> set[tuple[str, str]]:
    """Which rule's files which rule reads; of chains a -> b -> c the direct a -> c is left out."""
    maker = {str(path): phase(job) for job in jobs for path in job.output}
    found = {(maker[str(path)], phase(job)) for job in jobs for path in job.input if str(path) in maker}
    after: dict[str, set[str]] = {}
    for one, other in found:
        after.setdefault(one, set()).add(other)

    def reached(rule: str) -> set[str]:
        return {far for near in after.get(rule, ()) for far in {near} | reached(near)}

    return {(one, other) for one, other in found if not any(other in reached(b) for b in after[one] - {other})}


def phase(job: Any) -> str:
    """The name of a job's rule, that of a feature or a model replaced by a word for any."""
    return re.sub(r"^train_.*", "train_<model>", job.rule.name)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    cli.run(draw_rules, {})
