#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# All at once, under traffic from both CPUs: namespaces, devices and a CPU come and go,
# tables are replaced, configurations are committed for a time, queues are made, resized, mapped and
# deleted, their readers are killed, iptables is restored by both flavours, and somebody
# tries to unload the module.  One queue and its table are left alone: of each packet
# that the table chose it tells, by a record or by a loss, and every packet arrives.
# After ROUND seconds all is taken down, the module goes and comes, and so on.
# Topology: topo_ab in lib.sh.
#
# timeout: 240
# files: flood.sh
# kernels: all
# ci-kernels: debug
# short: TIME=180 ROUND=60
# debug: 3000 TIME=1800 ROUND=60
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/flood.sh"
: "${TIME=60}" "${ROUND=20}" "${RATE=200}"	# packets a second from each CPU

topo_ab
# shellcheck disable=SC2034 # for flood.sh and lib.sh
NS=b QUEUES=1
mapfile -t flavour < <(flavours)
[ "${#flavour[@]}" = 2 ] || skip "iptables-legacy" "this kernel has none"
must in_ns b iptables-nft -A INPUT -p udp --dport 2000:3999 -j DROP
online=/sys/devices/system/cpu/cpu1/online
[ -w "$online" ] || skip "CPU hotplug" "this kernel or machine has none"

# ---- the workers: each goes round until it is told to stop ----

going() { [ ! -e "$WORK/stop" ]; }
# Said of something that must not have failed; the worker goes on with the next round.
odd() { echo "$*" >>"$WORK/odd"; }
# What somebody else still holds for a moment can be deleted in the end.
gone() {
	until_ok 60 "$@" || odd "not deleted: $* $("$@" 2>&1)"
}

cat >"$WORK/netns" <<-'END'
	queue add q ring 16K
	queue add l mode log ring 16K
	table add t
	rule add t prio 1 proto icmp queue q queue l pass
	rule add t prio 2 src 10.0.0.0/8 queue q timeout 1s accept
	hook add t family inet hook output priority raw
	hook add t family netdev hook ingress dev lo
END
churn_netns() {
	local ns=c$1
	ip netns add "$ns" || { odd "netns add"; return; }
	tqctl -n "$ns" -b "$WORK/netns" || odd "netns: set up"
	in_ns "$ns" sh -c "ip link set lo up; iptables-nft -A OUTPUT -j TQUEUE --queue q; ping -c 2 -i 0.01 -q 127.0.0.1" \
		>/dev/null || odd "netns: packets"
	ip netns del "$ns" || odd "netns del"
}

churn_device() {
	local hook
	ip -n b link add dv type veth peer name dw || { odd "link add"; return; }
	T -b - <<-END || odd "hooks of a device"
		table add dev
		rule add dev queue r2 pass
		hook add dev family netdev hook ingress dev dv
		hook add dev family netdev hook ingress dev dw
	END
	ip -n b -batch - <<-END || odd "link set"
		link set dv up
		link set dw up
		addr add 10.99.0.1/24 dev dv
		link set dv down
		link set dv name dv2
		link set dv2 up
	END
	in_ns b ping -c 1 -W 1 -I dv2 -q 10.99.0.9 >/dev/null
	ip -n b link del dv2 || odd "link del"
	for hook in $(T hook list | sed -n 's/^\([0-9]*\): dev .*/\1/p'); do
		T hook del "$hook" || odd "hook del"
	done
	gone T table flush dev
	gone T table del dev
}

churn_cpu() {
	[ -w "$online" ] || { sleep 1; return; }
	echo 0 >"$online" || odd "CPU offline"
	echo 1 >"$online" || odd "CPU online"
}

for set in 1 2; do
	echo "table flush s"
	for ((i = 0; i < 200; i++)); do
		echo "rule add s handle $((set * 1000 + i)) prio $((i * set)) proto udp dport $((3000 + i)) queue r2 pass"
	done
done >"$WORK/sets"
head -n 201 "$WORK/sets" >"$WORK/set1"
tail -n 201 "$WORK/sets" >"$WORK/set2"
churn_table() {
	T -b "$WORK/set$((1 + $1 % 2))" || odd "table: replaced"
}

# Committed for a second, and taken back by the kernel, since who asked was killed.
cat >"$WORK/confirmed" <<-'END'
	queue add q ring 16K
	table add t
	rule add t prio 1 proto udp dport 1-999 queue q pass
	hook add t family inet hook input priority raw
END
unconfirmed() { [[ $(tqctl -n cc -j txn show) == *'"unconfirmed"'* ]]; }
settled() { ! unconfirmed; }
decided() { unconfirmed || ! kill -0 "$1"; }
churn_confirm() {
	local pid
	ip netns add cc || { odd "netns add cc"; return; }
	tqctl -n cc apply --quiet --confirm 1 "$WORK/confirmed" >"$WORK/confirm" 2>&1 </dev/null &
	pid=$!
	# On a slow machine the second is over before we look.
	until_ok 20 decided "$pid"
	grep -q "is to be confirmed" "$WORK/confirm" || odd "never unconfirmed: $(<"$WORK/confirm")"
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	until_ok 20 settled || odd "not taken back"
	# New queues, tables and hooks of tables without rules are no part of it.
	! tqctl -n cc save | grep '^rule' || odd "something stays of what was taken back"
	ip netns del cc || odd "netns del cc"
}

