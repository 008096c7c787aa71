#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A hostile consumer (tools/tqfuzz.c) does to a mapped queue whatever it may while
# packets flow into that and into another one.  It is let do nothing that it must
# not; the other queue and its reader, mapped too, do not notice; and the queue
# itself gives out whole records when it has gone.
# Topology: topo_ab in lib.sh.
#
# timeout: 150
# files: flood.sh
# kernels: all
# short: SECS=5 N=2000
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flood.sh"
: "${SECS=25}" "${N=10000}" "${SEED=$RANDOM}"

flood_setup
WHAT="fuzzed" QUEUES=1
begin q
must T queue add victim ring 16K
must T rule add t prio 0 proto udp dport 2000-2030 queue victim queue q pass
note "seed $SEED"
reader "$WORK/l1" -M -w poll "$(queue_dev q)"
reading=$STARTED
start b "$WORK/fuzz" tqfuzz "$(queue_dev victim)" "$SECS" "$SEED"
fuzzing=$STARTED
floods=0
while kill -0 "$fuzzing" 2>/dev/null; do
	n=$TAP_N	# these lines are counted as one, below
	flood "$WHAT" >>"$WORK/flood.tap"
	TAP_N=$n
	floods=$((floods + 1))
done
wait "$fuzzing"
ok $? "the consumer could do nothing that it must not"
comment <"$WORK/fuzz"
kv "$WORK/fuzz"
for what in maps refused writes faults moves cuts forks; do
	at_least "${KV[$what]:-0}" 10 "it tried: $what"
done
! grep '^not ok' "$WORK/flood.tap"
ok $? "$floods floods: every packet arrived"
left() { [ "$(json_num readers "$(T -j queue show victim)")" = 0 ]; }
check "all of it has gone" until_ok 60 left

# What is left of the fuzzed queue, then new records in it.
timeout 60 tqread -i 300 "$(queue_dev victim)" >"$WORK/rest"
ok $? "what it left is whole records"
must T queue flush victim
check "the ring size can be changed" T queue set victim ring 32K
before=$(json_num records "$(T -j queue stats victim)")
last_words
timeout 60 tqread -i 300 "$(queue_dev victim)" >"$WORK/rest"
kv "$WORK/rest"
is "${KV[packets]} ${KV[bad]}" "$(($(json_num records "$(T -j queue stats victim)") - before)) 0" \
	"and new ones come"
at_least "${KV[packets]}" 2 "from both CPUs"

stop "$reading"
ok $? "the other reader: all records in order"
drain q "$WORK/l1"
last_words
drain q "$WORK/l1"
kv <(tqread -m "$WORK/l1")
stats=$(T -j queue stats q)
note "read ${KV[read]} + lost ${KV[lost]}"
is "${KV[missing]} ${KV[twice]}" "0 0" "the other reader: no number is missing or there twice"
is "$(json_num records "$stats") $(json_num lost_total "$stats")" "${KV[read]} ${KV[lost]}" \
	"the other queue's counters tell the same"
must T table flush t
must until_ok 20 T queue del victim
end q
finish
