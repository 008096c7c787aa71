#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The key ct: what conntrack says of a packet, at every hook, IPv4 and IPv6;
# everything is untracked before conntrack, and where it is off, loaded or not.
# tqueue never loads it.  Topology: topo_ab in lib.sh, and dum0 behind b.
#
# timeout: 120
# kernels: all
# short: HOOKS=prerouting,output
. "$(dirname "$0")/lib.sh"
: "${HOOKS=prerouting,input,forward,output,postrouting,ingress}"
N=4

load_module
topo_ab
ip -n b link add dum0 type dummy
ip -n b addr add 10.8.0.1/24 dev dum0
ip -n b addr add fd08::1/64 dev dum0 nodad
ip -n b link set dum0 up
in_ns b sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
	echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
	echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'
in_ns a sh -c 'echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
	echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'
ip -n b neigh replace 10.8.0.9 lladdr 02:00:00:00:00:99 dev dum0 nud permanent
ip -n b neigh replace fd08::9 lladdr 02:00:00:00:00:99 dev dum0 nud permanent

# Handles 1 to 5 count the states; what the kernel says by itself does not count.
must T table add t
must T -b - <<-END
	rule add t handle 10 prio 1 dst ff00::/8
	rule add t handle 11 prio 1 proto icmpv6 icmp-type 135
	rule add t handle 12 prio 1 proto icmpv6 icmp-type 136
	rule add t handle 1 prio 2 ct new
	rule add t handle 2 prio 2 ct established
	rule add t handle 3 prio 2 ct related
	rule add t handle 4 prio 2 ct invalid
	rule add t handle 5 prio 2 ct untracked
	rule add t handle 6 prio 3 ct new,established,related,invalid,untracked
	rule add t handle 7 prio 4
END
is "$(T rule list t | sed -n 's/^handle \([1-6]\) prio . \(.*\) pass$/\1 \2/p' | tr '\n' ';')" \
	"1 ct new;2 ct established;3 ct related;4 ct invalid;5 ct untracked;6 ct new,established,related,invalid,untracked;" \
	"told as it was said"
states() { # packets so far: new established related invalid untracked, and none of them
	T -j -s rule list t | tr -d ' \n' | grep -o '"handle":[1-7],[^}]*"packets":[0-9]*' |
		sed 's/^"handle":\([0-9]*\),.*:/\1 /' | sort -n | awk '
		$1 <= 5 { printf "%d ", $2 } $1 > 5 { rest += $2 } END { print rest }'
}
diff_states() { # BEFORE
	local now i before
	read -ra now <<<"$(states)"
	read -ra before <<<"$1"
	for i in 0 1 2 3 4 5; do echo -n "$((now[i] - before[i])) "; done
}

# Traffic of one family: N datagrams and N packets without a sense to b, as many
# that are not to be tracked; the same to what is behind b; pings from b, and a
# datagram that a has no use for.
PORT=4000
traffic() { # 4|6
	local a=10.9.0.1 A=10.9.0.1 B=10.9.0.2 D=10.8.0.9
	[ "$1" = 6 ] && a=fd09::1 A='[fd09::1]' B='[fd09::2]' D='[fd08::9]'
	PORT=$((PORT + 1))
	gen va -n $((6 * N)) \
		"udp $A:$PORT $B:3000" "tcp $A:$PORT $B:3000 flags=0" "udp $A:$PORT $B:3001" \
		"udp $A:$PORT $D:3000" "tcp $A:$PORT $D:3000 flags=0" "udp $A:$PORT $D:3001" >/dev/null
	in_ns b ping -q -c 3 -i 0.1 -W 20 $a >/dev/null || note "ping $a failed"
	in_ns b bash -c "echo >/dev/udp/$a/9"
}
# At INPUT all but the answers ends, or b would answer.
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t security -A INPUT -p udp -j DROP
	must in_ns b $ipt -t security -A INPUT -p tcp -j DROP
done

# What each hook sees: new established related invalid untracked none
declare -A WANT=(
	[prerouting]="$((2 * N)) 3 1 $((2 * N)) $((2 * N)) 0"
	[input]="$N 3 1 $N $N 0"
	[forward]="$N 0 0 $N $N 0"
	[output]="2 2 0 0 0 0"
	[postrouting]="$((N + 2)) 2 0 $N $N 0"
)
# As many packets, but all of them untracked.
all_untracked() { # HOOK
	local n sum=0
	for n in ${WANT[$1]}; do sum=$((sum + n)); done
	echo "0 0 0 0 $sum 0"
}

try() { # WHAT HOOK PRIORITY WANT
	local v before hook=(family inet hook "$2" priority "$3")
	[ "$2" = ingress ] && hook=(family netdev hook ingress dev vb)
	must T hook add t "${hook[@]}"
	for v in 4 6; do
		before=$(states)
		traffic $v
		diff_is() { [ "$(diff_states "$before")" = "$4 " ]; }
		until_ok 10 diff_is "$@"
		is "$(diff_states "$before")" "$4 " "$1, $2, IPv$v: new established related invalid untracked"
	done
	must T hook del "$(hook_id t)"
}

loaded() { [ -e /sys/module/nf_conntrack ]; }
if loaded; then
	note "this kernel has conntrack built in, or loaded"
	BEFORE=yes
else
	BEFORE=no
fi
WANT[ingress]=${WANT[prerouting]}
for hook in ${HOOKS//,/ }; do
	try "conntrack off" "$hook" 0 "$(all_untracked "$hook")"
done
if [ $BEFORE = no ]; then
	! loaded
	ok $? "nobody has loaded conntrack"
fi

for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t raw -A PREROUTING -p udp --dport 3001 -j CT --notrack
	must in_ns b $ipt -t security -A OUTPUT -m conntrack --ctstate INVALID
done
for hook in ${HOOKS//,/ }; do
	case $hook in
	ingress) try "conntrack on" ingress 0 "$(all_untracked ingress)" ;;
	*) try "conntrack on" "$hook" 0 "${WANT[$hook]}" ;;
	esac
done
try "conntrack on, but not yet" prerouting raw "$(all_untracked prerouting)"
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t mangle -A PREROUTING -j TQUEUE --rule-table t
done
for v in 4 6; do
	before=$(states)
	traffic $v
	is "$(diff_states "$before")" "${WANT[prerouting]} " "target in mangle, IPv$v"
done
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t mangle -F PREROUTING
	must in_ns b $ipt -t raw -I PREROUTING -j TQUEUE --rule-table t
done
for v in 4 6; do
	before=$(states)
	traffic $v
	is "$(diff_states "$before")" "$(all_untracked prerouting) " "target in raw, IPv$v"
done
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t raw -F PREROUTING
	must in_ns b $ipt -t security -F OUTPUT
done

# Off again, but still loaded.
must T hook add t family inet hook prerouting priority filter
off() {
	local before
	before=$(states)
	gen va "tcp 10.9.0.1:9 10.9.0.2:3000 flags=0" >/dev/null
	[ "$(diff_states "$before")" = "0 0 0 0 1 0 " ]
}
until_ok 20 off
ok $? "conntrack loaded, but off in this namespace"

is "$(T rule test t src 10.0.0.1 ct new | cut -d' ' -f2)" 1 "rule test: new"
is "$(T rule test t src 10.0.0.1 ct invalid | cut -d' ' -f2)" 4 "rule test: invalid"
is "$(T rule test t src 10.0.0.1 | cut -d' ' -f2)" 5 "rule test: untracked if nothing is said"
refused "rule test: two states" 2 "one value" T rule test t src 10.0.0.1 ct new,related
finish
