#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is committed to be confirmed: random configurations are applied over each
# other under traffic and taken back by time (with tqctl killed hard), by hand, by
# a signal; the state before is the state after, with handles, counters, order
# and timeouts; each packet meets one whole set; confirmed ones stay.  What an
# unconfirmed transaction has changed is busy for others.
# Topology: topo_ab in lib.sh.
#
# timeout: 240
# files: apply.py
# kernels: all
# short: TURNS=2 FLIPS=3 MANY=500
. "$(dirname "$0")/lib.sh"
: "${TURNS=12}" "${FLIPS=40}" "${MANY=20000}"
config() { python3 ./apply.py "$@"; }

load_module
topo_ab

# All that there is, but what goes on with the traffic and the clock.
state() {
	T -s save | sed -E 's/ (packets|bytes|copies|last-hit|expires) [^ ]+//g'
	T -j hook show
	T -j table show | grep -o '"rules":[0-9]*'
}
txn_id() { json_num id "$(T -j txn show)"; }
unconfirmed() { [[ $(T -j txn show) == *'"unconfirmed"'* ]]; }
settled() { ! unconfirmed; }
# try FILE [TIME]: apply, and wait until it is to be confirmed; its pid is in TRIED
try() {
	tqctl -n b apply --quiet --confirm "${2:-1h}" "$1" >"$WORK/try" 2>&1 </dev/null &
	TRIED=$!
	until_ok 60 decided || comment <"$WORK/try"
	unconfirmed || comment <"$WORK/try"
}
decided() { unconfirmed || ! kill -0 "$TRIED"; }

# Tables and queues stay the same; rules are what differs.
cat >"$WORK/base" <<-'END2'
	queue add q ring 64K
	queue add r ring 64K
	table add t
	table add u
	hook add t family inet hook prerouting priority raw
END2
some_rules() { # SEED
	awk -v seed="$1" 'function r(n) { return int(rand() * n) }
	BEGIN {
		srand(seed)
		for (i = 0; i < 60; i++) {
			line = sprintf("rule add %s prio %d proto udp dport %d-2050%s%s %s%s",
				r(4) ? "t" : "u", r(5), 2000 + r(40), r(2) ? "" : " queue q",
				r(5) ? "" : " queue r", r(2) ? "drop" : "pass",
				r(4) ? "" : " timeout " 1 + r(5) "h")
			if (!r(5))
				sub(/ queue [qr]/, "& sample 3", line)
			key = line
			sub(/ timeout.*/, "", key)
			if (!(key in seen))
				print line
			seen[key] = 1
		}
	}'
}
make() { cat "$WORK/base"; some_rules "$1"; }

make 1 >"$WORK/first"
must T apply --quiet "$WORK/first"
start b "$WORK/events" tqctl -n b monitor
monitor=$STARTED
start a "$WORK/sent" tqgen -d "$MAC_B" -T 3000 -b 8 -r 500 va "udp 10.9.0.1:7 10.9.0.2:2000+"
sender=$STARTED
packets() { rule_sum packets t; }
good=0
for ((i = 0; i < TURNS; i++)); do
	make $((i + 2)) >"$WORK/next"
	state >"$WORK/before"
	had=$(packets)
	try "$WORK/next"
	state >"$WORK/meanwhile"
	T apply --dry-run "$WORK/next" >"$WORK/todo"
	case $((i % 3)) in
	0) kill -KILL "$TRIED" && T txn abort "$(txn_id)" ;;
	1) kill -TERM "$TRIED" ;;
	2) T txn abort "$(txn_id)" ;;
	esac
	wait "$TRIED" 2>/dev/null
	status=$?
	until_ok 60 settled
	state >"$WORK/after"
	if [ -s "$WORK/todo" ]; then
		note "turn $i: not what it was to be, meanwhile"
		comment <"$WORK/todo"
	elif cmp -s "$WORK/before" "$WORK/meanwhile"; then
		note "turn $i: nothing was changed"
	elif ! cmp "$WORK/before" "$WORK/after"; then
		diff "$WORK/before" "$WORK/after" | head -n 20 | comment
	elif [ "$(packets)" -lt "$had" ]; then
		note "turn $i: $had packets before, $(packets) after"
	elif [ $((i % 3)) != 0 ] && [ "$status" != 1 ]; then
		note "turn $i: status $status"
	else
		good=$((good + 1))
	fi
done
is $good "$TURNS" "taken back by hand, by a signal, after kill -9: all is as before, counters go on"
is "$(grep -c "^txn reverted" "$WORK/events")" "$TURNS" "each time it was announced"
if grep -q missing "$WORK/events"; then fail "no gap in the events"; else pass "no gap in the events"; fi

