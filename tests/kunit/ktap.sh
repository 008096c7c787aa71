#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# ktap.sh CASES: loads tqueue_kunit.ko beside it, with the words of $KUNIT_PARAMS, and
# says as TAP how each case of each suite in CASES ("SUITE CASE" lines) went, by what
# KUnit has left in debugfs.  What is not there has failed: a suite that was not
# compiled in, a case that did not come to its end.
set -u
export LC_ALL=C
cd "$(dirname "$0")" || exit 125
results=/sys/kernel/debug/kunit
n=0 failed=0 want=0

say() { # ok|not ok, TEXT
	n=$((n + 1))
	echo "$1 $n - $2"
	[ "$1" = ok ] || failed=1
}

# The cases of one suite.  A case is four blanks in, what belongs to it (its parameters,
# what it says) comes before it.
suite() { # NAME CASE...
	local name=$1 line="" heard="" text params=0 done=" " total="" what
	shift
	what=$results/$name/results
	if [ ! -r "$what" ]; then
		say "not ok" "$name: it has run"
		return
	fi
	while IFS= read -r line; do
		case $line in
		"        ok "* | "        not ok "*)
			params=$((params + 1))
			heard+="#$line"$'\n'
			;;
		"    ok "* | "    not ok "*)
			text=${line#*ok } && text=${text#* } && text=${text#- }
			case $line in
			*"# SKIP"*) say "not ok" "$name: ${text%% *} is not skipped" ;;
			"    ok "*) say ok "$name: $text$([ "$params" = 0 ] || echo " ($params parameters)")" ;;
			*)
				say "not ok" "$name: $text"
				printf '%s' "$heard"
				;;
			esac
			done+="${text%% *} "
			heard="" params=0
			;;
		"ok "* | "not ok "*) total=${line%% [0-9]*} ;;
		*) heard+="#$line"$'\n' ;;
		esac
	done <"$what"
	for line; do
		case $done in
		*" $line "*) ;;
		*) say "not ok" "$name: $line has run" ;;
		esac
	done
	if [ "$(wc -w <<<"$done")" != $# ]; then
		say "not ok" "$name: has $# cases"
		echo "# and not: $done"
	fi
	# A failure outside of all cases.
	[ "$total" = ok ] || [ "$failed" = 1 ] || say "not ok" "$name: passes as a whole"
}

mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug || exit 125
# shellcheck disable=SC2086 # words
insmod ./tqueue_kunit.ko ${KUNIT_PARAMS:-} || exit 125
echo "# seed=$(cat /sys/module/tqueue_kunit/parameters/seed)"
mapfile -t suites < <(cut -d' ' -f1 "$1" | uniq)
for s in "${suites[@]}"; do
	mapfile -t cases < <(sed -n "s/^$s //p" "$1")
	want=$((want + ${#cases[@]}))
	suite "$s" "${cases[@]}"
done
for s in "$results"/tqueue_*; do
	s=${s##*/}
	[[ " ${suites[*]} " == *" $s "* ]] || say "not ok" "suite $s is in the sources"
done
echo "# ${#suites[@]} suites, $want cases"
unloaded="not ok"
rmmod tqueue_kunit && unloaded=ok
say "$unloaded" "the suites' module can be unloaded"
echo "1..$n"
exit $failed
