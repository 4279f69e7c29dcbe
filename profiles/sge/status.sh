#!/usr/bin/env bash
# Whether the job of this number is `running` (or waits), or ended in `success`, or `failed`.
set -euo pipefail

ended() {
    echo "$1"
    exit
}

for _ in $(seq 60); do
    for status in .snakemake/tmp.*/"$1".status; do # what the job wrote (see submit.py), once its host's writes are seen
        [ -s "$status" ] && { [ "$(cat "$status")" = 0 ] && ended success || ended failed; }
    done
    if found=$(qstat -j "$1" 2>&1); then
        # it could not be started, and waits for an operator
        grep -q '^error reason' <<<"$found" || ended running
        grep '^error reason' <<<"$found" >&2
        qdel "$1" >&2 || true
        ended failed
    fi
    grep -q 'do not exist' <<<"$found" || ended running # no answer: ask again later
    # Killed, by a limit or by somebody: it had no time to write anything, but the accounting knows, if it can be read.
    if account=$(qacct -j "$1" 2>/dev/null) && grep -q '^exit_status' <<<"$account"; then
        awk '$1 == "failed" && $2 || $1 == "exit_status" && $2 {bad = 1} END {exit !bad}' <<<"$account" || ended success
        echo "Job $1 did not end by itself (qacct -j $1):" >&2
        grep -E '^(failed|exit_status|ru_wallclock|maxvmem|category) ' <<<"$account" >&2
        ended failed
    fi
    sleep 1
done
ended failed
