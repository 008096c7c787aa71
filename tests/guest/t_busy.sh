#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Counters of busy rules: a rule that is hit often gets counters for each CPU while
# both CPUs send, and not a packet or byte is lost or counted twice by that, nor when
# it is changed, its timeout refreshed, or it is deleted meanwhile; others stay as
# they are.
# Topology: topo_ab in lib.sh.
#
# timeout: 120
# kernels: all
# short: N=3000
. "$(dirname "$0")/lib.sh"
: "${N=20000}"		# packets from each of the two CPUs
PARAM=/sys/module/tqueue/parameters/busy_rate

load_module
topo_ab
if [ "$(getconf LONG_BIT)" != 64 ]; then
	skip "counters for each CPU" "64-bit kernels only"
	finish
fi
is "$(cat $PARAM)" 16384 "the rate, unless told otherwise"
must T queue add q ring 8K
must T table add t
must T rule add t prio 1 proto udp dport 2000 queue q pass
must T rule add t prio 2 proto udp dport 2001 pass
must T hook add t family inet hook prerouting priority raw
must in_ns b iptables-nft -A INPUT -p udp -j DROP

memory() { json_num memory_bytes "$(T -j table show t)"; }
# counters DPORT: packets, bytes, second of the last hit and copies of that rule
counters() {
	T -j -s rule list t | python3 -c '
import json, sys
for r in json.load(sys.stdin):
    if str(r["dport"]["min"]) == sys.argv[1]:
        print(r["packets"], r["bytes"], r["last_hit_ms"] // 1000, r["copies"])' "$1"
}
send() { # DPORT N: from both CPUs
	kv <(gen va -c 0,1 -n "$2" "udp 10.9.0.1:7 10.9.0.2:$1 len=72")
	sent=$((sent + KV[sent]))
}
LEN=100
read -r p b last c <<<"$(counters 2000)"
is "$p $b $last $c" "0 0 0 0" "nothing yet"

# Not by a rate that nobody reaches, and not if nobody wants it.
idle=$(memory)
at_least "${idle:-0}" 1 "the table says what it takes"
sent=0
echo 0 >$PARAM
for _ in 1 2 3; do
	send 2000 200
	sleep 1.1
done
is "$(memory)" "$idle" "rate 0: never"
echo 4000000000 >$PARAM
for _ in 1 2 3; do
	send 2000 200
	sleep 1.1
done
is "$(memory)" "$idle" "below the rate: not"
! { echo nonsense >$PARAM; } 2>/dev/null
ok $? "a rate is a number"
is "$(cat $PARAM)" 4000000000 "and what is none changes nothing"

echo 100 >$PARAM
busy() {
	send 2000 200
	sleep 0.3
	[ "$(memory)" -gt "$idle" ]
}
check "above the rate: counters for each CPU" until_ok 20 busy
now=$(memory)
at_least $((now - idle)) $((2 * 32)) "which the table counts"
read -r p b _ c <<<"$(counters 2000)"
is "$p $b $c" "$sent $((sent * LEN)) $sent" "nothing is lost or counted twice"

# Both CPUs send; what can be done to the rule is.
(
	last=0
	while [ ! -e "$WORK/done" ]; do
		read -r p _ <<<"$(counters 2000)"
		[ "${p:-0}" -ge "$last" ] || echo "from $last to $p" >>"$WORK/fell"
		last=${p:-0}
	done
) &
watcher=$!
handle=$(json_num handle "$(T -j rule list t)")
(
	i=0
	while [ ! -e "$WORK/done" ]; do
		i=$((i + 1))
		T rule replace t handle "$handle" prio $((i % 3)) proto udp dport 2000 timeout $((1000 + i))s \
			set-mark $i queue q pass || echo replace >>"$WORK/failed"
	done
	echo $i >"$WORK/times"
) &
changer=$!
send 2000 "$N"
touch "$WORK/done"
wait $watcher $changer
[ ! -e "$WORK/fell" ]
ok $? "counters never fall"
[ ! -e "$WORK/failed" ]
ok $? "the rule was replaced meanwhile"
note "replaced $(<"$WORK/times") times"
read -r p b last c <<<"$(counters 2000)"
is "$p $b $c" "$sent $((sent * LEN)) $sent" "every packet, byte and copy of a rule that was changed"
at_least "$last" $(($(date +%s) - 60)) "and when the last one was"
is "$(T rule list t hit | grep -c 'dport 2000')" 1 "it has been hit"
read -r p b _ <<<"$(counters 2001)"
is "$p" 0 "the other rule has none"

# A rule that is busy goes while packets hit it, then all that there is.
start a "$WORK/sent" tqgen -d "$MAC_B" -c 0,1 -T 600 -n 100000000 va "udp 10.9.0.1:7 10.9.0.2:2000" \
	"udp 10.9.0.1:7 10.9.0.2:2001"
flood=$STARTED
for ((i = 0; i < 5; i++)); do
	must T rule del t handle "$handle"
	must T rule add t prio 1 proto udp dport 2000 pass
	handle=$(json_num handle "$(T -j rule list t prio 1)")
	sleep 1.2
done
must T table flush t
settled() { [ "$(memory)" -lt "$idle" ]; }
check "without rules there is no memory of theirs" until_ok 20 settled
must T rule add t prio 1 proto udp pass
sleep 1.5
ip netns del b
stop "$flood"
finish