# busy_or COMMAND...: it may be refused while somebody has it mapped, or has not read
# what is left in rings of another size.
busy_or() {
	"$@" 2>"$WORK/busy" || readers_refuse "$WORK/busy" ||
		odd "$* $(<"$WORK/busy")"
}

churn_queue() {
	local reader dev how=("" "-w poll" "-w enough" "-M" "-M -w enough" "-M -w epoll" "-t 3")
	T queue add r1 ring 16K watermark 1 >/dev/null || { odd "queue add"; return; }
	dev=$(queue_dev r1)
	# shellcheck disable=SC2086 # words
	start b "$WORK/reader" tqread ${how[$1 % ${#how[@]}]} "$dev"
	reader=$STARTED
	T rule add s handle 9000 prio 0 proto udp dport 2000-2063 queue r1 next >/dev/null || odd "rule of a queue"
	busy_or T queue set r1 ring 64K
	busy_or T queue set r1 ring 8K snaplen 64
	busy_or T queue flush r1
	kill -KILL "$reader" || odd "the reader ended: $(<"$WORK/reader")"
	wait "$reader" 2>/dev/null
	busy_or T queue set r1 ring 32K
	# The whole table may be replaced at any time.
	T rule del s handle 9000 2>/dev/null
	gone T queue del r1
}

churn_iptables() {
	local f=${flavour[$1 % ${#flavour[@]}]}
	in_ns b "iptables-$f-restore" -w 60 -n <<-'END' || odd "iptables-$f-restore"
		*mangle
		-F PREROUTING
		-A PREROUTING -m tqueue --rule-table s
		-A PREROUTING -j TQUEUE --rule-table s
		-A PREROUTING -p udp -j TQUEUE --queue r2
		COMMIT
	END
	in_ns b "iptables-$f" -w 60 -t mangle -F PREROUTING || odd "iptables-$f -F"
}

churn_unload() {
	! rmmod tqueue 2>/dev/null || odd "the module went although a reader held it"
	modprobe tqueue || odd "modprobe"
	tqctl module unload >/dev/null 2>&1 && odd "module unload, with holders"
	T metrics >/dev/null || odd "metrics"
	T -s rule list t >/dev/null || odd "rule list"
}

worker() { # WHAT
	local n=0
	while going; do
		"churn_$1" $n 2>>"$WORK/err"
		n=$((n + 1))
	done
	echo "$1 $n" >>"$WORK/times"
}
workers=(netns device cpu table confirm queue iptables unload)

# ---- a round ----

declare -A times=()
one() { # NUMBER
	local pids=() w name n
	rm -f "$WORK/stop" "$WORK/times"
	WHAT="round $1"
	must modprobe tqueue
	RING=64K begin q
	must T -b - <<-END
		queue add r2 mode log ring 16K
		table add s
	END
	reader "$WORK/ledger$1" -w poll "$(queue_dev q)"
	local reading=$STARTED before sent
	before=$(xt_count iptables-nft filter INPUT 1)
	start a "$WORK/sent" tqgen -d "$MAC_B" -c 0,1 -T 100000 -b 4 -r "$RATE" va "udp 10.9.0.1:7 10.9.0.2:2000+"
	local sender=$STARTED
	# Each of its threads is on its CPU before that goes.
	must until_ok 60 all_arrived $((before + RATE))
	for w in "${workers[@]}"; do
		worker "$w" &
		pids+=($!)
	done
	sleep "$ROUND"
	touch "$WORK/stop"
	wait "${pids[@]}"
	stop "$sender"
	must grep -qx "sent=[0-9]*" "$WORK/sent"
	kv "$WORK/sent"
	sent=${KV[sent]}
	while read -r name n; do
		times[$name]=$((${times[$name]-0} + n))
	done <"$WORK/times"
	until_ok 60 all_arrived $((before + sent))
	is $(($(xt_count iptables-nft filter INPUT 1) - before)) "$sent" "$WHAT: every packet arrived"
	stop "$reading"
	ok $? "$WHAT: all records in order"
	drain q "$WORK/ledger$1"
	last_words
	drain q "$WORK/ledger$1"
	balance q "$WORK/ledger$1"
	end q
	must T table flush s
	must until_ok 60 T table del s
	must until_ok 60 T queue del r2
	must until_ok 60 rmmod tqueue
	pass "$WHAT: the module goes"
}

end=$((SECONDS + TIME))
for ((round = 1; SECONDS < end; round++)); do
	one $round
	note "$SECONDS s: $(for w in "${workers[@]}"; do echo -n "$w ${times[$w]-0} "; done)"
done
for w in "${workers[@]}"; do
	at_least "${times[$w]-0}" 1 "churn: $w"
done
touch "$WORK/odd" "$WORK/err"
is "$(sort "$WORK/odd" | uniq -c)" "" "nothing failed that should not"
sort "$WORK/err" | uniq -c | sort -rn | head -n 20 | comment
finish
