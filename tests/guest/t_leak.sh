#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# No address of the kernel and no byte that nobody wrote comes out of any door: replies,
# dumps, refusals and events of netlink, records, fdinfo, sysfs, parameters, the log,
# tracepoints as text and raw, rules of iptables as both flavours give them.  The kernel
# does not clear what it allocates here, but fills it with patterns, as what it frees.
# Topology: topo_ab in lib.sh.
#
# timeout: 150
# files: leak.py
# made: ../spec/mutate.py
# boot: init_on_alloc=0 init_on_free=0 slub_debug=P page_poison=1
# alone: yes
# kernels: all
# ci-kernels: trixie
# short:
. "$(dirname "$0")/lib.sh"

TRACE=/sys/kernel/tracing
scan() { # WHAT FILE...
	local what=$1
	shift
	python3 leak.py scan "$@" >"$WORK/found"
	ok $? "$what: $(tail -n 1 "$WORK/found")"
	head -n -1 "$WORK/found" | comment
}

# ---- that it would be seen

is "$(cat /sys/kernel/slab/kmalloc-512/poison)" 1 "memory is filled with patterns"
finds() { # WHAT FORMAT
	# shellcheck disable=SC2059 # the bytes
	printf "$2" >"$WORK/planted"
	python3 leak.py scan "$WORK/planted" >"$WORK/found"
	is $? 1 "$1 is seen"
}
finds "an address" '1234\x40\x21\x55\x81\xff\xff\xff\xff'
finds "one of the direct map" '\x40\x21\x55\x81\x80\x88\xff\xff1234'
finds "an address in words" 'at ffff888012345678.'
finds "memory that was not written" 'abZZZZ'
printf '\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff 1.2.3.4 kkk' >"$WORK/planted"
scan "-1 and -2 are no addresses" "$WORK/planted"

# ---- all there is

load_module
topo_ab
must T -b - <<-END
	queue add q ring 16K
	queue add r ring 16K snaplen 70
	queue add l ring 16K mode log
	table add t
	table add u max 100
	rule add t handle 3 prio 1 proto udp dport 2001 queue q queue r snaplen 40 queue l set-mark 0x5/0xf pass
	rule add t handle 4 prio 2 src fd09::/64 iif vb proto tcp tcp-flags none/rst len 40-1500 queue q sample 2 pass
	rule add t handle 5 prio 3 proto icmp icmp-type 8 queue q limit 5/s timeout 1h pass
	rule add t handle 6 prio 4 frag later steal q else drop
	rule add u handle 7 drop
END
must T hook add t family inet hook prerouting priority raw
must T hook add u family netdev dev nosuch hook ingress

# Each operation, with the events of it all.
{
	echo "OK - <- join"
	sed 's/^EPERM,EOPNOTSUPP !/OK,EOPNOTSUPP,ENOENT,EINVAL,EBUSY -/' operations.cases
	for table in t u; do
		echo "OK - <- RULE_GET dump RULES_TABLE=str:$table"
	done
	echo "OK - <- RULE_NEW echo RULES_TABLE=str:u RULES_RULE={ RULE_PROTO=u32:6 }"
	echo "ENOENT QUEUE_NAME <- QUEUE_GET QUEUE_NAME=str:nosuch"
	echo "EINVAL - <- QUEUE_GET 99=u32:1"
	echo "OK - <- VERSION_GET"
} >"$WORK/cases"
take_tap in_ns b tqnl -c -w "$WORK/netlink" "$WORK/cases"
at_least "$(stat -c %s "$WORK/netlink")" 5000 "bytes came"
scan "netlink" "$WORK/netlink"
at_least "$(T -j queue show q holders | wc -c)" 20 "holders"
in_ns b tqnl -c -w "$WORK/holders" <<-END | comment
	OK - <- QUEUE_GET QUEUE_NAME=str:q QUEUE_QUERY=u32:14
	OK - <- TABLE_GET TABLE_NAME=str:t TABLE_QUERY=u32:8
END
scan "holders" "$WORK/holders"

# Records, with tracing on.
mountpoint -q $TRACE || mount -t tracefs tracefs $TRACE
echo >$TRACE/trace
echo 1 >$TRACE/events/tqueue/enable
# First: a writer waits for room.
must T queue write q "a message"
must dd if=/dev/zero of="$(queue_dev q)" bs=5 count=1
gen va -n 400 "udp 10.9.0.1:1000+ 10.9.0.2:2001 len=300" "udp 10.9.0.1:7 10.9.0.2:2001 len=1" \
	"tcp [fd09::1]:1 [fd09::2]:80" "icmp 10.9.0.1 10.9.0.2" >/dev/null
echo 0 >$TRACE/events/tqueue/enable
for queue in q r l; do
	exec 5<>"$(queue_dev $queue)"
	timeout 5 cat <&5 >"$WORK/records.$queue"
	cat /proc/$$/fdinfo/5 >"$WORK/fdinfo.$queue"
	exec 5<&-
	at_least "$(stat -c %s "$WORK/records.$queue")" 2000 "bytes of records of $queue"
done
scan "records" "$WORK"/records.*
scan "fdinfo" "$WORK"/fdinfo.*
cat $TRACE/trace >"$WORK/trace"
at_least "$(grep -c tqueue_ "$WORK/trace")" 100 "tracepoints"
gen va -n 20 "udp 10.9.0.1:1000+ 10.9.0.2:2001 len=300" >/dev/null
scan "their text" "$WORK/trace"

# What is in files.  Those of a queue are seen in its own namespace.
must tqctl queue add host ring 8K
for f in /sys/module/tqueue/parameters/* /sys/devices/virtual/tqueue/*/*; do
	[ -f "$f" ] && cat "$f"
done >"$WORK/sysfs" 2>/dev/null
at_least "$(grep -c . "$WORK/sysfs")" 20 "lines in sysfs"
scan "sysfs" "$WORK/sysfs"

# iptables, whose structs have a pointer of ours.
for f in legacy nft; do
	if [ $f = legacy ] && ! have_legacy; then
		skip "iptables-legacy" "this kernel has none"
		continue
	fi
	for v in "" 6; do
		must in_ns b ip${v}tables-$f -A INPUT -m tqueue --rule-table t
		must in_ns b ip${v}tables-$f -A INPUT -j TQUEUE --queue q --snaplen 60
	done
	refused "iptables-$f refuses" "[1-9]" . in_ns b iptables-$f -A INPUT -j TQUEUE --queue nosuch
	for v in 4 6; do
		what=xt-$f
		[ $f = nft ] || what="xt-$f $v"
		# shellcheck disable=SC2086 # words
		in_ns b python3 leak.py $what >"$WORK/xt" 2>"$WORK/behind"
		is "$(<"$WORK/behind")" "extensions=$([ $f = nft ] && echo 4 || echo 2) wrong=0" \
			"iptables-$f, IPv$v: what lies behind usersize is 0"
		scan "iptables-$f, IPv$v" "$WORK/xt"
	done
done
for f in legacy nft; do
	in_ns b iptables-$f -F
	in_ns b ip6tables-$f -F
done 2>/dev/null
echo nonsense 2>/dev/null >/sys/module/tqueue/parameters/max_memory
dmesg | grep tqueue >"$WORK/log"
at_least "$(wc -l <"$WORK/log")" 2 "lines of ours in the log"
scan "the log" "$WORK/log"
finish
