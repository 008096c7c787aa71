#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Dumps while somebody else commits: a table is one of two sets of rules, replaced by
# the other as a whole again and again.  A raw reader with a small buffer sees one of
# them, and so does who reads what tqctl prints.  A dump of rules is of one moment
# whatever happens; of queues it is interrupted by a change of anything, but not by the
# events of a queue that begins and ends to lose.
# Topology: topo_ab in lib.sh.
#
# timeout: 120
# kernels: all
# short: SECS=6 A=800 B=600
. "$(dirname "$0")/lib.sh"
: "${SECS=20}" "${A=3000}" "${B=2400}"

load_module
topo_ab
must T -b - <<-END
	queue add q ring 8K
	table add t
	table add flood
	rule add flood proto udp dport 2000 queue q pass
	hook add flood family inet hook prerouting priority raw
END
# What tqdump looks for: so many rules with priorities from 1 on, and one mark.
make_set() { # NUMBER RULES
	local i
	echo "table flush t"
	for ((i = 1; i <= $2; i++)); do
		echo "rule add t handle $((($1 << 32) + i)) prio $i proto udp dport $i set-mark $1 pass"
	done
}
make_set 1 "$A" >"$WORK/set1"
make_set 2 "$B" >"$WORK/set2"
for i in 2 1; do
	must T -b "$WORK/set$i"
	T -j rule list t >"$WORK/list$i"
done

D() { in_ns b tqdump -b 4K "$@" t "$A" "$B" >"$WORK/dump"; } # OPTION...
D -s 0
status=$?
kv "$WORK/dump"
is "$status ${KV[a]} ${KV[torn]}" "0 1 0" "nobody commits: the dump is the first set"

# Rules of all lengths that have, together, all that a rule can have: a reader's small buffer
# is full at one attribute, then at another.
must T table add all
RANDOM=1
for ((i = 1; i <= 2000; i++)); do
	name=eth${i}xxxxxxxxxxxx oif=
	[ $((RANDOM % 2)) = 0 ] || oif="oif lo"
	case $((RANDOM % 3)) in
	0)
		keys="src fd00::$i dst fd00::/8 proto tcp sport $i-$((i + 9)) dport $i tcp-flags syn/syn,ack"
		does="limit 5/s burst 9 sample $i set-mark 1 pass"
		;;
	1)
		keys="src 10.0.0.0/$((i % 8 + 8)) proto icmp icmp-type 8/0 frag first,none ct new,established"
		does="queue p snaplen $i set-mark 1 ttl set $((i % 200 + 1)) set-dscp ef nfqueue $i bypass"
		;;
	2)
		keys="dst 10.0.0.0/$((i % 8 + 8)) proto udp sport $i ct untracked"
		does="set-mark 1 ttl inc 3 steal p else drop"
		;;
	esac
	echo "rule add all prio $i $keys iif ${name:0:4 + RANDOM % 12} $oif mark 1/3 dscp 5 len 1-1500 queue q $does timeout 1h"
done >"$WORK/all"
must T queue add p ring 16K
must T -b "$WORK/all"
in_ns b tqdump -b 4K -s 0 all 2000 2001 >"$WORK/dump"
status=$?
kv "$WORK/dump"
is "$status ${KV[a]} ${KV[torn]}" "0 1 0" "rules with everything, in small messages"
must T table del all

# ---- while they commit ----

commit() {
	local i
	for ((i = 0; ; i++)); do
		[ ! -e "$WORK/enough" ] || return 0
		T -b "$WORK/set$((2 - i % 2))" || return
		echo "$i" >"$WORK/commits"
	done
}
commit >"$WORK/commit" 2>&1 &
committer=$!
for i in 1 2; do
	start b "$WORK/raw$i" tqdump -b 4K -s "$SECS" t "$A" "$B"
	raw[i]=$STARTED
