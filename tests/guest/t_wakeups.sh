#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# No wake-up is lost: single packets, each sent when the one before has been read, to a
# reader that sleeps or is just going to, in every way of waiting there is; woken by the
# watermark, or by the flush interval alone.  Then readers that sleep in all of these ways
# at once while their queue changes its size, is flushed, and is deleted.
#
# timeout: 300
# debug: 1800 N=10000 SLOW=2000
# kernels: all
# ci-kernels: backports
# short: N=200 SLOW=40
. "$(dirname "$0")/lib.sh"
: "${N=1000}" "${SLOW=200}"

load_module
new_ns w
in_ns w ip link set lo up
must tqctl -n w -b - <<-END
	queue add q ring 64K
	queue add log mode log ring 64K
	table add t
	rule add t proto udp dport 2000 queue q queue log pass
	hook add t family inet hook input priority raw
END

woken() { # WHAT QUEUE PACKETS HOW...
	local what=$1 queue=$2 n=$3 how
	shift 3
	for how; do
		timeout $((n / 20 + 100)) ip netns exec w tqwake -n "$n" "$(queue_dev "$queue" w)" "$how" >"$WORK/out"
		is "$? $(head -n 1 "$WORK/out")" "0 packets=$n" "$what, by $how: each of $n packets has been told of"
		kv "$WORK/out"
		comment <"$WORK/out"
		# Else nobody ever slept.
		[ "$how" = read ] || at_least "${KV[waits]-0}" $((n / 4)) "$what, by $how: waits"
		tqctl -n w queue flush q 2>/dev/null
	done
}

stream="read poll enough select epoll edge sigio mapped mapped-enough"
must tqctl -n w queue set q watermark 1 flush 60s
must tqctl -n w queue set log watermark 1 flush 60s
# shellcheck disable=SC2086 # words
woken "watermark 1" q "$N" $stream
woken "watermark 1, a log" log "$N" read poll enough edge sigio
must tqctl -n w queue set q watermark 32K flush 1ms
must tqctl -n w queue set log watermark 32K flush 1ms
# shellcheck disable=SC2086 # words
woken "flush interval" q "$SLOW" $stream
woken "flush interval, a log" log "$SLOW" read poll enough edge sigio

# Readers asleep in every way, and what may become of their queue meanwhile.
must tqctl -n w queue set q watermark 1 flush 60s
dev=$(queue_dev q w)
ledgers=()
for how in block poll epoll enough block poll epoll enough; do
	start w "$WORK/r${#ledgers[@]}" tqread -w "$how" -l "$WORK/l${#ledgers[@]}" "$dev"
	ledgers+=("$STARTED")
done
asleep() {
	local pid
	for pid in "${ledgers[@]}"; do
		grep -q "^State:.S" "/proc/$pid/status" || return
	done
	is_open
}
drained() { [ "$(json_sum pending_bytes "$(tqctl -n w -j queue stats q)")" = 0 ]; }
is_open() { [ "$(json_num readers "$(tqctl -n w -j queue show q)")" = ${#ledgers[@]} ]; }
check "eight readers sleep" until_ok 30 asleep
for size in 128K 16K 64K; do
	check "the rings change to $size" tqctl -n w queue set q ring $size
	check "a flush" tqctl -n w queue flush q
	echo x >"$dev"
	check "one of them reads what comes then" until_ok 20 drained
done
check "the queue is deleted" tqctl -n w -b - <<-END
	hook del $(hook_id t w)
	table del t
	queue del q
END
for pid in "${ledgers[@]}"; do
	wait "$pid"
	ok $? "a reader ends"
done
is "$(cat "$WORK"/r[0-9] | sed -n 's/^records=//p' | awk '{ n += $1 } END { print n }')" 3 "they have read all of it, once"
finish
