#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Events: while three processes change things, they come in the order of their
# serials, none is missing, and applied to what was there before they make what is
# there afterwards.  A monitor that is stopped meanwhile loses some; it says so at
# once and says which, and what a program reads then, with the events behind the
# gap, is what is there.
#
# timeout: 150
# files: monitor.py
# kernels: all
# short: ROUNDS=5
. "$(dirname "$0")/lib.sh"
: "${ROUNDS=25}"

load_module
new_ns b
must T -b - <<-END
	queue add q ring 16K
	table add t
	table add keep
	rule add keep prio 1 proto udp queue q pass
	rule add keep prio 2 proto tcp pass
	hook add keep family inet hook prerouting
END
dump() { python3 ./monitor.py dump "$1"; } # FILE

watch() { # EVENTS ERRORS
	(exec nsenter --net=/run/netns/b tqctl -j monitor >"$1" 2>"$2") &
	monitor=$!
	listens() { T queue set q watermark 512 && T queue set q watermark 256 && [ -s "$1" ]; }
	check "a listener" until_ok 20 listens "$1"
}
# The last event is there when this is.
told() { # EVENTS NAME
	T table add "$2" >/dev/null
	T table del "$2"
	until_ok 60 grep -q "\"table del\".*\"$2\"" "$1"
}

# ---- in order, all of them ----

changes() { # NUMBER ROUNDS
	local i k
	for ((i = 0; i < $2; i++)); do
		{
			echo "queue add q$1 ring 16K"
			echo "queue set q$1 snaplen $((64 + i)) watermark 512"
			echo "table add t$1"
			echo "hook add t$1 family ip hook input priority $((100 * $1 + i))"
			for k in {1..40}; do
				echo "rule add t$1 handle $k prio $((k % 7)) proto udp dport $((k + i)) queue q$1 drop"
			done
			echo "rule replace t$1 handle 5 prio $i pass"
			echo "rule del t$1 handle 7 9 11"
			echo "rule add t$1 handle 100 timeout 1h set-mark $i accept"
			[ $((i % 3)) != 0 ] || echo "table flush t$1"
			echo "rule add keep handle $((1000 * $1 + i)) prio $i src 10.$1.$i.0/24 drop"
			echo "table flush t$1"
		} | T -b - >/dev/null || return
		[ $((i + 1)) = "$2" ] && return
		T hook del "$(hook_id "t$1")" && T table del "t$1" || return
		until_ok 10 T queue del "q$1" || return
	done
}
watch "$WORK/events" "$WORK/err"
dump "$WORK/before"
pids=()
for i in 1 2 3; do
	changes $i "$ROUNDS" >"$WORK/changes$i" 2>&1 &
	pids+=($!)
done
for i in 0 1 2; do
	wait "${pids[i]}"
	ok $? "process $i has changed things $ROUNDS times"
	comment <"$WORK/changes$((i + 1))"
done
check "the last event is there" told "$WORK/events" last
dump "$WORK/after"
check "in order, none missing, and they make what is there" \
	python3 ./monitor.py follow "$WORK/before" "$WORK/events" "$WORK/after"
comment <"$WORK/out"
is "$(cat "$WORK/err")" "" "nothing was told to be missing"

# ---- too many of them ----

many() { # N: each a transaction, which takes several events
	local i k
	for ((k = 0; k < 1000; k++)); do
		echo "rule add t handle $((k + 1)) prio $((k % 100)) proto udp dport $k pass"
	done >"$WORK/many"
	for ((i = 0; i < $1; i++)); do
		T -b "$WORK/many" && T table flush t || return
	done
}
dropped() { in_ns b awk 'NR > 1 { n += $9 } END { print n + 0 }' /proc/net/netlink; }
# How much a socket takes is not the same on all kernels.
too_many() {
	local i before
	before=$(dropped)
	for ((i = 0; i < 200; i++)); do
		many 1 || return
		[ "$(dropped)" = "$before" ] || return 0
	done
	return 1
}
missing() { [ "$(grep -c "events are missing" "$WORK/err")" -ge "$1" ]; } # TIMES
# The next one comes when the socket has been read empty, and not before.
which() { # TIMES
	T table add next >/dev/null && T table del next &&
		[ "$(grep -c "events [0-9]* to [0-9]* are missing" "$WORK/err")" -ge "$1" ]
}
for i in 1 2; do
	kill -STOP "$monitor"
	check "many changes, nobody listens ($i)" too_many
	kill -CONT "$monitor"
	check "that events are missing is told before there is another one ($i)" until_ok 60 missing "$i"
	# Another process goes on while the monitor reads the objects.
	changes $((3 + i)) $((ROUNDS / 5 + 2)) >"$WORK/changes$((3 + i))" 2>&1 &
	changer=$!
	check "with the next one, which are missing ($i)" until_ok 60 which "$i"
	wait $changer
	ok $? "changes while the objects are read ($i)"
	comment <"$WORK/changes$((3 + i))"
done
# Since then nothing is missing.
told "$WORK/events" very-last
ok $? "the last event is there"
dump "$WORK/after"
check "which were missing; the state that was read, and what came behind it, are what is there" \
	python3 ./monitor.py resync "$WORK/events" "$WORK/after" "$WORK/err"
comment <"$WORK/out"
stop "$monitor"
ok $? "the monitor went on to its end"
comment <"$WORK/err"
finish
