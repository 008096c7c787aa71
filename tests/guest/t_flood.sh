#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Exact accounting under a flood from both CPUs into rings of two pages:
#
#	records read + records told lost = copies that the rules chose
#
# while one reader reads, while several do, with a reader killed half-way and
# another one taking over, and with nobody reading at all.  And a full queue
# never changes what becomes of a packet: all of them arrive.
# Topology: topo_ab in lib.sh.
#
# timeout: 120
# kernels: all
# short: N=4000
. "$(dirname "$0")/lib.sh"
: "${N=40000}"		# packets from each of the two CPUs

load_module
topo_ab
NS=b
must in_ns b iptables-nft -A INPUT -p udp --dport 2000:3999 -j DROP

# begin QUEUE...: a fresh table, three rules, each for a share of the packets,
# that copy to each of the QUEUEs
begin() {
	local q copies=
	for q; do
		must T queue add "$q" ring 8K snaplen 100
		copies+=" queue $q"
	done
	must T table add t
	must T -b - <<-END
		rule add t prio 1 proto udp dport 2000-2030 $copies pass
		rule add t prio 2 src 10.9.0.1 proto udp dport 2000-2050 $copies accept
		rule add t prio 3 proto udp dport 2000-2999 $copies pass
	END
	must T hook add t family inet hook prerouting priority raw
}

flood() { # sends from both CPUs; all packets must arrive
	local sent before arrived
	before=$(xt_count iptables-nft filter INPUT 1)
	kv <(gen va -c 0,1 -n "$N" "udp 10.9.0.1:7 10.9.0.2:2000+")
	sent=${KV[sent]}
	is "$sent" $((2 * N)) "$1: sent"
	until_ok 30 all_arrived $((before + sent))
	arrived=$(($(xt_count iptables-nft filter INPUT 1) - before))
	is "$arrived" "$sent" "$1: every packet arrived"
}
all_arrived() { [ "$(xt_count iptables-nft filter INPUT 1)" -ge "$1" ]; }

# A loss is told of by the next record of that CPU: one more packet from each,
# when the rings have been emptied.
last_words() {
	gen va -c 0 "udp 10.9.0.1:7 10.9.0.2:2000" >/dev/null
	gen va -c 1 "udp 10.9.0.1:7 10.9.0.2:2000" >/dev/null
}

# drain QUEUE LEDGER
drain() {
	in_ns b tqread -i 300 -l "$2" "$(queue_dev "$1")" >"$WORK/drained"
	ok $? "$WHAT: what was left is in order"
}

# balance QUEUE LEDGER...: the account of everything
balance() {
	local q=$1 stats copies
	shift
	kv <(tqread -m "$@")
	copies=$(rule_sum copies t)
	stats=$(T -j queue stats "$q")
	note "copies $copies, read ${KV[read]} + lost ${KV[lost]}, cpu0 ${KV[cpu0]-0} cpu1 ${KV[cpu1]-0}"
	is "$((KV[read] + KV[lost]))" "$((copies / QUEUES))" "$WHAT: read + lost = copies"
	is "${KV[missing]} ${KV[twice]}" "0 0" "$WHAT: no number of a ring is missing or there twice"
	is "$(json_num records "$stats") $(json_num lost_total "$stats")" "${KV[read]} ${KV[lost]}" \
		"$WHAT: the queue's own counters tell the same"
	[ "${KV[cpu0]-0}" -gt 0 ] && [ "${KV[cpu1]-0}" -gt 0 ]
	ok $? "$WHAT: both CPUs have taken part"
}

end() {
	must T hook del "$(hook_id t)"
	must T table flush t
	must until_ok 20 T table del t
	local q
	for q; do
		must until_ok 20 T queue del "$q"
	done
}

# reader LEDGER OPTION... DEVICE: in the background; STARTED is its process id
reader() {
	start b "$1.out" tqread -l "$@"
}

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
