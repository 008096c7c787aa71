#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The threat model of DESIGN.md, what no other test shows: who has a user namespace
# reaches nothing of other network namespaces, by no door; a socket does not carry rights
# to who has none; what loading the module exposes; what a descriptor that was handed on
# is good for; who hears of devices; that memory counts for the cgroup of who made it.
#
# timeout: 150
# files: leak.py
# made: ../spec/mutate.py
# kernels: all
# ci-kernels: trixie
# short:
. "$(dirname "$0")/lib.sh"

chmod 777 "$WORK"
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
# Root of a user namespace with a network namespace, made by nobody.
userns() { nobody unshare -Urn "$@"; }
userns true 2>"$WORK/out" && have_userns=1 || have_userns=

# ---- loading by name

is "$(grep -c '^tqueue ' /proc/modules)" 0 "the module is not loaded"
refused "nobody may look at nothing" 1 "permission|permitted|CAP_NET_ADMIN|root" nobody tqctl queue show
is "$(grep -c '^tqueue ' /proc/modules)" 1 "but has loaded the module by asking for its family"
is "$(cat /sys/module/tqueue/refcnt)" 0 "which is in nobody's way: it can go at any time"
is "$(find /sys/class/tqueue/ /dev/tqueue/ -mindepth 1 2>/dev/null)" "" "no device"
is "$(tqctl queue show)$(tqctl table show)$(tqctl hook list)" "" "no queue, no table, no hook"
if nft list hooks >"$WORK/hooks" 2>/dev/null; then
	is "$(grep -c tqueue "$WORK/hooks")" 0 "nothing at netfilter's hooks"
else
	skip "nothing at netfilter's hooks" "this nft can't list them"
fi
check "and goes" modprobe -r tqueue
nobody sh -c 'exec 3<>/dev/tqueue/1' 2>/dev/null
nobody iptables-nft -A INPUT -m tqueue --rule-table t 2>/dev/null
is "$(grep -c '^tqueue ' /proc/modules)" 0 "nobody else's way to load it: not by iptables without rights"

load_module
new_ns b
must tqctl -b - <<-END
	queue add host ring 16K
	table add host
	rule add host handle 1 proto udp queue host pass
	hook add host family inet hook input
END
# It holds the module.
CLEANUP+=("tqctl hook del $(json_num id "$(tqctl -j hook list)")")
id=$(json_num id "$(tqctl -j queue show host)")
dev=/dev/tqueue/$id
table=$(json_num id "$(tqctl -j table show host)")
dump() { tqctl -j queue show; tqctl -j table show; tqctl -j -s rule list host; tqctl -j hook list; }
dump >"$WORK/before"

# ---- sockets that are handed on

sed 's/EPERM,EOPNOTSUPP/EPERM/' operations.cases | grep -v 'HOOK_[SDG]E. HOOK\|\$txn' >"$WORK/cases"
at_least "$(grep -c "<-" "$WORK/cases")" 15 "operations"
take_tap tqnl -c -u 65534 "$WORK/cases"
note "that was: opened by root, used by nobody; now the other way round"
take_tap tqnl -c -s 65534 "$WORK/cases"
dump >"$WORK/after"
check "nothing has changed" cmp "$WORK/before" "$WORK/after"

# ---- descriptors that are handed on

must tqctl queue write host "for whom it may concern"
exec 4<"$dev"
check "who was given a descriptor reads, whoever he is" nobody sh -c 'timeout 1 cat <&4 | grep -q "for whom it may concern"'
refused "it is what it was opened for: reading" 1 "error|bad file" nobody sh -c 'echo x >&4'
refused "and can't be opened anew by him" "[1-9]" "permission denied" nobody sh -c 'exec 5<>/proc/self/fd/4'
exec 4<&-
must tqctl queue write host "for whom it may concern"
tqnl -u 65534 -x host sh -c 'timeout 1 cat <&3' >"$WORK/got"
is "$(grep -c "for whom it may concern" "$WORK/got")" 0 "QUEUE_OPEN by nobody opens nothing"
tqnl -x host setpriv --reuid 65534 --clear-groups sh -c 'timeout 1 cat <&3' >"$WORK/got"
is "$(grep -ac "for whom it may concern" "$WORK/got")" 1 "one of QUEUE_OPEN is as good"
refused "nor can that be opened anew" "[1-9]" "denied|no such device|not permitted" \
	tqnl -x host setpriv --reuid 65534 --clear-groups sh -c 'exec 5<>/proc/self/fd/3'
exec 4<"$dev"
refused "nobody sees what files others have" "[1-9]" "denied" nobody cat /proc/$$/fdinfo/4
exec 4<&-

# ---- what nobody sees

is "$(find /sys/devices/virtual/tqueue/tqueue"$id" -maxdepth 1 -type f -perm -o+r ! -name uevent ! -name dev -printf '%f\n')" "" \
	"attributes are not for everybody"
is "$(find /sys/devices/virtual/tqueue/ /sys/module/tqueue/parameters -type f -perm /022)" "" \
	"and none but root writes a parameter"
