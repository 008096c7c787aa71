#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Packets of all kinds, sound, unsound and nearly sound (tools/mutate.c), by all ways into
# the stack (tools/tqpktfuzz.c): a packet socket at the other end of a veth pair, with
# virtio-net's header, and of a bridge's port; tun and tap, where a packet lies in many
# pieces; raw and datagram sockets of this machine.  They meet tables that ask for every
# key, change what can be changed, copy, steal, look on and again, at every hook, and
# iptables' match and target of both flavours, while packet sockets hold clones of them.
# Every record is sound; its bytes are those of a packet that was sent, as far as nobody
# puts packets together or makes new ones; what the clones hold is not touched; read and
# lost records are the copies.  Then packets flow as before, and nothing is left.
#
#   [ a ]  va ---- vb 10.9.0.2, fd09::2 \                      / d0 10.8.0.0/16, fd08::/16
#          vc ---- vd - br0              > [ b ] routes --->
#                       tun0, tap0      /                      \ tun0 10.7.0.0/16, fd07::/16
#
# The same packets again: SEED=.  Captures that are given to the guest (-f x.pcap) are
# where some begin.
#
# timeout: 240
# kernels: all
# ci-kernels: bullseye,backports
# short: N=1200
# debug: 3000 N=40000
. "$(dirname "$0")/lib.sh"
: "${N=6000}" "${SEED=$RANDOM}"	# packets of each of the two that send

load_module
modprobe tun 2>/dev/null
new_ns a b
ip -n a -batch - <<-END
	link set lo up
	link add va address $MAC_A mtu 9000 type veth peer name vb address $MAC_B mtu 9000 netns b
	link add vc address 02:00:00:00:00:0c mtu 9000 type veth peer name vd mtu 9000 netns b
END
# The other end says nothing by itself: what comes from there is the fuzzer's.
in_ns a sh -c 'for i in va vc; do
	echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6
	done
	echo 0 >/proc/sys/net/ipv4/ip_forward'
ip -n a -batch - <<-END
	link set va up
	link set vc up
END
must ip -n b tuntap add dev tun0 mode tun pi vnet_hdr
# Made here so that hooks can be where the fuzzer will be.
must ip -n b tuntap add dev tap0 mode tap vnet_hdr
must ip -n b -batch - <<-END
	link set lo up
	link add d0 type dummy
	link add br0 address $MAC_B type bridge
	link add p1 type dummy
	link set vd master br0
	link set p1 master br0
	link set tun0 mtu 9000
	link set tap0 mtu 9000 address 02:00:00:00:00:0e
	addr add 10.9.0.2/24 dev vb
	addr add fd09::2/64 dev vb nodad
	addr add 10.7.0.1/16 dev tun0
	addr add fd07::1/16 dev tun0 nodad
	addr add 10.6.0.1/16 dev tap0
END
for dev in vb vd d0 p1 br0 tun0 tap0; do
	must ip -n b link set "$dev" up
done
must ip -n b -batch - <<-END
	route add 10.8.0.0/16 dev d0
	route add fd08::/16 dev d0
	route add 10.9.1.0/24 dev vb
	neigh replace 10.9.0.1 lladdr $MAC_A dev vb nud permanent
	neigh replace fd09::1 lladdr $MAC_A dev vb nud permanent
END
in_ns b sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
	echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
	echo 1 >/proc/sys/net/ipv4/conf/all/accept_local'
# Frames of a bridge at the hooks of IP: that of all kernels, if it is there.
if modprobe br_netfilter 2>/dev/null || [ -e /proc/sys/net/bridge ]; then
	in_ns b sh -c 'for i in ip ip6; do echo 1 >/proc/sys/net/bridge/bridge-nf-call-${i}tables; done'
fi
[ -e /proc/sys/net/bridge ] && note "frames of the bridge come by the hooks of IP"
echo 200000 >/proc/sys/net/core/netdev_max_backlog
LIST=$WORK/sent

# ---- tables

must T -b - <<-END
	queue add s ring 1M
	queue add m ring 1M
	queue add l mode log ring 64K
	queue add st ring 64K
	queue add x ring 256K
