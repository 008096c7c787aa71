#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a mapping of a queue promises; each case of tools/tqmap.c on a fresh queue
# in the first namespace, to which packets for 127.0.0.1:2000 are copied.  Memory
# is filled with a pattern before, so that a page which is not zeroed shows.
#
# timeout: 120
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

load_module
must tqctl table add t
must tqctl hook add t family ip hook output priority raw
CLEANUP+=("tqctl hook del 1; tqctl table flush t; tqctl table del t")
ip link set lo up
for case in $(tqmap list); do
	tqmap dirty
	id=$(json_num id "$(tqctl -j queue add q ring 16K)")
	if [ -z "$id" ]; then
		fail "$case: no queue"
		continue
	fi
	must tqctl rule add t proto udp dport 2000 queue q pass
	tqmap "/dev/tqueue/$id" "$id" "$case" >"$WORK/out" 2>&1
	ok $? "$case"
	comment <"$WORK/out"
	tqctl table flush t 2>/dev/null
	tqctl queue del q 2>/dev/null
done
is "$(tqctl queue show)" "" "no queue is left"
finish
