#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What demo/trace does in the guest.  Topology: topo_ab in lib.sh.
# shellcheck source=../guest/lib.sh
. "$(dirname "$0")/lib.sh"

W=/lent
mkdir -p $W
must tar -C $W -xzf trace.tar.gz
rm -f trace.tar.gz
mountpoint -q /sys/kernel/tracing || must mount -t tracefs tracefs /sys/kernel/tracing
mountpoint -q /sys/kernel/debug || must mount -t debugfs debugfs /sys/kernel/debug
mkdir -p $W/proc $W/dev $W/sys $W/tmp $W/root
for d in proc dev sys; do
	must mount --rbind /$d $W/$d
done

# The lines of the manual, without roff.
sed -n '/^\.Sh TRACING/,/^\.Sh IPTABLES/p' tqctl.8 | sed -n '/^\.Bd/,/^\.Ed/{/^\.[BE]d/!p}' >"$WORK/lines"
is "$(wc -l <"$WORK/lines")" 3 "the manual has three lines"
bpftrace=$(grep '^bpftrace' "$WORK/lines")
record=$(grep '^perf record' "$WORK/lines")
script=$(grep '^perf script' "$WORK/lines")

load_module
topo_ab
must T queue add q ring 8K
must T table add t
must T rule add t handle 3 prio 5 proto udp dport 2001 queue q drop
must T rule add t handle 4 prio 6 proto udp dport 2002 drop
must T hook add t family inet hook prerouting priority raw
send() { # N PORT PACKETS: until so many have met the table in all
	gen va -n "$1" "udp 10.9.0.1:1 10.9.0.2:$2" >/dev/null
	local want=$3
	arrived() { [ "$(rule_sum packets t)" = "$want" ]; }
	until_ok 30 arrived
}
# The shell that runs the line is in the chroot, too.
lent() { HOME=/root exec chroot $W /bin/sh -c "cd /tmp; exec $1"; }

# ---- bpftrace: until an interrupt, then it shows
note "$bpftrace"
(trap - INT; lent "$bpftrace") >"$WORK/bpf" 2>&1 &
pid=$!
attached() { [ "$(readlink "/proc/$pid/fd/"* | grep -c perf_event)" -gt 0 ] && grep -q '^State:.S' "/proc/$pid/status"; }
until_ok 120 attached
ok $? "bpftrace attaches"
send 7 2001 7
send 5 2002 12
kill -INT $pid
wait $pid
comment <"$WORK/bpf"
is "$(grep '^@' "$WORK/bpf" | sort | tr '\n' ';')" "@[t, 3]: 7;@[t, 4]: 5;" "and counts the hits of each rule"

# ---- perf
note "$record"
lent "$record" >"$WORK/perf" 2>&1 &
pid=$!
sleeping() { grep -qsx sleep /proc/[0-9]*/comm; }
until_ok 60 sleeping
ok $? "perf records"
send 400 2001 412
wait $pid
is $? 0 "until its sleep ends"
(lent "$script") >"$WORK/script" 2>"$WORK/err"
ok $? "$script"
head -n 3 "$WORK/script" | comment
comment <"$WORK/err"
lost=$(json_num full "$(T -j -s queue show q)")
at_least "$lost" 1 "some are lost"
# Not every perf knows the names of the causes.
is "$(grep -cE 'tqueue:tqueue_record_lost: queue=q table=t rule=3 cause=(full|0x1)$' "$WORK/script")" "$lost" \
	"and shows each of them"
finish