END
# Every key, every action; what is at a device can't go to an nfqueue.
rules() { # TABLE
	must T table add "$1"
	sed "s/^/rule add $1 /" >"$WORK/batch" <<-END
		prio 0 proto udp dport 7777 queue s queue m pass
		prio 1 queue s next
		prio 2 frag none queue m snaplen 200 next
		prio 3 frag first queue l snaplen 64 next
		prio 3 frag later queue m next
		prio 4 dscp 46 set-dscp 10 next
		prio 4 family ip src 10.9.1.0/25 ttl dec 1 set-mark 3/7 next
		prio 4 family ip6 src fd09::/16 dst fd00::/8 ttl inc 3 set-dscp 63 queue l next
		prio 5 proto tcp tcp-flags syn/syn,ack set-mark 0x10/0x30 queue m next
		prio 5 proto tcp tcp-flags fin,ack/fin,ack set-dscp 5 ttl set 9 next
		prio 6 proto icmp icmp-type 8/0 set-mark 1 next
		prio 6 proto icmp icmp-type 3 queue l snaplen 1 next
		prio 6 proto icmpv6 icmp-type 128 queue m snaplen 40 next
		prio 7 proto udplite sport 0-1024 next
		prio 7 proto sctp dport 1024-65535 queue m set-dscp 1 next
		prio 7 proto dccp queue l next
		prio 7 proto esp set-dscp 2 next
		prio 7 proto 51 set-dscp 3 queue l next
		prio 7 proto 47 set-mark 0x47 next
		prio 8 len 0-60 mark 0 queue l sample 3 next
		prio 8 len 1400-65535 queue m snaplen 3000 limit 2000/s next
		prio 9 iif vb dport 2000 set-mark 0x100/0x100 next
		prio 9 iif tun+ set-mark 0x200/0x200 ttl set 77 next
		prio 9 oif d+ set-dscp 33 next
		prio 10 dport 2001 mark 0/0x400 set-mark 0x400/0x400 set-dscp 7 repeat
		prio 10 dport 65535 repeat
		prio 11 ct new next
		prio 11 ct invalid queue l next
		prio 11 ct untracked set-mark 0x1000/0x1000 next
		prio 12 proto udp dport 2003 steal st else pass
		prio 12 proto udp dport 2004 queue l drop
		prio 12 dport 1023 steal st else drop
		prio 13 proto 59 accept
		prio 13 dport 22 accept
	END
	must T -b "$WORK/batch"
}
rules t
rules u
must T -b - <<-END
	rule add u prio 12 proto udp dport 53 nfqueue 3 bypass
	rule add u prio 12 proto udp dport 443 queue m nfqueue 4
	table add xt
	rule add xt prio 1 proto udp queue m pass
	rule add xt prio 2 set-dscp 12 ttl dec 1 next
	rule add xt prio 3 proto tcp dport 0-1024 queue l snaplen 99 accept
	hook add t family netdev hook ingress dev vb
	hook add t family netdev hook ingress dev tun0
	hook add t family netdev hook ingress dev tap0
	hook add t family netdev hook ingress dev vd
END
EGRESS=""
for dev in vb d0 tun0; do
	T hook add t family netdev hook egress dev $dev >"$WORK/out" 2>&1 && EGRESS=yes
done
[ -n "$EGRESS" ] || note "egress: $(tail -n 1 "$WORK/out")"
for hook in prerouting input forward output postrouting; do
	must T hook add u family inet hook $hook priority mangle
done
must T hook add u family ip hook prerouting priority raw
must T hook add u family ip6 hook forward priority security

CHAINS="PREROUTING INPUT FORWARD OUTPUT POSTROUTING"
FLAVOURS=$(flavours)
for f in $FLAVOURS; do
	for ipt in iptables ip6tables; do
		{
			echo "*mangle"
			for c in $CHAINS; do
				echo "-A $c -j TQUEUE --queue x --snaplen 80"
				echo "-A $c -p udp -m tqueue --rule-table xt"
				echo "-A $c -m tqueue ! --rule-table u -m mark --mark 0x47 -j TQUEUE --rule-table xt"
				echo "-A $c -j TQUEUE --rule-table xt"
			done
			echo "COMMIT"
		} >"$WORK/ipt"
		must in_ns b "$ipt-$f-restore" -n "$WORK/ipt"
	done
done
# What the target was asked to copy: its first rule in each chain.
xt_copies() { # LISTING...
	awk '/^Chain/ { n = 0 } ++n == 3 { sum += $1 } END { printf "%d\n", sum }' "$@"
}

# ---- who listens

STRICT=()
for dev in vb vd br0 tun0 tap0; do
	STRICT+=(-F "$(ip -n b -o link show $dev | cut -d: -f1)")
