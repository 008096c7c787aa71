#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What demo/run does in the guest:
#
#   netns client                 netns router              netns server
#   10.1.1.2  fd01:1::2  c0 === r0 [rules, queue] r1 === s0  10.1.2.2  fd01:2::2
#   203.0.113.9
#
# The router is where tqueue sits.  The server answers on TCP port 80 and UDP
# port 53.
set -eu

step() { printf '\n--- %s\n' "$*"; }
# Shows a command of the router, then runs it.
show() {
	echo "# $*"
	router "$@"
}
client() { ip netns exec client "$@"; }
router() { ip netns exec router "$@"; }
server() { ip netns exec server "$@"; }

topology() {
	local n
	for n in client router server; do
		ip netns add $n
		ip -n $n link set lo up
	done
	ip link add c0 netns client type veth peer name r0 netns router
	ip link add s0 netns server type veth peer name r1 netns router
	ip -n client addr add 10.1.1.2/24 dev c0
	ip -n client addr add 203.0.113.9/32 dev c0
	ip -n client addr add fd01:1::2/64 dev c0 nodad
	ip -n router addr add 10.1.1.1/24 dev r0
	ip -n router addr add fd01:1::1/64 dev r0 nodad
	ip -n router addr add 10.1.2.1/24 dev r1
	ip -n router addr add fd01:2::1/64 dev r1 nodad
	ip -n server addr add 10.1.2.2/24 dev s0
	ip -n server addr add fd01:2::2/64 dev s0 nodad
	for n in client:c0 router:r0 router:r1 server:s0; do
		ip -n ${n%:*} link set ${n#*:} up
	done
	ip -n client route add default via 10.1.1.1
	ip -n client route add default via fd01:1::1
	ip -n server route add default via 10.1.2.1
	ip -n server route add default via fd01:2::1
	ip -n router route add 203.0.113.9/32 dev r0
	# Replayed packets have foreign addresses: all go to the server's side.
	ip -n router route add default via 10.1.2.2
	ip -n router route add default via fd01:2::2
	router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
		for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
}

# A DNS question for example.org, and whatever comes back.
ask() { # ADDRESS
	printf '\022\064\001\000\000\001\000\000\000\000\000\000\007example\003org\000\000\001\000\001' |
		client socat -t 0.3 - "UDP:$1:53" >/dev/null
}

fetch() { # ADDRESS
	local n
	n=$(client timeout 30 socat -u "TCP:$1:80,retry=50,interval=0.1" - | wc -c)
	echo "$n bytes by TCP from $1"
	[ "$n" = 200000 ]
}

traffic() {
	fetch 10.1.2.2
	fetch '[fd01:2::2]'
	ask 10.1.2.2
	ask '[fd01:2::2]'
	echo "3 DNS questions by UDP"
	ask 10.1.2.2
	client ping -q -c 3 -i 0.1 10.1.2.2 | grep transmitted
	client ping -q -c 3 -i 0.1 fd01:2::2 | grep transmitted
	echo "the same with 4000 bytes each, in fragments"
	client ping -q -c 2 -i 0.1 -s 4000 10.1.2.2 | grep transmitted
	client ping -q -c 2 -i 0.1 -s 4000 fd01:2::2 | grep transmitted
	local port
	for port in 22 23; do
		if client socat /dev/null "TCP:10.1.2.2:$port,bind=203.0.113.9,connect-timeout=0.5" 2>/dev/null; then
			echo "203.0.113.9 came through to port $port"
			return 1
		fi
		echo "203.0.113.9 did not come through to port $port"
	done
}

replay() {
	local file
	for file in captures/*; do
		[ -f "$file" ] || continue
		client python3 ./replay.py c0 "$(router cat /sys/class/net/r0/address)" "$file"
	done
}

# Which rule chose how much, and what was lost.
results() {
	echo "# tqctl -s rule list suspects"
	router tqctl -s rule list suspects | awk '
		BEGIN { printf "%6s %8s %8s  %s\n", "rule", "packets", "copies", "what" }
		{
			what = $0
			sub(/^handle [0-9]+ /, "", what)
			sub(/ packets [0-9].*/, "", what)
			for (i = 1; i < NF; i++) {
				if ($i == "packets") packets = $(i + 1)
				if ($i == "copies") copies = $(i + 1)
			}
			printf "%6d %8d %8d  %s\n", $2, packets, copies, what
		}'
	show tqctl queue stats demo
}

tqctl -V
modprobe tqueue
iptables -V
step "three network namespaces: client, router, server"
topology
dd if=/dev/zero of=/tmp/page bs=1000 count=200 status=none
server socat -U TCP-LISTEN:80,reuseaddr,fork OPEN:/tmp/page,rdonly 2>/dev/null &
server socat -U TCP6-LISTEN:80,ipv6only,reuseaddr,fork OPEN:/tmp/page,rdonly 2>/dev/null &
server socat UDP4-RECVFROM:53,fork EXEC:cat 2>/dev/null &
server socat UDP6-RECVFROM:53,ipv6only,fork EXEC:cat 2>/dev/null &

step "a queue, a table, rules"
show tqctl queue add demo size 16M
show tqctl table add suspects
show tqctl rule add suspects prio 10 src 203.0.113.0/24 proto tcp dport 22-23 queue demo drop
show tqctl rule add suspects prio 20 proto udp dport 53 queue demo
show tqctl rule add suspects prio 30 proto tcp tcp-flags syn/syn queue demo
show tqctl rule add suspects prio 40 frag first,later queue demo snaplen 128
echo "# tqctl capture demo -w demo.pcapng &"
# Its progress line is for terminals; the summary is shown at the end.
ip netns exec router tqctl capture demo -w /tmp/demo.pcapng 2>/tmp/capture &
capture=$!

step "1. chosen by iptables: the table as a match, the queue as a target"
show iptables -A FORWARD -m tqueue --rule-table suspects -j DROP
show iptables -A FORWARD -p icmp -j TQUEUE --queue demo
show ip6tables -A FORWARD -m tqueue --rule-table suspects -j DROP
show ip6tables -A FORWARD -p icmpv6 -j TQUEUE --queue demo
traffic
show iptables -vnL FORWARD
results
for f in iptables ip6tables; do router $f -F FORWARD; done

step "2. chosen by a hook, without iptables"
show tqctl rule add suspects prio 50 proto icmp queue demo
show tqctl rule add suspects prio 51 proto icmpv6 queue demo
show tqctl rule add suspects prio 1000 queue demo snaplen 96
show tqctl hook add suspects family inet hook prerouting priority -450
show tqctl hook list
traffic
replay
results

step "ending the capture"
kill -TERM $capture
wait $capture || {
	echo "tqctl capture ended with status $?"
	cat /tmp/capture
	exit 1
}
tr '\r' '\n' </tmp/capture | tail -n 2
show tqctl hook del 1
show tqctl table del suspects
show tqctl queue del demo
