#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# queue read --last: the newest messages of a log, in order, from the rings of both
# CPUs, before and after it was overwritten; nothing is consumed; a stream is refused.
#
# timeout: 60
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

load_module
must tqctl queue add log mode log ring 16K
must tqctl queue add stream ring 16K
cpus=$(nproc)
write() { # FROM TO
	local i
	for ((i = $1; i <= $2; i++)); do
		taskset -c $((i % cpus)) tqctl queue write log "message $i." || return
	done
}
last() { # N...: the numbers of the messages that are printed
	tqctl queue read log "$@" 2>"$WORK/err" | grep -o 'message [0-9]*\.' | tr -dc '0-9\n' | tr '\n' ' '
}

is "$(last --last 5)" "" "an empty log"
must write 1 12
is "$(last --last 3)" "10 11 12 " "the newest three"
is "$(last --last 3)" "10 11 12 " "are there again"
is "$(last --last 1)" "12 " "the newest"
is "$(last --last 1000000)" "1 2 3 4 5 6 7 8 9 10 11 12 " "no more than there are"
is "$(last)" "1 2 3 4 5 6 7 8 9 10 11 12 " "without it all"
is "$(tqctl -j queue read log --last 2 | grep -c '"type":"message"')" 2 "as JSON"

# Overwritten many times: a ring of 16K has room for 140 of these.
seq -f 'message %g.' 13 2000 | tqctl queue write log -
is "$(last --last 4)" "1997 1998 1999 2000 " "after the ring went round"
is "$(cat "$WORK/err")" "" "and no complaint of what was older"

tqctl queue read log --last 2 --follow >"$WORK/follow" &
pid=$!
lines() { [ "$(wc -l <"$WORK/follow")" = "$1" ]; }
check "with --follow it goes on" until_ok 30 lines 2
must write 2001 2001
check "with what comes" until_ok 30 lines 3
stop $pid
is "$(grep -o 'message [0-9]*' "$WORK/follow" | grep -o '[0-9]*' | tr '\n' ' ')" "1999 2000 2001 " "in order"

refused "a stream" 1 "stream is a stream" tqctl queue read stream --last 3
refused "no such queue" 1 "no such queue|no queue" tqctl queue read nosuch --last 3
refused "none" 2 '"0"' tqctl queue read log --last 0
refused "too many" 2 '"1000001"' tqctl queue read log --last 1000001
refused "no number" 2 '"few"' tqctl queue read log --last few
refused "a number is missing" 2 "missing|needed|number" tqctl queue read log --last
refused "with -c" 2 "do not go together" tqctl queue read log --last 3 -c 4
finish
