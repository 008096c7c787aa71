#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# apply and save: random configurations, each made out of the one before, are
# what the kernel has afterwards; the change is the smallest; handles, counters
# and timeouts stay; what is refused changes nothing; two at once are one after
# the other.
#
# timeout: 240
# files: apply.py
# kernels: all
# short: TURNS=4 MANY=300 RACES=2
. "$(dirname "$0")/lib.sh"
: "${TURNS=16}" "${MANY=5000}" "${RACES=4}"
config() { python3 ./apply.py "$@"; }

load_module
topo_ab

# What there is, as JSON: says the same, is no change, and makes it again.
json_too() { # TURN: as it is, in another order, or as text
	local how=(have.json other.json have)

	T -j save >"$WORK/have.json"
	if ! config text <"$WORK/have.json" | diff "$WORK/have" - >"$WORK/todo"; then
		comment <"$WORK/todo"
		return 1
	fi
	config shuffle <"$WORK/have.json" >"$WORK/other.json"
	if ! T apply --dry-run "$WORK/have.json" >"$WORK/todo" 2>&1 || [ -s "$WORK/todo" ] ||
		! T -j restore --dry-run "$WORK/other.json" >"$WORK/todo" 2>&1 ||
		[ "$(cat "$WORK/todo")" != "[]" ]; then
		comment <"$WORK/todo"
		return 1
	fi
	T restore - </dev/null
	if [ "$(T save)" ] || ! T restore <"$WORK/${how[$1 % 3]}" >"$WORK/todo" 2>&1 ||
		[ -s "$WORK/todo" ] || ! T save | diff "$WORK/have" - >"$WORK/todo"; then
		comment <"$WORK/todo"
		return 1
	fi
}

# Round trips.
good=0
config make 1 >"$WORK/want"
for ((i = 0; i < TURNS; i++)); do
	if ! T apply --quiet "$WORK/want" 2>"$WORK/err"; then
		comment <"$WORK/err"
		break
	fi
	T save >"$WORK/have"
	if ! config same "$WORK/want" <"$WORK/have" >"$WORK/bad"; then
		comment <"$WORK/bad"
		break
	fi
	# What was saved is what is there: nothing to do.
	if ! T apply "$WORK/have" >"$WORK/todo" || [ -s "$WORK/todo" ] ||
		! T apply --dry-run "$WORK/want" >"$WORK/todo" || [ -s "$WORK/todo" ]; then
		comment <"$WORK/todo"
		break
	fi
	if ! json_too $i; then
		break
	fi
	good=$((good + 1))
	if [ $((i % 4)) = 3 ]; then
		config make $((i + 2)) >"$WORK/next"
	else
		config change $((i + 2)) "$WORK/want" >"$WORK/next"
	fi
	mv "$WORK/next" "$WORK/want"
done
is $good "$TURNS" "random configurations, applied, saved and applied again, as text and as JSON"
comment <<<"the last one: $(wc -l <"$WORK/have") lines"
echo "# nothing" | T apply --quiet -
is "$(T save)" "" "an empty file empties all"

# What is left out, and what can be said in two ways, is what the kernel makes of it.
cat >"$WORK/short" <<-'END'
	queue add q
	table add t
	rule add t
	rule add t src 0.0.0.0/0 drop
	rule add t proto tcp sport 0-65535 dport 0-65535 drop
	rule add t proto udp sport 0-65535 drop
	rule add t queue q limit 100/s
	rule add t proto 6 dscp ef mark 5 steal q timeout 3600
END
must T apply --quiet "$WORK/short"
is "$(T apply "$WORK/short")" "" "in whatever words: nothing to do the second time"
echo | T apply --quiet -

# What stays, stays as it is.
cat >"$WORK/one" <<-'END'
	queue add q ring 16K
	table add t
	rule add t prio 5 proto udp dport 2001 queue q drop timeout 1h
	rule add t prio 5 proto udp dport 2000-2009 pass
	hook add t family inet hook prerouting priority raw
END
must T apply --quiet "$WORK/one"
gen va -n 7 "udp 10.9.0.1:1 10.9.0.2:2001" >/dev/null
hook=$(hook_id t)
first=$(T -j -s rule list t)
handle=$(json_num handle "$first")
sed 's/^rule add t prio 5 proto udp dport 2001/rule add t prio 5 proto tcp pass\nrule add t prio 5 proto udp dport 2001-2002 pass\n&/; s/^table add t/&\ntable add u/
	s/^hook add t/hook add u/; s/ring 16K/ring 16K snaplen 96/' "$WORK/one" >"$WORK/two"
