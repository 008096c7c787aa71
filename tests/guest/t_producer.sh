#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A module of its own (producer/) puts messages into a queue: they are read, what
# is lost is counted, and neither queue nor module goes before it.  One that comes while
# the same CPU makes a record of that queue is a counted loss.
#
# timeout: 90
# modules: producer
# kernels: all
# short: N=500
. "$(dirname "$0")/lib.sh"
: "${N=5000}"	# messages from each CPU

param=/sys/module/tqsample/parameters
load_module
must tqctl queue add q ring 16K
refused "a queue that is not there" 1 "No such device" insmod ./tqsample.ko queue=nosuch
must insmod ./tqsample.ko queue=q
CLEANUP+=("rmmod tqsample")
refused "unload what is used" 1 "in use" rmmod tqueue
refused "delete the queue, and who has it" 1 "kernel modules 1" tqctl queue del q

echo "hello from the kernel" >$param/post
check "a message from task context" grep -q "hello from the kernel" <(tqctl queue read q)
big() { echo "$1" >"$param/big"; }
check "of a quarter of the ring" big $((4096 - 96))
refused "of more" 1 "too long|EMSGSIZE" big $((4096 - 95))
refused "of none" 1 "Invalid" big 0
stats=$(tqctl -j queue stats q)
is "$(json_num records "$stats") $(json_num too_big "$stats") $(json_num lost_total "$stats")" "2 1 1" \
	"both are counted"
dev=/dev/tqueue/$(json_num id "$(tqctl -j queue show q)")

# The first message is in no ledger; all others are.
timeout 80 tqread -w poll -i 3000 -l "$WORK/ledger" "$dev" >"$WORK/read" &
reader=$!
echo "$N" >$param/burst
wait $reader
ok $? "a burst from each CPU: all records in order"
timeout 60 tqread -i 300 -l "$WORK/ledger" "$dev" >"$WORK/read"
for cpu in 0 1; do
	taskset -c $cpu sh -c "echo end >$param/post"
done
timeout 60 tqread -i 300 -l "$WORK/ledger" "$dev" >"$WORK/read"
kv <(tqread -m "$WORK/ledger")
stats=$(tqctl -j queue stats q)
note "read ${KV[read]} + lost ${KV[lost]}"
is "$((KV[read] + KV[lost])) ${KV[missing]} ${KV[twice]}" "$((2 * N + 4)) 1 0" \
	"read + lost = posted"
is "$(json_num records "$stats") $(json_num lost_total "$stats")" "$((KV[read] + 1)) ${KV[lost]}" \
	"the queue's counters tell the same"

# Each record is met by one more, on the same CPU, before it is whole.
must tqctl queue add nest ring 16K
must rmmod tqsample
must insmod ./tqsample.ko queue=nest
echo Y >$param/nest
for i in 1 2 3; do
	refused=0
	taskset -c 0 sh -c "echo message-$i >$param/post" || refused=1
	is $refused 0 "message $i is granted"
done
stats=$(tqctl -j queue stats nest)
is "$(json_num records "$stats") $(json_num nested "$stats") $(json_num lost_total "$stats")" "3 3 3" \
	"what came while they were made is lost, as nested"
echo N >$param/nest
must taskset -c 0 sh -c "echo message-4 >$param/post"
tqctl queue read nest >"$WORK/out"
is "$(grep -oE 'message-[0-9]|lost [0-9]+ .*' "$WORK/out" | tr '\n' ' ')" \
	"message-1 lost 1 (nested 1) message-2 lost 1 (nested 1) message-3 lost 1 (nested 1) message-4 " \
	"and the reader is told, each time"
must rmmod tqsample
must tqctl queue del nest
must insmod ./tqsample.ko queue=q

# It goes while it posts and somebody reads; then the rest may go.
timeout 80 tqread -w poll "$dev" >/dev/null &
while echo 50 >$param/burst; do :; done 2>/dev/null &
posting=$!
check "the producer unloads" until_ok 30 rmmod tqsample
wait $posting
check "then the queue can be deleted" tqctl queue del q
wait
check "and the module unloaded" until_ok 30 rmmod tqueue
CLEANUP=()
finish
