#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Verdict steal, samples and limits, by rules, by the match and by the target's
# options; IPv4 and IPv6.  What a queue got and lost must add up to what was
# sent.  Topology: topo_ab in lib.sh.
#
# timeout: 120
# kernels: all
# short: N=100
. "$(dirname "$0")/lib.sh"
: "${N=1000}"

load_module
topo_ab
must T -b - <<-END
	queue add q ring 1M
	queue add r ring 1M
	queue add full ring 8K
	table add t
END
# What goes on is counted, then thrown away.
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t mangle -A INPUT -p udp -j DROP
done
passed() { # since the start, both families
	local ipt sum=0 n
	for ipt in iptables-nft ip6tables-nft; do
		read -r n _ < <(in_ns b $ipt -t mangle -nvxL INPUT 1)
		sum=$((sum + n))
	done
	echo $sum
}
send() { # N of each family, all by one CPU
	gen va -c 0 -n $((2 * $1)) "udp 10.9.0.1:9 10.9.0.2:2000" "udp [fd09::1]:9 [fd09::2]:2000" >/dev/null
}
stat() { json_num "$2" "$(T -j queue stats "$1")"; }

# fate WHAT PACKETS PASSED QUEUE RECORDS CAUSE LOST: sends, compares
fate() {
	local what=$1 n=$2 want=$3 q=$4 records=$5 cause=$6 lost=$7 before r0 l0
	before=$(passed) r0=$(stat "$q" records) l0=$(stat "$q" "$cause")
	send "$n"
	is "$(($(passed) - before)) of $((2 * n))" "$want of $((2 * n))" "$what: packets that went on"
	is "$(($(stat "$q" records) - r0)) $(($(stat "$q" "$cause") - l0))" "$records $lost" \
		"$what: records, and losses by cause $cause"
}

# ---- steal, by a hook
must T hook add t family inet hook prerouting priority mangle-1
must T rule add t handle 1 proto udp dport 2000 steal q else drop
is "$(T rule list t)" "handle 1 prio 0 proto udp dport 2000 steal q else drop" "told as it was said"
refused "who holds the queue" 1 "rule t handle 1" T queue del q
fate "steal" "$N" 0 q $((2 * N)) full 0
T -j queue read q -c 1 >"$WORK/rec"
check "the record says so" grep -q '"verdict":"steal".*"flags":\[[^]]*"stolen"' \
	<(tr -d ' ' <"$WORK/rec")
must T queue flush q
# 20 of 120 bytes and more do not fit into 8 K on any CPU.
must T rule replace t handle 1 proto udp dport 2000 steal full
send 200
before=$(passed)
fate "steal, full, else pass" 20 40 full 0 full 40
must T rule replace t handle 1 proto udp dport 2000 steal full else drop
fate "steal, full, else drop" 20 0 full 0 full 40
# Changes come behind the record, and matter only to what goes on.
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t mangle -I INPUT 1 -p udp -m mark --mark 0x9
done
must T rule replace t handle 1 proto udp dport 2000 set-mark 0x9 steal full
fate "steal, full, the changes are made" 20 40 full 0 full 40
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t mangle -D INPUT 1
done
is "$(rule_sum copies t)" $((2 * N + 2 * 200 + 120)) "copies of the rule: what it chose to steal"

# ---- samples
must T rule replace t handle 1 proto udp dport 2000 queue q queue r snaplen 64 sample 10 accept
must T queue flush q
# Each CPU takes its own tenth: a flow is on one.
fate "sample" "$N" $((2 * N)) q $((2 * N / 10)) sampled_out $((2 * N - 2 * N / 10))
is "$(stat r records)" $((2 * N / 10)) "sample: the other queue got as many"
is "$(T rule list t)" \
	"handle 1 prio 0 proto udp dport 2000 queue q queue r snaplen 64 sample 10 accept" \
	"told as it was said"
must T rule replace t handle 1 proto udp dport 2000 sample 4 steal q
fate "sample of what is stolen: the rest is passed" "$N" $((2 * N - 2 * N / 4)) \
	q $((2 * N / 4)) sampled_out $((2 * N - 2 * N / 4))
must T rule replace t handle 1 proto udp dport 2000 queue q sample 1
fate "a sample of all" 20 40 q 40 sampled_out 0

