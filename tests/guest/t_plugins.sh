#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The plugins' own tests (ctl/xtables/*.t, in the format that the iptables project's
# harness reads) with each iptables there is; help; and iptables-translate, which
# must say that nft has nothing of the kind.
#
# timeout: 240
# files: iptables_t.py ../../ctl/xtables/libxt_tqueue.t ../../ctl/xtables/libxt_TQUEUE.t
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short: FEW=1
. "$(dirname "$0")/lib.sh"
: "${FEW=0}"

load_module
topo_ab
commands="iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy" few=
if [ "$FEW" = 1 ]; then
	commands="iptables-nft ip6tables-legacy" few=--few
	have_legacy || commands="iptables-nft"
fi
for cmd in $commands; do
	if [[ $cmd = *legacy ]] && ! have_legacy; then
		skip "$cmd" "this kernel has none"
		continue
	fi
	in_ns b python3 ./iptables_t.py $few "$cmd" libxt_tqueue.t libxt_TQUEUE.t >"$WORK/run" 2>&1
	status=$?
	grep -A4 '^not ok' "$WORK/run" | comment
	ok $status "$cmd: all of the plugins' tests"
	at_least "$(grep -c '^ok' "$WORK/run")" 50 "$cmd: so many rules"
	in_ns b "$cmd" -m tqueue --help | grep -q -- '--rule-table NAME'
	ok $? "$cmd: help of the match"
	in_ns b "$cmd" -j TQUEUE --help | grep -q -- '--steal-else pass|drop'
	ok $? "$cmd: help of the target"
done
for cmd in iptables-translate ip6tables-translate; do
	in_ns b $cmd -A INPUT -m tqueue --rule-table t -j DROP 2>&1 |
		grep -q "^nft # -A INPUT -m tqueue --rule-table t -j DROP"
	ok $? "$cmd: the match has no translation"
	in_ns b $cmd -A INPUT -p udp -j TQUEUE --queue q 2>&1 |
		grep -q "^nft # -A INPUT -p udp -j TQUEUE --queue q"
	ok $? "$cmd: nor has the target"
done
finish
