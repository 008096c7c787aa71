#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Much of everything at once: many queues with tiny rings, as many tables with a rule
# each, most queues without a reader, the others with readers that block, poll, have it
# mapped, have small buffers, are stopped now and then, or all the time; and a table
# whose rules copy each packet of a flood from both CPUs to eight queues.  Every packet
# arrives; records + lost are the copies that the rules chose, in each queue; tqctl
# answers meanwhile; the memory that the module counts is that of rings and tables, and
# under load no more is taken; readers have all records of their queues; when all is
# deleted, the kernel's memory is free again.
# Topology: topo_ab in lib.sh.
#
# timeout: 300
# files: flood.sh load.py
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short: QUEUES=200 READERS=16 N=2000
# debug: 900 QUEUES=400 READERS=32 N=4000
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flood.sh"
: "${QUEUES=1000}" "${READERS=64}" "${N=20000}"	# tables: as many as queues
RING=8192
HANG=100	# seconds that a command takes only if it hangs

# field NAME: of /proc/meminfo, in KB
field() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo; }
# KB of pages that the kernel says nothing else of, as those of rings are; what waits
# in lists of the CPUs is free, though MemFree does not know it.
pages() {
	awk '/^MemTotal:/ { n += $2 }
		/^(MemFree|Buffers|Cached|AnonPages|Slab|KernelStack|PageTables|VmallocUsed|Percpu):/ { n -= $2 }
		$1 == "count:" { n -= $2 * '$(($(getconf PAGESIZE) / 1024))' }
		END { print n }' /proc/meminfo /proc/zoneinfo
}
memory() { note "$1: pages $(pages) KB, slab $(field SUnreclaim), per CPU $(field Percpu), available $(field MemAvailable)"; }
# sum NAME COMMAND...: of all numbers under that name
sum() {
	T -j "${@:2}" | grep -o "\"$1\":[[:space:]]*[0-9]*" | awk -F: '{ s += $2 } END { printf "%d\n", s }'
}
# how_many WORDS COMMAND...: how often its JSON says that
how_many() { T -j "${@:2}" | grep -oE "$1" | wc -l; }
counted() { json_num user_memory_bytes "$(T -j version)"; }
load() { python3 load.py "$@"; }

flood_setup
copies=$(json_num copies_max "$(T -j version)")
forget() { sync && echo 3 >/proc/sys/vm/drop_caches; }
# Caches of the kernel get their size.
load make $((QUEUES / 4)) $RING "$copies" >"$WORK/all"
load unmake $((QUEUES / 4)) >"$WORK/none"
must T -b "$WORK/all"
N=1000 flood "to begin with"
must T hook del "$(hook_id hot)"
must T -b "$WORK/none"
must T table del hot
none() { [ "$(counted)" = 0 ]; }
must until_ok 60 none
forget
memory "before"
pages=$(pages) slab=$(field SUnreclaim)
is "$(counted)" 0 "nothing is counted yet"

# ---- much of everything

load make "$QUEUES" $RING "$copies" >"$WORK/all"
check "a batch of $(grep -c . "$WORK/all") commands" T -b "$WORK/all"
is "$(how_many '"name":' queue show) $(how_many '"name":' table show)" "$QUEUES $((QUEUES + 1))" "queues and tables are there"
rings=$(sum rings queue show)
at_least "$rings" $((QUEUES * 2)) "rings"
bytes=$((rings * (RING + 2 * $(getconf PAGESIZE))))
is "$(sum memory_bytes queue show)" "$bytes" "their memory is that of the queues"
agree() { [ "$(counted)" = $((bytes + $(sum memory_bytes table show))) ]; }
check "with that of the tables it is what the module counts" until_ok 60 agree
memory "with them"
at_least $(($(pages) - pages)) $((bytes * 9 / 10240)) "KB of rings are in use"

# ---- readers

# One process starts them, few processes as there are; it ends when they have.
T -j queue show | load readers "$QUEUES" "$READERS" >"$WORK/plan"
mkdir "$WORK/r"
cat >"$WORK/starter" <<'END'
while read -r i _ how; do
	# shellcheck disable=SC2086 # words
	{
		tqread $how >"$1/$i.out" 2>&1 &
		echo $! >"$1/$i.pid"
		wait $!
		echo $? >"$1/$i.status"
	} &
done
wait
END
in_ns b bash "$WORK/starter" "$WORK/r" <"$WORK/plan" &
starter=$!
opened() { [ "$(sum readers queue show)" = "$READERS" ]; }
check "$READERS readers" until_ok 120 opened
at_least "$(how_many '"mapped":[[:space:]]*true' queue show)" $((READERS / 4)) "queues are mapped"
stopped=() slow=()
for ((i = 0; i < READERS; i += 4)); do
	stopped+=("$(<"$WORK/r/$i.pid")")
	slow+=("$(<"$WORK/r/$((i + 1)).pid")")
done
kill -STOP "${stopped[@]}"

# ---- the flood, and what tqctl says meanwhile

