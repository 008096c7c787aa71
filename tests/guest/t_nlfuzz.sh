#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Netlink requests that tools/tqnlfuzz.c makes out of uapi/tqueue.yaml, a fifth of
# them spoilt: of every operation, do and dump, by several sockets in three network
# namespaces, one of them of a user namespace at its limits, while packets flow through
# the hooks that it makes.  Each answer is one that the spec knows, each refusal has a
# sentence, each operation was granted; then all that is left can be deleted, its memory
# is given back, and nothing holds the module.
# Topology: topo_ab in lib.sh.
#
# SEED=N repeats a run, up to what is measured in time or is numbered by the machine.
#
# timeout: 300
# made: ../spec/table.py
# kernels: all
# ci-kernels: bullseye,backports
# short: N=1200 SEED=9
# debug: 3000 N=25000
. "$(dirname "$0")/lib.sh"
: "${N=60000}" "${SEED=$RANDOM$RANDOM}"

load_module
topo_ab
P=/sys/module/tqueue/parameters
# What a fuzzer makes must fit the guest, and a user namespace's limits be met.
echo 64M >$P/max_memory
echo 1M >$P/max_user_memory
echo 4 >$P/max_user_queues
used() { echo "$(json_num user_memory_bytes "$(tqctl -j version)") $(json_num user_queues "$(tqctl -j version)")"; }
is "$(used)" "0 0" "nothing is there before"

start a "$WORK/gen" tqgen -d "$MAC_B" -r 200 -n 1000M -c 0,1 va \
	"udp 10.9.0.1:7 10.9.0.2:1+" "tcp 10.9.0.1:1+ 10.9.0.2:2 flags=2" "icmp 10.9.0.1 10.9.0.2" \
	"udp fd09::1:1 fd09::2:2+" "icmp6 fd09::1 fd09::2" "udp 10.9.0.1 10.9.0.2 first len=64" "253 10.9.0.1 10.9.0.2"
flows=$STARTED
note "seed $SEED"
in_ns b tqnlfuzz -s "$SEED" -n "$N" spec.table >"$WORK/fuzz"
status=$?
comment <"$WORK/fuzz"
kv "$WORK/fuzz"
ok $status "$N operations of seed $SEED: every answer is as the spec has it, every operation was granted"
at_least "${KV[messages]:-0}" $((N / 2)) "messages"
at_least "${KV[spoilt]:-0}" $((N / 10)) "of these spoilt"
for what in left_unread closed_in_transaction records events namespaces answer_EINVAL answer_ENOENT answer_EEXIST; do
	at_least "${KV[$what]:-0}" 2 "there was: $what"
done
# It would see what is not in the table: the first attribute of a reply is struck off.
sed 's/^\(form version-get .* - \)1,/\1/' spec.table >"$WORK/table"
in_ns b tqnlfuzz -s "$SEED" -n 1 "$WORK/table" >"$WORK/out"
is "$? $(grep -c "does not belong there" "$WORK/out")" "1 6" "an attribute that the table does not have is noticed"
stop "$flows"
kv "$WORK/gen"
at_least "${KV[sent]:-0}" 100 "packets meanwhile"

# ---- what is left, in the namespace that the flows come into

check "the control plane answers" T version
# "KEY": VALUE of a list, one a line
values() { grep -o "\"$1\":[[:space:]]*[^,}]*" | sed 's/^[^:]*:[[:space:]]*//; s/"//g'; }
T -j txn show >"$WORK/txns"
T -j hook list >"$WORK/hooks"
T -j table show >"$WORK/tables"
T -j queue show >"$WORK/queues"
note "left: $(values id <"$WORK/txns" | wc -l) transactions, $(values id <"$WORK/hooks" | wc -l) hooks," \
	"$(values name <"$WORK/tables" | wc -l) tables, $(values name <"$WORK/queues" | wc -l) queues"
values id <"$WORK/txns" >"$WORK/ids"
while read -r id; do
	# Its time may be over meanwhile.
	T txn abort "$id" >/dev/null 2>&1
done <"$WORK/ids"
{
	values id <"$WORK/hooks" | sed 's/^/hook del /'
	values name <"$WORK/tables" | sed 's/^/table del /'
	values name <"$WORK/queues" | sed 's/^/queue del /'
} >"$WORK/delete"
check "everything can be deleted" T -b "$WORK/delete"
is "$(T txn show; T hook list; T table show; T queue show)" "" "and is gone"
check "what is made now works" T -b - <<-END
	queue add q ring 16K
	table add t
	rule add t proto udp dport 2000 queue q pass
	hook add t family inet hook prerouting priority raw
END
gen va -n 5 "udp 10.9.0.1:7 10.9.0.2:2000" >/dev/null
five() { [ "$(rule_sum packets t)" = 5 ]; }
check "its rule sees the packets" until_ok 20 five
is "$(in_ns b timeout 60 tqread -i 300 "$(queue_dev q)" | sed -n 's/^packets=//p')" 5 "and its queue has them"
check "it can be deleted" T -b - <<-END
	hook del $(hook_id t)
	table del t
	queue del q
END
# The other namespaces have ended with the fuzzer.
nothing() { [ "$(used)" = "0 0" ]; }
check "all memory is given back" until_ok 60 nothing
check "nothing holds the module" until_ok 60 modprobe -r tqueue
finish
