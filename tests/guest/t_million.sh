#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Large tables: what is listed, saved and made again is whole; the tool prints
# while it receives, in memory that does not grow with the table; a list is of one
# moment, whatever is committed meanwhile, and says so if it is not; apply changes
# what differs and nothing else; no packet is lost meanwhile.
#
# timeout: 240
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short: SIZE=30000 FLIPS=8 PACKETS=20000
# debug: 900 SIZE=60000
. "$(dirname "$0")/lib.sh"
: "${SIZE=100000}" "${FLIPS=30}" "${PACKETS=100000}"

load_module
topo_ab

# rules TABLE N: "rule add" of N addresses
rules() {
	awk -v t="$1" -v n="$2" 'BEGIN { for (i = 0; i < n; i++)
		printf "rule add %s prio 10 src 172.%d.%d.%d accept\n", t, 16 + i / 65536, i / 256 % 256, i % 256 }'
}

# paused FILE BYTES COMMAND...: reads the first BYTES of its output into FILE and
# leaves the rest in the pipe; its process is PAUSED
paused() {
	local file=$1 bytes=$2
	shift 2
	exec 4< <(exec nsenter --net=/run/netns/b "$@" 2>"$file.err")
	PAUSED=$!
	head -c "$bytes" <&4 >"$file"
}

# go_on FILE: reads the rest; returns the status of the command
go_on() {
	cat <&4 >>"$1"
	exec 4<&-
	wait "$PAUSED"
}

own_pages() { awk '/^Anonymous:/ { print $2 }' "/proc/$PAUSED/smaps_rollup"; }

# memory_of COMMAND...: its own memory, in KB, when the first of its output was read or
# when all but the last was, whichever is more.  Not VmHWM: of that the kernel counts 64
# pages of each kind on each CPU or task by itself, and it has what of the libraries was
# touched.
memory_of() {
	local size early late
	size=$(in_ns b "$@" | wc -c)
	paused "$WORK/paused" 100 "$@"
	early=$(own_pages)
	head -c $((size - 120000)) <&4 >>"$WORK/paused"
	late=$(own_pages)
	go_on /dev/null
	echo $((early > late ? early : late))
}

# ---- whole ----

echo "table add big" >"$WORK/load"
rules big "$SIZE" >>"$WORK/load"
must T -b "$WORK/load"
is "$(json_num rules "$(T -j table show big)")" "$SIZE" "all rules of a file are loaded"
T rule list big >"$WORK/list"
is "$(sed 's/.* src \([0-9.]*\) accept$/\1/' "$WORK/list" | sort | cksum)" \
	"$(sed -n 's/.* src \([0-9.]*\) accept$/\1/p' "$WORK/load" | sort | cksum)" "and listed, each once"
T save >"$WORK/saved"
must tqctl -n a apply --quiet "$WORK/saved"
tqctl -n a save | cmp - "$WORK/saved"
ok $? "what is saved can be made elsewhere, and is the same there"
must tqctl -n a table del big

# ---- memory ----

must T table add small
rules small $((SIZE / 4)) >"$WORK/small"
must T -b "$WORK/small"
for what in "rule list" "-s rule list" "-j rule list"; do
	# shellcheck disable=SC2086 # words
	few=$(memory_of tqctl $what small) many=$(memory_of tqctl $what big)
	[ "$few" -gt 0 ] && [ "$many" -le $((few + 400)) ]
	ok $? "$what: no more memory for four times the rules ($few and $many KB)"
done
must T table del small
many=$(memory_of tqctl save)
[ "$many" -le $((few + 800)) ]
ok $? "nor does save take more ($many KB)"

# ---- one moment ----

# Ten rules that change all at once, in one transaction.
must T rule add big prio 5 proto udp dport 2001 pass
must T queue add q ring 16K
must T rule add big prio 20 proto tcp dport 1-9 queue q pass
T rule list big >"$WORK/list"
handle() { sed -n "$1s/^handle \([0-9]*\) .*/\1/p" "$WORK/list"; }
some=$(awk -v n="$SIZE" '/ accept$/ && c++ % int(n / 10) == int(n / 20) { print $2 }' "$WORK/list")
is "$(wc -w <<<"$some")" 10 "ten rules far from each other"
flip() { # VERDICT
	local h i=0
	for h in $some; do
		echo "rule replace big handle $h prio 10 src 10.77.0.$((i++)) $1"
	done
}
flip accept >"$WORK/flip-accept"
flip drop >"$WORK/flip-drop"

paused "$WORK/old" 100 tqctl rule list big
is "$(<"$WORK/old")" "$(head -c 100 "$WORK/list")" "the first lines are there while the tool has more to say"
last=$(tail -n 2 "$WORK/list" | sed -n '1s/^handle \([0-9]*\) .*/\1/p')
must T -b "$WORK/flip-drop"
must T rule del big handle "$last"
must T rule add big prio 10 src 10.78.0.1 drop
go_on "$WORK/old"
is $? 0 "a list goes on while rules change"
cmp "$WORK/old" "$WORK/list" >/dev/null && [ ! -s "$WORK/old.err" ]
ok $? "and is what was there when it began"
T rule list big >"$WORK/new"
is "$(diff "$WORK/list" "$WORK/new" | grep -c '^<').$(diff "$WORK/list" "$WORK/new" | grep -c '^>')" 11.11 \
	"the next one has all of the changes"

