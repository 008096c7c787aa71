#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Fault injection: in each of these operations the first allocation or user copy
# fails, then the second, and so on until none is left to fail.  An operation that is
# refused has changed nothing; one that is granted has done everything, whatever
# failed on the way.  Only an answer that was lost leaves open which (the tool says that it
# is its own side of the socket that failed).  Lost memory is found by kmemleak when the
# guest ends, a lost reference by the module that can't be unloaded.  Of the module's load
# see t_failload.
#
# Every STEP-th place is tried after the first FIRST, up to LIMIT; with STEP 1 that has to
# be all of them.  tqctl's first message asks for the family and is none of ours; what comes
# behind it counts.
#
# timeout: 500
# kernels: debug
# debug: 6600 STEP=1 LIMIT=2000
# short: FIRST=4 STEP=16 LIMIT=60
. "$(dirname "$0")/lib.sh"
: "${FIRST=12}" "${STEP=7}" "${LIMIT=60}"

for f in failslab fail_page_alloc fail_usercopy; do
	must test -d /sys/kernel/debug/$f
	echo 0 >/sys/kernel/debug/$f/verbose
done
# All but the pages of user space.
echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait
echo Y >/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

FAIL=$(command -v tqfail.so)
[ -n "$FAIL" ] || FAIL=/usr/local/bin/tqfail.so
must test -e "$FAIL"

