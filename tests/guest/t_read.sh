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

# What the device says of its queue, to root and in its own namespace only.
attributes() {
	local i
	for i in name id mode ring_size snaplen watermark flush_us; do
		printf '%s ' "$(<"/sys/class/tqueue/tqueue$id/$i")"
	done
}
must tqctl queue add q ring 16K snaplen 77 watermark 4K flush 5ms
id=$(json_num id "$(tqctl -j queue show q)")
is "$(attributes)" "q $id stream 16384 77 4096 5000 " "attributes in sysfs"
must tqctl queue set q ring 32K snaplen 0 watermark 1 flush 1s
is "$(attributes)" "q $id stream 32768 0 1 1000000 " "which follow a change"
is "$(stat -c %a "/sys/class/tqueue/tqueue$id"/{name,id,mode,ring_size,snaplen,watermark,flush_us} | sort -u)" \
	400 "are for root to read"
write() { echo 8192 >"/sys/class/tqueue/tqueue$id/ring_size"; }
refused "and for nobody to write" 1 "." write
exec 7<"/dev/tqueue/$id"
is "$(sed -n 's/^tqueue-\(.*\):\t/\1=/p' "/proc/$$/fdinfo/7" | tr '\n' ' ')" \
	"id=$id name=q mode=stream mapped=0 deleted=0 " "what fdinfo says"
must tqctl queue del q
is "$(sed -n 's/^tqueue-deleted:\t//p' "/proc/$$/fdinfo/7")" 1 "and when it is deleted"
exec 7<&-
must tqctl queue add log mode log ring 16K
id=$(json_num id "$(tqctl -j queue show log)")
is "$(attributes)" "log $id log 16384 0 1024 10000 " "attributes of a log"
new_ns other
is "$(ip netns exec other ls /sys/class/tqueue)" "" "other namespaces see no device"
must tqctl queue del log
finish
