# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What tests share that flood a queue of namespace b from both CPUs and account
# for every record.  They set N (packets from each CPU), WHAT (the case, for the
# lines of TAP) and QUEUES (how many queues each packet is copied to).

flood_setup() {
	load_module
	topo_ab
	NS=b
	must in_ns b iptables-nft -A INPUT -p udp --dport 2000:3999 -j DROP
}

# begin QUEUE...: queues (RING, SNAPLEN), a fresh table, three rules, each for a share of
# the packets, that copy to each of the QUEUEs
begin() {
	local q copies=
	for q; do
		must T queue add "$q" ring "${RING:-8K}" snaplen "${SNAPLEN:-100}"
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
