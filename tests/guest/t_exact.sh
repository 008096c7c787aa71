#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Exactly once, in order, and every byte: the sender numbers its packets, so a reader knows
# all of a packet by its number.  For each way to read, with 1 and 8 readers, while both CPUs
# send, by turns as fast as they can and slowly enough that little is lost:
#
#	records read + records told lost = packets sent
#
# no number of the sender's is there twice, and who reads sees those of a CPU in order.
# Meanwhile the ring size changes, watermark and flush interval do, and a CPU goes and comes.
# Then the queue is deleted and its namespace goes, under the same readers: they get all
# that was in it, and the end.
# Topology: topo_ab in lib.sh.
#
# timeout: 900
# files: flood.sh
# kernels: all
# short: SECS=1 EVERY=3
# debug: 3000 SECS=20
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flood.sh"
: "${SECS=10}" "${EVERY=1}"	# that each flood lasts; of how many turns one is taken

flood_setup
PACKET="udp 10.9.0.1:7 10.9.0.2:2000+ len=200"
# shellcheck disable=SC2034 # flood.sh's
QUEUES=1 RING=64K SNAPLEN=0
online=/sys/devices/system/cpu/cpu1/online
TOTAL=0

# reading OPTION...: starts who reads q, and waits until they do
reading() {
	local dev many=1
	dev=$(queue_dev q)
	[ "$1" != -t ] || many=$2
	rm -f "$WORK/ledger" "$WORK/numbers"
	tqread -E "$MAC_B $MAC_A $PACKET" -L "$WORK/numbers" -l "$WORK/ledger" "$@" "$dev" >"$WORK/reader" 2>&1 &
	READER=$!
	until_ok 60 attached "$many" || fail "$WHAT: nobody reads"
}
attached() { [ "$(json_num readers "$(T -j queue show q)")" = "$1" ]; }

# sending [OPTION...]: starts both CPUs, and waits until packets come; sent() ends it
sending() {
	start a "$WORK/sent" tqgen -d "$MAC_B" -c 0,1 -T 1000 "$@" va "$PACKET"
	SENDER=$STARTED
	until_ok 30 moving || fail "$WHAT: nothing is sent"
}
moving() { [ "$(rule_sum packets t)" -gt 0 ]; }

# sent: packets came until now; how many is in SENT
sent() {
	kill -0 "$SENDER"
	ok $? "$WHAT: packets came all the time"
	stop "$SENDER"
	kv "$WORK/sent"
	SENT=${KV[sent]-0}
	TOTAL=$((TOTAL + SENT))
}

# stir WORD...: for SECS, and until each has been at least once: sizes cpu, and the settings
# always; how often is in STIRRED, how often the size in RESIZED
stir() {
	local end=$((SECONDS + SECS)) limit=$((SECONDS + SECS + 60))
	STIRRED=0 RESIZED=0
	while [ $SECONDS -lt $end ] || { [ $SECONDS -lt $limit ] &&
		{ [ $STIRRED -lt 2 ] || [[ " $* " == *" sizes "* && $RESIZED == 0 ]]; }; }; do
		case " $* " in *" sizes "*)
			if T queue set q ring "$((8 << STIRRED % 6))K" >"$WORK/set" 2>&1; then
				RESIZED=$((RESIZED + 1))
			elif ! grep -q "not read empty" "$WORK/set"; then
				fail "$WHAT: queue set ring"
				comment <"$WORK/set"
			fi ;;
		esac
		T queue set q watermark "$((1 + STIRRED % 3))K" flush "$((1 + STIRRED % 4 * 7))ms" ||
			fail "$WHAT: queue set watermark"
		case " $* " in *" cpu "*) echo $((STIRRED % 2)) >$online || fail "$WHAT: CPU hotplug" ;; esac
		STIRRED=$((STIRRED + 1))
	done
	at_least $STIRRED 2 "$WHAT: changes while packets came"
	case " $* " in *" sizes "*) at_least $RESIZED 1 "$WHAT: of the ring size" ;; esac
	[ ! -w $online ] || echo 1 >$online
	sent
}

# counted_all: the queue has a number for each packet that was sent
counted_all() {
	local stats
	stats=$(T -j queue stats q)
	[ $(($(json_num records "$stats") + $(json_num lost_total "$stats"))) = "$SENT" ]
}

# numbers READ DISORDER: the sender's, of all who have read so many; DISORDER -: it may be
numbers() {
	kv <(tqread -m "$WORK/numbers")
	is "${KV[read]} ${KV[twice]}" "$1 0" "$WHAT: as many packets of the sender's, none of them twice"
	[ "$2" = - ] || is "$2" 0 "$WHAT: in the order in which they were sent"
}