T apply "$WORK/two" >"$WORK/todo"
ok $? "some change"
comment <"$WORK/todo"
is "$(grep -c '^+ rule add t prio 5 proto tcp' "$WORK/todo")" 1 "a rule that shares no packet with another comes alone"
is "$(grep -c '^~ rule move' "$WORK/todo")" 2 "behind one that does, the others move"
T -s rule list t >"$WORK/list"
is "$(grep -c "^handle $handle .*dport 2001 .*packets 7 " "$WORK/list")" 1 "with handle and counters"
left=$(json_num expires_ms "$(T -j rule show t handle "$handle")")
[ "${left:-0}" -gt 0 ] && [ "$left" -lt 3600000 ]
ok $? "and what is left of the timeout ($left ms)"
is "$(hook_id u)" "$hook" "a hook is given another table"
T save | config same "$WORK/two" >"$WORK/bad"
ok $? "all as the file says"
comment <"$WORK/bad"
T -s save >"$WORK/state"
echo | T apply --quiet -
must T apply --quiet "$WORK/state"
is "$(T -s save | sed 's/ expires [^ ]*//')" "$(sed 's/ expires [^ ]*//' "$WORK/state")" \
	"save with counters, and back"

# Ten changes among many are ten changes, wherever they are.
{
	echo table add t
	for ((i = 0; i < MANY; i++)); do
		echo "rule add t prio 1 src 10.$((i >> 16)).$((i >> 8 & 255)).$((i & 255)) drop"
	done
} >"$WORK/many"
must T apply --quiet "$WORK/many"
awk -v n="$MANY" 'NR > 1 && NR % int(n / 10) == 5 { print "rule add t prio 1 src 11.0." int(NR / 256) "." NR % 256 " drop"; next } 1' \
	"$WORK/many" >"$WORK/many2"
changed=$(comm -13 <(sort "$WORK/many") <(sort "$WORK/many2") | wc -l)
T apply "$WORK/many2" >"$WORK/todo"
is "$(grep -c '^+' "$WORK/todo") $(grep -c '^-' "$WORK/todo") $(wc -l <"$WORK/todo")" \
	"$changed $changed $((2 * changed))" "$changed of $MANY rules differ: no other is touched"
is "$(json_num rules "$(T -j table show t)")" "$MANY" "as many as before"

is "$(T -j save | T restore --dry-run -)" "" "as JSON, too: nothing to do"

# Rules that differ in timeout or priority only, or in nothing, are several.
cat >"$WORK/twins" <<-'END'
	table add t
	rule add t proto udp drop timeout 1h
	rule add t proto udp drop timeout 2h
	rule add t proto tcp drop
	rule add t proto tcp drop
	rule add t prio 1 proto tcp drop
END
T apply "$WORK/twins" >"$WORK/todo"
is "$(grep -c '^+ rule add t' "$WORK/todo") $(json_num rules "$(T -j table show t)")" "5 5" "twins are all there"
is "$(T apply "$WORK/twins")" "" "once: then there is nothing to do"
T save >"$WORK/have"
is "$(T apply "$WORK/have")$(T save | cmp - "$WORK/have")" "" "saved and applied they stay as they are"
sed -i '0,/timeout 1h/s//timeout 3h/; 0,/^rule.*tcp drop$/{/^rule.*tcp drop$/d}' "$WORK/twins"
T apply "$WORK/twins" >"$WORK/todo"
comment <"$WORK/todo"
is "$(wc -l <"$WORK/todo") $(grep -c '^- ' "$WORK/todo") $(json_num rules "$(T -j table show t)")" "2 1 4" \
	"one has another timeout and one goes"
echo | T apply --quiet -
must T -b - <<-'END'
	table add t
	rule add t proto udp drop timeout 1h
	rule add t proto udp drop timeout 2h
END
is "$(T rule list t | sed 's/handle [0-9]* //')" "prio 0 proto udp drop timeout 2h" \
	"rule add takes twins for one rule, as before"

# Refusals change nothing.
must T apply --quiet "$WORK/one"
dump() { T save; T -j queue show | sed 's/"id":[0-9]*//'; T -j hook show; }
dump >"$WORK/before"
no() { # NAME STATUS TEXT LINE...: ours, and these lines
	{ cat "$WORK/one"; printf '%s\n' "${@:4}"; } >"$WORK/bad.conf"
	refused "$1" "$2" "$3" T apply "$WORK/bad.conf"
}
no "a rule that the kernel refuses, by its line" 1 "bad.conf:9: rule add: refused.*port" \
	"queue add r" "table add r" "rule add r proto udp drop" "rule add t proto icmp dport 1 drop"