before=$(counted) idle=$(field MemAvailable) low=$idle
flood "flood" >"$WORK/flood.tap" &
flooding=$!
slowest=0 asked=0
ask() {
	local t0=$SECONDS
	if ! timeout $HANG nsenter --net=/run/netns/b tqctl "$@" >"$WORK/answer" 2>&1; then
		fail "while the flood runs: tqctl $*"
		comment <"$WORK/answer"
	fi
	[ $((SECONDS - t0)) -le $slowest ] || slowest=$((SECONDS - t0))
	asked=$((asked + 1))
}
for ((i = 0; ; i++)); do
	kill -0 $flooding 2>/dev/null || [ $i -lt 10 ] || break
	if [ $((i % 2)) = 0 ]; then kill -STOP "${slow[@]}"; else kill -CONT "${slow[@]}"; fi
	case $((i % 10)) in
	0) ask -j queue stats ;;
	1) ask queue show "q$((i * 7 % QUEUES))" holders ;;
	2) ask -s rule list hot ;;
	3) ask rule add "t$((i % QUEUES))" handle 77 proto tcp dport 80 queue q1 drop ;;
	4) ask rule del "t$(((i - 1) % QUEUES))" handle 77 ;;
	5) ask queue set "q$((i * 11 % QUEUES))" watermark 2K ;;
	6)
		ask queue add more ring 16K
		ask queue del more
		;;
	7) ask table show ;;
	8) ask save ;;
	9) ask metrics ;;
	esac
	now=$(field MemAvailable)
	[ "$now" -ge "$low" ] || low=$now
done
kill -CONT "${slow[@]}"
wait $flooding
! grep '^not ok' "$WORK/flood.tap"
ok $? "every packet arrived"
at_least "$asked" 10 "commands were answered meanwhile, each within $slowest s"
is "$(sum memory_bytes queue show)" "$bytes" "the rings are as large as before"
# What rules that are busy get, and what a change has noted until it is over.
grown=$(($(counted) - before))
[ $grown -lt $((1 << 20)) ]
ok $? "what the module counts has grown by less than 1M ($grown bytes)"
# What is copied would be as much as this, with header and padding; commands need some, too.
kept=$((2 * N * copies * 176 / 1024)) took=$((idle - low))
[ $took -lt $((kept / 2 + 20000)) ]
ok $? "memory under load: $took KB less are free, while $kept KB have been copied"

# Of a loss tells the next record, if there is room: the first that was stopped makes some.
kill -CONT "${stopped[0]}"
drained() { [ "$(sum pending_bytes queue stats q0)" = 0 ]; }
check "who was stopped goes on reading" until_ok 60 drained
N=64 flood "one packet more for each rule, from each CPU"
sent=$((2 * N + 2 * 64))
T -j queue stats >"$WORK/stats"
T -j -s rule list hot >"$WORK/hot"
account() { # WHAT ARGUMENT...
	load "$@" >"$WORK/account" 2>&1
	ok $? "an account: $1"
	comment <"$WORK/account"
	kv "$WORK/account"
}
account copies "$QUEUES" "$copies" "$WORK/stats" "$WORK/hot"
is "${KV[copies]-} ${KV[wrong]-}" "$((sent * copies)) 0" "in each queue records + lost are the copies of the rules"
at_least "${KV[lost]-0}" 1 "which was too much for the rings"

# ---- the end

# Readers of a queue that was deleted get what is left.
must T hook del "$(hook_id hot)"
load unmake "$QUEUES" >"$WORK/none"
check "all is deleted, while readers are stopped" T -b "$WORK/none"
must T table del hot
kill -0 $starter
ok $? "for which nobody waits"
kill -CONT "${stopped[@]:1}"
check "each reader comes to its end" timeout $HANG tail --pid=$starter -f /dev/null
is "$(cat "$WORK"/r/*.status | sort | uniq -c | tr -s ' ')" " $READERS 0" "and has seen whole records, in order"
account read "$WORK/stats" "$WORK/plan" "$WORK/r"
is "${KV[wrong]-}" 0 "all records of its queue"
at_least "${KV[told_lost]-0}" 1 "and was told of losses"

check "nothing is counted any more" until_ok 60 none
# By work items.  Slabs that are used in part stay (1.3 to 5.7 MB of 9, of a thousand queues);
# but not twice.
slab_again() { [ $(($(field SUnreclaim) - slab)) -lt $((QUEUES + 1024)) ]; }
free_again() {
	forget
	[ $(($(pages) - pages)) -lt $((bytes / 4096)) ] && slab_again
}
unmade_once_more() {
	free_again && return
	forget
	slab=$(field SUnreclaim)
	T -b "$WORK/all" && T hook del "$(hook_id hot)" && T -b "$WORK/none" && T table del hot &&
		until_ok 60 none && until_ok 30 free_again
}
if [[ $(uname -r) == *debug* ]]; then
	skip "the kernel's memory is free again" "KASAN keeps what was freed and each stack; kmemleak looks into this"
else
	check "the kernel's memory is free again" unmade_once_more
fi
memory "after"
check "the module unloads" until_ok 100 rmmod tqueue
finish
