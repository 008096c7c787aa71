#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tqctl module unload names everybody who holds the module, in namespaces with and
# without a name, and with --wait goes on when they are gone.  module reload: the
# state of all namespaces is the same afterwards, with handles, counters and
# timeouts; it refuses while others hold the module, and nothing is lost when the
# module can't be loaded again.
# Topology: topo_ab in lib.sh.
#
# timeout: 150
# kernels: all
# short: MANY=100
. "$(dirname "$0")/lib.sh"
: "${MANY=5000}"

loaded() { [ -d /sys/module/tqueue ]; }
unloaded() { ! loaded; }
load_module
check "nobody holds it: it unloads" tqctl module unload
check "and is gone" unloaded
refused "it is not loaded" 3 "not loaded" tqctl module unload
refused "nor to be reloaded" 3 "not loaded" tqctl module reload
check "and was not loaded by asking" unloaded
must modprobe tqueue
topo_ab

# Holders of all kinds.
must T queue add q ring 16K
must T table add t
must T rule add t handle 3 prio 5 proto udp dport 2001 queue q drop timeout 2h
must T rule add t handle 4 prio 5 proto udp pass timeout 10h
must T hook add t family inet hook prerouting priority raw
must tqctl -n a table add s
must tqctl -n a rule add s prio 1 proto tcp drop
must in_ns a iptables-nft -A OUTPUT -m tqueue --rule-table s -j DROP
unshare -n sleep 1000 &
sleeper=$!
there() { [ "$(readlink "/proc/$sleeper/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
until_ok 30 there
must tqctl -n "/proc/$sleeper/ns/net" table add nameless
must tqctl -n "/proc/$sleeper/ns/net" hook add nameless family ip hook input
start b "$WORK/read" tqctl queue read q --follow
reader=$STARTED
open() { [ "$(json_num readers "$(T -j queue show q)")" = 1 ]; }
until_ok 30 open
refused "in use" 1 "in use, as said above" tqctl module unload
comment <"$WORK/out"
holder() { # WHAT TEXT
	grep -qE "$2" "$WORK/out"
	ok $? "names $1"
}
holder "a hook" "^namespace b: hook 1: t family inet hook prerouting"
holder "rules" "^namespace b: table t: 2 rules"
holder "iptables" "^namespace a: iptables -t filter: 1 rule with rule table s"
holder "a reader" "^namespace b: queue q: open 1 time, by process $reader \(tqctl\)"
holder "a hook of a namespace without a name" "^namespace of process $sleeper \((unshare|sleep)\): hook 1: nameless"
is "$(grep -c . "$WORK/out")" 7 "and nothing else"
tqctl -j module unload >"$WORK/json" 2>/dev/null
python3 - "$WORK/json" "$reader" <<'E2'
import json, sys
with open(sys.argv[1], encoding="utf-8") as f:
    found = json.load(f)
files = [x for x in found if x["type"] == "files"]
assert [(x["namespace"], x["queue"], x["count"], x["processes"][0]["pid"]) for x in files] == \
    [("b", "q", 1, int(sys.argv[2]))], files
assert sorted(x["type"] for x in found) == ["files", "hook", "hook", "iptables", "rules", "rules"], found
E2
ok $? "the same as JSON"
check "all is still there" loaded

# One that has it mapped and no descriptor.
stop $reader
# Reload: what takes no hook away is in the way.
state() {
	tqctl -n b -s save | sed -E 's/ (expires|last-hit) [^ ]+//g'
	tqctl -n a -s save
	tqctl -n "/proc/$sleeper/ns/net" save
}
refused "reload over iptables" 1 "in use.*hooks only" tqctl module reload
must in_ns a iptables-nft -F OUTPUT
gen va -n 7 "udp 10.9.0.1:1 10.9.0.2:2001" >/dev/null
gen va -n 5 "udp 10.9.0.1:1 10.9.0.2:2002" >/dev/null
counted() { [ "$(rule_sum packets t)" = 12 ]; }
until_ok 30 counted
awk -v n="$MANY" 'BEGIN { for (i = 0; i < n; i++)
	printf "rule add t prio 9 src 10.%d.%d.%d drop\n", 1 + i / 65536, i / 256 % 256, i % 256 }' >"$WORK/many"
must T -b "$WORK/many"
state >"$WORK/before"
left=$(json_num expires_ms "$(T -j rule show t handle 3)")
start b "$WORK/read" tqctl queue read q --follow
reader=$STARTED
until_ok 30 open
refused "reload over a reader" 1 "process $reader .*|in use" tqctl module reload
stop $reader
closed() { [ "$(json_num readers "$(T -j queue show q)")" = 0 ]; }
until_ok 30 closed
T apply --confirm 1h --quiet - >/dev/null 2>&1 < <(T save; echo "rule add t prio 77 drop") &
one=$!
unconfirmed() { [[ $(T -j txn show) == *'"unconfirmed"'* ]]; }
until_ok 60 unconfirmed
refused "reload over an unconfirmed transaction" 1 "confirm or abort" tqctl module reload
must T txn abort "$(json_num id "$(T -j txn show)")"
wait $one
state >"$WORK/after"
check "refused, nothing has changed" cmp "$WORK/before" "$WORK/after"

parameter=/sys/module/tqueue/parameters/max_user_memory
echo 70M >$parameter
was=$(stat -c %i /sys/module/tqueue)
check "module reload" tqctl module reload
state >"$WORK/after"
check "all is there again: handles, counters, hooks, $MANY rules" cmp "$WORK/before" "$WORK/after"
[ "$was" != "$(stat -c %i /sys/module/tqueue)" ]
ok $? "it is another instance of the module"
now=$(json_num expires_ms "$(T -j rule show t handle 3)")
[ "${now:-0}" -le "$left" ] && [ "${now:-0}" -gt $((left - 1800000)) ]
ok $? "what is left of timeouts, too ($left, $now ms)"
is "$(cat $parameter)" 73400320 "and what parameters were set to"
gen va -n 7 "udp 10.9.0.1:1 10.9.0.2:2001" >/dev/null
counted() { [ "$(rule_sum packets t)" = 19 ]; }
check "counters go on" until_ok 30 counted
state >"$WORK/before"

# The module is gone and can't be loaded: the configuration is not.
mkdir -p /run/modprobe.d
echo "install tqueue /bin/false" >/run/modprobe.d/broken.conf
refused "it can't be loaded again" 1 "configuration is in /run/tqctl/reload" tqctl module reload
check "it is gone" unloaded
rm /run/modprobe.d/broken.conf
must modprobe tqueue
refused "a second reload keeps the files of the first" 1 "reload that failed" tqctl module reload
file() { echo "/run/tqctl/reload/$(stat -Lc %i "$1").conf"; }
must tqctl -n b apply --quiet "$(file /run/netns/b)"
must tqctl -n a apply --quiet "$(file /run/netns/a)"
must tqctl -n "/proc/$sleeper/ns/net" apply --quiet "$(file "/proc/$sleeper/ns/net")"
rm -r /run/tqctl/reload
state >"$WORK/after"
check "by apply, all is there again" cmp "$WORK/before" "$WORK/after"

# --wait
tqctl module unload --wait >"$WORK/wait" 2>&1 &
waiting=$!
told() { grep -q "hook 1" "$WORK/wait"; }
check "--wait says who holds it" until_ok 60 told
must T hook del 1
check "it waits for the others" kill -0 $waiting
must tqctl -n "/proc/$sleeper/ns/net" hook del 1
wait $waiting
is $? 0 "and is done when they are gone"
check "the module is gone" unloaded
must modprobe tqueue
must T table add t
must T hook add t family ip hook input
# Emptied now: what the first one said is gone before we look.
: >"$WORK/wait"
tqctl module unload --wait >"$WORK/wait" 2>&1 &
waiting=$!
until_ok 60 told
kill -INT $waiting
wait $waiting
is $? 1 "a signal ends the waiting"
check "and the module stays" loaded
refused "by nobody special" 1 "not permitted" setpriv --reuid=65534 --clear-groups tqctl module unload
refused "an unknown word" 2 '"--now"' tqctl module unload --now
refused "a word too many" 2 '"now"' tqctl module reload now
kill $sleeper
finish
