#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Mode log: each case of tools/tqlog.c on a fresh queue.  Then a flood from both
# CPUs into two small rings, with readers at four speeds, one that sleeps through it
# and one that seeks now and then: each sees whole records, by growing numbers, and
#
#	records read + lost + missed after an EPIPE = copies that the rules chose
#
# The same once more while the ring size changes again and again.
# Topology: topo_ab in lib.sh.
#
# timeout: 180
# files: flood.sh
# kernels: all
# short: N=4000 TIMES=2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flood.sh"
: "${N=20000}" "${TIMES=10}"	# packets from each of the two CPUs; changes of the size, at least

flood_setup
for case in $(tqlog list); do
	id=$(json_num id "$(tqctl -j queue add q mode log ring 16K)")
	if [ -z "$id" ]; then
		fail "$case: no queue"
		continue
	fi
	tqlog "/dev/tqueue/$id" "$id" "$case" >"$WORK/out" 2>&1
	ok $? "$case"
	comment <"$WORK/out"
	tqctl queue del q 2>/dev/null
done

SIZES=(8K 1M 32K 512K 16K 64K 256K)
# change_while PID: the ring size, until it ends
change_while() {
	local done=0
	while kill -0 "$1" 2>/dev/null; do
		if ! T queue set q ring "${SIZES[done % ${#SIZES[@]}]}" >"$WORK/set" 2>&1; then
			fail "$WHAT: queue set"
			comment <"$WORK/set"
			break
		fi
		done=$((done + 1))
	done
	at_least "$done" "$TIMES" "$WHAT: changes of the size"
	must T queue set q ring 16K
}

# six_readers [COMMAND...]: a flood, with which COMMAND PID runs
six_readers() {
	local reading flooding copies overtaken stats kept i
	must T queue add q mode log ring 16K snaplen 100 watermark 4K
	must T table add t
	must T rule add t prio 3 proto udp dport 2000-2999 queue q pass
	must T hook add t family inet hook prerouting priority raw
	start b "$WORK/log" tqlog flood "$(queue_dev q)" 6
	reading=$STARTED
	check "$WHAT: six readers" until_ok 30 opened
	flood "$WHAT" >"$WORK/flood.tap" &
	flooding=$!
	[ $# = 0 ] || "$@" $flooding
	wait $flooding
	! grep '^not ok' "$WORK/flood.tap"
	ok $? "$WHAT: every packet arrived"
	stop "$reading"
	ok $? "$WHAT: whole records, by growing numbers, nothing missed without EPIPE"
	comment <"$WORK/log"
	kv "$WORK/log"
	copies=$(rule_sum copies t)
	for i in 0 1 2 3 4; do
		is "${KV[account$i]}" "$copies" "$WHAT: reader $i knows of every copy"
	done
	overtaken=$(sed -n 's/^reader=4 .*overtaken=\([0-9]*\).*/\1/p' "$WORK/log")
	at_least "${overtaken:-0}" 1 "$WHAT: the sleeping reader was overtaken"
	stats=$(T -j queue stats q)
	is "$(json_num records "$stats") $(json_num lost_total "$stats")" "$copies 0" "$WHAT: none was lost"
	kept=$(timeout 60 tqread -i 300 "$(queue_dev q)" | sed -n 's/^records=//p')
	is "$(json_num overwritten "$stats")" "$((copies - kept))" "$WHAT: overwritten = copies - kept"
	# 8K, the smallest there was, holds 46 of them.
	at_least "$kept" 90 "$WHAT: what the rings can hold is still there"
	end q
}
opened() { [ "$(json_num readers "$(T -j queue show q)")" = 6 ]; }

WHAT="flood"
six_readers
WHAT="flood, while the ring size changes"
six_readers change_while
finish
