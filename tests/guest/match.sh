# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# First-match equality, shared by t_match_*.sh: random rules, random packets
# that like the rules' edges, and a linear search in C (tools/rule.c) that says
# which rule must have been the first.

# shellcheck disable=SC2034 # for xt_count
NS=m
# Sizes: RULES-PACKETS,...
: "${SETS=5000-20000,1000-30000,60-20000}"
: "${SEED=1}"
KEYS=frag,icmp,flags,dscp,len,ct,next

match_setup() {
	load_module
	topo_loops
	must tqctl -n m queue add q ring 2M
	DEV=$(queue_dev q m)
}

# match_load RULES SEED OPTION...: makes table t
match_load() {
	local rules=$1 seed=$2
	shift 2
	tqmatch -r "$rules" -s "$seed" -i "$LOOPS" -k "$KEYS" "$@" rules t q >"$WORK/batch"
	must tqctl -n m table add t
	must tqctl -n m -b "$WORK/batch"
	is "$(json_num rules "$(tqctl -n m -j table show t)")" "$rules" "$rules rules loaded"
}

# match_send RULES PACKETS SEED OPTION...: sends and compares; the counts stay in KV
match_send() {
	local rules=$1 packets=$2 seed=$3
	shift 3
	in_ns m tqmatch -r "$rules" -n "$packets" -s "$seed" -i "$LOOPS" -k "$KEYS" "$@" run "$DEV" \
		>"$WORK/run" 2>&1
	ok $? "$WHAT: the first match of $packets packets is that of the linear search"
	grep '^#' "$WORK/run"
	kv "$WORK/run"
	[ -n "${KV[wrong]-}" ] || comment <"$WORK/run"
}

# match_run RULES PACKETS SEED OPTION...: that, of a table of which no rule has
# counted yet
match_run() {
	local rules=$1 packets=$2
	match_send "$@"
	note "further looks ${KV[relooks]-}, looped ${KV[looped]-}"
	note "winners ${KV[winners]-}, no rule ${KV[none4]-}+${KV[none6]-}, records ${KV[records]-}"
	# The comparison must have had something to compare.
	if [ $((KV[none4] + KV[none6])) -lt $((packets / 50)) ] ||
		[ "${KV[winners]}" -lt $((rules < packets / 10 ? rules / 5 : packets / 200)) ]; then
		fail "$WHAT: too few rules won, or too few packets without a rule"
	fi
	is "$(rule_sum copies t m) $(rule_sum packets t m)" "${KV[records]} ${KV[records]}" \
		"$WHAT: the rules' counters tell the same"
}

# match_again RULES PACKETS SEED OPTION...: the same for a table of which some
# rules have counted before
match_again() {
	local rules=$1 packets=$2
	match_send "$@"
	at_least "${KV[winners]:-0}" $((rules < packets / 10 ? rules / 10 : packets / 200)) \
		"$WHAT: many rules have won"
}

# Fates, from KV: $1 = names to add up, over IPv4 and IPv6 each
fate() {
	local family=$1 name sum=0
	shift
	for name; do
		sum=$((sum + KV[$name$family]))
	done
	echo "$sum"
}

match_unload() {
	check "table deleted" until_ok 20 tqctl -n m table del t
}
