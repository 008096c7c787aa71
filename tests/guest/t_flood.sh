#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Exact accounting under a flood from both CPUs into rings of two pages:
#
#	records read + records told lost = copies that the rules chose
#
# while one reader reads or has it mapped, while several do, with a reader killed half-way and
# another one taking over, and with nobody reading at all.  And a full queue
# never changes what becomes of a packet: all of them arrive.
# Topology: topo_ab in lib.sh.
#
# timeout: 120
# files: flood.sh
# kernels: all
# short: N=4000
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flood.sh"
: "${N=40000}"		# packets from each of the two CPUs

flood_setup

WHAT="nobody reads" QUEUES=1
begin q
flood "$WHAT"
drain q "$WORK/l1"
last_words
drain q "$WORK/l1"
balance q "$WORK/l1"
at_least "${KV[lost]}" 1 "$WHAT: records were lost"
end q

WHAT="one reader"
begin q
reader "$WORK/l2" -w poll "$(queue_dev q)"
flood "$WHAT"
stop "$STARTED"
ok $? "$WHAT: all records in order"
drain q "$WORK/l2"
last_words
drain q "$WORK/l2"
balance q "$WORK/l2"
end q

WHAT="one that has it mapped"
begin q
reader "$WORK/l7" -M -w enough "$(queue_dev q)"
flood "$WHAT"
stop "$STARTED"
ok $? "$WHAT: all records in order"
reader "$WORK/l7b" -M -w epoll "$(queue_dev q)"
flood "$WHAT, by epoll"
stop "$STARTED"
ok $? "$WHAT: all records in order"
drain q "$WORK/l7b"
last_words
drain q "$WORK/l7b"
balance q "$WORK/l7" "$WORK/l7b"
end q

WHAT="a reader killed half-way"
begin q
reader "$WORK/l3" -k $((N * 3)) "$(queue_dev q)"
first=$STARTED
flood "$WHAT" >"$WORK/flood.tap" &
flooding=$!
wait "$first"
ok $? "$WHAT: the first was killed in the middle"
reader "$WORK/l3b" -w epoll "$(queue_dev q)"
wait $flooding
! grep '^not ok' "$WORK/flood.tap"
ok $? "$WHAT: every packet arrived"
stop "$STARTED"
ok $? "$WHAT: the second took over"
drain q "$WORK/l3b"
last_words
drain q "$WORK/l3b"
balance q "$WORK/l3" "$WORK/l3b"
end q

WHAT="three readers, two queues" QUEUES=2
begin q r
reader "$WORK/l4" -t 3 "$(queue_dev q)"
first=$STARTED
reader "$WORK/l5" -b 2048 "$(queue_dev r)"
flood "$WHAT"
stop "$first"
ok $? "$WHAT: three readers, each in order"
stop "$STARTED"
ok $? "$WHAT: one reader with a small buffer, in order"
for q in q r; do
	l=$WORK/l4
	[ $q = r ] && l=$WORK/l5
	drain $q "$l"
done
last_words
for q in q r; do
	l=$WORK/l4
	[ $q = r ] && l=$WORK/l5
	drain $q "$l"
	balance $q "$l"
done
end q r

WHAT="flushed while it fills" QUEUES=1
begin q
flood "$WHAT" >"$WORK/flood.tap" &
flooding=$!
flushes=0
while kill -0 $flooding 2>/dev/null; do
	T queue flush q && flushes=$((flushes + 1))
done
wait $flooding
! grep '^not ok' "$WORK/flood.tap"
ok $? "$WHAT: every packet arrived"
at_least "$flushes" 1 "$WHAT: flushed"
drain q "$WORK/l6"
last_words
drain q "$WORK/l6"
stats=$(T -j queue stats q)
kv <(tqread -m "$WORK/l6")
copies=$(rule_sum copies t)
flushed=$(json_num flushed "$stats")
note "copies $copies, read ${KV[read]}, told lost ${KV[lost]}, flushed $flushed"
is "$(($(json_num records "$stats") + $(json_num lost_total "$stats")))" "$copies" \
	"$WHAT: records + lost = copies"
is "$(($(json_num records "$stats") - flushed))" "${KV[read]}" "$WHAT: records - flushed = read"
is "$((KV[read] + KV[lost])) ${KV[missing]} ${KV[twice]}" "$copies 0 0" \
	"$WHAT: and the reader has been told of all"
end q
finish
