#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tests' own tools must see an error when there is one: records with one
# mistake each, one wrong expectation among many packets, one wrong case.
# Topology: topo_loops in lib.sh.
#
# timeout: 60
# files: match.sh
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short:
. "$(dirname "$0")/lib.sh"
. ./match.sh

python3 - "$WORK" <<'END' || bail "no records"
import struct, sys

def rec(seq, cpu=0, kind=2, payload=b"abc", pad=b"\0", length=None, ns=None, reserved=0):
    size = (96 + len(payload) + 7) // 8 * 8
    head = struct.pack("<IHHQQQIIQ", length or size, kind, 96, ns or 1000 + seq, 5, seq,
                       len(payload), len(payload), 0)
    head += struct.pack("<7I6H4BI", 7, 0, 0, 0, 0, 0, 0, cpu, 0, 0, 0, 0, 0, 0, 0, 0, 0, reserved)
    return head + payload + pad * (size - len(head) - len(payload))

def lost(seq, count, by_cause):
    return rec(seq, 0, 3, struct.pack("<17Q", count, 0, by_cause, *[0] * 14))

for name, data in {
    "good": rec(0) + rec(1) + rec(0, 1) + lost(2, 3, 3) + rec(5),
    "padding": rec(0) + rec(1, pad=b"x"),
    "gap": rec(0) + rec(2),
    "backwards": rec(1) + rec(0),
    "twice": rec(0) + rec(0),
    "length": rec(0, length=100),
    "causes": lost(0, 5, 4),
    "nothing_lost": lost(0, 0, 0),
    "time": rec(0, ns=5000) + rec(1, ns=4000),
    "cut": rec(0)[:50],
    "type": rec(0, kind=9),
    "reserved": rec(0, reserved=1),
}.items():
    open(sys.argv[1] + "/r." + name, "wb").write(data)
END
for file in "$WORK"/r.*; do
	tqread -q 7 "$file" >"$WORK/read"
	status=$?
	kv "$WORK/read"
	case ${file##*.} in
	good) is "$status ${KV[read]} ${KV[lost]} ${KV[missing]} ${KV[twice]}" "0 4 3 0 0" "good records" ;;
	gap) is "$status ${KV[missing]}" "0 1" "a gap is seen" ;;
	*) is "$status" 1 "mistake in records: ${file##*.}" ;;
	esac
done
tqread -q 8 "$WORK/r.good" >"$WORK/read"
is "$?" 1 "records of another queue"

match_setup
match_load 50 "$SEED" -o d0,d1
must tqctl -n m hook add t family inet hook forward priority filter
in_ns m tqmatch -r 50 -n 500 -s "$SEED" -i "$LOOPS" -k "$KEYS" -o d0,d1 -X run "$DEV" >"$WORK/run"
is "$?" 1 "one wrong rule among 500 packets"
kv "$WORK/run"
is "${KV[wrong]}" 1 "is seen, and nothing else"

printf '%s\n' "EINVAL - <- QUEUE_GET QUEUE_NAME=str:q" "OK - <- QUEUE_GET QUEUE_NAME=str:nosuch" \
	"ENOENT QUEUE_ID <- QUEUE_GET QUEUE_NAME=str:nosuch" \
	"ENOENT QUEUE_NAME <- QUEUE_GET QUEUE_NAME=str:nosuch" >"$WORK/cases"
in_ns m tqnl "$WORK/cases" >"$WORK/tap"
is "$? $(grep -c '^not ok' "$WORK/tap")" "1 3" "three wrong cases out of four"

# Of a log, most calls return what those of a stream must not, and the other way round.
must tqctl -n m queue add calls mode log ring 16K
calls=/dev/tqueue/$(queue_id calls m)
in_ns m tqcalls -n 400 "log:$calls" >"$WORK/calls"
is "$?" 0 "calls of a log"
in_ns m tqcalls -n 400 "stream:$calls" >"$WORK/calls"
is "$? $(grep -q 'mmap: .* which it must not be' "$WORK/calls" && echo told)" "1 told" \
	"are not those of a stream"
must tqctl -n m queue write calls "a message that is not of tqcalls"
in_ns m tqcalls -n 400 "log:$calls" >"$WORK/calls"
is "$? $(grep -q 'nobody wrote this message, of 32 bytes' "$WORK/calls" && echo told)" "1 told" \
	"a message that nobody should have written"
must tqctl -n m queue del calls
finish
