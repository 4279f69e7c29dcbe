#!/usr/bin/env bash
# A real Slurm cluster of one node, to test profiles/slurm on (Debian 12, root; no systemd, cgroups or database needed):
#   tests/slurm/one_node.sh start|stop|status
#
# Sizes may be larger than the real machine: nothing is pinned or reserved,
# Slurm only counts. Memory is polled every second; an overrun is killed.
#   ONE_NODE_CPUS=16 ONE_NODE_MEM_MB=131072 ONE_NODE_GPUS=1 tests/slurm/one_node.sh start
# Writes /etc/slurm/{slurm,gres}.conf (plugin job steps drop SLURM_CONF, so the
# configuration has to be in the default place) and keeps the rest in $DIR.
set -euo pipefail

CPUS=${ONE_NODE_CPUS:-$(nproc)}
MEM_MB=${ONE_NODE_MEM_MB:-$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)}
GPUS=${ONE_NODE_GPUS:-1}
DIR=/var/lib/genrebench-slurm
NODE=$(hostname -s)
MARK="# written by tests/slurm/one_node.sh"

die() { echo "one_node.sh: $*" >&2; exit 1; }
# is daemon $1 running? (compares the name too: a stale pid file may name any process)
up() { [ "$(cat "/proc/$(cat "$DIR/$1.pid" 2>/dev/null)/comm" 2>/dev/null)" = "$1" ]; }

install_packages() {
    type -P slurmctld slurmd sbatch munged >/dev/null && return # all four are there
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
}

write_config() {
    # never replace the configuration of a real cluster
    local file
    for file in /etc/slurm/{slurm,gres}.conf; do
        [ ! -e "$file" ] || grep -qF "$MARK" "$file" || die "$file exists, and is not of $0"
    done
    mkdir -p "$DIR/ctld" "$DIR/slurmd" /etc/slurm
    [ -s "$DIR/munge.key" ] || (umask 077; head -c 128 /dev/urandom >"$DIR/munge.key")

    local gres=""
    echo "$MARK" >/etc/slurm/gres.conf
    if [ "$GPUS" -gt 0 ]; then
        gres="Gres=gpu:$GPUS"
        # slurmd (for CUDA_VISIBLE_DEVICES) wants character devices ending in 0, 1, ...
        for ((i = 0; i < GPUS; i++)); do
            ln -sfn /dev/null "$DIR/gpu$i"
            echo "NodeName=$NODE Name=gpu File=$DIR/gpu$i" >>/etc/slurm/gres.conf
        done
    fi

    cat >/etc/slurm/slurm.conf <<CONF
$MARK
ClusterName=onenode
SlurmctldHost=$NODE(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/munge.socket
StateSaveLocation=$DIR/ctld
SlurmdSpoolDir=$DIR/slurmd
SlurmctldPidFile=$DIR/slurmctld.pid
SlurmdPidFile=$DIR/slurmd.pid
SlurmctldLogFile=$DIR/slurmctld.log
SlurmdLogFile=$DIR/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
# scheduling: count CPUs, memory and GPUs; react at once; refuse at submission
# what could never run (otherwise such a job, and Snakemake with it, waits forever)
EnforcePartLimits=ALL
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=5,bf_interval=5,batch_sched_delay=0
DefMemPerCPU=500
# no accounting database: finished jobs stay visible to squeue this long (s)
AccountingStorageType=accounting_storage/none
MinJobAge=3600
# without cgroups: poll memory every second, kill jobs over their request
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
# believe the sizes below, not the hardware
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=$CPUS RealMemory=$MEM_MB $gres State=UNKNOWN
PartitionName=cpu Nodes=$NODE Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=$NODE MaxTime=INFINITE State=UP
CONF
}

start() {
    status >/dev/null && { status; return; }
    install_packages
    write_config
    up munged || munged --force --socket="$DIR/munge.socket" --key-file="$DIR/munge.key" \
        --pid-file="$DIR/munged.pid" --log-file="$DIR/munged.log" --seed-file="$DIR/munged.seed"
    up slurmctld || slurmctld
    up slurmd || slurmd
    for _ in $(seq 100); do
        [ "$(sinfo -h -N -p cpu -o %T 2>/dev/null)" = idle ] && { status; return; }
        sleep 0.2
    done
    status || true
    die "node not idle after 20 s, see $DIR/*.log"
}

stop() {
    local d
    if up slurmctld; then
        squeue -h -o %A | sort -u | xargs -r scancel || true
        for _ in $(seq 50); do [ -z "$(squeue -h)" ] && break; sleep 0.2; done
    fi
    for d in slurmd slurmctld munged; do
        up $d || continue
        kill "$(cat "$DIR/$d.pid")"
        for _ in $(seq 100); do up $d || break; sleep 0.1; done
    done
    grep -qsF "$MARK" /etc/slurm/slurm.conf && rm -f /etc/slurm/slurm.conf /etc/slurm/gres.conf
    rm -rf "$DIR"
}

status() {
    local d rc=0
    for d in munged slurmctld slurmd; do
        if up $d; then echo "$d: up"; else echo "$d: down"; rc=1; fi
    done
    [ $rc = 1 ] || sinfo -o "%P %D %T cpus=%c mem=%m %G"
    return $rc
}

case ${1:-} in
    start | stop) [ "$(id -u)" = 0 ] || die "$1 needs root"; "$1" ;;
    status) status ;;
    *) die "usage: $0 start|stop|status" ;;
esac
