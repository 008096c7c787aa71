#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# First-match equality while a table changes: a third of its rules is deleted, then
# another third, then all come back in one transaction that begins with a flush.
# So the index has slots of several rules that lose some or all, shapes that go and
# come, old and new versions of the same rules side by side.  Meanwhile another
# process changes a second table, of the same rules, all the time.
# Topology: topo_loops in lib.sh.
#
# timeout: 180
# files: match.sh
# kernels: all
# short: SETS=400-600
. "$(dirname "$0")/lib.sh"
: "${SETS=5000-8000,300-8000}"
. ./match.sh

# A batch as it is, and its table's name changed.
for_table() { sed "s/^\(rule add\|rule del\) t /\1 $1 /" "$2"; }

match_setup
seed=$((SEED + 300))
for set in ${SETS//,/ }; do
	rules=${set%-*} packets=${set#*-}
	match_load "$rules" "$seed" -o d0,d1
	cp "$WORK/batch" "$WORK/all"
	must tqctl -n m hook add t family inet hook forward priority filter
	must tqctl -n m table add u
	{
		echo "table flush u"
		for_table u "$WORK/all"
	} >"$WORK/other"
	start m "$WORK/flips" bash -c "while tqctl -b $WORK/other; do echo flip; done"
	flipping=$STARTED
	left=$rules
	for gone in 0 1 2; do
		WHAT="$rules rules, $gone of 3 thirds deleted"
		if [ "$gone" != 0 ]; then
			tqmatch -r "$rules" -s "$seed" -i "$LOOPS" -k "$KEYS" -o d0,d1 -g "$gone" \
				gone t >"$WORK/gone"
			must tqctl -n m -b "$WORK/gone"
			left=$((left - $(wc -l <"$WORK/gone")))
			is "$(json_num rules "$(tqctl -n m -j table show t)")" "$left" "$WHAT: $left are left"
		fi
		match_again "$rules" "$packets" "$seed" -o d0,d1 -g "$gone"
	done
	WHAT="$rules rules, all there again"
	{
		echo "table flush t"
		cat "$WORK/all"
	} >"$WORK/again"
	must tqctl -n m -b "$WORK/again"
	is "$(json_num rules "$(tqctl -n m -j table show t)")" "$rules" "$WHAT"
	match_again "$rules" "$packets" "$seed" -o d0,d1
	stop "$flipping"
	at_least "$(grep -c flip "$WORK/flips")" 1 "$rules rules: the other table was changed meanwhile"
	must tqctl -n m hook del "$(hook_id t m)"
	match_unload
	check "$rules rules: the other table deleted" until_ok 20 tqctl -n m table del u
	seed=$((seed + 1))
done
finish
