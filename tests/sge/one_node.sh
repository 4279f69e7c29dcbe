#!/usr/bin/env bash
# A Grid Engine of one node on this machine, for tests (Debian or Ubuntu, root; no systemd, database or NFS needed):
#
#   tests/sge/one_node.sh start|stop|status
#   . /var/lib/genrebench-sge/default/common/settings.sh    # then qsub, qstat, qacct
#
# It is Debian's Son of Grid Engine, unpacked into a folder of its own with a cell and ports of its own: no package is
# installed, and a Grid Engine that the machine may have is neither read nor changed; where there is none, a link to the
# folder's libraries stands in /usr/lib until `stop`. Sizes may exceed the machine, which only counts them:
#   ONE_NODE_SLOTS=16 ONE_NODE_MEM_MB=65536 ONE_NODE_GPUS=2 tests/sge/one_node.sh start
set -euo pipefail

SLOTS=${ONE_NODE_SLOTS:-8}
MEM_MB=${ONE_NODE_MEM_MB:-65536}
GPUS=${ONE_NODE_GPUS:-1}
DIR=/var/lib/genrebench-sge
ARCH=lx-amd64
NODE=$(hostname)
COMMON=$DIR/default/common

export SGE_ROOT=$DIR SGE_CELL=default SGE_QMASTER_PORT=16444 SGE_EXECD_PORT=16445 PATH=$DIR/bin/$ARCH:$PATH

die() {
    echo "one_node.sh: $*" >&2
    exit 1
}

# The process id of daemon $1, if it runs from this folder; a stale pid file may name any process.
pid_of() {
    local pid
    pid=$(cat "$DIR/spool/$1.pid" 2>/dev/null) || return 1
    [ "$(readlink "/proc/$pid/exe")" = "$DIR/bin/$ARCH/sge_$1" ] && echo "$pid"
}

unpack() {
    [ -e "$DIR/unpacked" ] && return
    [ "$(dpkg --print-architecture)" = amd64 ] || die "only for amd64"
    rm -rf "$DIR" # what was interrupted
    mkdir -p "$DIR/packages" "$DIR/bin" "$DIR/lib"
    apt-get -qq update
    (cd "$DIR/packages" && apt-get -qq -o APT::Sandbox::User=root download \
        gridengine-common gridengine-master gridengine-exec gridengine-client libhwloc15 libjemalloc2 libmunge2)
    for package in "$DIR"/packages/*.deb; do
        dpkg --extract "$package" "$DIR/packages/files"
    done
    # where the programs look for their libraries and for each other
    mv "$DIR/packages/files/usr/lib/gridengine" "$DIR/bin/$ARCH"
    mv "$DIR/packages/files/usr/lib/x86_64-linux-gnu" "$DIR/lib/$ARCH"
    mv "$DIR/bin/$ARCH"/libspool*.so "$DIR/lib/$ARCH/"
    mv "$DIR/packages/files/usr/share/gridengine/util" "$DIR/util"
    mv "$DIR/packages/files/usr/share/gridengine/default-configuration" "$DIR/configuration"
    rm -r "$DIR/packages"
    touch "$DIR/unpacked"
}

# The master looks for its libraries in one place only; where the packages are installed, they are there.
link_libraries() {
    [ -e /usr/lib/gridengine ] || ln -sfn "$DIR/lib/$ARCH" /usr/lib/gridengine
}

initialise() {
    rm -rf "$DIR/default" "$DIR/spool"
    link_libraries
    mkdir -p "$COMMON" "$DIR"/spool/{qmaster/job_scripts,execd,objects}
    echo "$NODE" >"$COMMON/act_qmaster"
    # The machine's own name is commonly that of a loopback address, which has other names too.
    echo "$NODE localhost" >"$COMMON/host_aliases"
    cat >"$COMMON/settings.sh" <<SETTINGS
export SGE_ROOT=$DIR SGE_CELL=default SGE_QMASTER_PORT=$SGE_QMASTER_PORT SGE_EXECD_PORT=$SGE_EXECD_PORT
export PATH=$DIR/bin/$ARCH:\$PATH
SETTINGS
    cat >"$COMMON/bootstrap" <<CONF
admin_user              root
default_domain          none
ignore_fqdn             true
spooling_method         classic
spooling_lib            libspoolc
spooling_params         $COMMON;$DIR/spool/objects
binary_path             $DIR/bin
qmaster_spool_dir       $DIR/spool/qmaster
security_mode           none
listener_threads        2
worker_threads          2
scheduler_threads       1
CONF
    # What the machine has free counts as well as what is taken: the sensor says what the node is declared to have.
    cat >"$DIR/spool/sensor.sh" <<SENSOR
#!/bin/sh
while read -r line && [ "\$line" != quit ]; do
    printf 'begin\n$NODE:mem_free:${MEM_MB}M\nend\n'
done
SENSOR
    chmod +x "$DIR/spool/sensor.sh"
    # Root may run jobs; what is finished is in the accounting at once.
    sed -e "s@^execd_spool_dir .*@execd_spool_dir $DIR/spool/execd@" -e 's/^\(min_[ug]id\) .*/\1 0/' \
        -e 's/^load_report_time .*/load_report_time 00:00:05/' \
        -e 's/flush_time=[0-9:]*/flush_time=00:00:01 accounting_flush_time=00:00:00/' \
        -e 's@^mailer .*@mailer /bin/true@' \
        -e "s@^load_sensor .*@load_sensor $DIR/spool/sensor.sh@" "$DIR/configuration" >"$DIR/spool/configuration"
    spoolinit classic libspoolc "$COMMON;$DIR/spool/objects" init >/dev/null
    spooldefaults.bin configuration "$DIR/spool/configuration" >/dev/null
    spooldefaults.bin complexes "$DIR/util/resources/centry" >/dev/null
    spooldefaults.bin usersets "$DIR/util/resources/usersets" >/dev/null
    spooldefaults.bin managers root >/dev/null
}

