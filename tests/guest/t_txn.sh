#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Changes of a table are all or nothing, for those who ask and for packets:
# while both CPUs send, a table is replaced again and again by one of two sets of
# rules; every packet must have met exactly one whole set, never none, never a
# mixture; and a batch with one bad line changes nothing.
# Topology: topo_ab in lib.sh.
#
# timeout: 120
# kernels: all
# short: FLIPS=8 RULES=64 RATE=300
. "$(dirname "$0")/lib.sh"
: "${FLIPS=60}" "${RULES=500}" "${RATE=4000}"

load_module
topo_ab
must T queue add q ring 4M snaplen 64
must T table add t
must T hook add t family inet hook prerouting priority raw
must in_ns b iptables-nft -A INPUT -p udp -j DROP

# A set: rules for single ports in its own order of priorities, one for all
# ports before or behind them, so that any mixture shows.  The set's number is
# the handle's upper half.
make_set() { # NUMBER
	local i base=$(($1 << 32))
	echo "table flush t"
	for ((i = 0; i < RULES; i++)); do
		echo "rule add t handle $((base + i + 1)) prio $((100 + (i * 7 + $1 * 13) % 50)) proto udp dport $((2000 + i % 64)) queue q pass"
	done
	echo "rule add t handle $((base + RULES + 1)) prio $((200 * $1)) proto udp queue q pass"
}
make_set 1 >"$WORK/set1"
make_set 2 >"$WORK/set2"
must T -b "$WORK/set1"
dump() { T -j rule list t; T -j table show t; T -j queue show; T -j hook list; }

# A bad line last, one of each kind.
bad=(
	"rule add t handle $(((1 << 32) + 1)) prio 1 queue q pass|exist"
	"rule add t prio 1 queue nosuch pass|no such|queue"
	"rule del t handle 77777|no such|rule"
	"rule add nosuch prio 1 pass|no such|table"
)
for line in "${bad[@]}"; do
	dump >"$WORK/before"
	{
		for i in 1 2 3 4 5; do
			echo "rule add t handle $((7000 + i)) prio $i proto tcp dport $i queue q drop"
		done
		echo "rule del t handle $(((1 << 32) + 2))"
		echo "${line%%|*}"
	} >"$WORK/batch"
	refused "batch with a bad last line: ${line%%|*}" 1 "${line#*|}" T -b "$WORK/batch"
	dump >"$WORK/after"
	check "changed nothing" cmp "$WORK/before" "$WORK/after"
done
{ head -n 5 "$WORK/set2"; echo "rule add t prio x"; } >"$WORK/batch"
dump >"$WORK/before"
refused "batch with a line that is no command" 2 "$WORK/batch:6" T -b "$WORK/batch"
dump >"$WORK/after"
check "changed nothing" cmp "$WORK/before" "$WORK/after"

added=$(T -j rule add t handle 8001 prio 1 proto tcp pass)
is "$(json_num generation "$added")" "$(json_num generation "$(T -j table show t)")" \
	"the answer to a change has the generation that it made"
must T rule del t handle 8001

# Flips under traffic.
start b "$WORK/read" tqread -g "$(queue_dev q)"
reader=$STARTED
start a "$WORK/sent" tqgen -d "$MAC_B" -c 0,1 -T 1000 -b 8 -r "$RATE" va "udp 10.9.0.1:7 10.9.0.2:2000+"
sender=$STARTED
flips=0
for ((i = 0; i < FLIPS; i++)); do
	T -b "$WORK/set$((1 + (i + 1) % 2))" && flips=$((flips + 1))
done
is "$flips" "$FLIPS" "$FLIPS times another set"
stop "$sender"
kv "$WORK/sent"
sent=${KV[sent]-0}
counted() {
	local s
	s=$(T -j queue stats q)
	[ $(($(json_num records "$s") + $(json_num lost_total "$s"))) -ge "$1" ]
}
until_ok 60 counted "$sent"
stats=$(T -j queue stats q)
is "$(($(json_num records "$stats") + $(json_num lost_total "$stats")))" "$sent" \
	"every packet met a rule, whatever was being changed"
stop "$reader"
ok $? "each generation was of one set, and none came after a newer one"
grep '^#' "$WORK/read"
kv "$WORK/read"
at_least "${KV[generations]-0}" $((FLIPS / 4)) "generations that packets have met"
at_least "${KV[records]-0}" $((FLIPS * 2)) "records"
finish