# ---- limits
must T rule replace t handle 1 proto udp dport 2000 queue q limit 1/s burst 30
r0=$(stat q records) l0=$(stat q rate_limited) began=$SECONDS
send "$N"
r=$(($(stat q records) - r0)) l=$(($(stat q rate_limited) - l0)) took=$((SECONDS - began + 1))
is $((r + l)) $((2 * N)) "limit: records and losses are all packets"
[ $r -ge 30 ] && [ $r -le $((30 + took)) ]
ok $? "limit: a burst, then one a second ($r in less than $((took + 1)) s)"
later() { [ "$SECONDS" -ge "$1" ]; }
until_ok 20 later $((began + took + 2))
r0=$(stat q records)
send 1
at_least $(($(stat q records) - r0)) 1 "limit: after a while there is budget again"
is "$(T rule list t)" "handle 1 prio 0 proto udp dport 2000 queue q limit 1/s burst 30 pass" \
	"told as it was said"
# A budget that the CPUs take in slices: never more, and hardly less.
must T queue flush q
must T rule replace t handle 1 proto udp dport 2000 queue q limit 1000000/s burst 100
r0=$(stat q records) l0=$(stat q rate_limited)
send "$N"
is $(($(stat q records) - r0 + $(stat q rate_limited) - l0)) $((2 * N)) \
	"a limit in slices: records and losses are all packets"

# ---- the match: counts and copies, with sample and limit, and nothing else
must T hook del "$(hook_id t)"
must T rule replace t handle 1 proto udp dport 2000 queue q sample 5 set-mark 0x9 ttl set 1 steal r
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t mangle -A PREROUTING -m tqueue --rule-table t -m mark --mark 0
done
must T queue flush q
must T queue flush r
r0=$(stat r records) l0=$(stat r sampled_out)
fate "match" "$N" $((2 * N)) q $((2 * N / 5)) sampled_out $((2 * N - 2 * N / 5))
is "$(($(stat r records) - r0)) $(($(stat r sampled_out) - l0))" "0 0" "match: steals nothing"
read -r n4 _ < <(in_ns b iptables-nft -t mangle -nvxL PREROUTING 1)
read -r n6 _ < <(in_ns b ip6tables-nft -t mangle -nvxL PREROUTING 1)
is "$n4 $n6" "$N $N" "match: steal is a verdict other than pass, and no mark was set"

# ---- the target's options
mapfile -t flavour < <(flavours)
target() { # OPTION...: in place of what was there
	local ipt
	for ipt in iptables-$f ip6tables-$f; do
		must in_ns b "$ipt" -t mangle -F PREROUTING
		must in_ns b "$ipt" -t mangle -A PREROUTING -p udp -j TQUEUE "$@"
	done
}
for ipt in iptables-nft ip6tables-nft; do
	must in_ns b $ipt -t mangle -F PREROUTING
done
for f in "${flavour[@]}"; do
	# Each of the two rules, of IPv4 and of IPv6, counts for itself.
	target --queue q --sample 8
	fate "target --sample, $f" "$N" $((2 * N)) q $((2 * (N / 8))) sampled_out $((2 * (N - N / 8)))
	target --queue q --steal
	fate "target --steal, $f" "$N" 0 q $((2 * N)) full 0
	target --queue full --steal
	fate "target --steal, full, $f" 20 40 full 0 full 40
	target --queue full --steal --steal-else drop
	fate "target --steal-else drop, $f" 20 0 full 0 full 40
	target --queue q --sample 2 --steal --snaplen 60
	is "$(in_ns b "iptables-$f" -t mangle -S PREROUTING | tail -n1)" \
		"-A PREROUTING -p udp -j TQUEUE --queue q --snaplen 60 --sample 2 --steal" \
		"target, $f: told as it was said"
	fate "target --sample --steal, $f" "$N" "$N" q "$N" sampled_out "$N"
	must T queue flush q
	# A packet that nf_tables traces ends as well, whatever the kernel.
	if [ "$f" = nft ] && in_ns b nft add table inet tr 2>/dev/null; then
		must in_ns b nft -f - <<-END
			table inet tr {
				chain c {
					type filter hook prerouting priority -400;
					meta nftrace set 1
				}
			}
		END
		start b "$WORK/trace" nft monitor trace
		trace=$STARTED
		target --queue q --steal
		fate "target --steal, traced" 20 0 q 40 full 0
		kill "$trace"
		must in_ns b nft delete table inet tr
	fi
	for ipt in iptables-$f ip6tables-$f; do
		must in_ns b "$ipt" -t mangle -F PREROUTING
	done
done
must T table flush t
check "queue del: nothing is held" until_ok 20 T queue del q
check "queue del: nothing is held" until_ok 20 T queue del r
check "queue del: nothing is held" until_ok 20 T queue del full
finish
