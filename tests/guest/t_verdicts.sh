#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What becomes of a packet: pass, accept, drop and set-mark, IPv4 and IPv6,
# through the target (both flavours) and a direct hook; a match never changes
# anything.  Topology: topo_ab in lib.sh.  Port 200N gets verdict N.
#
#   prerouting: mangle	the table (iptables), or mangle-1 (hook)
#   input:      mangle	counters by port and by mark, then all is thrown away
#
# timeout: 90
# kernels: all
# short: N=5
. "$(dirname "$0")/lib.sh"
: "${N=20}"

load_module
topo_ab
must T queue add q ring 256K
must T table add t
must T -b - <<-END
	rule add t handle 1 prio 1 proto udp dport 2001 queue q pass
	rule add t handle 2 prio 1 proto udp dport 2002 queue q accept
	rule add t handle 3 prio 1 proto udp dport 2003 queue q drop
	rule add t handle 4 prio 1 proto udp dport 2004 set-mark 0x5 queue q pass
	rule add t handle 5 prio 1 proto udp dport 2005 set-mark 0x70/0xf0 queue q accept
	rule add t handle 6 prio 1 proto udp dport 2006 drop
	rule add t handle 7 prio 2 proto udp dport 2007 pass
	rule add t handle 8 prio 3 proto udp dport 2007 drop
END

# Counters behind the table: of each port and whether its mark is the one.
MARKS=(0 0 0 0 0x5 0x70 0 0 0)
{
	echo "*mangle"
	echo ":count - [0:0]"
	for port in 1 2 3 4 5 6 7 8; do
		echo "-A count -p udp --dport 200$port -m mark --mark ${MARKS[port]}"
	done
	echo "-A INPUT -j count"
	echo "-A INPUT -p udp -j DROP"
	echo COMMIT
} >"$WORK/count"
must in_ns b iptables-nft-restore -n "$WORK/count"
must in_ns b ip6tables-nft-restore -n "$WORK/count"

# counts IPTABLES: packets of each counter, one a line
counts() { in_ns b "$1" -t mangle -nvxL count | awk 'NR > 2 { print $1 }'; }

# run WHAT FOLLOWS WANT RECORDS: N packets to each port.  -Z is no way to begin
# anew: iptables-nft 1.8.7 leaves the counters of rules as they are.
run() {
	local what=$1 want=$2 records=$3 v ipt got=() src dst port spec=()
	must T queue flush q
	for v in 4 6; do
		ipt=iptables-nft src=10.9.0.1 dst=10.9.0.2
		[ $v = 6 ] && ipt=ip6tables-nft src='[fd09::1]' dst='[fd09::2]'
		counts "$ipt" >"$WORK/before$v"
		for port in 1 2 3 4 5 6 7 8; do
			spec+=("udp $src:9 $dst:200$port")
		done
	done
	gen va -n $((16 * N)) "${spec[@]}" >/dev/null
	for v in 4 6; do
		ipt=iptables-nft
		[ $v = 6 ] && ipt=ip6tables-nft
		mapfile -t got < <(counts "$ipt" | paste - "$WORK/before$v" | awk -v n="$N" '{
			d = $1 - $2; print d == n ? 1 : d == 0 ? 0 : d "?" }')
		is "${got[*]}" "$want" "$what: IPv$v packets to port 2001 to 2008 that went on"
	done
	timeout 60 tqread -i 300 "$(queue_dev q)" >"$WORK/read"
	ok $? "$what: records in order"
	kv "$WORK/read"
	is "${KV[records]}" $((records * 2 * N)) "$what: copies"
}

must T hook add t family inet hook prerouting priority mangle-1
run "hook" "1 1 0 1 1 0 1 1" 5
must T hook del "$(hook_id t)"

for f in nft legacy; do
	if [ $f = legacy ] && ! have_legacy; then
		skip "target, iptables-legacy" "this kernel has none"
		continue
	fi
	for ipt in iptables-$f ip6tables-$f; do
		must in_ns b "$ipt" -t mangle -A PREROUTING -j TQUEUE --rule-table t
	done
	run "target, iptables-$f" "1 1 0 1 1 0 1 1" 5
	# What was passed goes on in this very chain, what was accepted does not.
	for ipt in iptables-$f ip6tables-$f; do
		must in_ns b "$ipt" -t mangle -A PREROUTING -p udp -j DROP
	done
	run "target, then drop, iptables-$f" "0 1 0 0 1 0 0 0" 5
	for ipt in iptables-$f ip6tables-$f; do
		must in_ns b "$ipt" -t mangle -F PREROUTING
		must in_ns b "$ipt" -t mangle -A PREROUTING -m tqueue --rule-table t -j ACCEPT
		must in_ns b "$ipt" -t mangle -A PREROUTING -p udp -j DROP
	done
	# A match carries out nothing: no mark is set (4 and 5 do not count), and
	# only verdicts other than pass are a match.
	run "match, iptables-$f" "0 1 1 0 0 1 0 0" 5
	for ipt in iptables-$f ip6tables-$f; do
		must in_ns b "$ipt" -t mangle -F PREROUTING
	done
done

is "$(T -j -s rule list t | grep -o '"handle":[0-9]*' | wc -l)" 8 "eight rules"
must T table flush t
check "table del" until_ok 20 T table del t
finish