# What there is, but for numbers that go on by themselves.  Few processes: each costs as
# much as ten operations here.
printf '%s\n' "queue show" "table show" "rule list t" "hook list" "txn list" >"$WORK/look"
FLAVOUR=""
state() {
	local devices=(/dev/tqueue/*)
	{
		tqctl --holders -b "$WORK/look"
		[ -z "$FLAVOUR" ] || "iptables-$FLAVOUR" -S OUTPUT 2>/dev/null
	} 2>&1 | sed -E 's/^[0-9]+: //; s/\b(hook|generation|memory|handle) [0-9.]+[KMG]?//g; s/\([0-9]+ bytes a rule\)//
		s/\b(tuples|rings|readers) [0-9]+//g'
	echo "${#devices[@]} devices"
}

hook_of() { tqctl hook list | sed -n "s/^\([0-9]*\): .*family $1 .*/\1/p"; }

# op WHAT CALLS DO [UNDO]: both are commands in words; state() tells whether DO has
# been done if there is an UNDO, else it changes nothing.  With SAME set, DO prints the
# same whenever it is granted: what was left out would be missed.
# What counts begins with message FROM.
SAME="" GRANTED=0 REFUSED=0 FROM=2
op() {
	local what=$1 in=$2 do=$3 undo=${4-} before after now n=1 status tried=0 refused=0 granted=0 bad="" left=yes
	local said
	before=$(state)
	eval "$do" >"$WORK/out" 2>&1 || {
		fail "$what: it works when nothing fails"
		comment <"$WORK/out"
		return
	}
	said=$(<"$WORK/out")
	after=$(state)
	if [ -n "$undo" ]; then
		must eval "$undo"
		is "$(state)" "$before" "$what: it can be undone"
	fi
	while [ $n -le "$LIMIT" ]; do
		rm -f "$WORK/failed"
		(
			export FAILNTH=$n FAILNTH_OUT=$WORK/failed LD_PRELOAD=$FAIL
			[ -z "$in" ] || export FAILNTH_IN=$in
			[ -n "$in" ] || export FAILNTH_FROM=$FROM
			eval "exec $do"
		) >"$WORK/out" 2>&1
		status=$?
		if [ ! -e "$WORK/failed" ]; then
			[ -z "$undo" ] || must eval "$undo"
			left=""
			break
		fi
		tried=$((tried + 1))
		now=$(state)
		if [ $status -ge 124 ]; then
			# A signal, or it had to be ended by timeout.
			bad="$n in $(cat "$WORK/failed"): status $status"
		elif [ -n "$SAME" ] && [ $status = 0 ] && [ "$(<"$WORK/out")" != "$said" ]; then
			bad="$n in $(cat "$WORK/failed"): granted, and says something else"
		elif [ $status = 0 ] && [ "$now" = "$after" ]; then
			granted=$((granted + 1))
		elif [ $status != 0 ] && [ "$now" = "$before" ]; then
			refused=$((refused + 1))
		elif [ $status != 0 ] && [ "$now" = "$after" ] && ! grep -q "refused by the kernel" "$WORK/out"; then
			refused=$((refused + 1))
		else
			bad="$n in $(cat "$WORK/failed"): status $status, and neither as before nor as after"
		fi
		if [ -n "$bad" ]; then
			GRANTED=$granted
			fail "$what: $bad"
			comment <"$WORK/out"
			diff <(echo "$before") <(echo "$now") | comment
			[ -z "$undo" ] || eval "$undo" >/dev/null 2>&1
			return
		fi
		if [ -n "$undo" ] && [ "$now" = "$after" ]; then
			must eval "$undo"
		fi
		n=$((n < FIRST ? n + 1 : n + STEP))
	done
	GRANTED=$granted REFUSED=$refused
	at_least $tried 1 "$what: $refused refused, $granted granted; places"
	[ "$STEP" != 1 ] || is "$left" "" "$what: that was the last"
	[ -z "$undo" ] || is "$(state)" "$before" "$what: as before"
}

must modprobe tqueue
ip link set lo up
must tqctl -b - <<-END
	queue add q ring 16K
	table add t
	rule add t handle 1000 prio 1 proto udp dport 2000 queue q pass
	rule add t handle 1001 prio 2 src 10.0.0.0/8 queue q timeout 1h drop
	rule add t handle 1002 prio 3 family ip6 iif lo accept
	hook add t family ip hook input priority raw
END

# ---- netlink ----

op "queue add" "" "tqctl queue add n ring 16K" "tqctl queue del n"
op "queue add, log" "" "tqctl queue add n mode log ring 16K" "tqctl queue del n"
nodes=$(compgen -G "/dev/tqueue[0-9]*")
is "$nodes" "" "no node in /dev but in its folder"
op "queue set" "" "tqctl queue set q snaplen 99 watermark 2K" "tqctl queue set q snaplen 0 watermark 1K"
op "ring size" "" "tqctl queue set q ring 32K" "tqctl queue set q ring 16K"
op "queue flush" "" "tqctl queue flush q"
op "table add" "" "tqctl table add n" "tqctl table del n"
op "table set" "" "tqctl table set t max 7" "tqctl table set t max 0"
op "rule add" "" "tqctl rule add t handle 7 prio 9 proto tcp dport 1-9 pass" "tqctl rule del t handle 7"
op "rule add, all it can" "" "tqctl rule add t handle 7 prio 9 src fd00::/8 dst fd00::1 proto tcp tcp-flags syn/syn,ack \
	oif lo mark 1/3 queue q limit 5/s sample 3 set-mark 1 timeout 1h drop" "tqctl rule del t handle 7"
op "rule replace" "" "tqctl rule replace t handle 1000 prio 4 proto tcp steal q" \
	"tqctl rule replace t handle 1000 prio 1 proto udp dport 2000 queue q pass"
op "rule del" "" "tqctl rule del t handle 1002" "tqctl rule add t handle 1002 prio 3 family ip6 iif lo accept"
op "hook add" "" "tqctl hook add t family inet hook output" "tqctl hook del \$(hook_of inet)"
op "hook add, netdev" "" "tqctl hook add t family netdev hook ingress dev lo" "tqctl hook del \$(hook_of netdev)"
for ((i = 0; i < 1500; i++)); do
	echo "rule add t prio 9 handle $((2000 + i)) src 10.1.$((i / 250)).$((i % 250)) queue q drop"
done >"$WORK/many"
echo "rule del t handle 1000" >>"$WORK/many"
{
	for ((i = 0; i < 1500; i++)); do
		echo "rule del t handle $((2000 + i))"
	done
	echo "rule add t handle 1000 prio 1 proto udp dport 2000 queue q pass"
} >"$WORK/few"
# Ten places and more for each of its rules: some of them, in the long form too.
STEP=$((STEP * 37)) op "a transaction of several messages" "" "tqctl -b $WORK/many" "tqctl -b $WORK/few"
SAME=yes
op "lists" "" "tqctl --holders -b $WORK/look"
op "rule test" "" "tqctl rule test t proto udp src 10.0.0.1 dst 10.0.0.2 sport 1 dport 2000"
SAME=""
# Nobody confirms it, so it is taken back if it was done at all.  What it takes to do that
# must be there before.
tqctl save >"$WORK/now"
sed -e 's/dport 2000/dport 2001/; /ip6/d' "$WORK/now" >"$WORK/next"
cat >"$WORK/try" <<-END
	said=\$(tqctl apply --quiet --confirm 300ms "$WORK/next" 2>&1 </dev/null) && exit
	case \$said in *"not confirmed"*) exit 0 ;; esac
	# What fails after the commit, too, leaves it to be taken back.
	while env -u LD_PRELOAD tqctl txn show | grep -q confirm; do sleep 0.1; done
	echo "\$said"
	exit 1
END
strace -f -qq -e trace=sendmsg,sendto -o "$WORK/strace" sh "$WORK/try"
is "$?" 0 "a configuration is tried and taken back"
# The commit is the last before a second socket asks for the family, for its events.
FROM=$(grep -nE 'nlmsg_type=(nlctrl|0x10 )' "$WORK/strace" | sed -n '2s/:.*//p')
FROM=$((FROM - 1))
at_least "$FROM" 5 "the commit is not the first message"
# Close to each other: of the core's work for it few places are ours.
STEP=$(((STEP + 3) / 4)) op "commit with confirm" "" "sh $WORK/try"
at_least "$REFUSED" 1 "a commit is refused if it could not be taken back"
FROM=2
{
	cat "$WORK/next"
	printf '%s\n' "table add n" "rule add n prio 1 proto tcp pass" "hook add n family inet hook output"
} >"$WORK/mixed"
op "one transaction of all kinds" "" "tqctl apply --quiet $WORK/mixed" "tqctl apply --quiet $WORK/now"
op "metrics" "" "tqctl metrics"

# ---- iptables ----

# iptables-nft sends what it changes by sendmsg(), and only that; legacy by setsockopt().
FLAVOUR=nft
op "iptables-nft, target" "sendmsg" "iptables-nft -A OUTPUT -p udp -m tqueue --rule-table t -j TQUEUE --queue q" \
	"iptables-nft -F OUTPUT"
if have_legacy; then
	FLAVOUR=legacy
	op "iptables-legacy, target" "setsockopt" \
		"iptables-legacy -A OUTPUT -p udp -m tqueue --rule-table t -j TQUEUE --queue q" "iptables-legacy -F OUTPUT"
fi
FLAVOUR=""

# ---- devices ----

op "a message written" "open write" "tqctl queue write q hello"
for ((i = 1; i <= 100; i++)); do
	echo "queue write r message-$i-"
done >"$WORK/messages"
# A queue of its own: in q was a message, and who reads is told first what a flush threw away.
must tqctl queue add r ring 16K
must tqctl -b "$WORK/messages"
op "read" "open read poll" "timeout 20 tqctl queue read r -c 1"
# Else nothing is shown by what follows.
at_least "$REFUSED" 1 "reads that fail"
# One before anything failed, one when nothing was left to fail, this one; what a read that
# failed had taken would be missing.
tqctl queue read r -c 1 >"$WORK/out" 2>&1
grep -q "message-$((GRANTED + 3))-" "$WORK/out"
ok $? "no record is lost by a read that fails"
comment <"$WORK/out"
op "mapped and captured" "open mmap read poll" "timeout 20 tqctl capture r --for 50ms -w $WORK/c.pcapng"

# ---- namespaces, CPUs ----

# Both have hundreds of places, and nearly all are the core's.  Ours: t_failload, each.
STEP=7
op "a network namespace" "unshare" "unshare -n true"
# A CPU that comes gets a ring in each queue that was made without it.
cpu=/sys/devices/system/cpu/cpu1/online
if [ -w $cpu ]; then
	refused=0 came=0
	for ((n = 1; n <= LIMIT; n = n < FIRST ? n + 1 : n + STEP)); do
		must bash -c "echo 0 >$cpu"
		must tqctl queue add n ring 16K
		rm -f "$WORK/failed"
		FAILNTH=$n FAILNTH_OUT=$WORK/failed FAILNTH_IN=write LD_PRELOAD=$FAIL dd of=$cpu status=none <<<1 >"$WORK/out" 2>&1
		status=$?
		if [ "$(<$cpu)" != $((!status)) ]; then
			fail "a CPU that comes, place $n: status $status, online $(<$cpu)"
			tqctl queue del n
			break
		fi
		[ $status = 0 ] && came=$((came + 1)) || refused=$((refused + 1))
		[ "$(<$cpu)" = 1 ] || must bash -c "echo 1 >$cpu"
		must tqctl queue del n
		[ -e "$WORK/failed" ] || break
	done
	is "$(<$cpu) $((refused > 0))" "1 1" "a CPU that comes: $refused times refused, $came times it came"
fi

tqctl hook del "$(hook_of ip)" && tqctl table flush t && tqctl table del t && tqctl queue del q && tqctl queue del r
ok $? "everything can be deleted"
check "nothing holds the module" modprobe -r tqueue
check "and loads" modprobe tqueue
check "and unloads" modprobe -r tqueue
finish
