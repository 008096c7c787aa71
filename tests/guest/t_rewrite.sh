#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# TTL, hop limit and DSCP: as a receiving stack and a packet socket see them, with
# the offloads of veth on (CHECKSUM_PARTIAL, super-packets) and off, datagrams up
# to 4000 bytes and streams, IPv4 and IPv6; where packets are made, where they
# arrive, by hook and by target; and behind a tunnel whose checksum makes the
# kernel keep the sum of the whole packet (CHECKSUM_COMPLETE).  Topology: topo_ab
# in lib.sh.
#
# timeout: 150
# files: rewrite.py
# kernels: all
# short: OFFLOADS=on
. "$(dirname "$0")/lib.sh"
: "${OFFLOADS=on off}"

load_module
topo_ab
for ns in a b; do
	must tqctl -n $ns table add t
	must tqctl -n $ns -b - <<-END
		rule add t handle 1 dport 3001 ttl set 10
		rule add t handle 2 dport 3002 ttl inc 5
		rule add t handle 3 dport 3003 ttl dec 70
		rule add t handle 4 dport 3004 ttl inc 255
		rule add t handle 5 dport 3005 set-dscp 46
		rule add t handle 6 dport 3006 ttl dec 1 set-dscp 0
		rule add t handle 7 dport 3007 set-dscp 63 ttl set 255
	END
done
is "$(T rule list t | sed 's/^handle . prio 0 //' | tr '\n' ';')" \
	"dport 3001 ttl set 10 pass;dport 3002 ttl inc 5 pass;dport 3003 ttl dec 70 pass;dport 3004 ttl inc 255 pass;dport 3005 set-dscp 46 pass;dport 3006 ttl dec 1 set-dscp 0 pass;dport 3007 ttl set 255 set-dscp 63 pass;" \
	"told as it was said"

run() { # WHAT WHERE [B4 B6 DEVICE]
	python3 rewrite.py "$2" "${3-10.9.0.2}" "${4-fd09::2}" "${5-vb}" >"$WORK/run" 2>&1
	ok $? "$1: what arrives is as the rules say"
	comment <"$WORK/run"
	kv "$WORK/run"
	is "${KV[datagrams]-} ${KV[streams]-}" "64 16" "$1: all datagrams and streams"
}

for on in $OFFLOADS; do
	for end in "a va" "b vb"; do
		# shellcheck disable=SC2086 # two words
		set -- $end
		in_ns "$1" ethtool -K "$2" tx "$on" rx "$on" tso "$on" gso "$on" gro "$on" \
			>"$WORK/out" 2>&1 ||
			note "ethtool: $(<"$WORK/out")"
	done
	must tqctl -n a hook add t family inet hook output priority mangle
	run "made here, hook at output, offloads $on" a
	if [ "$on" = on ]; then
		at_least "${KV[big]}" 1 "super-packets"
		at_least "${KV[partial]}" 1 "checksums that were still to be made"
	else
		is "${KV[big]} ${KV[partial]}" "0 0" "no super-packet, no checksum still to be made"
		at_least "${KV[verified]}" 100 "transport checksums verified"
	fi
	must tqctl -n a hook del "$(hook_id t a)"
	must T hook add t family inet hook prerouting priority mangle
	run "arriving, hook at prerouting, offloads $on" b
	must T hook del "$(hook_id t)"
done
mapfile -t flavour < <(flavours)
f=${flavour[-1]}
for ipt in iptables-$f ip6tables-$f; do
	must in_ns b "$ipt" -t mangle -A INPUT -j TQUEUE --rule-table t
done
run "arriving, target at input, $f" b
for ipt in iptables-$f ip6tables-$f; do
	must in_ns b "$ipt" -t mangle -F INPUT
done

# Without its correction the next one would be "hw csum failure" in the log.
tunnel() { # NAMESPACE LOCAL REMOTE LAST
	ip -n "$1" link add gt type gre local "$2" remote "$3" csum &&
		ip -n "$1" addr add "10.7.0.$4/24" dev gt &&
		ip -n "$1" addr add "fd07::$4/64" dev gt nodad &&
		ip -n "$1" link set gt up
}
if tunnel a 10.9.0.1 10.9.0.2 1 2>"$WORK/out" && tunnel b 10.9.0.2 10.9.0.1 2 2>>"$WORK/out"; then
	in_ns a ethtool -K va tx off tso off gso off >"$WORK/out" 2>&1
	in_ns b ethtool -K vb rx off gro off >"$WORK/out" 2>&1
	must T hook add t family inet hook prerouting priority mangle
	run "behind a tunnel with a checksum" - 10.7.0.2 fd07::2 gt
	is "$(dmesg | grep -c 'csum failure')" 0 "the sum of the whole packet is right"
	at_least "$(rule_sum packets t)" 100 "and the rules were hit"
else
	skip "behind a tunnel with a checksum" "$(head -n1 "$WORK/out")"
fi
finish
