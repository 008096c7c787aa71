#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# First-match equality through "-m tqueue", in the FORWARD chain, where both
# interfaces are known, and what iptables makes of it: the match is true when
# the winning rule's verdict is not "pass".  Topology: topo_loops in lib.sh.
#
# timeout: 180
# files: match.sh
# kernels: all
# short: SETS=300-1500,40-500
. "$(dirname "$0")/lib.sh"
. ./match.sh

match_setup
seed=$SEED
mapfile -t flavour < <(flavours)
for set in ${SETS//,/ }; do
	rules=${set%-*} packets=${set#*-}
	f=${flavour[seed % ${#flavour[@]}]}
	WHAT="match, $f, $rules rules"
	match_load "$rules" "$seed" -o d0,d1
	for ipt in "iptables-$f" "ip6tables-$f"; do
		must in_ns m "$ipt" -t mangle -A FORWARD
		must in_ns m "$ipt" -t mangle -A FORWARD -m tqueue --rule-table t -j DROP
		must in_ns m "$ipt" -t mangle -A FORWARD
	done
	match_run "$rules" "$packets" "$seed" -o d0,d1 -v
	for v in 4 6; do
		ipt=iptables-$f
		[ $v = 6 ] && ipt=ip6tables-$f
		is "$(xt_count "$ipt" mangle FORWARD 1) $(xt_count "$ipt" mangle FORWARD 2) $(xt_count "$ipt" mangle FORWARD 3)" \
			"$(fate $v packets) $(fate $v accept drop) $(fate $v pass none)" \
			"$WHAT: IPv$v packets seen, matched and not matched"
		must in_ns m "$ipt" -t mangle -F FORWARD
	done
	match_unload
	seed=$((seed + 1))
done
finish
