#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Failing allocations of the module alone, by the stack filter of fault injection: the
# n-th one that has the module on its stack.  So its load can be among them (the kernel's
# own tracing warns when it has no memory for a module's events), and of a CPU that comes,
# a namespace and an iptables rule the first place is already one of ours.
# A load works or is refused, and then nothing of it is left; a CPU comes, without a ring
# if that was what failed; a namespace and a rule are made or not.  Lost memory is found
# by kmemleak when the guest ends.
#
# timeout: 500
# files: failload.py
# kernels: debug
# short: FIRST=12 STEP=5
# debug: 1800 STEP=1
# alone: yes
. "$(dirname "$0")/lib.sh"
: "${FIRST=400}" "${STEP=1}" "${LIMIT=400}"

# Only modules lie there, and of these there is only ours: all else is built in.  Not what
# the kernel needs for a cache of objects: if its sysfs has no memory for the name, it
# loses some itself, and says so with a stack.
mapfile -t cache < <(sort /proc/kallsyms | grep -A1 ' __kmem_cache_create_args$' | cut -d' ' -f1)
is "${#cache[@]}" 2 "kmem_cache_create() and its end"
for f in failslab fail_page_alloc fail_usercopy; do
	d=/sys/kernel/debug/$f
	must test -e $d/require-start
	echo 0 >$d/verbose
	echo 0xffffffffa0000000 >$d/require-start
	echo 0xffffffffff000000 >$d/require-end
	echo "0x${cache[0]}" >$d/reject-start
	echo "0x${cache[1]}" >$d/reject-end
	echo 32 >$d/stacktrace-depth
done
echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait
echo Y >/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order
module=$(modinfo -n tqueue)
must test -e "$module"
is "$(wc -l </proc/modules)" 0 "no other module is there"

# fails WHAT MIN COMMAND...: at least MIN places
fails() {
	local what=$1 min=$2
	shift 2
	python3 failload.py "$@" >"$WORK/fails" 2>&1
	ok $? "$what"
	comment <"$WORK/fails"
	kv "$WORK/fails"
	at_least "${KV[tried]:-0}" "$min" "$what: places"
}

fails "load: it works, or nothing of it is left" 10 load "$module" "$LIMIT" 1 "$LIMIT"
at_least "${KV[refused]:-0}" 5 "load: refused"
fails "load with queues" 20 load "$module" "$FIRST" "$STEP" "$LIMIT" "queues=one,two:32K ring_size=16K"
at_least "${KV[refused]:-0}" 10 "load with queues: refused"
! tqctl version >/dev/null 2>&1 || [ -e /sys/module/tqueue ]
ok $? "nobody answers for it"
# What a load has left of notifiers would be called now.
check "devices and namespaces come and go" unshare -n sh -c 'ip link add d0 type dummy && ip link del d0'

must modprobe tqueue
ip link set lo up
# Their memory is the core's, but for the account of a new user namespace.
fails "namespaces" 1 netns "$FIRST" "$STEP" "$LIMIT"
must tqctl -b - <<-END
	table add t
	queue add q ring 16K
END
# A queue that is made without the CPU: its ring comes with it.  A message of that CPU is
# in it, or refused for that reason.
cat >"$WORK/cpu.sh" <<-'END'
	case $WHEN in
	before) tqctl queue add n ring 16K mode log >/dev/null; exit ;;
	esac
	wrote=0
	timeout 10 taskset -c 1 tqctl queue write n hello 2>/dev/null && wrote=1
	records=$(tqctl -j queue stats n | grep -Eo '"records": *[0-9]+' | grep -Eo '[0-9]+$' | sort -n | tail -n 1)
	[ "$records" = $wrote ] || exit 1
	[ "$WHEN" = failed ] || [ $wrote = 1 ]
END
# The name of a queue's node in /dev: without one the core would make another node, which
# nobody removes.  Found by the core's caller, as the module's function may be left by a jump.
mapfile -t node < <(sort /proc/kallsyms | grep -A1 ' device_get_devnode$' | cut -d' ' -f1)
is "${#node[@]}" 2 "device_get_devnode() and its end"
for f in failslab fail_page_alloc; do
	echo "0x${node[0]}" >/sys/kernel/debug/$f/require-start
	echo "0x${node[1]}" >/sys/kernel/debug/$f/require-end
done
FAIL=$(command -v tqfail.so)
[ -n "$FAIL" ] || FAIL=/usr/local/bin/tqfail.so
must test -e "$FAIL"
FAILNTH=1 FAILNTH_FROM=2 LD_PRELOAD=$FAIL must tqctl queue add n ring 16K
id=$(tqctl queue show n | sed -n 's/^\([0-9]*\): .*/\1/p')
[ -c "/dev/tqueue/$id" ]
ok $? "a queue's node has its name ($id)"
must tqctl queue del n
is "$(compgen -G "/dev/tqueue[0-9]*")" "" "and no other is left"
for f in failslab fail_page_alloc; do
	echo 0xffffffffa0000000 >/sys/kernel/debug/$f/require-start
	echo 0xffffffffff000000 >/sys/kernel/debug/$f/require-end
done
fails "a CPU that comes" 1 cpu 1 "$FIRST" "$STEP" "$LIMIT" "sh $WORK/cpu.sh" "tqctl queue del n"

# rule CALLS COMMAND: each place of ours in these calls of iptables
rule() {
	local cmd=$2 n status there refused=0 granted=0
	for ((n = 1; n <= 40; n++)); do
		rm -f "$WORK/failed"
		FAILNTH=$n FAILNTH_IN=$1 FAILNTH_OUT=$WORK/failed LD_PRELOAD=$FAIL \
			"$cmd" -A OUTPUT -p udp -m tqueue --rule-table t -j TQUEUE --queue q --sample 3 >"$WORK/out" 2>&1
		status=$?
		"$cmd" -S OUTPUT | grep -q TQUEUE
		there=$?
		if [ $((status != 0)) != $there ]; then
			fail "$cmd: place $n: status $status, but the rule is $([ $there = 0 ] || echo not) there"
			comment <"$WORK/out"
			break
		fi
		[ $there != 0 ] || "$cmd" -F OUTPUT
		[ -e "$WORK/failed" ] || break
		[ $there = 0 ] && granted=$((granted + 1)) || refused=$((refused + 1))
	done
	at_least $refused 2 "$cmd: places where a rule is refused"
	is "$status" 0 "$cmd: and then it is made ($granted times in spite of it)"
}
for ipt in iptables ip6tables; do
	rule sendmsg $ipt-nft
	have_legacy && rule setsockopt $ipt-legacy
done
check "the table can be deleted" until_ok 60 tqctl table del t
check "the queue can be deleted" until_ok 60 tqctl queue del q
check "the module unloads" until_ok 60 rmmod tqueue
check "and loads" modprobe tqueue
check "and unloads" rmmod tqueue
finish
