"""The plan of a run as text for people."""

from typing import Any

from genrebench.common.formatting import megabytes, seconds


def as_text(result: dict[str, Any]) -> str:
    """The plan for people."""
    space = result["disk"]
    used = ", ".join(f"{folder} {megabytes(size)}" for folder, size in space["used_mb"].items() if size)
    in_use = f"In use    {used or 'nothing'}; {megabytes(space['free_mb'])} are free."
    if not result["jobs"]:
        return f"Nothing to do: all {result['jobs_in_all']} jobs for {result['dataset']} are up to date.\n{in_use}"
    lines = [
        f"{result['dataset']}: {result['clips']} clips"
        + (f", {seconds(result['audio_seconds'])} of audio" if result["audio_seconds"] else "")
        + f" (from {result['corpus_source']})",
        f"models {', '.join(result['models'])}; protocols {', '.join(result['protocols'])}; "
        f"seeds {', '.join(map(str, result['seeds']))}",
        "",
        f"{'rule':<30}{'jobs':>6}{'per job':>10}{'in all':>10}   measured on",
    ]
    for row in result["rules"]:
        total = row["core_seconds"]
        times = (
            f"{'?':>10}{'?':>10}"
            if total is None
            else f"{seconds(total / row['jobs']):>10}{seconds(total):>10}"
            if row["source"]
            else f"{'':>20}"
        )
        lines.append(f"{row['rule']:<30}{row['jobs']:>6}{times}   {row['source']}".rstrip())
    lines += [
        f"{'total':<30}{result['jobs']:>6}{'':>10}{seconds(result['core_seconds']):>10}   of one core",
        "",
        f"Time      about {seconds(result['wall_seconds'])} ({result['wall_seconds'] / 3600:.2f} h) on "
        f"{result['cores']} cores: the work spread evenly, not below the longest chain of jobs "
        f"({seconds(result['longest_chain_seconds'])}), and the scheduler's own time.",
        f"Memory    largest job {megabytes(result['memory']['largest_mb'])} "
        f"({result['memory']['largest_rule']}), at most {megabytes(result['memory']['together_mb'])} at a time "
        f"on {result['cores']} cores; the machine has {megabytes(result['memory']['machine_mb'])}.",
        f"Disk      {megabytes(space['total_mb'])} more, {megabytes(space['free_mb'])} are free:",
        *(f"            {what:<32}{megabytes(size):>10}" for what, size in space["new_mb"].items() if size),
    ]
    if space["reflinks"]:
        lines.append("            DVC's copies take no room: this file system makes them by reference.")
    return "\n".join([*lines, in_use, *warnings(result)])


def warnings(result: dict[str, Any]) -> list[str]:
    """What a person should know before starting."""
    found = [f"Note: {result['length_note']}"] if result.get("length_note") else []
    unknown = [row["rule"] for row in result["rules"] if row["core_seconds"] is None]
    if unknown:
        found.append(f"Not in the time, because it was never measured: {', '.join(unknown)}.")
    if result["memory"]["together_mb"] > result["memory"]["machine_mb"]:
        found.append(
            "Warning: the jobs could need more memory than this machine has; add "
            f"`--resources mem_mb={int(0.9 * result['memory']['machine_mb'])}` or use fewer cores."
        )
    missing = result["disk"]["total_mb"] - result["disk"]["free_mb"]
    if missing > 0:
        found.append(f"Warning: this does not fit on the disk; {megabytes(missing)} are missing.")
    return found