refused "nobody reads one" 1 "denied" nobody cat "/sys/class/tqueue/tqueue$id/ring_size"
is "$(nobody sed -n 's/^TQUEUE_NAME=//p' "/sys/class/tqueue/tqueue$id/uevent")" host \
	"but the name, which is in /dev/tqueue/by-name as well"

# ---- who hears of devices

listen() { # FILE COMMAND...: until it listens
	local file=$1
	shift
	("$@" >"$file" 2>&1) &
	LISTENERS+=($!)
	until_ok 60 grep -q ready "$file"
}
LISTENERS=()
must listen "$WORK/heard.host" python3 leak.py uevents end-host
must listen "$WORK/heard.b" in_ns b python3 leak.py uevents end-b
[ -z "$have_userns" ] || must listen "$WORK/heard.userns" userns timeout 60 python3 leak.py uevents never
must T queue add secret-b ring 8K
must tqctl queue add secret-host ring 8K
must T queue add end-b ring 8K
must tqctl queue add end-host ring 8K
check "they end by themselves" wait "${LISTENERS[0]}" "${LISTENERS[1]}"
is "$(tail -n +2 "$WORK/heard.host" | tr '\n' ' ')" "secret-host end-host " "uevents come to the queue's own namespace"
is "$(tail -n +2 "$WORK/heard.b" | tr '\n' ' ')" "secret-b end-b " "and to no other"
[ -z "$have_userns" ] || is "$(tail -n +2 "$WORK/heard.userns")" "" "not to a user namespace's either"
for q in secret-host end-host; do must tqctl queue del $q; done

# ---- root of a user namespace

if [ -z "$have_userns" ]; then
	skip "user namespaces" "nobody may not make one here"
