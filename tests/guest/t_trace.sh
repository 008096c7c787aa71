#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tracepoints: each hit, each record queued or lost and each commit is there once,
# with queue, table and rule, and agrees with the counters.
# Topology: topo_ab in lib.sh.
#
# timeout: 60
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

TRACE=/sys/kernel/tracing
load_module
topo_ab
mountpoint -q $TRACE || mount -t tracefs tracefs $TRACE 2>/dev/null
if [ ! -d $TRACE/events ]; then
	skip "tracepoints" "this kernel has no tracefs"
	finish
fi
is "$(cd $TRACE/events/tqueue && echo */ | tr -d /)" \
	"tqueue_record_lost tqueue_record_queued tqueue_rule_hit tqueue_table_commit" "the events that there are"
fields() { sed -n 's/^\tfield:[^;]* \([a-z_]*\)\(\[[0-9]*\]\)*;.*/\1/p' "$TRACE/events/tqueue/$1/format" | grep -v common_ | tr '\n' ' '; }
is "$(fields tqueue_rule_hit)" "table rule generation table_id prio verdict len " "fields of a hit, for perf and bpftrace"
is "$(fields tqueue_record_queued)" "queue table rule queue_id size " "of a record"
is "$(fields tqueue_record_lost)" "queue table rule queue_id cause " "of a loss"
is "$(fields tqueue_table_commit)" "table generation table_id rules " "of a commit"

# The sizes of an entry's fields, each right behind the one before, and pointers.
gaps() {
	sed -n 's/^\tfield:\([^;]*\);\toffset:\([0-9]*\);\tsize:\([0-9]*\);.*/\2 \3 \1/p' \
		$TRACE/events/tqueue/*/format | awk '
		$1 == 0 { end = 0 }
		$1 != end || /\*/ { print }
		{ end = $1 + $2 }
		END { if (NR < 20) print NR " fields" }'
}
is "$(gaps)" "" "no hole between fields, and no pointer"

# traced COMMAND...: with tracing on; what it said is in $WORK/trace
traced() {
	echo >$TRACE/trace
	echo 1 >$TRACE/events/tqueue/enable
	"$@"
	local status=$?
	echo 0 >$TRACE/events/tqueue/enable
	grep -v '^#' $TRACE/trace >"$WORK/trace"
	return $status
}
count() { grep -cE "$1" "$WORK/trace"; }
echo 1 >$TRACE/tracing_on
echo 4096 >$TRACE/buffer_size_kb

must T queue add q ring 8K
must T table add t
commit() { T rule add t handle 3 prio 5 proto udp dport 2001 queue q drop; }
traced commit
ok $? "a rule is added"
generation=$(json_num generation "$(T -j table show t)")
is "$(count "tqueue_table_commit: table=t generation=$generation rules=1\$")" 1 "its commit"
is "$(count .)" 1 "and nothing else"
must T rule add t handle 4 prio 6 proto udp dport 2002 queue q sample 5 pass
must T hook add t family inet hook prerouting priority raw
generation=$(json_num generation "$(T -j table show t)")

send() { # N PORT PACKETS: until so many have met the table in all
	gen va -n "$1" "udp 10.9.0.1:1 10.9.0.2:$2" >/dev/null
	local want=$3
	arrived() { [ "$(rule_sum packets t)" = "$want" ]; }
	until_ok 30 arrived
}
traced send 7 2001 7
ok $? "7 packets"
is "$(count "tqueue_rule_hit: table=t rule=3 prio=5 verdict=drop len=[0-9]+ generation=$generation\$")" 7 "their hits"
is "$(count "tqueue_record_queued: queue=q table=t rule=3 size=[0-9]+\$")" 7 "their records"
is "$(count .)" 14 "and nothing else"
traced send 10 2002 17
is "$(count "tqueue_rule_hit: table=t rule=4 ")" 10 "sampled: 10 hits"
queued=$(count "tqueue_record_queued: queue=q table=t rule=4 ")
lost=$(count "tqueue_record_lost: queue=q table=t rule=4 cause=sampled-out\$")
is $((queued + lost)) 10 "records and losses ($queued, $lost)"
at_least "$lost" 7 "most are left out"
traced send 400 2001 417
stats=$(T -j -s queue show q)
is "$(count "tqueue_record_lost: queue=q table=t rule=3 cause=full\$")" "$(json_num full "$stats")" "a full ring: each loss"
at_least "$(json_num full "$stats")" 1 "there are some"
is "$(count "tqueue_rule_hit:")" 400 "and each hit"

must T queue flush q
message() { T queue write q hello; }
traced message
is "$(count "tqueue_record_queued: queue=q table= rule=0 size=[0-9]+\$")" 1 "a message has no rule"

must T hook del "$(hook_id t)"
must in_ns b iptables-nft -A INPUT -m tqueue --rule-table t -j ACCEPT
traced send 3 2001 420
is "$(count "tqueue_rule_hit: table=t rule=3 prio=5 verdict=match ")" 3 "by a match"
must in_ns b iptables-nft -F INPUT

# Nobody looks: nothing is written.
echo >$TRACE/trace
must T rule del t handle 3
is "$(grep -vc '^#' $TRACE/trace)" 0 "off is off"
finish