done
lists=0 refusals=0 wrong=0
end=$((SECONDS + SECS))
# On a slow machine: until there was something to see.
while [ $SECONDS -lt $end ] || { [ "$(cat "$WORK/commits" 2>/dev/null || echo 0)" -lt 3 ] &&
	[ $SECONDS -lt $((end + 60)) ]; }; do
	if T -j rule list t >"$WORK/list" 2>"$WORK/err"; then
		lists=$((lists + 1))
		cmp -s "$WORK/list" "$WORK/list1" || cmp -s "$WORK/list" "$WORK/list2" ||
			wrong=$((wrong + 1))
	elif [ -s "$WORK/list" ] || ! grep -q "kept changing" "$WORK/err"; then
		wrong=$((wrong + 1))
		comment <"$WORK/err"
	else
		refusals=$((refusals + 1))
	fi
done
for i in 1 2; do
	wait "${raw[i]}"
	ok $? "raw reader $i: no dump is a mixture that was not told of"
	comment <"$WORK/raw$i"
	kv "$WORK/raw$i"
	is "${KV[torn]}" 0 "raw reader $i: no dump was interrupted"
done
is "$wrong" 0 "tqctl: $lists lists are one set or the other, $refusals times it gave up"
touch "$WORK/enough"
wait $committer
ok $? "each commit went well"
comment <"$WORK/commit"
at_least "$(cat "$WORK/commits")" 3 "commits"
must T -b "$WORK/set1"
T -j rule list t >"$WORK/list"
check "the last list is the first set" cmp "$WORK/list" "$WORK/list1"

# ---- what interrupts a dump, and what does not ----

whole() { # WHAT COMMAND: COMMAND runs after the first part of a dump of rules
	local status
	D -x "$2"
	status=$?
	kv "$WORK/dump"
	is "$status ${KV[a]} ${KV[torn]}" "0 1 0" "rules: $1"
}
torn() { # WHAT WANT COMMAND: the same of a dump of queues
	local status
	in_ns b tqdump -b 4K -x "$3" >"$WORK/dump"
	status=$?
	kv "$WORK/dump"
	is "$status ${KV[torn]}" "0 $2" "queues: $1"
}
for ((i = 0; i < 60; i++)); do
	echo "queue add a-queue-with-a-long-name-$i ring 8K"
done >"$WORK/queues"
must T -b "$WORK/queues"
whole "nothing happens" "true"
whole "the table is replaced" "tqctl -n b -b $WORK/set2"
must T -b "$WORK/set1"
whole "another table gets a rule" "tqctl -n b rule add flood prio 8 pass"
whole "a queue is changed" "tqctl -n b queue set q snaplen 128"
torn "nothing happens" 0 "true"
torn "somebody reads" 0 "tqctl -n b -j queue show >/dev/null"
torn "a refusal" 0 "! tqctl -n b queue add q 2>/dev/null"
torn "a table gets a rule" 1 "tqctl -n b rule add flood prio 9 pass"
torn "a queue is changed" 1 "tqctl -n b queue set q snaplen 64"
torn "a queue is made" 1 "tqctl -n b queue add other ring 16K >/dev/null"
torn "a hook goes" 1 "tqctl -n b hook add flood family ip hook output && tqctl -n b hook del \$(
	tqctl -n b -j hook list | grep -o '\"id\":[ 0-9]*' | tail -n1 | grep -o '[0-9]*')"
torn "a transaction is committed" 1 "printf 'table flush flood\nrule add flood proto udp dport 2000 queue q pass\n' |
	tqctl -n b -b -"
start b "$WORK/events" tqctl monitor
monitor=$STARTED
listens() { T queue set q watermark 512 && T queue set q watermark 256 && [ -s "$WORK/events" ]; }
check "a listener" until_ok 20 listens
cat >"$WORK/flap" <<-END
	for i in 1 2; do
		n=\$(grep -c '^queue recovered' "$WORK/events")
		for k in \$(seq 200); do
			[ \$k != 1 ] || nsenter --net=/run/netns/a tqgen -d $MAC_B va -n 200 \
				"udp 10.9.0.1:1 10.9.0.2:2000" >/dev/null
			[ "\$(grep -c '^queue recovered' "$WORK/events")" = "\$n" ] || continue 2
			sleep 0.1
		done
		exit 1
	done
END
torn "a queue begins and ends to lose, twice" 0 "sh $WORK/flap"
is "$(grep -c "^queue overflow" "$WORK/events") $(grep -c "^queue recovered" "$WORK/events")" "2 2" \
	"which was told twice"
stop "$monitor"
finish