else
	# By number, which is the machine's for queues: each of these is somebody else's.
	cat >"$WORK/cases" <<-END
		ENOENT QUEUE_ID <- QUEUE_SET QUEUE_ID=u32:$id QUEUE_SNAPLEN=u32:9
		ENOENT QUEUE_ID <- QUEUE_DEL QUEUE_ID=u32:$id
		ENOENT QUEUE_ID <- QUEUE_GET QUEUE_ID=u32:$id
		ENOENT QUEUE_ID <- QUEUE_OPEN QUEUE_ID=u32:$id
		ENOENT QUEUE_ID <- QUEUE_FLUSH QUEUE_ID=u32:$id
		ENOENT TABLE_ID <- TABLE_SET TABLE_ID=u32:$table TABLE_RULES_MAX=u32:9
		ENOENT TABLE_ID <- TABLE_DEL TABLE_ID=u32:$table
		ENOENT TABLE_ID <- TABLE_GET TABLE_ID=u32:$table
		ENOENT TABLE_ID <- TABLE_FLUSH TABLE_ID=u32:$table
		ENOENT - <- RULE_NEW RULES_TABLE_ID=u32:$table RULES_RULE={ RULE_HANDLE=u64:9 }
		ENOENT - <- RULE_SET RULES_TABLE_ID=u32:$table RULES_RULE={ RULE_HANDLE=u64:1 }
		ENOENT - <- RULE_DEL RULES_TABLE_ID=u32:$table RULES_RULE={ RULE_HANDLE=u64:1 }
		ENOENT - <- RULE_GET RULES_TABLE_ID=u32:$table RULES_RULE={ RULE_HANDLE=u64:1 }
		ENOENT - <- RULE_GET dump RULES_TABLE_ID=u32:$table
		ENOENT - <- RULE_TEST RULES_TABLE_ID=u32:$table RULES_PACKET={ PACKET_FAMILY=u32:2 }
		ENOENT HOOK_ID <- HOOK_SET HOOK_ID=u32:1 HOOK_TABLE=str:host
		ENOENT HOOK_ID <- HOOK_DEL HOOK_ID=u32:1
		ENOENT HOOK_ID <- HOOK_GET HOOK_ID=u32:1
		ENOENT - <- QUEUE_GET QUEUE_NAME=str:host
		ENOENT - <- TABLE_GET TABLE_NAME=str:host
	END
	take_tap userns tqnl -c "$WORK/cases"
	userns sh -c '
		tqctl table add t >/dev/null
		tqctl rule add t queue host pass 2>/dev/null && echo "a rule copies to a queue of others"
		for i in iptables-nft iptables-legacy; do
			$i -A INPUT -j TQUEUE --queue host 2>/dev/null && echo "$i does"
		done
		tqctl -j queue show; tqctl -j hook list; tqctl -j stats 2>/dev/null
		true' >"$WORK/got" 2>&1
	is "$(tr -d ' \n[]' <"$WORK/got")" "" "no rule, no iptables, no list reaches them"
	# Events: what others do meanwhile is not heard.
	cat >"$WORK/inside" <<-'END'
		tqctl monitor >"$1/events" 2>&1 &
		n=0
		until grep -q ready-queue "$1/events"; do
			tqctl queue add ready-queue ring 8K; tqctl queue del ready-queue
			n=$((n + 1)); [ $n -lt 100 ] || { cat "$1/events" >&2; exit 1; }
		done >/dev/null
		: >"$1/go"
		until [ -e "$1/gone" ]; do sleep 0.1; done
		tqctl queue add own ring 8K
		until grep -q '\bown\b' "$1/events"; do sleep 0.1; done
		kill $!
	END
	userns timeout 100 bash "$WORK/inside" "$WORK" >"$WORK/inside.out" 2>&1 &
	inside=$!
	until_ok 90 [ -e "$WORK/go" ] || { comment <"$WORK/inside.out"; bail "no monitor"; }
	must tqctl queue add overheard ring 8K
	must T table add overheard
	: >"$WORK/gone"
	check "a monitor in it hears its own" wait $inside
	is "$(grep -c overheard "$WORK/events")" 0 "and nothing of others"
	must tqctl queue del overheard
	# Files: a sysfs of its own, nodes that it makes, those that are there.
	userns unshare -m sh -c '
		mount -t sysfs none /sys 2>/dev/null && echo mounted && ls /sys/class/tqueue 2>/dev/null
		mknod "$2/node" c "$3" "$4" 2>/dev/null && echo "a node"
		mount -t tmpfs none /mnt && { mknod /mnt/node c "$3" "$4" 2>/dev/null && cat /mnt/node && echo "a node in a tmpfs"; }
		mount -t devtmpfs none /mnt 2>/dev/null && echo "a devtmpfs"
		cat "$1" 2>/dev/null && echo "the node"
		true' _ "$dev" "$WORK" $((0x$(stat -c %t "$dev"))) $((0x$(stat -c %T "$dev"))) >"$WORK/got" 2>&1
	is "$(<"$WORK/got")" mounted "its sysfs shows no device, it can't make a node, nor use the one there is"
	# What it has is for it alone, the name too, and has no device.
	is "$(userns sh -c 'tqctl queue add mine ring 8K >/dev/null; ls /sys/class/tqueue; tqctl -j queue show mine' |
		grep -c 'tqueue\(.*\)mine\|"name": *"mine"')" 1 "its queue has no device"
	# An inherited descriptor is as good as in any other hand; its netns is the opener's.
	must tqctl queue write host "for whom it may concern"
	exec 4<"$dev"
	is "$(userns sh -c 'timeout 1 cat <&4' | grep -ac concern)" 1 "an inherited descriptor can be read there"
	exec 4<&-
	# Hooks see its packets only.
	userns sh -c '
		{ tqctl table add all && tqctl queue add all ring 8K && tqctl rule add all queue all drop &&
			tqctl hook add all family inet hook input; } >/dev/null
		ip link set lo up
		ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1 && echo "its own packets pass"
		echo 1 >"$1/dropping"
		until [ -e "$1/pinged" ]; do sleep 0.1; done' _ "$WORK" >"$WORK/got" 2>&1 &
	inside=$!
	must until_ok 60 [ -e "$WORK/dropping" ]
	ip link set lo up
	check "a hook that drops all there drops nothing here" ping -c 2 -W 5 127.0.0.1
	: >"$WORK/pinged"
	wait $inside
	is "$(<"$WORK/got")" "" "but there"
	dump >"$WORK/after"
	check "with all that nothing of the host has changed but one read" \
		diff <(sed 's/"\(records\|bytes\|packets\|copies\|last_hit_ms\|read\|serial\)": *[0-9]*//g' "$WORK/before") \
		<(sed 's/"\(records\|bytes\|packets\|copies\|last_hit_ms\|read\|serial\)": *[0-9]*//g' "$WORK/after")
fi

# ---- memory counts for the cgroup

CG=/sys/fs/cgroup
group() { # NAME [LIMIT]
	mkdir -p "$CG/$1" && [ -e "$CG/$1/memory.current" ] || return
	[ -z "${2-}" ] || echo "$2" >"$CG/$1/memory.max"
}
in_group() { sh -c 'echo 0 >"$0/cgroup.procs" && exec "$@"' "$CG/$1" "${@:2}"; }
current() { cat "$CG/$1/memory.current"; }
echo +memory >$CG/cgroup.subtree_control 2>/dev/null
if ! group threat; then
	skip "memory cgroups" "this kernel has none"
	finish
fi
CLEANUP+=("rmdir $CG/threat")
must in_group threat tqctl -n b table add c
was=$(current threat)
must in_group threat tqctl -n b queue add big ring 4M
cpus=$(json_num rings "$(T -j queue show big)")
# Each CPU has up to 64 pages that are charged in advance.
stock=$((cpus << 18))
at_least $(($(current threat) - was)) $(((cpus << 22) - stock)) "the rings of $cpus CPUs count for who made them"
for ((i = 0; i < 3000; i++)); do
	echo "rule add c src 10.$((i >> 8)).$((i & 255)).1 drop"
done >"$WORK/rules"
was=$(current threat)
must in_group threat tqctl -n b -b "$WORK/rules"
at_least $(($(current threat) - was)) $((3000 * 150)) "and 3000 rules"
rings_free() { [ "$(current threat)" -lt $((cpus << 22)) ]; }
must T queue del big
check "given back with the queue" until_ok 60 rings_free
must T table del c
finish
