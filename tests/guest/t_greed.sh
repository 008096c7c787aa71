#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What no limit of ours holds is held by others: a user namespace without limits that
# makes all it can gets as far as its memory cgroup, while the machine answers; reasons
# in the kernel log come ten times in five seconds at most.
#
# timeout: 200
# kernels: all
# ci-kernels: none
# short: MB=24 RULES=60
. "$(dirname "$0")/lib.sh"
: "${MB=48}" "${RULES=500}"

load_module
new_ns b
chmod 777 "$WORK"
CG=/sys/fs/cgroup
current() { cat "$CG/eater/memory.current"; }
echo +memory >$CG/cgroup.subtree_control 2>/dev/null
mkdir -p $CG/eater
have_userns=
setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn true 2>"$WORK/out" && have_userns=1
if [ -z "$have_userns" ] || [ ! -e $CG/eater/memory.current ]; then
	skip "memory cgroups" "this kernel has none, or no user namespaces for all"
	have_userns=
fi
CLEANUP+=("rmdir $CG/eater")

# Nothing of ours limits this one: all that it can make, until its cgroup says no.
if [ -n "$have_userns" ]; then
	P=/sys/module/tqueue/parameters
	limits=$(cat $P/max_user_memory $P/max_user_queues)
	echo 0 >$P/max_user_memory
	echo 0 >$P/max_user_queues
	echo $((MB << 20)) >$CG/eater/memory.max
	echo 0 >"$CG/eater/memory.swap.max" 2>/dev/null
	cat >"$WORK/eat" <<-'END'
		# The shell that makes the processes is not the one to be killed for it.
		echo 500 >/proc/self/oom_score_adj
		for i in 1 2 3; do
			for j in 1 2 3 4 5 6 7 8; do
				echo "table add t$i$j"
				for ((k = 0; k < $2; k++)); do echo "rule add t$i$j src 10.$i.$j.$((k & 255)) sport $k limit 10/s drop"; done
				echo "hook add t$i$j family inet hook input priority $i$j"
				echo "queue add q$i$j ring 512K"
			done
		done >"$1/all"
		tqctl -b "$1/all"
		for ((i = 0; i < 60; i++)); do tqctl queue add r$i ring 1M; done
		for ((i = 0; i < 200; i++)); do tqctl table add u$i; done
	END
	# shellcheck disable=SC2016 # for the other shell
	sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' $CG/eater \
		setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn bash "$WORK/eat" "$WORK" "$RULES" \
		>"$WORK/eaten" 2>&1 &
	eater=$!
	worst=0 high=0
	while kill -0 $eater 2>/dev/null; do
		start=$(date +%s%N)
		tqctl queue show >/dev/null || fail "the machine answers"
		took=$((($(date +%s%N) - start) / 1000000))
		[ $took -le $worst ] || worst=$took
		now=$(current)
		[ "$now" -le "$high" ] || high=$now
		sleep 0.2
	done
	wait $eater
	note "it used $((high >> 20)) MiB of $MB, ended with $?; the longest answer took $worst ms; its last words:"
	tail -n 2 "$WORK/eaten" | comment
	at_least $((high >> 20)) $((MB * 3 / 4)) "it came near its limit, MiB"
	at_least $((MB << 20)) "$high" "and not beyond"
	refusals=$(grep -cE 'Cannot allocate memory|Killed' "$WORK/eaten")
	killed=$(sed -n 's/^oom_kill //p' "$CG/eater/memory.events")
	at_least $((refusals + killed)) 1 "it was refused or killed"
	gone() { [ "$(current)" -lt $((8 << 20)) ]; }
	check "all of it is given back when it ends" until_ok 100 gone
	{ read -r a && read -r b; } <<<"$limits"
	echo "$a" >$P/max_user_memory
	echo "$b" >$P/max_user_queues
fi

# ---- the log

lines() { dmesg | grep -c "tqueue: $1"; }
# A printk_ratelimited says 10 lines in 5 seconds, of each place.
begin=$SECONDS was=$(lines max_memory=)
for ((i = 0; i < 500; i++)); do
	echo nonsense >/sys/module/tqueue/parameters/max_memory
done 2>/dev/null
said=$(($(lines max_memory=) - was))
at_least "$said" 10 "a bad parameter is said"
at_least $((10 * (1 + (SECONDS - begin + 5) / 5))) "$said" "500 of them are $said lines"
begin=$SECONDS was=$(lines netns)
{
	echo "*filter"
	for ((i = 0; i < 300; i++)); do
		echo "-A INPUT -j TQUEUE --queue nosuch"
	done
	echo COMMIT
} >"$WORK/restore"
in_ns b iptables-nft-restore --noflush "$WORK/restore" >"$WORK/out" 2>&1 && fail "refused"
said=$(($(lines netns) - was))
at_least "$said" 10 "a rule that is refused is said"
at_least $((10 * (1 + (SECONDS - begin + 5) / 5))) "$said" "300 of them, in $((SECONDS - begin)) s, are $said lines"
finish