no "a rule for a table that no line adds" 2 'bad.conf:6: .*"r".*adds this table' "rule add r drop"
no "a copy to a queue that no line adds" 2 "bad.conf:6: .*adds queue r" "rule add t queue r drop"
no "a steal by a queue that no line adds" 2 "bad.conf:6: .*adds queue r" "rule add t steal r"
sed 's/queue add q/& mode log/' "$WORK/one" >"$WORK/bad.conf"
refused "another mode" 1 "queue q is there with another mode" T apply "$WORK/bad.conf"
no "a command that adds nothing" 2 'bad.conf:6: .*"flush".*table add' "table flush t"
no "a queue twice" 2 "bad.conf:6: .*there already" "queue add q"
no "a table twice" 2 "bad.conf:6: .*there already" "table add t"
no "an unknown object" 2 'bad.conf:6: .*"quux"' "quux add t"
no "an open quote" 2 "bad.conf:6: .*quote" 'table add "x'
no "a hook that can't be" 2 "bad.conf:6: .*\"middle\"" "hook add t family ip hook middle"
refused "no such file" 1 "nosuch" T apply "$WORK/nosuch"
refused "no file" 2 "file" T apply --dry-run
refused "an unknown option" 2 '"--now"' T apply --now "$WORK/one"
refused "a name of 32 characters" 2 "1 to 31 characters" T apply - <<<"queue add n2345678901234567890123456789012"
refused "the same in JSON" 2 'stdin:1:12: apply: queues\[0\].name "n2.*1 to 31 characters' \
	T apply - <<<'{"queues":[{"name":"n2345678901234567890123456789012"}]}'
T -j save >"$WORK/good.json"
sed 's/"dport":{"min":2001,"max"/"dport":{"min":2002,"max"/' "$WORK/good.json" >"$WORK/bad.json"
refused "a wrong value in JSON" 2 'bad.json:9:1: apply: rules\[0\].dport "2002-2001": a range that ends' \
	T apply "$WORK/bad.json"
sed 's/"verdict"/"vredict"/' "$WORK/good.json" >"$WORK/bad.json"
refused "an unknown name in JSON" 2 'bad.json:9:1: restore: rules\[0\]: "vredict" is not known' \
	T restore "$WORK/bad.json"
sed '$d' "$WORK/good.json" >"$WORK/bad.json"
refused "half a file of JSON" 2 'bad.json:.*the end, where a comma' T restore "$WORK/bad.json"
sed 's/"proto":"udp"/"proto":"icmp"/' "$WORK/good.json" >"$WORK/bad.json"
refused "a rule of JSON that the kernel refuses, by its place" 1 'bad.json:9:1: rule .*refused.*port' \
	T restore "$WORK/bad.json"
T -j apply --dry-run "$WORK/two" >"$WORK/todo"
is "$(python3 -c 'import json, sys; print([c["change"] for c in json.load(sys.stdin)].count("add"))' <"$WORK/todo")" \
	"$(T apply --dry-run "$WORK/two" | grep -c '^+')" "changes as JSON"
refused "apply in a batch" 2 "not in a batch" T -b - <<<"apply $WORK/one"
T apply --dry-run - </dev/null >"$WORK/todo"
at_least "$(grep -c '^- ' "$WORK/todo")" 3 "a dry run shows what would go"
dump >"$WORK/after"
check "nothing has changed" cmp "$WORK/before" "$WORK/after"

# Two at once.
good=0
for ((i = 0; i < RACES; i++)); do
	config make $((100 + i)) >"$WORK/a"
	config make $((200 + i)) >"$WORK/b"
	T apply --quiet "$WORK/a" 2>"$WORK/err.a" &
	one=$!
	T apply --quiet "$WORK/b" 2>"$WORK/err.b" &
	two=$!
	if ! wait $one || ! wait $two; then
		cat "$WORK/err.a" "$WORK/err.b" | comment
		continue
	fi
	T save >"$WORK/have"
	if config same "$WORK/a" <"$WORK/have" >/dev/null || config same "$WORK/b" <"$WORK/have" >"$WORK/bad"; then
		good=$((good + 1))
	else
		comment <"$WORK/bad"
	fi
done
is $good "$RACES" "two at once: one of the two is there, whole"
finish
