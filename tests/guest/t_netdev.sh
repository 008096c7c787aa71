#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Hooks of family netdev: what comes in by a device and what leaves by it, IPv4
# and IPv6; headers that are wrong, other protocols and VLAN tags; a device that
# goes, comes back, gets another name or another namespace.  Topology: topo_ab in
# lib.sh.
#
# timeout: 120
# kernels: all
# short: N=5
. "$(dirname "$0")/lib.sh"
: "${N=50}"

load_module
topo_ab
must T -b - <<-END
	queue add q ring 256K
	queue add s ring 256K
	table add t
	table add all
	rule add t handle 1 prio 1 proto udp dport 2001 drop
	rule add t handle 2 prio 1 proto udp dport 2002 queue q set-mark 0x5 ttl set 9 set-dscp 10 pass
	rule add t handle 3 prio 1 proto udp dport 2003 steal s
	rule add t handle 4 prio 1 proto udp dport 2005 next
	rule add t handle 5 prio 2 proto udp dport 2005 drop
	rule add all handle 1 drop
END
# Where the packets arrive: b if they come from a, a if they come from b.
arrivals() { # NAMESPACE DEVICE: counters, IPv4 then IPv6; then the packets end
	local port v
	{
		echo "table inet arrivals {"
		echo "chain c { type filter hook input priority -150;"
		for v in ip ip6; do
			for port in 1 2 3 4 5; do
				echo "iifname $2 meta nfproto ipv${v/ip6/6} udp dport 200$port counter"
			done
			echo "iifname $2 meta nfproto ipv${v/ip6/6} udp dport 2002 meta mark 0x5 counter"
			echo "iifname $2 $v dscp 10 udp dport 2002 counter"
		done
		echo "iifname $2 ip ttl 9 udp dport 2002 counter"
		echo "iifname $2 ip6 hoplimit 9 udp dport 2002 counter"
		echo "meta l4proto udp drop"
		echo "}"
		echo "}"
	} | sed 's/ipvip/ipv4/' >"$WORK/arrivals"
	must in_ns "$1" nft -f "$WORK/arrivals"
}
counts() { # NAMESPACE
	in_ns "$1" nft list chain inet arrivals c | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}
PORTS=()
for port in 1 2 3 4 5; do
	PORTS+=("udp 10.9.0.1:9 10.9.0.2:200$port" "udp [fd09::1]:9 [fd09::2]:200$port")
