#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Events of queues that lose: one when it begins, none while it goes on, one when a
# second has passed without a loss; for each queue by itself, with the counters of
# that moment, in the order of the serials; also when queues, namespace and module
# go meanwhile.
# Topology: topo_ab in lib.sh.
#
# timeout: 120
# kernels: all
# short: TIMES=2
. "$(dirname "$0")/lib.sh"
: "${TIMES=5}"

load_module
topo_ab
must T queue add q ring 8K
must T queue add r ring 8K
must T queue add l ring 8K mode log
must T table add t
must T rule add t prio 1 proto udp dport 2000 queue q pass
must T rule add t prio 2 proto udp dport 2001 queue r pass
must T rule add t prio 3 proto udp dport 2002 queue l pass
must T hook add t family inet hook prerouting priority raw
flood() { gen va -n "${2-200}" "udp 10.9.0.1:1 10.9.0.2:$1" >/dev/null; } # PORT [N]

# Nobody listens: nothing is told, and nothing is the worse for it.
flood 2000
lost() { T -j -s queue show "$1" | python3 -c '
import json, sys
s = json.load(sys.stdin)[0]["stats"]
print(sum(n for cause, n in s["lost"].items() if cause not in ("dying", "flushed")))'; }
at_least "$(lost q)" 50 "without a listener: losses are counted"
quiet() { sleep 2.5; }
quiet

start b "$WORK/events" tqctl -j monitor
monitor=$STARTED
listens() { T queue set q watermark 512 && T queue set q watermark 256 && [ -s "$WORK/events" ]; }
check "a listener" until_ok 20 listens
events() { # EVENT QUEUE: how many
	python3 - "$WORK/events" "$1" "$2" <<-'END'
		import json, sys
		print(sum(e["event"] == sys.argv[2] and e["queue"]["name"] == sys.argv[3]
		          for e in map(json.loads, open(sys.argv[1]))))
	END
}
more() { [ "$(events "$1" "$2")" -gt "$3" ]; } # EVENT QUEUE N
calm() { [ "$(events "queue overflow" "$1")" = "$(events "queue recovered" "$1")" ]; } # QUEUE

begin=$SECONDS
for ((i = 1; i <= TIMES; i++)); do
	n=$(events "queue overflow" q)
	flood 2000
	check "$i: it overflows" until_ok 20 more "queue overflow" q "$n"
	# Each one a loss.
	for ((k = 0; k < 8; k++)); do
		flood 2000 5
	done
	check "$i: it has recovered" until_ok 20 calm q
	T queue flush q
done
# However slow the machine: between two of them is a second without a loss.
at_least $((SECONDS - begin + 1)) "$(events "queue overflow" q)" "no more events than seconds"
is "$(events "queue overflow" r)" 0 "the other queue was not named"
python3 - "$WORK/events" "$(lost q)" <<'E2'
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
serials = [e["serial"] for e in events]
assert serials == list(range(serials[0], serials[0] + len(serials))), serials
last = 0
for e in events:
    if e["event"].startswith("queue overflow") or e["event"] == "queue recovered":
        assert set(e["queue"]) == {"id", "name", "stats"}, e
        n = sum(n for cause, n in e["queue"]["stats"]["lost"].items() if cause not in ("dying", "flushed"))
        assert n >= last if e["event"] == "queue recovered" else n > last, (n, last)
        last = n
names = [e["event"] for e in events if e["event"] in ("queue overflow", "queue recovered")]
assert names == ["queue overflow", "queue recovered"] * (len(names) // 2), names
assert last == int(sys.argv[2]), (last, sys.argv[2])
E2
ok $? "serials without a gap, and the counters of the moment"

# What fits, what a flush takes, and what a log overwrites are no losses.
flood 2000 3
n=$(events "queue overflow" q)
T queue flush q
flood 2002
quiet
is "$(events "queue overflow" q) $(events "queue overflow" l)" "$n 0" "no loss, no event"

# Two at once; one goes while it overflows.
flood 2000
flood 2001
check "both overflow: one" until_ok 20 more "queue overflow" r 0
check "both overflow: the other" until_ok 20 more "queue overflow" q "$n"
must T table flush t
must T queue del r
check "the one that stays recovers" until_ok 20 calm q
n=$(events "queue recovered" r)
quiet
is "$(events "queue recovered" r)" "$n" "of the one that is gone nothing is heard"
must T rule add t prio 1 proto udp dport 2000 queue q pass

# As text.
stop "$monitor"
start b "$WORK/text" tqctl monitor
monitor=$STARTED
listens_text() { T queue set q watermark 512 && T queue set q watermark 256 && [ -s "$WORK/text" ]; }
until_ok 20 listens_text
flood 2000
told() { grep -qE "^queue $1 [0-9]+: q$" "$WORK/text" && grep -A1 "^queue $1" "$WORK/text" | grep -q "full"; }
check "as text: overflow, with counters" until_ok 10 told overflow
check "as text: recovered" until_ok 20 told recovered
! grep -q missing "$WORK/text"
ok $? "nothing is missing"
stop "$monitor"
comment <"$WORK/text"

# The namespace ends, and the module goes, while one overflows.
flood 2000
ip netns del a
ip netns del b
gone() { modprobe -r tqueue; }
check "the module goes" until_ok 30 gone
finish
