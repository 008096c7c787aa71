#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules of iptables with our match and target that no iptables would make
# (tools/tqblobfuzz.c): tables by the socket options of the legacy flavour, native and by the
# calls of 32-bit user space, and nf_tables' expressions "match" and "target", both
# families.  Infos, names, revisions, sizes and offsets are spoilt.  What is sound is
# taken; whatever is taken is listed as one that is sound, and shows no pointer of the
# kernel; all of it can be taken away, and then nothing holds the objects or the module.
#
# The same rules again: SEED=.
#
# timeout: 120
# kernels: all
# ci-kernels: bullseye,backports
# short: N=150
# debug: 900 N=5000
. "$(dirname "$0")/lib.sh"
: "${N=800}" "${SEED=$RANDOM}"

load_module
new_ns b
ip -n b link set lo up
must T -b - <<-END
	table add t
	table add t2
	queue add q ring 16K
	queue add q2 ring 16K
	rule add t proto udp queue q pass
END
have_legacy && must in_ns b sh -c 'iptables-legacy -S >/dev/null && ip6tables-legacy -S >/dev/null'
for f in ip ip6; do
	must in_ns b nft "add table $f blob; add chain $f blob c { type filter hook input priority 0; }"
done
# The kernel would run a program for each name that it does not know.
modprobe=$(</proc/sys/kernel/modprobe)
CLEANUP+=("echo $modprobe >/proc/sys/kernel/modprobe")
# Of these it has none to load: what it needs is there.
must in_ns b sh -c 'for t in iptables-nft ip6tables-nft; do
	$t -A OUTPUT -m mark --mark 1 -m tqueue --rule-table t -j TQUEUE --queue q && $t -F OUTPUT || exit
done'
echo /nonexistent >/proc/sys/kernel/modprobe

# What is taken meets packets, too.
start b "$WORK/gen" tqgen -d 00:00:00:00:00:00 -r 200 -T 100000 lo "udp 127.0.0.1:7 127.0.0.1:2000" \
	"udp [::1]:7 [::1]:2000"
flows=$STARTED
let_go() { ! { T --holders table show; T --holders queue show; } | grep -Eq "ip6?tables"; }
must in_ns b iptables-nft -A OUTPUT -j TQUEUE --queue q
! let_go
ok $? "who holds a queue is seen"
must in_ns b iptables-nft -F OUTPUT
note "seed $SEED"
for way in ip ip6 ip-32 ip6-32 nft nft6; do
	if [[ $way = ip* ]] && ! have_legacy; then
		skip "$way" "this kernel has no legacy tables"
		continue
	fi
	in_ns b tqblobfuzz -s "$SEED" -n "$N" $way >"$WORK/fuzz" 2>&1
	status=$?
	# Debian's kernels of these have it.
	if [ $status = 77 ] && ! [[ $way = *-32 && $(uname -r) =~ ^(5\.10|6\.1)\..*(amd64|generic) ]]; then
		skip "$way" "$(sed -n 's/^# //p' "$WORK/fuzz")"
		continue
	fi
	ok $status "$way: $N rules or tables: what is sound is taken, what is taken is sound"
	comment <"$WORK/fuzz"
	kv "$WORK/fuzz"
	for what in taken refused infos; do
		at_least "${KV[$what]:-0}" $((N / 10)) "$way: $what"
	done
	check "$way: nothing holds tables and queues" until_ok 60 let_go
done
echo "$modprobe" >/proc/sys/kernel/modprobe
stop "$flows"
kv "$WORK/gen"
at_least "${KV[sent]:-0}" 100 "packets meanwhile"
must T table flush t
for t in t t2; do
	check "table $t can be deleted" until_ok 60 T table del $t
done
for q in q q2; do
	check "queue $q can be deleted" until_ok 60 T queue del $q
done
check "the module unloads" until_ok 60 rmmod tqueue
finish