# By the kernel: with nobody there.
make 50 >"$WORK/next"
state >"$WORK/before"
try "$WORK/next" $(($(short_life) * 2))
kill -KILL "$TRIED"
wait "$TRIED" 2>/dev/null
left=$(json_num left_ms "$(T -j txn show)")
[ "${left:-0}" -gt 0 ]
ok $? "left to be confirmed ($left ms)"
state >"$WORK/meanwhile"
check "the time passes" until_ok 200 settled
state >"$WORK/after"
check "tqctl was killed, the kernel takes back" cmp "$WORK/before" "$WORK/after"
if cmp -s "$WORK/before" "$WORK/meanwhile"; then fail "there was a change"; else pass "there was a change"; fi

# Confirmed from elsewhere: it stays, and the waiting one makes the rest.
{ make 51; echo "table add v"; } | sed 's/^queue add r.*/& snaplen 100/' >"$WORK/next"
try "$WORK/next"
is "$(json_num snaplen "$(T -j queue show r)")" 0 "settings wait for the confirmation"
check "txn confirm" T txn confirm "$(txn_id)"
wait "$TRIED"
is $? 0 "who waited is done"
is "$(json_num snaplen "$(T -j queue show r)")" 100 "and has made the rest"
is "$(T apply --dry-run "$WORK/next")" "" "it is what was to be"
is "$(T txn show)" "" "no transaction remains"
refused "confirmed twice" 1 "no such transaction" T txn confirm 1
must T apply --quiet "$WORK/first"

# Each packet meets one whole set: in each of them all packets are copied once.
# Those of a rule that came and went are counted by the queue.
stop "$sender"
must T apply --quiet - <<-'END2'
	queue add q ring 64K
	table add t
	rule add t prio 5 proto udp dport 2000-2063 queue q pass
	hook add t family inet hook prerouting priority raw
END2
cat >"$WORK/two" <<-'END2'
	queue add q ring 64K
	table add t
	rule add t prio 3 proto udp dport 2000-2031 queue q pass
	rule add t prio 7 proto udp dport 2032-2063 queue q pass
	hook add t family inet hook prerouting priority raw
END2
chosen() { local s; s=$(T -j -s queue show q); echo $(($(json_num records "$s") + $(json_num full "$s"))); }
before=$(chosen)
start a "$WORK/sent" tqgen -d "$MAC_B" -c 0,1 -T 3000 -b 8 -r 2000 va "udp 10.9.0.1:7 10.9.0.2:2000+"
sender=$STARTED
flips=0
for ((i = 0; i < FLIPS; i++)); do
	try "$WORK/two"
	T txn abort "$(txn_id)" && flips=$((flips + 1))
	wait "$TRIED"
done
is "$flips" "$FLIPS" "committed and taken back while both CPUs send"
stop "$sender"
kv "$WORK/sent"
arrived() { [ $(($(chosen) - before)) = "${KV[sent]}" ]; }
until_ok 30 arrived
is $(($(chosen) - before)) "${KV[sent]}" "each packet met one whole set"

# What it has changed is busy for others, the rest is not.
must T apply --quiet - <<-'END2'
	queue add q ring 64K
	queue add r ring 64K
	table add t
	table add u
	rule add t handle 1 prio 1 proto udp dport 1 queue q drop
	rule add t handle 2 prio 2 proto udp dport 2 queue r drop timeout 9h
	rule add t handle 3 prio 3 proto udp dport 3 drop
	hook add t family inet hook prerouting priority raw
END2
left=$(json_num expires_ms "$(T -j rule show t handle 2)")
state >"$WORK/before"
cat >"$WORK/next" <<-'END2'
	queue add q ring 64K
	table add t
	table add u
	rule add t handle 1 prio 1 proto udp dport 1 queue q pass
	rule add t handle 3 prio 3 proto udp dport 3 drop timeout 5h
	rule add t handle 9 prio 9 proto tcp dport 9 drop
	hook add t family inet hook prerouting priority raw
END2
try "$WORK/next"
id=$(txn_id)
refused "a rule that it has changed" 1 "another transaction" T rule del t handle 1
refused "a rule that it has added" 1 "another transaction" T rule del t handle 9
refused "a rule that it has deleted" 1 "no rule has this handle" T rule del t handle 2
refused "the handle of a rule that may come back" 1 "another transaction" T rule add t handle 2 proto tcp pass
refused "a flush" 1 "another transaction" T table flush t
refused "the table" 1 "not confirmed" T table del t
must T hook del "$(hook_id t)"
refused "the table without its hook" 1 "not confirmed" T table del t
must T hook add t family inet hook prerouting priority raw
refused "the queue of a rule that may come back, by its name" 1 "rule 2|handle 2|t 2" T queue del r
check "another rule of the table is free" T rule add t handle 77 prio 77 proto udp dport 7 pass
check "and can go" T rule del t handle 77
check "another table is free" T rule add u handle 1 prio 1 pass
check "and can go" T table flush u
T txn abort "$id"
wait "$TRIED"
until_ok 60 settled
state | sed 's/"id":[0-9]*//' >"$WORK/after"
sed -i 's/"id":[0-9]*//' "$WORK/before"
check "taken back: all is as before" cmp "$WORK/before" "$WORK/after"
now=$(json_num expires_ms "$(T -j rule show t handle 2)")
[ "${now:-0}" -le "$left" ] && [ "${now:-0}" -gt $((left - 600000)) ]
ok $? "the timeout of the deleted one went on ($left, $now ms)"
is "$(json_num expires_ms "$(T -j rule show t handle 3)")" "" "the other one has none again"