done
READERS=() TAPS=()
listen() { # QUEUE OPTION...
	start b "$WORK/read-$1" tqread -r -w poll -b 256K -l "$WORK/ledger-$1" -S "$LIST" "${STRICT[@]}" "${@:2}" \
		"$(queue_dev "$1")"
	READERS+=("$1 $STARTED")
}
: >"$LIST"
listen s
listen m -M
listen st
listen x
listen l -o
# What leaves, and what a rule of vd has changed, is held only.
for dev in vb vd tun0 tap0 "d0 -q" "br0 -q"; do
	opt=${dev#"${dev% -q}"} dev=${dev% -q}
	# shellcheck disable=SC2086 # an option or none
	start b "$WORK/tap-$dev" tqtap $opt "$LIST" $dev
	TAPS+=("$dev $STARTED")
	until_ok 30 grep -q ready "$WORK/tap-$dev" || bail "no packet socket: $(<"$WORK/tap-$dev")"
done

# ---- who sends

note "seed $SEED"
captures=()
for f in *.pcap; do
	[ -e "$f" ] && captures+=("$f")
done
start b "$WORK/fuzz-b" tqpktfuzz -s $((SEED + 1)) -n "$N" -m 1900 -c 1 -l "$LIST" tun:tun0 tap:tap0 raw udp \
	-- ${captures[@]+"${captures[@]}"}
near=$STARTED
in_ns a tqpktfuzz -s "$SEED" -n "$N" -m 1900 -c 0 -l "$LIST" "packet:va:$MAC_B" "packet:vc:$MAC_B" \
	-- ${captures[@]+"${captures[@]}"} >"$WORK/fuzz-a" 2>&1
ok $? "$N packets from the other end of veth pairs"
comment <"$WORK/fuzz-a"
wait "$near"
ok $? "$N packets by tun, tap, raw and datagram sockets"
comment <"$WORK/fuzz-b"
kv <(cat "$WORK/fuzz-a" "$WORK/fuzz-b")
for what in packet tun tap raw udp super partial packet_refused; do
	at_least "${KV[$what]:-0}" $((N / 50)) "packets: $what"
done

# ---- what is told of them

# The backlog of both CPUs has been worked off when what comes last has come; a loss is
# told of by a record behind it.
hits() { json_num packets "$(T -j -s rule show t handle 1)"; }
last() {
	local cpu want=$(($(hits) + 2))
	for cpu in 0 1; do
		in_ns a tqpktfuzz -n 0 -e 1 -c "$cpu" -l "$LIST" "packet:va:$MAC_B" >/dev/null
	done
	until_ok 60 came "$want"
}
came() { [ "$(hits)" -ge "$1" ]; }
check "packets flow as before" last
for what in "${READERS[@]}"; do
	q=${what% *}
	stop "${what#* }"
	ok $? "$q: every record is sound, and one that was sent"
	comment <"$WORK/read-$q"
	kv "$WORK/read-$q"
	[ "$q" = st ] || at_least "${KV[same]:-0}" $((N / 4)) "$q: those that were sent"
done
# This machine has something to say by itself, which would be counted while we look.
for dev in vb vd br0 tun0 tap0 d0 p1 lo; do
	must ip -n b link set "$dev" down
done
for f in $FLAVOURS; do
	for ipt in iptables ip6tables; do
		in_ns b "$ipt-$f" -w -t mangle -nvxL >>"$WORK/chains" 2>/dev/null
		must in_ns b "$ipt-$f" -w -t mangle -F
	done
done
T hook list | sed -n 's/^\([0-9]*\): .*/hook del \1/p' | grep -vx "hook del $(hook_id t)" >"$WORK/batch"
must T -b "$WORK/batch"
must ip -n b link set vb up
# The rest, and what was lost while the rings were full.
check "and again" last
for q in s m st x; do
	in_ns b tqread -r -i 300 -l "$WORK/ledger-$q" "$(queue_dev $q)" >"$WORK/rest"
	ok $? "$q: so is the rest"
done
must T hook del "$(hook_id t)"
for dev in "${TAPS[@]}"; do
	stop "${dev#* }"
	ok $? "clones at ${dev% *}: as they were sent"
	comment <"$WORK/tap-${dev% *}"
done
offered() { # QUEUE: records and losses, as it counts them itself
	local stats
	stats=$(T -j queue stats "$1")
	echo $(($(json_num records "$stats") + $(json_num lost_total "$stats")))
}
for q in s m st x; do
	stats=$(T -j queue stats $q)
	kv <(tqread -m "$WORK/ledger-$q")
	is "${KV[missing]} ${KV[twice]}" "0 0" "$q: no number is missing or there twice"
	is "${KV[read]}" "$(json_num records "$stats")" "$q: each record was read"
	case $q in
	# What comes last tells of all losses.
	s | m) is "${KV[lost]}" "$(json_num lost_total "$stats")" "$q: and of each loss told" ;;
	*) [ "${KV[lost]}" -le "$(json_num lost_total "$stats")" ] || fail "$q: losses that were none" ;;
	esac
done
sum=0
for q in s m st l; do
	sum=$((sum + $(offered $q)))
done
is "$(($(rule_sum copies t) + $(rule_sum copies u) + $(rule_sum copies xt)))" $sum "read + lost = copies of the rules"
is "$(offered x)" "$(xt_copies "$WORK/chains")" "and of the target"

# ---- nothing is left

for t in t u xt; do
	T table flush $t
	check "table $t can be deleted" until_ok 60 T table del $t
done
for q in s m st l x; do
	check "queue $q can be deleted" until_ok 60 T queue del $q
done
check "the module unloads" until_ok 60 rmmod tqueue
finish
