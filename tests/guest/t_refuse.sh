#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each refusal of each command says what is wrong and changes nothing: first of
# the kernel, by raw netlink requests (refuse.cases, sent by tools/tqnl.c, which
# dumps all objects before and after each), then of tqctl, with its exit codes.
#
# timeout: 90
# files: refuse.cases
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

load_module
new_ns b
must T -b - <<-END
	queue add q ring 16K
	queue add r ring 16K
	queue add l mode log ring 16K watermark 16K
	queue add c1 ring 8K
	queue add c2 ring 8K
	queue add c3 ring 8K
	queue add c4 ring 8K
	queue add c5 ring 8K
	queue add c6 ring 8K
	table add t
	table add u
	table add v max 2
	rule add v prio 1 drop
	rule add v prio 2 drop
	rule add t handle 1 proto udp queue q pass
	hook add t family inet hook prerouting priority raw
END
sed "s/\$q/$(queue_id q)/g" refuse.cases >"$WORK/cases"
take_tap in_ns b tqnl "$WORK/cases"

dump() { T -j queue show; T -j table show; T -j rule list t; T -j hook list; }
dump >"$WORK/before"

# WHAT STATUS TEXT COMMAND...
refused "no command" 2 "." T
refused "unknown object" 2 "nonsense" T nonsense
refused "unknown command" 2 "nonsense" T queue nonsense
refused "no name" 2 "name" T queue add
refused "a name too long" 2 "name" T queue add aaaaaaaaaabbbbbbbbbbccccccccccdd
refused "a bad name" 2 "name" T queue add a/b
refused "unknown setting" 2 "colour" T queue add new colour red
refused "no value" 2 "snaplen" T queue add new snaplen
refused "a bad size" 2 "64Q" T queue add new ring 64Q
refused "a ring that is not a power of two" 1 "power|size|ring" T queue add new ring 12K
refused "a ring that is too small" 1 "ring|range" T queue add new ring 4K
refused "a queue that is there" 1 "already|exist" T queue add q
refused "a queue that is not there" 1 "no such" T queue del nosuch
refused "show a queue that is not there" 1 "no such" T queue show nosuch
refused "flush a log" 1 "can't be flushed" T queue flush l
refused "a ring smaller than the watermark" 1 "give both" T queue set l ring 8K
refused "flush a queue that is not there" 1 "no such" T queue flush nosuch
refused "a queue in use, and by whom" 1 "rule t handle 1" T queue del q
refused "a table that is there" 1 "already|exist" T table add t
refused "a table in use, and by whom" 1 "hook 1" T table del t
refused "a table that is not there" 1 "no such" T table flush nosuch
refused "a limit below the number of rules" 1 "more rules" T table set v max 1
refused "a table that is full" 1 "table is full" T rule add v prio 3 drop
refused "a limit without a number" 2 "max" T table set v max
refused "a limit that is no number" 2 '"few"' T table add w max few
refused "a rule without a table" 2 "table" T rule add
refused "a rule for a table that is not there" 1 "no such" T rule add nosuch proto udp
refused "a rule for a queue that is not there" 1 "no such" T rule add t queue nosuch
refused "an address with bits beyond its prefix" 2 "10.0.0.1/24" T rule add t src 10.0.0.1/24
refused "no address" 2 "10.0.0" T rule add t src 10.0.0
refused "two families" 2 "family" T rule add t src 10.0.0.1 dst fd00::1
refused "a port beyond 65535" 2 "65536" T rule add t proto tcp dport 65536
refused "a range that ends before it begins" 2 "9-8" T rule add t proto tcp dport 9-8
refused "ports without a protocol that has them" 1 "ports" T rule add t proto icmp dport 1
refused "a handle that is there" 1 "handle" T rule add t handle 1 prio 9
refused "a handle that is not there" 1 "handle" T rule del t handle 4711
refused "a mark beyond its mask" 2 "0x3/0x2" T rule add t mark 0x3/0x2
refused "a word twice" 2 "twice|already" T rule add t prio 1 prio 2
refused "a hook for a table that is not there" 1 "no such" T hook add nosuch family ip hook input
refused "a hook without a family" 2 "family" T hook add t hook input
refused "an unknown hook" 2 "nowhere" T hook add t family ip hook nowhere
refused "a priority" 2 "rawish" T hook add t family ip hook input priority rawish
refused "the same hook twice" 1 "already" T hook add t family inet hook prerouting priority raw
refused "a hook that is not there" 1 "no such" T hook del 99
refused "a namespace that is not there" 1 "nosuch" tqctl -n nosuch queue show
refused "a batch that is not there" 1 "nosuch" T -b "$WORK/nosuch"
# What tqctl has open by then is its own affair: with one descriptor less it gets no socket,
# with one more the file that it asks for.
for ((n = 3; n < 20; n++)); do
	(ulimit -n $n && exec nsenter --net=/run/netns/b tqctl queue read r) >"$WORK/out" 2>&1
	grep -q "no file descriptor is free" "$WORK/out" && break
done
comment <"$WORK/out"
ok $((n == 20)) "no file descriptor is free for a queue"
dump >"$WORK/after"
check "nothing has changed" cmp "$WORK/before" "$WORK/after"
finish
