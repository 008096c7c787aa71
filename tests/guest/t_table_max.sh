#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The limit of a table: no rule more than that, whatever transactions are open
# and however they end; it can be changed, is shown and told, and kept by save,
# apply and a reload of the module.
#
# timeout: 120
# files: table_max.py
# kernels: all
# short: SEEDS=3 STEPS=150
. "$(dirname "$0")/lib.sh"
: "${SEEDS=12}" "${STEPS=400}"

load_module
new_ns b
rules() { json_num rules "$(T -j table show t)"; }
max() { json_num rules_max "$(T -j table show "$1")"; }
start b "$WORK/events" tqctl -n b monitor
monitor=$STARTED
# The monitor listens when it has seen this.
seen() { T queue add first ring 16K && T queue del first && grep -q '^queue del' "$WORK/events"; }
must until_ok 60 seen

# By tqctl.
check "a table with a limit" T table add t max 3
grep -q "^[0-9]*: t rules 0 max 3 " "$WORK/out"
ok $? "which the answer shows"
must T table add u
is "$(max u)" 0 "no limit unless it is asked for"
must T -b - <<-END
	rule add t handle 1 src 10.0.0.1 drop
	rule add t handle 2 src 10.0.0.2 drop timeout 1h
END
printf 'rule add t src 10.0.0.3 drop\nrule add t src 10.0.0.4 drop\n' >"$WORK/two"
refused "two where one has room, and neither is there" 1 "two:[12]: .*table is full" T -b "$WORK/two"
is "$(rules)" 2 "as many as before"
check "one" T rule add t src 10.0.0.3 drop
refused "one too many" 1 "rule add: .*the table is full" T rule add t src 10.0.0.4 drop
check "a rule that is there is not one more" T rule add t src 10.0.0.2 drop
check "nor is one that is replaced" T rule replace t handle 1 src 10.0.0.9 pass
refused "a lower limit" 1 "has more rules" T table set t max 2
is "$(rules) $(max t)" "3 3" "nothing has changed"
check "all replaced by as many, in one transaction" T -b - <<-END
	table flush t
	rule add t src 10.0.1.1 drop
	rule add t src 10.0.1.2 drop
	rule add t src 10.0.1.3 drop
END
{
	echo table flush t
	for i in 1 2 3 4; do echo "rule add t src 10.0.2.$i drop"; done
} >"$WORK/four"
refused "but not by more" 1 "table is full" T -b "$WORK/four"
is "$(T rule list t | grep -c 10.0.1)" 3 "and then all are as before"
check "a higher limit" T table set t max 4
check "and it is so" T -b "$WORK/four"
check "no limit" T table set t max 0
check "one more" T rule add t src 10.0.2.5 drop
check "the limit that is needed" T table set t max 5
check "the same again" T table set t max 5
stop "$monitor"
is "$(grep -c '^table add' "$WORK/events") $(grep '^table set' "$WORK/events" | grep -o 'max [0-9]*' | tr '\n' ' ')" \
	"2 max 4 max 5 " "events of the changes, one each"
grep -q '^table set [0-9]*: t rules 4 generation' "$WORK/events"
ok $? "also of no limit"

refused "no number" 2 "max" T table set t
refused "a bad number" 2 '"many"' T table set t max many
refused "a number that is too large" 2 '4294967296' T table set t max 4294967296
refused "twice" 2 "twice" T table add w max 1 max 2
refused "an unknown word" 2 '"most"' T table add w most 3
refused "a table that is not there" 1 "no such" T table set nosuch max 3
is "$(tqctl --complete table set t "" | tr '\n' ' ')" "max " "completion knows the word"

# Configurations.
T save >"$WORK/saved"
is "$(grep '^table' "$WORK/saved" | tr '\n' ' ')" "table add t max 5 table add u " "save has it"
check "apply of what is there" T apply "$WORK/saved"
[ ! -s "$WORK/out" ]
ok $? "has nothing to do"
sed 's/t max 5/t max 6/; s/add u/add u max 7/' "$WORK/saved" >"$WORK/other"
echo "rule add t src 10.0.2.6 drop" >>"$WORK/other"
T apply "$WORK/other" >"$WORK/todo"
ok $? "apply raises a limit before it adds rules"
is "$(grep '^~ table' "$WORK/todo" | tr '\n' ' ')" "~ table set t max 6 ~ table set u max 7 " "and says so"
is "$(rules) $(max t) $(max u)" "6 6 7" "it is as the file says"
must T apply --quiet "$WORK/saved"
is "$(rules) $(max t) $(max u)" "5 5 0" "it lowers a limit after it has deleted rules"
sed 's/t max 5/t max 4/' "$WORK/saved" >"$WORK/other"
refused "a file with more rules than it allows" 1 "has more rules" T apply --quiet "$WORK/other"
{
	echo table add t max 9
	for i in 1 2 3 4 5 6 7 8 9 10; do echo "rule add t src 10.0.3.$i drop"; done
} >"$WORK/other"
refused "more than a higher limit" 1 "other:11: .*table is full" T apply --quiet "$WORK/other"
is "$(T save)" "$(<"$WORK/saved")" "which changes nothing, the limit included"
must tqctl module reload
is "$(T save)" "$(<"$WORK/saved")" "a reload of the module keeps it"
T apply --quiet - </dev/null

# Many transactions at once, by chance.  Without a look at everything before and
# after each refusal: memory of what was deleted before comes back any time.
for ((seed = 1; seed <= SEEDS; seed++)); do
	ip netns add "m$seed"
	must tqctl -n "m$seed" table add t max 5
	python3 ./table_max.py $seed "$STEPS" >"$WORK/cases"
	nsenter --net="/run/netns/m$seed" tqnl -c "$WORK/cases" >"$WORK/tap" 2>&1
	bad=$(grep -c '^not ok' "$WORK/tap")
	[ "$bad" = 0 ] || grep -A4 -m 3 '^not ok' "$WORK/tap" | comment
	is "$bad of $(grep -cE '^(not )?ok' "$WORK/tap"), $(json_num rules "$(tqctl -n "m$seed" -j table show t)") rules" \
		"0 of $(grep -c -- '<-' "$WORK/cases"), $(grep -o 'rules [0-9]*$' "$WORK/cases" | cut -d' ' -f2) rules" \
		"transactions by chance $seed: every answer is right, $(grep -c ENOSPC "$WORK/cases") times no room"
	ip netns del "m$seed"
done
finish
