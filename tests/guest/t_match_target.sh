#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# First-match equality through "-j TQUEUE --table", in the FORWARD chain, and
# the verdicts: accept and drop end the chain, pass goes on to the next rule.
# Topology: topo_loops in lib.sh.
#
# timeout: 180
# files: match.sh
# kernels: all
# short: SETS=300-1500,40-500
. "$(dirname "$0")/lib.sh"
. ./match.sh

match_setup
seed=$((SEED + 100))
mapfile -t flavour < <(flavours)
for set in ${SETS//,/ }; do
	rules=${set%-*} packets=${set#*-}
	f=${flavour[seed % ${#flavour[@]}]}
	WHAT="target, $f, $rules rules"
	match_load "$rules" "$seed" -o d0,d1
	# Behind it in FORWARD, not in POSTROUTING: the kernel's own MLD reports go
	# through that too.
	for ipt in "iptables-$f" "ip6tables-$f"; do
		must in_ns m "$ipt" -t mangle -A FORWARD -j TQUEUE --rule-table t
		must in_ns m "$ipt" -t mangle -A FORWARD
		must in_ns m "$ipt" -t filter -A FORWARD
	done
	match_run "$rules" "$packets" "$seed" -o d0,d1
	for v in 4 6; do
		ipt=iptables-$f
		[ $v = 6 ] && ipt=ip6tables-$f
		is "$(xt_count "$ipt" mangle FORWARD 1) $(xt_count "$ipt" mangle FORWARD 2) $(xt_count "$ipt" filter FORWARD 1)" \
			"$(fate $v packets) $(fate $v pass none) $(fate $v pass none accept)" \
			"$WHAT: IPv$v packets seen, passed on in the chain, and not dropped"
		must in_ns m "$ipt" -t mangle -F FORWARD
		must in_ns m "$ipt" -t filter -F FORWARD
	done
	match_unload
	seed=$((seed + 1))
done
finish
