#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What read, write, poll and epoll of a queue promise; each case of tools/tqsem.c
# on a fresh queue in the first namespace, then that a queue that is full of
# records of both CPUs is read whole by every way of waiting.
#
# timeout: 120
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

load_module
for case in $(tqsem list); do
	id=$(json_num id "$(tqctl -j queue add q ring 16K)")
	if [ -z "$id" ]; then
		fail "$case: no queue"
		continue
	fi
	tqsem "/dev/tqueue/$id" "$id" "$case" >"$WORK/out" 2>&1
	ok $? "$case"
	comment <"$WORK/out"
	tqctl queue del q 2>/dev/null
done
refused "a device node of a queue that is gone" 1 "No such|not found" cat "/dev/tqueue/$id"
finish