# A rule that expires while it may be taken back or come back.
life=$(($(short_life) * 2))
must T rule add t handle 5 prio 5 proto udp dport 5 drop timeout "$life"
gone() { ! T rule show t handle 5; }
{ grep -v 'handle 2' "$WORK/next"; } >"$WORK/without"
try "$WORK/without"
is "$(T rule list t | grep -c 'dport 5 ')" 0 "a rule with a timeout is deleted"
sleep "$life"
T txn abort "$(txn_id)"
wait "$TRIED"
check "it came back too late, and expires" until_ok 60 gone

# Objects that are new go again; hooks of those that are there are not touched.
T -s save >"$WORK/before"
{ T save; echo "table add w"; echo "rule add w proto udp dport 4711 drop"
	echo "hook add w family ip hook input"; } >"$WORK/next"
try "$WORK/next"
is "$(T -j hook show | grep -o '"table":"w"')" '"table":"w"' "a hook at a new table is there"
kill -INT "$TRIED"
wait "$TRIED"
is $? 1 "a signal: status 1"
grep -q "not confirmed" "$WORK/try"
ok $? "and says so"
T -s save | sed -E 's/ expires [^ ]+//g' >"$WORK/after"
sed -i -E 's/ expires [^ ]+//g' "$WORK/before"
check "new table and hook are gone" cmp "$WORK/before" "$WORK/after"
sed 's/priority raw/priority 5/' "$WORK/base" >"$WORK/next"
refused "another hook" 1 "without --confirm" T apply --confirm 1h "$WORK/next"
T -s save | sed -E 's/ expires [^ ]+//g' >"$WORK/after"
check "changed nothing" cmp "$WORK/before" "$WORK/after"
refused "no time" 2 "time" T apply --confirm
refused "a word" 2 '"soon"' T apply --confirm soon "$WORK/next"
refused "too short" 2 '"0".*1ms' T apply --confirm 0 "$WORK/next"
refused "too long" 2 '"60d"' T apply --confirm 60d "$WORK/next"
refused "txn without id" 2 "missing|needed|number" T txn confirm
refused "txn 0" 2 '"0"' T txn abort 0
refused "another transaction" 1 "no such transaction" T txn abort 4711

# Two at once: the second waits for the first to be decided.
make 60 >"$WORK/a"
make 61 >"$WORK/b"
try "$WORK/a"
one=$TRIED
T apply --quiet "$WORK/b" 2>"$WORK/err" &
two=$!
T txn confirm "$(txn_id)"
wait "$one"
is $? 0 "the first is confirmed"
wait "$two"
is $? 0 "then comes the second"
is "$(T apply --dry-run "$WORK/b")" "" "which is there"
# Without the lock of one that was killed, the kernel keeps them apart.
state >"$WORK/before"
try "$WORK/a"
kill -KILL "$TRIED"
wait "$TRIED" 2>/dev/null
refused "over one that was killed" 1 "another transaction" T apply --quiet "$WORK/b"
T txn abort "$(txn_id)"
state >"$WORK/after"
check "nothing remains of either" cmp "$WORK/before" "$WORK/after"

# Many, and the end of the namespace and the module with some of it pending.
{ cat "$WORK/base"; awk -v n="$MANY" 'BEGIN { for (i = 0; i < n; i++)
	printf "rule add t prio 1 src 10.%d.%d.%d queue q drop timeout 1h\n", i / 65536, i / 256 % 256, i % 256 }'
} >"$WORK/many"
T apply --quiet - <"$WORK/base"
try "$WORK/many"
is "$(json_num rules "$(T -j table show t)")" "$MANY" "$MANY rules are there"
T txn abort "$(txn_id)"
wait "$TRIED"
is "$(json_num rules "$(T -j table show t)")" 0 "and none"
must T apply --quiet "$WORK/many"
try "$WORK/base"
kill -KILL "$TRIED"
wait "$TRIED" 2>/dev/null
unconfirmed
ok $? "the namespace ends with an unconfirmed transaction"
stop "$monitor"	# it is in there
ip netns del b
# shellcheck disable=SC2034 # lib.sh's
CLEANUP=()
check "and the module unloads" until_ok 120 rmmod tqueue
finish
