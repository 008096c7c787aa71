#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# First-match equality through a direct hook, without iptables: at forward, then
# at prerouting with priority -450, where fragments are still fragments although
# the kernel puts them together at -400.  Topology: topo_loops in lib.sh.
#
# timeout: 180
# files: match.sh
# kernels: all
# short: SETS=300-1500,40-500
. "$(dirname "$0")/lib.sh"
. ./match.sh

match_setup
seed=$((SEED + 200))
for set in ${SETS//,/ }; do
	rules=${set%-*} packets=${set#*-}
	WHAT="hook at forward, $rules rules"
	match_load "$rules" "$seed" -o d0,d1
	must tqctl -n m hook add t family inet hook forward priority filter
	# Behind the hook, and only what is forwarded: the kernel's own MLD
	# reports are none of ours.
	for ipt in iptables-nft ip6tables-nft; do
		must in_ns m $ipt -t security -A FORWARD
	done
	match_run "$rules" "$packets" "$seed" -o d0,d1
	for v in 4 6; do
		ipt=iptables-nft
		[ $v = 6 ] && ipt=ip6tables-nft
		is "$(xt_count $ipt security FORWARD 1)" "$(fate $v pass none accept)" \
			"$WHAT: IPv$v packets that were not dropped"
		must in_ns m $ipt -t security -F FORWARD
	done
	must tqctl -n m hook del "$(hook_id t m)"
	match_unload
	seed=$((seed + 1))
done

# With the helper of conntrack that defragments, at -400, and everything thrown
# away behind it.
for ipt in iptables-nft ip6tables-nft; do
	must in_ns m $ipt -t raw -A PREROUTING
	must in_ns m $ipt -t raw -A PREROUTING -j DROP
	must in_ns m $ipt -t filter -A INPUT -m conntrack --ctstate NEW
done
for set in ${SETS##*,}; do
	rules=${set%-*} packets=${set#*-}
	WHAT="hook at prerouting before defragmentation, $rules rules"
	match_load "$rules" "$seed"
	must tqctl -n m hook add t family inet hook prerouting priority -450
	match_run "$rules" "$packets" "$seed"
	seen=$(($(xt_count iptables-nft raw PREROUTING 1) + $(xt_count ip6tables-nft raw PREROUTING 1)))
	alive=$(($(fate 4 pass none accept) + $(fate 6 pass none accept)))
	[ "$seen" -lt "$alive" ]
	ok $? "$WHAT: fragments that the table saw were gone at raw ($seen of $alive packets there)"
	must tqctl -n m hook del "$(hook_id t m)"
	match_unload
done
finish