done
# see WHAT NAMESPACE WANT COMMAND...: each counter's share of N
see() {
	local what=$1 ns=$2 want=$3
	shift 3
	counts "$ns" >"$WORK/before"
	"$@" >/dev/null
	# IPv4, then IPv6, then TTL and hop limit: the last of WANT
	is "$(counts "$ns" | paste - "$WORK/before" | awk -v n="$N" '{
		d = $1 - $2; printf "%s ", d == n ? 1 : d == 0 ? 0 : d "?" }')" \
		"${want% *} ${want% *} ${want##* } ${want##* } " "$what"
}
send() { gen va -n $((10 * N)) "${PORTS[@]}"; }
active() { # ID: 1 or 0
	[[ $(T -j hook show "$1") =~ \"active\":[[:space:]]*true ]]
	echo $((1 - $?))
}

arrivals b vb
WITH="0 1 0 1 0 1 1 1" WITHOUT="1 1 1 1 1 0 0 0"

# ---- ingress
see "no hook: all ports arrive, unchanged" b "$WITHOUT" send
must T hook add t family netdev hook ingress priority 7 dev vb
H=$(hook_id t)
is "$(T hook show "$H")" "$H: t family netdev hook ingress priority filter+7 dev vb" \
	"told as it was said"
see "ingress: ports 2001 to 2005; of 2002 mark, DSCP, TTL" b "$WITH" send
timeout 60 tqread -i 300 "$(queue_dev q)" >"$WORK/read"
ok $? "records in order"
T -j queue read s -c 1 >"$WORK/rec"
check "the record names hook and device" grep -q '"hook": *"ingress"' "$WORK/rec"
is "$(json_num packets "$(T -j -s rule show t handle 4)") $(json_num packets "$(T -j -s rule show t handle 5)")" \
	"$((2 * N)) $((2 * N))" "next goes on behind the rule"
refused "the same again" 1 "already" T hook add t family netdev hook ingress priority 7 dev vb
refused "no device" 1 "device" T hook add t family netdev hook ingress
refused "a hook of another family" 1 "ingress and egress" T hook add t family netdev hook input dev vb
refused "a name that no device can have" 2 "not an interface" tqctl -n b hook add t family netdev hook ingress dev a/b

# ---- what is no sound IP header matches nothing, and passes
# Each has ports that rule 1 would drop; IPv4: ihl 4, version 5, more bytes than
# there are, fewer than the header has; then ports in the padding.
UDP=000907d100080000
IP4=00010000401100000a0900010a090002
IP6=fd090000000000000000000000000001fd090000000000000000000000000002
before=$(rule_sum packets t)
gen va -n 8 "raw 08004400001c$IP4$UDP" "raw 08005500001c$IP4$UDP" "raw 0800450000ff$IP4$UDP" \
	"raw 08004500000f$IP4$UDP" "raw 080045000014$IP4$UDP" \
	"raw 86dd6000000000ff1140$IP6$UDP" "raw 86dd5000000000081140$IP6$UDP" \
	"raw 86dd6000000000021140$IP6$UDP" >/dev/null
is "$(rule_sum packets t)" "$before" "headers that are wrong match no rule"
gen va -n 2 "raw 08004500001c$IP4$UDP" "raw 86dd6000000000081140$IP6$UDP" >/dev/null
is "$(rule_sum packets t)" $((before + 2)) "but the same ones put right do"

# Everything IP is dropped: who asks for an address gets it all the same.
must T hook set "$H" table all
must ip -n a neigh del 10.9.0.2 dev va
in_ns a ping -c 1 -W 1 10.9.0.2 >/dev/null
[[ $(ip -n a neigh show 10.9.0.2) == *"$MAC_B"* ]]
ok $? "ARP passes"
must ip -n a neigh replace 10.9.0.2 lladdr "$MAC_B" dev va nud permanent
must T hook set "$H" table t

# ---- VLAN: one tag is no obstacle and stays; a second one makes it no IP
if ip -n b link add link vb name vb5 type vlan id 5 2>"$WORK/out"; then
	ip -n b addr add 10.9.5.2/24 dev vb5
	ip -n b link set vb5 up
	must in_ns b nft -f - <<-END
		table inet tagged {
			chain c {
				type filter hook prerouting priority -300;
				iifname vb5 meta l4proto udp counter
				iifname vb5 ip dscp 10 ip ttl 9 counter
			}
		}
	END
	must T queue flush q
	gen va -n $((3 * N)) "udp 10.9.0.1:9 10.9.5.2:2001 vlan=5" "udp 10.9.0.1:9 10.9.5.2:2002 vlan=5" \
		"udp 10.9.0.1:9 10.9.5.2:2004 vlan=5" >/dev/null
	vlan=$(in_ns b nft list table inet tagged | sed -n 's/.*packets \([0-9]*\).*/\1/p' | tr '\n' ' ')
	is "$vlan" "$((2 * N)) $N " "VLAN: dropped, changed, left alone, with the tag"
	T -j queue read q -c 1 >"$WORK/rec"
	is "$(json_num vlan_tci "$(<"$WORK/rec")")" 5 "VLAN: the record has the tag"
	before=$(rule_sum packets t)
	gen va -n 1 "raw 810000058100000608004500001c$IP4$UDP" >/dev/null
	is "$(rule_sum packets t)" "$before" "VLAN: behind two tags nothing matches"
	must ip -n b link del vb5
else
	skip "VLAN" "$(<"$WORK/out")"
fi

# ---- the device: another name, another namespace, gone, back
start b "$WORK/events" tqctl monitor
monitor=$STARTED
until_ok 20 grep -q . "$WORK/events"
rename() { # FROM TO
	ip -n b link set "$1" down
	ip -n b link set "$1" name "$2"
	ip -n b link set "$2" up
	# what the device forgets while it is down
	ip -n b -batch - <<-END
		addr replace fd09::2/64 dev $2 nodad
		neigh replace 10.9.0.1 lladdr $MAC_A dev $2 nud permanent
		neigh replace fd09::1 lladdr $MAC_A dev $2 nud permanent
	END
}
rename vb vz
is "$(active "$H")" 0 "renamed: the hook is not active"
before=$(rule_sum packets t)
send >/dev/null
is "$(rule_sum packets t)" "$before" "renamed: no packet is seen"
ip -n b link add spare type dummy
ip -n b link set spare name vb
is "$(active "$H")" 1 "another device gets the name: the hook is there"
ip -n b link del vb
is "$(active "$H")" 0 "and goes with it"
rename vz vb
is "$(active "$H")" 1 "renamed back: active"
see "renamed back: packets are seen" b "$WITH" send
new_ns c
ip -n b link set vb netns c
is "$(active "$H")" 0 "in another namespace: not active"
ip -n c link set vb netns b
is "$(active "$H")" 1 "back: active"
ip -n a link del va
is "$(active "$H")" 0 "deleted: not active"
must T hook del "$H"
# A hook may wait for a device that was never there.
must T hook add t family netdev hook ingress dev vb
H=$(hook_id t)
is "$(active "$H")" 0 "without its device a hook waits"
ip -n a -batch - <<-END
	link add va address $MAC_A type veth peer name vb address $MAC_B netns b
	addr add 10.9.0.1/24 dev va
	addr add fd09::1/64 dev va nodad
	link set va up
	neigh replace 10.9.0.2 lladdr $MAC_B dev va nud permanent
	neigh replace fd09::2 lladdr $MAC_B dev va nud permanent
END
ip -n b -batch - <<-END
	addr add 10.9.0.2/24 dev vb
	addr add fd09::2/64 dev vb nodad
	link set vb up
	neigh replace 10.9.0.1 lladdr $MAC_A dev vb nud permanent
	neigh replace fd09::1 lladdr $MAC_A dev vb nud permanent
END
is "$(active "$H")" 1 "the device comes: active"
see "the device comes: packets are seen" b "$WITH" send
stop "$monitor"
at_least "$(grep -c "netdev hook ingress" "$WORK/events")" 8 "events tell of it"
must T hook del "$H"
see "no hook any more" b "$WITHOUT" send

# ---- egress: from b, as a sees it; frames past the stack, and by the stack
arrivals a va
if T hook add t family netdev hook egress dev vb >"$WORK/egress" 2>&1; then
	OUT=()
	# Only what is let through: to a packet socket the rest would be errors.
	for port in 2 4; do
		OUT+=("udp 10.9.0.2:9 10.9.0.1:200$port" "udp [fd09::2]:9 [fd09::1]:200$port")
	done
	# The mark stays behind with the sender.
	see "egress, frames: ports 2001 to 2005; of 2002 mark, DSCP, TTL" a "0 1 0 1 0 0 1 1" \
		in_ns b tqgen -d "$MAC_A" -n $((4 * N)) vb "${OUT[@]}"
	from_stack() {
		local i
		for ((i = 0; i < N; i++)); do
			echo "for p in 2001 2002 2003 2004 2005; do
				echo >/dev/udp/10.9.0.1/\$p; echo >/dev/udp/fd09::1/\$p; done 2>/dev/null"
		done >"$WORK/stack"
		in_ns b bash "$WORK/stack"
	}
	N=3 see "egress, made here" a "0 1 0 1 0 0 1 1" from_stack
	# Not flushed, that would leave a record of the loss.
	timeout 60 tqread -i 300 "$(queue_dev s)" >"$WORK/read"
	in_ns b bash -c 'echo >/dev/udp/10.9.0.1/2003'
	T -j queue read s -c 1 >"$WORK/rec"
	check "the record names the hook" grep -q '"hook": *"egress"' "$WORK/rec"
	# A hook that is there when its namespace ends is in t_netns.
else
	check "egress: refused in words" grep -q "no such hook" "$WORK/egress"
	is "$(T version | grep -cw egress)" 0 "and not among the features"
fi
finish
