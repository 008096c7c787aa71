#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module is loaded and unloaded again and again while packets flow from both
# CPUs; each time a table is attached by a direct hook, by iptables (the flavours
# in turn) and a reader takes records; then all is taken down and the module goes
# at once, as far as nft's worker lets it.
# Topology: topo_ab in lib.sh.
#
# timeout: 240
# kernels: all
# debug: 1800
# short: N=3 RATE=100
. "$(dirname "$0")/lib.sh"
: "${N=100}" "${RATE=500}"	# packets a second from each CPU

topo_ab
start a "$WORK/sent" tqgen -d "$MAC_B" -c 0,1 -T 100000 -b 4 -r "$RATE" va \
	"udp 10.9.0.1:7 10.9.0.2:2000+" "tcp [fd09::1]:1 [fd09::2]:80"
sender=$STARTED
must in_ns b iptables-nft -t raw -A PREROUTING -p udp -j DROP
mapfile -t flavour < <(flavours)
[ "${#flavour[@]}" = 2 ] || skip "iptables-legacy" "this kernel has none"

cat >"$WORK/up" <<-'END'
	queue add q ring 32K snaplen 80
	table add t
	rule add t handle 1 prio 1 proto udp dport 2000-2031 queue q pass
	rule add t prio 2 proto udp queue q accept
	rule add t prio 3 family ip6 queue q sample 2 limit 1000/s ttl dec 1 next
	rule add t prio 4 family ip6 queue q pass
	hook add t family inet hook prerouting priority -450
	hook add t family netdev hook ingress dev vb
END
cat >"$WORK/down" <<-'END'
	hook del 1
	hook del 2
	rule del t handle 1
	table flush t
	table del t
	queue del q
END
cat >"$WORK/xt" <<-'END'
	*mangle
	-A PREROUTING -m tqueue --rule-table t
	-A PREROUTING -j TQUEUE --rule-table t
	-A PREROUTING -p udp -j TQUEUE --queue q
	COMMIT
END

one() { # NUMBER
	local f=${flavour[$1 % ${#flavour[@]}]} id
	modprobe tqueue || { echo "load"; return; }
	id=$(json_num id "$(T -j -b "$WORK/up")")
	[ -n "$id" ] || { echo "set up"; return; }
	in_ns b "iptables-$f-restore" -n "$WORK/xt" || { echo "iptables"; return; }
	# The traffic must have gone through it.
	tqread -n 20 -i 60000 "/dev/tqueue/$id" >"$WORK/read" || { echo "read"; return; }
	if [ $(($1 % 10)) = 0 ]; then
		rmmod tqueue 2>/dev/null && { echo "unloaded although a hook uses it"; return; }
	fi
	in_ns b "iptables-$f" -t mangle -F PREROUTING || { echo "flush"; return; }
	if ! T -b "$WORK/down" 2>"$WORK/busy"; then
		# nft lets go of table and queue only after a while.
		until_ok 60 T table del t || { echo "table del"; return; }
		until_ok 60 T queue del q || { echo "queue del"; return; }
	fi
	# A namespace holds nothing: the module must go while it has one.
	until_ok 60 rmmod tqueue || { echo "unload"; return; }
	echo good
}

for ((i = 0; i < N; i++)); do
	one "$i"
	[ $(((i + 1) % 5)) != 0 ] || note "$((i + 1)) times, $SECONDS s" >&9
done 9>&1 >"$WORK/result" 2>"$WORK/err"
is "$(sort "$WORK/result" | uniq -c | tr -s ' ')" " $N good" "loaded and unloaded $N times"
sort "$WORK/err" | uniq -c | sort -rn | head -n 20 | comment

# With rules, a queue and an open reader left in a namespace: the module goes
# when the reader is closed, taking everything along.
must modprobe tqueue
must T queue add q ring 32K
must T table add t
must T rule add t queue q pass
exec 5<"$(queue_dev q)"
! rmmod tqueue 2>/dev/null
ok $? "an open reader keeps the module"
exec 5<&-
check "rules and queues do not" until_ok 60 rmmod tqueue

# What has just been thrown away is still on its way through RCU when the module goes.
for ((i = 0; i < 3000; i++)); do
	echo "rule add t handle $((1 + i)) prio 5 src 10.7.$((i / 250)).$((i % 250)) queue q pass"
done >"$WORK/rules"
{
	echo "table flush t"
	cat "$WORK/rules"
} >"$WORK/again"
for i in 1 2 3; do
	must modprobe tqueue
	must T queue add q ring 32K
	must T table add t
	must T -b "$WORK/rules"
	must T -b "$WORK/again"
	T table flush t
	rmmod tqueue || until_ok 60 rmmod tqueue || break
done
is "$i $(lsmod | grep -c '^tqueue ')" "3 0" "nor do 6,000 rules that have just been deleted"
kill -0 "$sender"
ok $? "the traffic never ended"
stop "$sender"
kv "$WORK/sent"
at_least "${KV[sent]-0}" $((N * 20)) "packets sent meanwhile"
finish
