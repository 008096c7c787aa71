#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Verdict nfqueue: with a listener that accepts, one that drops, and without one,
# with and without bypass; IPv4 and IPv6, through a hook and through the target.
# What comes back goes on at the next hook.  No such verdict at a netdev hook.
# Topology: topo_ab in lib.sh.
#
#   port 2001: nfqueue 7    port 2002: nfqueue 8 bypass    port 2003: no rule
#
# timeout: 90
# kernels: all
# short: N=5
. "$(dirname "$0")/lib.sh"
: "${N=50}"

load_module
topo_ab
must T queue add q ring 256K
must T table add t
must T table add u
must T -b - <<-END
	rule add t handle 1 proto udp dport 2001 queue q nfqueue 7
	rule add t handle 2 proto udp dport 2002 nfqueue 8 bypass
END
# Counters where the packets arrive, then all is thrown away.  The mark is the
# listener's.
{
	echo "*mangle"
	for port in 1 2 3; do
		echo "-A INPUT -p udp --dport 200$port"
	done
	echo "-A INPUT -p udp -m mark --mark 0x77"
	echo "-A INPUT -p udp -j DROP"
	echo COMMIT
} >"$WORK/count"
must in_ns b iptables-nft-restore -n "$WORK/count"
must in_ns b ip6tables-nft-restore -n "$WORK/count"

counts() { # IPTABLES: ports 2001 to 2003, marked
	in_ns b "$1" -t mangle -nvxL INPUT | awk 'NR > 2 && !/DROP/ { print $1 }'
}
since() { # what has arrived since $WORK/before*, IPv4 then IPv6
	local ipt
	for ipt in iptables-nft ip6tables-nft; do
		counts "$ipt" | paste - "$WORK/before-$ipt" | awk '{ printf "%d ", $1 - $2 }'
	done
}
arrived() { [ "$(since)" = "$1" ]; }

LISTEN=()
listen() { # NUMBER OPTION...: a listener in b
	local number=$1
	shift
	start b "$WORK/nfq$number" tqnfq "$@" "$number"
	LISTEN+=("$STARTED")
	until_ok 20 grep -q ready "$WORK/nfq$number" || bail "no listener: $(<"$WORK/nfq$number")"
}

# run WHAT WANT: N packets to each port, by IPv4 and IPv6; WANT as since says
run() {
	local what=$1 want=$2 ipt port spec=()
	for ipt in iptables-nft ip6tables-nft; do
		counts "$ipt" >"$WORK/before-$ipt"
	done
	for port in 2001 2002 2003; do
		spec+=("udp 10.9.0.1:9 10.9.0.2:$port" "udp [fd09::1]:9 [fd09::2]:$port")
	done
	gen va -n $((6 * N)) "${spec[@]}" >/dev/null
	until_ok 20 arrived "$want "
	is "$(since)" "$want " "$what: packets to 2001, 2002, 2003, marked; IPv4, IPv6"
}

heard() { # NUMBER WANT WHAT: ends the listeners at last
	kv "$WORK/nfq$1"
	is "${KV[packets]-} ${KV[hook0]-}" "$2 $2" "$3"
}

door() { # WHAT: all cases through the door that is open
	local pid
	LISTEN=()
	listen 7 -m 0x77
	listen 8
	run "$1, listeners that accept" "$N $N $N $N $N $N $N $N"
	for pid in "${LISTEN[@]}"; do stop "$pid"; done
	heard 7 $((2 * N)) "$1: the listener saw all of its packets, at prerouting"
	heard 8 $((2 * N)) "$1: so did the other one"
	LISTEN=()
	listen 7 -d
	run "$1, a listener that drops, and none with bypass" "0 $N $N 0 0 $N $N 0"
	for pid in "${LISTEN[@]}"; do stop "$pid"; done
	heard 7 $((2 * N)) "$1: the listener saw what it dropped"
	run "$1, no listener" "0 $N $N 0 0 $N $N 0"
}

must T hook add t family inet hook prerouting priority mangle-1
door hook
must T hook del "$(hook_id t)"
mapfile -t flavour < <(flavours)
for f in "${flavour[@]}"; do
	for ipt in iptables-$f ip6tables-$f; do
		must in_ns b "$ipt" -t mangle -A PREROUTING -j TQUEUE --rule-table t
		# The next hook, not the next rule: this one is never met.
		must in_ns b "$ipt" -t mangle -A PREROUTING -p udp --dport 2001 -j DROP
	done
	door "target, $f"
	for ipt in iptables-$f ip6tables-$f; do
		must in_ns b "$ipt" -t mangle -F PREROUTING
	done
done

# At a device nobody could take the packet back.
refused "a netdev hook for a table with nfqueue" 1 "nfqueue" \
	T hook add t family netdev hook ingress dev vb
must T hook add u family netdev hook ingress dev vb
refused "nfqueue in a table at a netdev hook" 1 "nfqueue" T rule add u proto udp nfqueue 7
refused "that hook to a table with nfqueue" 1 "nfqueue" T hook set "$(hook_id u)" table t
must T rule del t handle 1
refused "one such rule is enough" 1 "nfqueue" T hook set "$(hook_id u)" table t
must T rule replace t handle 2 proto udp dport 2002 drop
check "a table without such rules" T hook set "$(hook_id u)" table t
refused "and it must stay so" 1 "nfqueue" T rule replace t handle 2 proto udp nfqueue 7
must T hook del "$(hook_id t)"
check "at no hook, nfqueue again" T rule replace t handle 2 proto udp nfqueue 7 bypass
is "$(T rule list t)" "handle 2 prio 0 proto udp nfqueue 7 bypass" "told as it was said"
finish
