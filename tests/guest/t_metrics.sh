#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tqctl metrics: OpenMetrics by a strict reader, the numbers those of the other
# commands; the file is replaced as a whole, also while it is read all the time.
# Topology: topo_ab in lib.sh.
#
# timeout: 90
# files: openmetrics.py
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short: WRITES=10
. "$(dirname "$0")/lib.sh"
: "${WRITES=40}"
om() { python3 ./openmetrics.py "$@"; }
value() { om value "$WORK/m" "$1"; }

check "the reader sees what is wrong" om selftest
load_module
topo_ab
T metrics >"$WORK/m"
check "of nothing: valid" om check "$WORK/m"

must T queue add q ring 8K
must T queue add Other-queue_1.x mode log ring 16K
must T table add t
must T table add empty
must T rule add t handle 7 prio 1 proto udp dport 2000 queue q drop
must T rule add t handle 9 prio 2 proto udp queue q sample 3 pass
must T hook add t family inet hook prerouting priority raw
must T hook add t family netdev hook ingress dev nosuch
gen va -n 200 "udp 10.9.0.1:1 10.9.0.2:2000" >/dev/null
# Each CPU has a sample of its own.
gen va -c 0 -n 30 "udp 10.9.0.1:1 10.9.0.2:2001" >/dev/null
counted() { [ "$(rule_sum packets t)" = 230 ]; }
until_ok 30 counted
T metrics --rules >"$WORK/m"
check "with rules: valid" om check "$WORK/m"
stats=$(T -j -s queue show q)
is "$(value 'tqueue_queue_records_total{queue="q"}')" "$(json_num records "$stats")" "records"
is "$(value 'tqueue_queue_lost_total{queue="q",cause="full"}')" "$(json_num full "$stats")" "lost: full"
at_least "$(value 'tqueue_queue_lost_total{queue="q",cause="full"}')" 1 "some are"
is "$(value 'tqueue_queue_lost_total{queue="q",cause="sampled_out"}')" 20 "lost: sampled out"
is "$(value 'tqueue_queue_records_total{queue="Other-queue_1.x"}')" 0 "another queue"
is "$(value 'tqueue_queue_ring_size_bytes{queue="q"}')" 8192 "ring size"
is "$(value 'tqueue_table_rules{table="t"}') $(value 'tqueue_table_rules{table="empty"}')" "2 0" "rules"
is "$(value 'tqueue_table_generation{table="t"}')" "$(json_num generation "$(T -j table show t)")" "generation"
is "$(value 'tqueue_rule_packets_total{table="t",handle="7"}')" 200 "packets of a rule"
is "$(value 'tqueue_rule_copies_total{table="t",handle="9"}')" 30 "copies of a rule"
is "$(grep -c '^tqueue_hook_active{.*device=""} 1$' "$WORK/m") $(grep -c '^tqueue_hook_active{.*device="nosuch"} 0$' "$WORK/m")" \
	"1 1" "hooks, one without its device"
is "$(value "tqueue_build{version=\"$(modinfo -F version tqueue)\"}")" 1 "version"
T metrics >"$WORK/m"
is "$(grep -c tqueue_rule_ "$WORK/m")" 0 "no rules unless asked for"

# As a whole, or not at all.
T metrics -w "$WORK/file.prom"
is "$(stat -c %a "$WORK/file.prom")" 644 "others can read the file"
(
	while [ ! -e "$WORK/stop" ]; do
		om check "$WORK/file.prom" || exit 1
	done
) >"$WORK/seen" 2>&1 &
reader=$!
n=0
for ((i = 0; i < WRITES; i++)); do
	T metrics -w "$WORK/file.prom" && n=$((n + 1))
done
touch "$WORK/stop"
wait $reader
is $? 0 "whoever reads the file meanwhile sees a whole one"
comment <"$WORK/seen"
is "$n $(compgen -G "$WORK/file.prom*")" "$WRITES $WORK/file.prom" "and nothing is left beside it"
refused "a folder that is not there" 1 "nosuch" T metrics -w "$WORK/nosuch/file.prom"
mkdir "$WORK/folder.prom"
refused "a folder of that name" 1 "folder.prom" T metrics -w "$WORK/folder.prom"
is "$(compgen -G "$WORK/folder.prom*")" "$WORK/folder.prom" "leaves nothing either"
refused "an unknown word" 2 '"--all"' T metrics --all
refused "no file" 2 "file" T metrics -w
check "to /dev/full: an error" sh -c '! tqctl -n b metrics >/dev/full'
finish
