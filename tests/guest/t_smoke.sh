#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# From a packet to a capture file that tcpdump reads, by iptables and by a direct
# hook; each object made, shown and deleted once; the module loaded and unloaded.
# Topology: topo_ab in lib.sh.
#
# timeout: 90
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

autoload=$(cat /proc/sys/kernel/modprobe)
echo /bin/false >/proc/sys/kernel/modprobe
refused "without the module tqctl says so" 3 "module|modprobe" tqctl queue show
echo "$autoload" >/proc/sys/kernel/modprobe
check "the name of the netlink family loads the module" tqctl queue show
grep -q '^tqueue ' /proc/modules
ok $? "it is there"
check "version" tqctl version
# What fails for another reason is not said to be for want of the module.
for call in "sendto,sendmsg:error=ENOMEM" "recvfrom,recvmsg:error=ENOBUFS"; do
	refused "${call#*=} while it asks for the family" 1 "netlink socket: (cannot allocate|no buffer)" \
		strace -qq -o "$WORK/strace" -e inject="$call:when=1" tqctl queue show
done
topo_ab

check "queue add" T queue add q ring 64K snaplen 200
check "table add" T table add t
check "rule add" T rule add t prio 5 src 10.9.0.0/24 proto udp dport 2000-2010 queue q pass
check "rule add, IPv6" T rule add t prio 6 dst fd09::2 proto tcp queue q snaplen 80 pass
check "hook add" T hook add t family inet hook prerouting priority raw
for show in "queue show" "queue stats" "table show" "rule list t" "hook list"; do
	# shellcheck disable=SC2086 # words
	check "$show" T $show
	# shellcheck disable=SC2086
	T -j $show >"$WORK/json.${show// /_}"
done
check "all of it as JSON" python3 -c 'import json, sys
for name in sys.argv[1:]: json.load(open(name))' "$WORK"/json.*

dev=$(queue_dev q)
[ -c "$dev" ]
ok $? "$dev is there"
is "$(stat -c %a "$dev")" 660 "and nobody else may open it"

gen va -n 20 "udp 10.9.0.1:1000+ 10.9.0.2:2000 len=300" "tcp [fd09::1]:1 [fd09::2]:80" \
	"udp 10.9.0.1:1 10.9.0.2:1999" "icmp 10.9.0.1 10.9.0.2" >/dev/null
check "capture of 10 packets" timeout 60 tqctl -n b capture q -w "$WORK/hook.pcapng" -c 10
tcpdump -nr "$WORK/hook.pcapng" >"$WORK/hook.txt" 2>"$WORK/err"
ok $? "tcpdump reads it"
is "$(grep -c 'IP 10.9.0.1.* > 10.9.0.2.2000: UDP, length 300' "$WORK/hook.txt")" 5 "5 of UDP in it"
is "$(grep -c 'IP6 fd09::1.1 > fd09::2.80: Flags' "$WORK/hook.txt")" 5 "5 of TCP over IPv6 in it"
is "$(wc -l <"$WORK/hook.txt")" 10 "and nothing else"
is "$(rule_sum copies t)" 10 "the rules have chosen 10"

must T hook del "$(hook_id t)"
for f in nft legacy; do
	if [ $f = legacy ] && ! have_legacy; then
		skip "iptables-legacy" "this kernel has none"
		continue
	fi
	check "iptables-$f: match" in_ns b iptables-$f -A INPUT -m tqueue --rule-table t
	check "iptables-$f: target, queue" in_ns b iptables-$f -A INPUT -p icmp -j TQUEUE --queue q
	check "ip6tables-$f: target, table" in_ns b ip6tables-$f -A INPUT -j TQUEUE --rule-table t
	gen va -n 9 "udp 10.9.0.1:1 10.9.0.2:2005" "icmp 10.9.0.1 10.9.0.2" \
		"tcp [fd09::1]:1 [fd09::2]:80" >/dev/null
	check "capture of 9 packets" timeout 60 tqctl -n b capture q -w "$WORK/xt.pcapng" -c 9
	tcpdump -nr "$WORK/xt.pcapng" >"$WORK/xt.txt" 2>"$WORK/err"
	is "$(grep -c UDP "$WORK/xt.txt") $(grep -c 'ICMP echo request' "$WORK/xt.txt") $(grep -c IP6 "$WORK/xt.txt")" \
		"3 3 3" "3 by the match, 3 by the target, 3 by the table"
	refused "a table that iptables uses stays" 1 "in use|held" T table del t
	check "iptables-$f: -F" in_ns b iptables-$f -F
	check "ip6tables-$f: -F" in_ns b ip6tables-$f -F
done

check "flush" T queue flush q
check "message written" T queue write q "hello there"
check "message read" timeout 60 tqctl -n b queue read q -c 1
grep -q "hello there" "$WORK/out"
ok $? "and it is the one"
refused "a queue that a rule uses stays" 1 "rule|in use" T queue del q
check "rule del" T rule del t handle "$(json_num handle "$(T -j rule list t)")"
check "table flush" T table flush t
check "table del" until_ok 20 T table del t
check "queue del" until_ok 20 T queue del q
is "$(T queue show)$(T table show)$(T hook list)" "" "nothing is left"
ip netns del b
check "module unloads" until_ok 20 rmmod tqueue
! grep -q tqueue /proc/modules
ok $? "and is gone"
finish
