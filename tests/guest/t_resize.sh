#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The ring size of a queue changes while both CPUs send and readers read: no
# reader is closed, no record is lost uncounted, the order of each ring is kept.
# Then without a reader, twice in a row, and with records of a size that the new
# rings do not take.
# Topology: topo_ab in lib.sh.
#
# timeout: 120
# files: flood.sh
# kernels: all
# short: N=2000 TIMES=1
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flood.sh"
: "${N=12000}" "${TIMES=5}"	# packets from each CPU; changes of the size, at least

flood_setup
QUEUES=1
SIZES=(8K 64K 16K 256K 32K)
memory() { json_num memory_bytes "$(T -j queue show q)"; }
ring_size() { json_num ring_bytes "$(T -j queue show q)"; }

# resize_while PID: until it ends, and at least TIMES; counts into DONE and BUSY
resize_while() {
	DONE=0 BUSY=0
	while kill -0 "$1" 2>/dev/null; do
		if T queue set q ring "${SIZES[DONE % 5]}" >"$WORK/set" 2>&1; then
			DONE=$((DONE + 1))
		elif grep -q "not read empty" "$WORK/set"; then
			BUSY=$((BUSY + 1))
		else
			fail "$WHAT: queue set"
			comment <"$WORK/set"
			break
		fi
	done
	note "changed $DONE times, $BUSY times too soon"
}

for readers in 1 3; do
	WHAT="$readers reading"
	begin q
	reader "$WORK/l$readers" -t $readers -w poll "$(queue_dev q)"
	reading=$STARTED
	flood "$WHAT" >"$WORK/flood.tap" &
	flooding=$!
	resize_while $flooding
	wait $flooding
	! grep '^not ok' "$WORK/flood.tap"
	ok $? "$WHAT: every packet arrived"
	at_least $DONE "$TIMES" "$WHAT: changes of the size"
	stop "$reading"
	ok $? "$WHAT: all records in order"
	drain q "$WORK/l$readers"
	last_words
	drain q "$WORK/l$readers"
	balance q "$WORK/l$readers"
	end q
done

WHAT="a small buffer, without waiting"
begin q
reader "$WORK/l4" -b 2048 -w epoll "$(queue_dev q)"
reading=$STARTED
flood "$WHAT" >"$WORK/flood.tap" &
flooding=$!
resize_while $flooding
wait $flooding
stop "$reading"
ok $? "$WHAT: all records in order"
drain q "$WORK/l4"
last_words
drain q "$WORK/l4"
balance q "$WORK/l4"
end q

WHAT="nobody reads"
begin q
check "$WHAT: 8K to 16K" T queue set q ring 16K
check "$WHAT: and on to 32K, with nothing in the rings" T queue set q ring 32K
is "$(memory) $(ring_size)" "$((2 * (32768 + 8192))) 32768" "$WHAT: the old rings are gone"
flood "$WHAT"
check "$WHAT: to 8K, with records in the rings" T queue set q ring 8K
is "$(memory)" "$((2 * (8192 + 32768 + 2 * 8192)))" "$WHAT: the old rings are there"
refused "$WHAT: once more, too soon" 1 "not read empty" T queue set q ring 16K
is "$(ring_size)" 8192 "$WHAT: and nothing changed"
check "$WHAT: something else may change" T queue set q ring 8K snaplen 90
flood "$WHAT"
drain q "$WORK/l5"
check "$WHAT: once more, when it was read" T queue set q ring 16K
last_words
drain q "$WORK/l5"
balance q "$WORK/l5"
end q

WHAT="flushed"
begin q
flood "$WHAT"
must T queue set q ring 16K
flood "$WHAT"
check "$WHAT: old and new" T queue flush q
check "$WHAT: no ring is in the way of the next change" T queue set q ring 8K
last_words
drain q "$WORK/l6"
stats=$(T -j queue stats q)
kv <(tqread -m "$WORK/l6")
is "$((KV[read] + KV[lost])) ${KV[missing]} ${KV[twice]}" "$(rule_sum copies t) 0 0" \
	"$WHAT: the reader has been told of all"
is "$(($(json_num records "$stats") - $(json_num flushed "$stats")))" "${KV[read]}" \
	"$WHAT: records - flushed = read"
end q

WHAT="deleted"
begin q
exec 5<>"$(queue_dev q)"
id=$(queue_id q)
flood "$WHAT"
must T queue set q ring 16K
flood "$WHAT"
copies=$(rule_sum copies t)
records=$(json_num records "$(T -j queue stats q)")
end q
timeout 60 tqread -q "$id" - <&5 >"$WORK/read"
ok $? "$WHAT: what is left of both rings is in order"
kv "$WORK/read"
is "${KV[records]} ${KV[eof]}" "$records 1" "$WHAT: all of it, then the end"
at_least "$copies" "$((KV[records] + KV[lost]))" "$WHAT: no more than the copies"
exec 5<&-

# What waits for room in a ring that is replaced by a smaller one.
must T queue add w ring 64K watermark 1
check "a message of a quarter of 64K" T queue write w "$(printf '%016000d' 0)"
must T queue set w ring 8K
refused "which is too long for 8K" 1 "quarter of a ring" T queue write w "$(printf '%016000d' 0)"
check "is there" test "$(T queue read w | wc -c)" -gt 16000
refused "a ring smaller than the watermark" 1 "watermark" T queue set w ring 8K watermark 9K
must T queue set w ring 64K watermark 64K
refused "a ring smaller than the watermark that there is" 1 "give both" T queue set w ring 8K
check "both" T queue set w ring 8K watermark 100
must T queue del w

if grep -qw kasan_report /proc/kallsyms; then
	skip "what rings cost" "KASAN has an eighth of its own"
	finish
fi
# What rings of a megabyte cost beside their bytes: the page tables of memory that is there
# twice, the list of its pages, two pages of positions.
free_kb() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sed -n 's/^MemFree: *\([0-9]*\) kB/\1/p' /proc/meminfo
}
# The first time what else they need is made, and kept in caches.
big() { # add|del
	for ((i = 0; i < 128; i++)); do
		echo "queue $1 big$i${2+ ring 1M}"
	done | must T -b - >/dev/null
}
big add 1M
bytes=$((128 * 1024 * $(json_num rings "$(T -j queue show big0)")))
big del
sleep 3
was=$(free_kb)
big add 1M
cost=$((was - $(free_kb)))
# Some of the first ones may be freed only now.
at_least $cost $((bytes * 85 / 100)) "KiB that 128 queues of rings of 1M take, of $bytes"
at_least $((bytes * 105 / 100)) $cost "with at most 5 % on top: $cost"
big del
finish