# account STIRRED-WORDS: of everything, when nobody reads any more
account() {
	local read disorder=-
	kv "$WORK/reader"
	# Of a CPU that goes another takes over what it had not come to.
	case " $* " in *" cpu "*) ;; *) disorder=${KV[disorder]-"not told"} ;; esac
	check "$WHAT: each packet was counted" until_ok 60 counted_all
	tqread -E "$MAC_B $MAC_A $PACKET" -L "$WORK/numbers" -l "$WORK/ledger" -i 300 "$(queue_dev q)" \
		>"$WORK/drained"
	ok $? "$WHAT: what was left"
	kv <(tqread -m "$WORK/ledger")
	read=${KV[read]}
	numbers "$read" "$disorder"
	# What was lost last is told by the next one.
	last_words
	tqread -i 300 -l "$WORK/ledger" "$(queue_dev q)" >"$WORK/drained"
	kv <(tqread -m "$WORK/ledger")
	is "$((KV[read] + KV[lost])) ${KV[missing]} ${KV[twice]}" "$((SENT + 2)) 0 0" \
		"$WHAT: read + told lost = sent ($read + ${KV[lost]}, changed $STIRRED times)"
	at_least "$read" 1 "$WHAT: records"
}

n=0
chosen() { [ $((n++ % EVERY)) = 0 ]; }

# turn WHAT WORDS-TO-STIR OPTION...
turn() {
	local stir=$2 speed=(-r 2000)
	WHAT=$1
	shift 2
	chosen || return
	[ $((n % 2)) = 1 ] || speed=()
	begin q
	reading "$@"
	sending "${speed[@]}"
	# shellcheck disable=SC2086 # words
	stir $stir
	stop $READER
	ok $? "$WHAT: every record is whole, and its packet the sender's in every byte"
	grep '^# bad' "$WORK/reader"
	account "$stir"
	end q
}

cpu=cpu
[ -w $online ] || cpu=""
for readers in 1 8; do
	turn "read, $readers" "sizes" -t $readers
	turn "readv, $readers" "sizes $cpu" -t $readers -v -w poll
	turn "poll, $readers" "sizes $cpu" -t $readers -w poll
	turn "epoll, $readers, small buffers" "sizes" -t $readers -w epoll -b 1024
	turn "POLLRDBAND, $readers" "sizes $cpu" -t $readers -w enough
done
turn "mmap, poll" "" -M -w poll
turn "mmap, epoll" "$cpu" -M -w epoll
turn "mmap, POLLRDBAND" "$cpu" -M -w enough

# ended: by a reader, at the end of its queue
ended() {
	check "$WHAT: who reads comes to the end" timeout 100 tail --pid=$READER -f /dev/null
	wait $READER
	ok $? "$WHAT: every record is whole, and its packet the sender's in every byte"
	grep '^# bad' "$WORK/reader"
	kv "$WORK/reader"
	is "${KV[eof]-}" 1 "$WHAT: the end of the file"
	at_least "${KV[records]-0}" 1 "$WHAT: records"
	records=${KV[records]-}
	numbers "$records" "${KV[disorder]-"not told"}"
}

n=0
for how in "8, read" "8, epoll" "1, mmap"; do
	chosen || continue
	options=(-t 8)
	[ "$how" != "8, epoll" ] || options+=(-w epoll)
	[ "$how" != "1, mmap" ] || options=(-M -w epoll)

	WHAT="deleted under traffic, $how"
	begin q
	reading "${options[@]}"
	sending
	# With the hook goes the last copy; records and losses are what they will be.
	must T hook del "$(hook_id t)"
	copies=$(rule_sum copies t)
	must T table flush t
	must T table del t
	stats=$(T -j queue stats q)
	must T queue del q
	ended
	is "$(($(json_num records "$stats") + $(json_num lost_total "$stats")))" "$copies" "$WHAT: records + lost = copies"
	is "$records" "$(json_num records "$stats")" "$WHAT: all of its records were read"
	kv <(tqread -m "$WORK/ledger")
	is "${KV[missing]} ${KV[twice]}" "0 0" "$WHAT: no number of a ring is missing or there twice"
	sent
done

for how in "8, poll" "1, mmap"; do
	chosen || continue
	options=(-t 8 -w poll)
	[ "$how" != "1, mmap" ] || options=(-M -w enough)
	WHAT="its namespace goes under traffic, $how"
	begin q
	reading "${options[@]}"
	sending -Q
	kill -0 "$SENDER"
	ok $? "$WHAT: packets come"
	must ip netns del b
	ended
	kv <(tqread -m "$WORK/ledger")
	is "${KV[missing]} ${KV[twice]}" "0 0" "$WHAT: no number of a ring is missing or there twice"
	wait "$SENDER"
	ip netns del a
	topo_ab
	must in_ns b iptables-nft -A INPUT -p udp --dport 2000:3999 -j DROP
done
note "$TOTAL packets were sent while all of it was read"
finish