# One queue for everything, one parallel environment; memory counted per slot and GPUs per job, as on many clusters.
configure() {
    qconf -as "$NODE" >/dev/null
    qconf -ssconf | sed -E -e 's@^(schedule_interval) .*@\1 0:0:2@' -e 's@^(flush_(submit|finish)_sec) .*@\1 1@' \
        -e 's@^(job_load_adjustments) .*@\1 NONE@' >"$DIR/spool/scheduler"
    qconf -Msconf "$DIR/spool/scheduler" >/dev/null
    {
        qconf -sc | sed -E 's@^(mem_free +\S+ +MEMORY +<= +YES +)NO@\1YES@'
        echo "gpu gpu INT <= YES JOB 0 0"
    } >"$DIR/spool/complexes"
    qconf -Mc "$DIR/spool/complexes" >/dev/null
    qconf -se template | sed -E -e "/^(load_values|processors) /d" -e "s@^(hostname) .*@\1 $NODE@" \
        -e "s@^(complex_values) .*@\1 mem_free=${MEM_MB}M,gpu=$GPUS@" >"$DIR/spool/host"
    qconf -Ae "$DIR/spool/host" >/dev/null
    sed -E "s@^slots .*@slots $SLOTS@" "$DIR/util/resources/pe/smp" >"$DIR/spool/pe"
    qconf -Ap "$DIR/spool/pe" >/dev/null
    qconf -sq >"$DIR/spool/queue"
    sed -i -E -e 's@^(qname) .*@\1 all.q@' -e "s@^(hostlist) .*@\1 $NODE@" -e "s@^(slots) .*@\1 $SLOTS@" \
        -e 's@^(pe_list) .*@\1 smp@' -e 's@^(load_thresholds) .*@\1 NONE@' "$DIR/spool/queue"
    qconf -Aq "$DIR/spool/queue" >/dev/null
}

start() {
    status >/dev/null && { status; return; }
    stop
    unpack
    initialise
    SGE_QMASTER_PIDFILE=$DIR/spool/qmaster.pid sge_qmaster
    retry qconf -sss >/dev/null
    configure 2> >(grep -vE ' added | modified |^changed ' >&2)
    SGE_EXECD_PIDFILE=$DIR/spool/execd.pid sge_execd
    retry ready || die "the node is not ready; see $DIR/spool/*/messages"
    status
}

# Try a command for 20 seconds.
retry() {
    for _ in $(seq 100); do
        "$@" 2>/dev/null && return
        sleep 0.2
    done
    return 1
}

ready() {
    qstat -f -q all.q | grep -q "^all.q@.* $ARCH *$" # no load and no state "u": unknown, "a": alarm
}

stop() {
    local daemon pid
    if pid_of qmaster >/dev/null; then
        qdel -f -u '*' >/dev/null 2>&1 || true
        sleep 1
    fi
    for daemon in execd qmaster; do
        pid=$(pid_of "$daemon") || continue
        kill "$pid"
        retry gone "$daemon" || kill -KILL "$pid"
    done
    [ "$(readlink /usr/lib/gridengine)" = "$DIR/lib/$ARCH" ] && rm /usr/lib/gridengine
    rm -rf "$DIR/default" "$DIR/spool"
}

gone() {
    ! pid_of "$1" >/dev/null
}

status() {
    local daemon state=0
    for daemon in qmaster execd; do
        if pid_of "$daemon" >/dev/null; then
            echo "$daemon: up"
        else
            echo "$daemon: down"
            state=1
        fi
    done
    [ "$state" = 1 ] || qhost -F mem_free,gpu
    return "$state"
}

case ${1:-} in
start | stop)
    [ "$(id -u)" = 0 ] || die "$1 needs root"
    "$1"
    ;;
status) status ;;
*) die "usage: $0 start|stop|status" ;;
esac
