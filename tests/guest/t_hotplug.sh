#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A CPU goes and comes back while both send: its records stay readable, it has a
# ring again afterwards (in a mapping too), nothing is lost uncounted.  A log whose ring
# size changes meanwhile, and while the CPU is away, keeps every record.
# Topology: topo_ab in lib.sh.
#
# timeout: 90
# kernels: all
# short: TIMES=2 N=500
. "$(dirname "$0")/lib.sh"
: "${TIMES=6}" "${N=3000}"

online=/sys/devices/system/cpu/cpu1/online
if [ ! -w $online ]; then
	skip "CPU hotplug" "this kernel or machine has none"
	finish
fi
load_module
topo_ab
must T queue add q ring 256K snaplen 80
must T table add t
must T rule add t prio 5 proto udp queue q pass
must T hook add t family inet hook prerouting priority raw
must in_ns b iptables-nft -A INPUT -p udp -j DROP

# A queue of a time when there was one CPU: the other gets its ring when it comes.
echo 0 >$online
must T queue add late ring 64K
must T queue add mapped ring 64K watermark 1
must T rule add t proto udp dport 2000 prio 1 queue late queue mapped queue q pass
start b "$WORK/mapped" tqread -M -n 50 "$(queue_dev mapped)"
mapped=$STARTED
is_mapped() { T queue show mapped | grep -q 'readers.*mapped'; }
check "a consumer has a queue mapped" until_ok 30 is_mapped
echo 1 >$online
check "the CPU is back" grep -qx 1 $online
before=$(json_num lost_total "$(T -j queue stats late)")
gen va -c 1 -n 50 "udp 10.9.0.1:7 10.9.0.2:2000" >/dev/null
timeout 60 tqread -i 300 "$(queue_dev late)" >"$WORK/late"
kv "$WORK/late"
is "${KV[records]} ${KV[cpu1]-0}" "50 50" "a queue made without the CPU has a ring for it now"
is "$(json_num lost_total "$(T -j queue stats late)")" "$before" "and has lost nothing"
wait $mapped
ok $? "the mapped one"
kv "$WORK/mapped"
is "${KV[records]} ${KV[cpu1]-0} ${KV[bad]}" "50 50 0" "shows the new ring to its consumer"

start b "$WORK/read" tqread -l "$WORK/ledger" -w poll "$(queue_dev q)"
reader=$STARTED
sent=50
for ((i = 0; i < TIMES; i++)); do
	# cpu1's records are in its ring when it goes.
	kv <(gen va -c 1 -n "$N" "udp 10.9.0.1:7 10.9.0.2:2001+")
	sent=$((sent + KV[sent]))
	start a "$WORK/sent" tqgen -d "$MAC_B" -n "$N" -r 5000 va "udp 10.9.0.1:7 10.9.0.2:2001+"
	echo 0 >$online || fail "offline"
	wait "$STARTED"
	kv "$WORK/sent"
	sent=$((sent + KV[sent]))
	start a "$WORK/sent" tqgen -d "$MAC_B" -n "$N" -r 5000 va "udp 10.9.0.1:7 10.9.0.2:2001+"
	echo 1 >$online || fail "online"
	wait "$STARTED"
	kv "$WORK/sent"
	sent=$((sent + KV[sent]))
done
is "$(rule_sum packets t)" "$sent" "every packet met a rule"
for cpu in 0 1; do
	gen va -c $cpu "udp 10.9.0.1:7 10.9.0.2:2001" >/dev/null
done
sent=$((sent + 2))
counted() {
	local s
	s=$(T -j queue stats q)
	[ $(($(json_num records "$s") + $(json_num lost_total "$s"))) = "$sent" ]
}
until_ok 30 counted
stats=$(T -j queue stats q)
is "$(($(json_num records "$stats") + $(json_num lost_total "$stats")))" "$sent" "records + lost = sent"
stop "$reader"
ok $? "all records in order"
timeout 60 tqread -i 300 -l "$WORK/ledger" "$(queue_dev q)" >"$WORK/rest"
# What was lost behind the last record is told by one more from each CPU.
for cpu in 0 1; do
	gen va -c $cpu "udp 10.9.0.1:7 10.9.0.2:2001" >/dev/null
done
timeout 60 tqread -i 300 -l "$WORK/ledger" "$(queue_dev q)" >"$WORK/rest"
kv <(tqread -m "$WORK/ledger")
is "$((KV[read] + KV[lost])) ${KV[missing]} ${KV[twice]}" "$((sent + 2)) 0 0" "read + told lost = sent"

# ---- a log, which has room for all of it, changes its size all the time ----
must T queue add l mode log ring 1M snaplen 80
must T rule add t proto udp dport 3000 prio 1 queue l pass
(
	for ((i = 0; ; i++)); do
		[ ! -e "$WORK/enough" ] || break
		T queue set l ring $((1 + i % 2))M >/dev/null || echo "$i" >>"$WORK/not"
	done
	echo "$i" >"$WORK/sizes"
) &
resizer=$!
sent=0 sent1=0
some() { # CPU
	kv <(gen va -c "$1" -n $((N / 4)) "udp 10.9.0.1:7 10.9.0.2:3000")
	sent=$((sent + KV[sent]))
	[ "$1" = 0 ] || sent1=$((sent1 + KV[sent]))
}
for ((i = 0; i < TIMES; i++)); do
	some 1
	echo 0 >$online || fail "offline"
	some 0
	echo 1 >$online || fail "online"
done
touch "$WORK/enough"
wait $resizer
[ ! -e "$WORK/not" ]
ok $? "a log changes its size while a CPU goes and comes"
at_least "$(<"$WORK/sizes")" "$TIMES" "times"
is "$(json_num lost_total "$(T -j queue stats l)")" 0 "it has lost nothing"
echo 0 >$online || fail "offline"
must T queue set l ring 4M
for when in "while the CPU is away" "when it is back"; do
	timeout 60 tqread -o -i 300 "$(queue_dev l)" >"$WORK/log"
	kv "$WORK/log"
	is "${KV[records]} ${KV[cpu1]-0} ${KV[bad]}" "$sent $sent1 0" "all of its records are there $when"
	echo 1 >$online || fail "online"
done
some 1
timeout 60 tqread -o -i 300 "$(queue_dev l)" >"$WORK/log"
kv "$WORK/log"
is "${KV[records]} ${KV[cpu1]-0} ${KV[bad]}" "$sent $sent1 0" "and new ones behind them"
finish
