#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules that expire: never early, skipped and removed by themselves, announced
# once, refreshed without a gap; by the thousand; and what they held is let go.
# Topology: topo_ab in lib.sh.
#
# timeout: 120
# kernels: all
# short: MANY=2000 HOLD=8
. "$(dirname "$0")/lib.sh"
: "${MANY=20000}" "${HOLD=12}"

load_module
topo_ab
must T queue add q
must T queue add held
must T table add t
must T hook add t family inet hook prerouting priority raw
start b "$WORK/events" tqctl monitor
monitor=$STARTED
must T rule add t handle 2 prio 2 proto udp dport 2001 pass
# The monitor listens when it has seen this.
must until_ok 20 sh -c "tqctl -n b rule add t handle 100 proto 99 pass
	tqctl -n b rule del t handle 100; grep -q 'rule del' '$WORK/events'"

ms() { echo $(($(date +%s%N) / 1000000)); }
gone() { ! T rule show t handle "$1"; }
packets() { json_num packets "$(T -j -s rule show t handle "$1")"; }
left() { json_num expires_ms "$(T -j rule show t handle "$1")"; }

LIFE=$(short_life)
[ "$HOLD" -ge $((2 * LIFE)) ] || HOLD=$((2 * LIFE))
note "a short timeout is $LIFE s here"

before=$(ms)
must T rule add t handle 1 prio 1 proto udp dport 2001 queue held drop timeout "${LIFE}s"
gen va -n 5 "udp 10.9.0.1:1 10.9.0.2:2001" >/dev/null
is "$(packets 1) $(packets 2)" "5 0" "until then it wins"
refused "its queue is held" 1 "refer to the queue" T queue del held
until_ok 30 gone 1
ok $? "it ends by itself"
at_least $(($(ms) - before)) "${LIFE}000" "not early: milliseconds"
gen va -n 5 "udp 10.9.0.1:1 10.9.0.2:2001" >/dev/null
is "$(packets 2)" 5 "then the next one wins"
until_ok 20 grep -q 'rule expired t handle 1$' "$WORK/events"
ok $? "it was announced"
check "its queue is free" T queue del held
is "$(grep -c 'rule expired' "$WORK/events")" 1 "once"

# HOLD seconds of packets, while a timeout of fewer seconds is refreshed.
must T rule add t handle 3 prio 1 proto udp dport 2001 queue q pass timeout $((HOLD * 3 / 4))s
before=$(packets 2)
end=$((SECONDS + HOLD)) sent=0
while [ $SECONDS -lt $end ]; do
	must T rule add t prio 1 proto udp dport 2001 queue q pass timeout $((HOLD * 3 / 4))s
	gen va -n 20 "udp 10.9.0.1:1 10.9.0.2:2001" >/dev/null
	sent=$((sent + 20))
done
is "$(packets 3) $(packets 2)" "$sent $before" "refreshed: the same rule takes every packet"
is "$(json_num timeout_ms "$(T -j rule show t handle 3)")" $((HOLD * 3 / 4))000 "with its timeout"
# Enough for the rest on any machine.
must T rule add t prio 1 proto udp dport 2001 queue q pass timeout 10m
was=$(left 3)
refused "a refused message does not refresh" 1 "no such queue" T -b - <<-END
	rule add t prio 1 proto udp dport 2001 queue q pass timeout 1h
	rule add t prio 1 proto udp dport 2002 queue nosuch
END
now=$(left 3)
[ "$now" -le "$was" ] && [ "$now" -gt 0 ]
ok $? "its time runs on"
must T rule replace t handle 3 prio 1 proto udp dport 2009 queue q pass
[ "$(left 3)" -le "$now" ]
ok $? "and through a replacement"
must T rule add t prio 1 proto udp dport 2009 queue q pass timeout 0
is "$(left 3)" "" "timeout 0: for ever"

refused "time left without a timeout" 1 "without a timeout" T rule add t proto 1 expires 5s
refused "more left than there was" 1 "more than the timeout" \
	T rule add t proto 1 timeout 1s expires 5s
refused "longer than a hundred years" 1 "hundred years" T rule add t proto 1 timeout 60000d

must T table add many
for ((i = 0; i < MANY; i++)); do
	echo "rule add many src 10.1.$((i >> 8)).$((i & 255)) pass timeout $((LIFE + 1))s"
done >"$WORK/many"
check "$MANY rules with a timeout" T -b "$WORK/many"
at_least "$(json_num rules "$(T -j table show many)")" 1 "are there"
none() { [ "$(json_num rules "$(T -j table show many)")" = 0 ]; }
until_ok 60 none
ok $? "and all end"
# The last event of all, to know that the others were seen.
must T rule add t handle 101 proto 99 pass
must until_ok 30 grep -q 'rule add t handle 101' "$WORK/events"
is "$(grep -c 'rule expired many' "$WORK/events")" "$MANY" "each was announced once"
stop "$monitor"
must T table del many
finish
