#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Namespaces come and go with everything in them: a queue with records, a table
# with rules, iptables rules of both flavours, hooks, and an open descriptor
# that is held from outside, which gets what is left and then the end.
#
# Two workers, each with namespaces and names of its own.
#
# timeout: 240
# kernels: all
# debug: 1800
# short: N=6
. "$(dirname "$0")/lib.sh"
: "${N=200}"

load_module
legacy=no
have_legacy && legacy=yes
[ $legacy = yes ] || skip "iptables-legacy inside" "this kernel has none"
cat >"$WORK/setup" <<-'END'
	queue add q ring 16K
	table add t
	rule add t prio 1 proto udp dport 2000 queue q pass
	rule add t prio 2 src 10.0.0.0/8 queue q drop
	rule add t prio 3 family ip6 queue q accept
	rule add t prio 4 proto tcp queue q sample 2 limit 100/s set-dscp 1 next
	rule add t prio 5 proto icmp steal q
	hook add t family inet hook output priority raw
	hook add t family ip hook prerouting priority -450
	hook add t family netdev hook ingress dev lo
	hook add t family netdev hook ingress dev nosuch
END
cat >"$WORK/restore" <<-'END'
	*filter
	-A INPUT -m tqueue --rule-table t -j DROP
	-A OUTPUT -j TQUEUE --queue q
	-A OUTPUT -m tqueue ! --rule-table t -j TQUEUE --rule-table t
	COMMIT
END

# one NAMESPACE: prints "good" or what was wrong
one() {
	local ns=$1 id bytes fd
	ip netns add "$ns" || { echo "no namespace"; return; }
	id=$(json_num id "$(tqctl -n "$ns" -j -b "$WORK/setup")")
	[ -n "$id" ] || { echo "setup"; return; }
	nsenter --net="/run/netns/$ns" bash -c '
		ip link set lo up
		iptables-nft-restore "$1" && ip6tables-nft-restore "$1" || exit
		[ "$2" = no ] || iptables-legacy-restore -w 60 "$1" || exit
		for i in 1 2 3; do echo x >/dev/udp/127.0.0.1/2000; done 2>/dev/null
		exit 0' _ "$WORK/restore" $legacy || { echo "iptables"; return; }
	exec {fd}<"/dev/tqueue/$id" || { echo "open"; return; }
	ip netns del "$ns" || { echo "delete"; return; }
	# The namespace goes when its last socket and worker have gone: reading
	# waits for it, up to a limit that only a hang reaches.
	bytes=$(timeout 100 cat <&"$fd" | wc -c)
	exec {fd}<&-
	[ "$bytes" -gt 0 ] || { echo "read $bytes bytes"; return; }
	until_ok 60 gone "/dev/tqueue/$id" || { echo "device left"; return; }
	echo good
}
gone() { [ ! -e "$1" ]; }

for w in 0 1; do
	for ((i = 0; i < N / 2; i++)); do
		one "w$w-$i" >>"$WORK/result$w"
		[ $(((i + 1) % 10)) != 0 ] || note "worker $w: $((i + 1)) namespaces, $SECONDS s"
	done 2>"$WORK/err$w" &
	eval "worker$w=\$!"
done
wait "${worker0:?}" "${worker1:?}"
is "$(cat "$WORK"/result? | sort | uniq -c | tr -s ' ')" " $((N / 2 * 2)) good" "$N namespaces made and deleted"
sort "$WORK"/err? | uniq -c | head -n 20 | comment
is "$(find /dev/tqueue -type c 2>/dev/null | wc -l)" 0 "no device is left"
is "$(tqctl queue show)" "" "no queue is left here"
check "the module unloads" until_ok 60 rmmod tqueue

# A descriptor that is held keeps the module, not the namespace.
must modprobe tqueue
ip netns add last
must tqctl -n last -b "$WORK/setup"
exec 5<"/dev/tqueue/$(queue_id q last)"
ip netns del last
timeout 100 cat <&5 >/dev/null
ok $? "end of file for the one who holds it"
! rmmod tqueue 2>/dev/null
ok $? "which keeps the module"
exec 5<&-
check "until it is closed" until_ok 60 rmmod tqueue
finish
