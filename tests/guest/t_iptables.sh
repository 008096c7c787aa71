#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The match and the target as iptables users meet them, in both flavours and for
# both families: add, check, delete, invert, user chains, save and restore byte
# by byte, refusals with a reason, holders.  Bridge and ARP are refused.
#
# timeout: 120
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

[[ $(iptables-nft -V) = *nf_tables* ]]
ok $? "iptables-nft is the nft flavour"
[[ $(iptables-legacy -V) = *legacy* ]]
ok $? "iptables-legacy is the legacy flavour"

load_module
topo_ab
must T queue add q ring 64K
must T queue add other ring 64K
must T table add t
must T table add t2
must T rule add t proto udp dport 2000 queue q drop

# Texts of refusals come by the kernel log; they are rate-limited there, so each
# is looked for once.
said() { dmesg | grep -qE "tqueue.*$1"; }

# As iptables-save writes them.
RULES=(
	"-m tqueue --rule-table t -j ACCEPT"
	"-p udp -m tqueue ! --rule-table t2 -j DROP"
	"-p udp -m udp --dport 53 -j TQUEUE --queue q"
	"-p tcp -j TQUEUE --queue q --snaplen 100"
	"-p tcp -j TQUEUE --queue q --snaplen 100 --sample 7"
	"-p tcp -j TQUEUE --queue q --steal"
	"-p tcp -j TQUEUE --queue q --sample 2 --steal --steal-else drop"
	"-j TQUEUE --rule-table t2"
	"-m tqueue --rule-table t -m tqueue ! --rule-table t2 -j TQUEUE --queue other"
)

NS=b
for ipt in iptables ip6tables; do
	for f in nft legacy; do
		cmd=$ipt-$f
		if [ $f = legacy ] && ! have_legacy; then
			skip "$cmd" "this kernel has none"
			continue
		fi
		good=0
		for rule in "${RULES[@]}"; do
			# shellcheck disable=SC2086 # words
			in_ns b "$cmd" -A FORWARD $rule && in_ns b "$cmd" -C FORWARD $rule && good=$((good + 1))
		done
		is "$good" "${#RULES[@]}" "$cmd: each rule added, and found by -C"
		# Not by -C: that of ip6tables-legacy 1.8.9 finds what is not there, of
		# any match.
		! in_ns b "$cmd" -D FORWARD -m tqueue --rule-table t2 -j ACCEPT 2>/dev/null &&
			! in_ns b "$cmd" -D FORWARD -m tqueue ! --rule-table t -j ACCEPT 2>/dev/null
		ok $? "$cmd: another table, or inverted, is another rule"

		in_ns b "$cmd-save" -t filter | grep -v '^#' >"$WORK/saved"
		for rule in "${RULES[@]}"; do
			grep -qxF -- "-A FORWARD $rule" "$WORK/saved" || fail "$cmd-save: $rule"
		done
		check "$cmd-restore takes what $cmd-save says" in_ns b "$cmd-restore" "$WORK/saved"
		in_ns b "$cmd-save" -t filter | grep -v '^#' >"$WORK/again"
		check "$cmd: the same byte by byte" cmp "$WORK/saved" "$WORK/again"
		check "$cmd-restore --test" in_ns b "$cmd-restore" --test "$WORK/saved"

		T --holders table show t >"$WORK/holders"
		grep -qE "$ipt.*filter" "$WORK/holders"
		ok $? "$cmd: table show names it as a holder"
		refused "$cmd: a queue in use stays" 1 "in use|held" T queue del q
		refused "$cmd: a table in use stays" 1 "in use|held" T table del t2
		grep -qE "$ipt.*filter" "$WORK/out"
		ok $? "$cmd: and who uses it is said"

		good=0
		for rule in "${RULES[@]}"; do
			# shellcheck disable=SC2086
			in_ns b "$cmd" -D FORWARD $rule && good=$((good + 1))
		done
		is "$good" "${#RULES[@]}" "$cmd: each deleted by its text"

		must in_ns b "$cmd" -N user
		must in_ns b "$cmd" -A user -m tqueue --rule-table t
		must in_ns b "$cmd" -A user -j TQUEUE --queue q
		must in_ns b "$cmd" -A INPUT -j user
		src=10.9.0.1 dst=10.9.0.2
		[ $ipt = ip6tables ] && src='[fd09::1]' dst='[fd09::2]'
		gen va -n 20 "udp $src:1 $dst:2000" "udp $src:1 $dst:2001" >/dev/null
		is "$(xt_count "$cmd" filter user 1) $(xt_count "$cmd" filter user 2)" "10 20" \
			"$cmd: in a user chain, a match without a target counts, TQUEUE goes on"
		must in_ns b "$cmd" -R user 1 -m tqueue ! --rule-table t
		must in_ns b "$cmd" -Z user
		gen va -n 20 "udp $src:1 $dst:2000" "udp $src:1 $dst:2001" >/dev/null
		is "$(xt_count "$cmd" filter user 1)" 10 "$cmd: inverted"

		refused "$cmd: unknown table" "[1-4]" "." in_ns b "$cmd" -A INPUT -m tqueue --rule-table nosuch
		refused "$cmd: unknown queue" "[1-4]" "." in_ns b "$cmd" -A INPUT -j TQUEUE --queue nosuch
		refused "$cmd: unknown table for the target" "[1-4]" "." in_ns b "$cmd" -A INPUT -j TQUEUE --rule-table nosuch
		refused "$cmd: a bad name" "[1-4]" "." in_ns b "$cmd" -A INPUT -j TQUEUE --queue a/b
		refused "$cmd: neither queue nor table" 2 "." in_ns b "$cmd" -A INPUT -j TQUEUE
		refused "$cmd: each packet and none" 2 "from 1 on" in_ns b "$cmd" -A INPUT -j TQUEUE --queue q --sample 0
		refused "$cmd: else without steal" 2 "needs --steal" in_ns b "$cmd" -A INPUT -j TQUEUE --queue q --steal-else drop
		refused "$cmd: a table has no sample" 2 "no other option" in_ns b "$cmd" -A INPUT -j TQUEUE --rule-table t --sample 2
		refused "$cmd: both" 2 "." in_ns b "$cmd" -A INPUT -j TQUEUE --queue q --rule-table t
		is "$(in_ns b "$cmd" -S INPUT | wc -l)" 2 "$cmd: nothing of it was added"
		for i in INPUT user; do must in_ns b "$cmd" -F $i; done
		must in_ns b "$cmd" -X user
	done
done
until_ok 10 said "nosuch"
ok $? "the kernel log says what was wrong"

if in_ns b ebtables-nft -L >/dev/null 2>&1; then
	! in_ns b ebtables-nft -A INPUT -j TQUEUE --queue q 2>"$WORK/out"
	ok $? "ebtables: refused"
else
	skip "ebtables" "not in this guest"
fi
if in_ns b arptables-nft -L >/dev/null 2>&1; then
	! in_ns b arptables-nft -A INPUT -j TQUEUE --queue q 2>"$WORK/out"
	ok $? "arptables: refused"
else
	skip "arptables" "not in this guest"
fi

check "queue del, when nft's worker has let go" until_ok 20 T queue del other
check "table del" until_ok 20 T table del t2
T table flush t
check "table del" until_ok 20 T table del t
check "queue del" until_ok 20 T queue del q
finish