(
	for ((i = 0; i < FLIPS * 20; i++)); do
		T -b "$WORK/flip-accept" && T -b "$WORK/flip-drop" || exit 1
		[ ! -e "$WORK/enough" ] || exit 0
	done
) 2>"$WORK/flips" &
flipping=$!
whole=0 lists=0 states=""
while [ $lists -lt "$FLIPS" ]; do
	lists=$((lists + 1))
	if ! T rule list big >"$WORK/new" 2>"$WORK/err" || [ -s "$WORK/err" ]; then
		continue
	fi
	state=$(grep -o ' src 10\.77\.0\.[0-9]* .*' "$WORK/new" | awk '{ n[$3]++ } END { print n["drop"] + 0, n["accept"] + 0 }')
	states="$states $state."
	[[ $state == "10 0" || $state == "0 10" ]] && [ "$(wc -l <"$WORK/new")" = $((SIZE + 2)) ] && whole=$((whole + 1))
done
touch "$WORK/enough"
wait $flipping
ok $? "a process that commits all the time"
comment <"$WORK/flips"
is $whole "$FLIPS" "lists meanwhile are of one moment each"
note "dropped and accepted:$states"

# Who needs what a list keeps takes it away, and the list says so.
paused "$WORK/old" 100 tqctl rule list big
must T rule del big handle "$(T rule list big queue q | sed 's/^handle \([0-9]*\) .*/\1/')"
check "a queue can be deleted while a list shows a deleted rule of it" T queue del q
go_on "$WORK/old"
is $? 4 "that list ends with status 4"
is "$(grep -c 'some may be missing' "$WORK/old.err")" 1 "and says why"

# ---- apply ----

must T hook add big family inet hook prerouting priority raw
gen va -n 7 "udp 172.16.0.3:1 10.9.0.2:7" "udp 10.9.0.1:1 10.9.0.2:2001" >/dev/null
T -s save >"$WORK/before"
sed 's/ packets .*//' "$WORK/before" >"$WORK/want"
T apply "$WORK/want" >"$WORK/todo"
is "$?.$(wc -l <"$WORK/todo")" 0.0 "apply of what is there: nothing to do"
awk -v n="$SIZE" '/ accept$/ && c++ % int(n / 10) == int(n / 25) && d++ < 10 { sub(/accept$/, "drop") } { print }' \
	"$WORK/want" >"$WORK/next"
is "$(diff "$WORK/want" "$WORK/next" | grep -c '^>')" 10 "a file that differs in ten rules"
T apply --dry-run "$WORK/next" >"$WORK/todo"
is "$(wc -l <"$WORK/todo").$(grep -c '^~ rule replace' "$WORK/todo")" 10.10 "is ten changes to come"
start b "$WORK/events" tqctl monitor
must until_ok 20 sh -c "tqctl -n b table add marker; tqctl -n b table del marker; grep -q marker '$WORK/events'"
check "it is applied" T apply --quiet "$WORK/next"
must T table add marker2
until_ok 20 grep -q marker2 "$WORK/events"
stop "$STARTED"
is "$(grep -c '^rule ' "$WORK/events").$(grep -c '^rule set' "$WORK/events")" 10.10 "ten changes were sent"
[ "$(grep -c '^rule ' "$WORK/events")" = 10 ] || head -n 20 "$WORK/events" | comment
must T table del marker2
T -s save >"$WORK/after"
diff "$WORK/before" "$WORK/after" >"$WORK/diff"
is "$(grep -c '^>' "$WORK/diff").$(grep -c '^> .* drop packets' "$WORK/diff")" 10.10 \
	"all other rules keep handles, order and counters"
is "$(sed 's/ packets .*//' "$WORK/after" | cmp - "$WORK/next" && echo same)" same "and all is as the file says"
at_least "$(grep -c ' packets [1-9]' "$WORK/after")" 2 "there were counters to keep"

# ---- packets meanwhile ----

count() { json_num packets "$(T -j rule show big handle "$(awk '/dport 2001/ { print $2; exit }' "$WORK/list")")"; }
before=$(count)
start a "$WORK/sent" tqgen -d "$MAC_B" va -n "$PACKETS" "udp 10.9.0.1:1000+ 10.9.0.2:2001 len=32"
sender=$STARTED
must T apply --quiet "$WORK/want"
must T rule list big
sed 's/ big / other /; s/^table add big/table add other/' "$WORK/load" >"$WORK/other"
must T -b "$WORK/other"
must T apply --quiet "$WORK/next"
wait "$sender"
kv "$WORK/sent"
is "${KV[sent]:-none}" "$PACKETS" "packets are sent while tables are listed, loaded and applied"
until_ok 30 sh -c "[ \$(tqctl -n b -s rule list big prio 5 | sed 's/.* packets \([0-9]*\) .*/\1/') -ge $((before + PACKETS)) ]"
is "$(count)" $((before + PACKETS)) "each of them was counted"
finish
