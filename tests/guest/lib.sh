# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034
#
# What all guest tests share.  A test is a bash script that begins with
#
#	. "$(dirname "$0")/lib.sh"
#
# says ok or not ok for each property and ends by "finish".  Arguments of the
# form NAME=VALUE set variables of the script: sizes for the short form.
#
# Waiting is always for a state, with a limit that only a hang reaches; no test
# sleeps and hopes.

set -u
export LC_ALL=C
cd "$(dirname "$0")" || exit 2
WORK=$(mktemp -d) || exit 2

for lib_arg in "$@"; do
	case $lib_arg in
	[A-Z]*=*) declare -g "$lib_arg" ;;
	esac
done

# ---- TAP ----

TAP_N=0 TAP_FAILED=0

comment() { # lines of standard input as comments
	local line
	while IFS= read -r line || [ -n "$line" ]; do
		echo "# $line"
	done
}
note() { echo "# $*"; }

pass() {
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - $*"
}

fail() {
	TAP_N=$((TAP_N + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	echo "not ok $TAP_N - $*"
}

skip() { # WHAT REASON
	TAP_N=$((TAP_N + 1))
	echo "ok $TAP_N - $1 # SKIP $2"
}

# ok STATUS WHAT: as in "cmd; ok $? WHAT"
ok() {
	if [ "$1" = 0 ]; then pass "$2"; else fail "$2"; fi
}

# is GOT WANT WHAT
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		note "got:  $1"
		note "want: $2"
	fi
}

# at_least GOT MIN WHAT
at_least() {
	if [ "$1" -ge "$2" ]; then
		pass "$3 ($1)"
	else
		fail "$3"
		note "got: $1, want: $2 or more"
	fi
}

# check WHAT COMMAND...: the command must succeed
check() {
	local what=$1 status
	shift
	"$@" >"$WORK/out" 2>&1
	status=$?
	ok $status "$what"
	if [ $status != 0 ]; then
		note "status $status: $*"
		comment <"$WORK/out"
	fi
}

# must COMMAND...: a step without which the rest means nothing
must() {
	"$@" >"$WORK/out" 2>&1 && return
	note "status $?: $*"
	comment <"$WORK/out"
	bail "$1 failed"
}

bail() {
	echo "Bail out! $*"
	TAP_FAILED=$((TAP_FAILED + 1))
	finish
}

# refused WHAT STATUS TEXT COMMAND...: it must end with STATUS and say something
# that matches TEXT (both extended regular expressions; TEXT without case)
refused() {
	local what=$1 status=$2 text=$3 got
	shift 3
	"$@" >"$WORK/out" 2>&1
	got=$?
	if [[ $got =~ ^($status)$ ]] && grep -qiE -- "$text" "$WORK/out"; then
		pass "$what"
	else
		fail "$what"
		note "status $got, want $status; text want: $text; by: $*"
		comment <"$WORK/out"
	fi
}

CLEANUP=()
finish() {
	local i pid
	trap - EXIT
	for ((i = ${#CLEANUP[@]} - 1; i >= 0; i--)); do
		eval "${CLEANUP[i]}" >/dev/null 2>&1
	done
	for pid in $(jobs -p); do
		kill -KILL "$pid" 2>/dev/null
	done
	echo "1..$TAP_N"
	# Said, since in a trap the status is that of the command before it.
	exit $((TAP_FAILED != 0))
}
trap 'bail "the script ended early, line $LINENO"' EXIT

# ---- waiting ----

# until_ok SECONDS COMMAND...: repeats it until it succeeds
until_ok() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# short_life: seconds that ten commands of tqctl fit into, however slow the machine is
short_life() {
	local before
	before=$(date +%s%N)
	tqctl queue show >/dev/null 2>&1
	tqctl table show >/dev/null 2>&1
	echo $((2 + ($(date +%s%N) - before) / 200000000))
}

# ---- namespaces ----

in_ns() { # NAMESPACE COMMAND...
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" "$@"
}

# start NAMESPACE FILE COMMAND...: in the background, output into FILE; its
# process id is in STARTED
start() {
	local ns=$1 file=$2
	shift 2
	# Now, not when the other process comes to it: what an earlier one said is gone.
	: >"$file"
	(exec nsenter --net="/run/netns/$ns" "$@" >"$file" 2>&1) &
	STARTED=$!
}

# stop PID: by SIGTERM; returns its status
stop() {
	kill -TERM "$1"
	wait "$1"
}

# Few processes here: on the debug kernel one costs a second.
new_ns() {
	local ns
	printf 'netns add %s\n' "$@" | ip -batch - || return
	for ns; do
		CLEANUP+=("ip netns del $ns")
		# Quiet devices: every packet of a test is the test's own.
		in_ns "$ns" sh -c 'for i in all default; do
			cd /proc/sys/net/ipv6/conf/$i
			echo 0 >accept_dad
			echo 0 >router_solicitations
			echo 0 >autoconf
			echo 0 >accept_ra
			done
			cd /proc/sys/net/ipv4/conf
			echo 0 >all/rp_filter
			echo 0 >default/rp_filter'
	done
}

#  [ a ] va 10.9.0.1 ------------- vb 10.9.0.2 [ b ]
#           fd09::1                   fd09::2
#
# a sends, everything of tqueue is in b.
MAC_A=02:00:00:00:00:0a MAC_B=02:00:00:00:00:0b
topo_ab() {
	new_ns a b
	# Nobody has to ask for a neighbour.
	ip -n a -batch - <<-END
		link set lo up
		link add va address $MAC_A type veth peer name vb address $MAC_B netns b
		addr add 10.9.0.1/24 dev va
		addr add fd09::1/64 dev va nodad
		link set va up
		neigh replace 10.9.0.2 lladdr $MAC_B dev va nud permanent
		neigh replace fd09::2 lladdr $MAC_B dev va nud permanent
	END
	ip -n b -batch - <<-END
		link set lo up
		addr add 10.9.0.2/24 dev vb
		addr add fd09::2/64 dev vb nodad
		link set vb up
		neigh replace 10.9.0.1 lladdr $MAC_A dev vb nud permanent
		neigh replace fd09::1 lladdr $MAC_A dev vb nud permanent
	END
	# A burst of an emulated CPU must not overrun its own backlog.
	echo 200000 >/proc/sys/net/core/netdev_max_backlog
}

#  [ m ]   x0 ~ y0    x1 ~ y1    x2 ~ y2    d0    d1
#
# One namespace: what is sent from x0 comes in by y0, with the mark that the
# sender gave it, and is routed to d0 or d1 by the first bit of its destination
# (IPv6: the fourth), where it ends.
LOOPS=x0=y0,x1=y1,x2=y2
topo_loops() {
	new_ns m
	ip -n m -batch - <<-END
		link set lo up
		link add x0 type veth peer name y0
		link add x1 type veth peer name y1
		link add x2 type veth peer name y2
		link add d0 type dummy
		link add d1 type dummy
	END
	# The sending ends must say nothing by themselves.
	in_ns m sh -c 'for i in 0 1 2; do
			echo 1 >/proc/sys/net/ipv6/conf/x$i/disable_ipv6
		done
		echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	ip -n m -batch - <<-END
		link set x0 up
		link set x1 up
		link set x2 up
		link set y0 up
		link set y1 up
		link set y2 up
		link set d0 up
		link set d1 up
		route add 0.0.0.0/1 dev d0
		route add 128.0.0.0/1 dev d1
		route add 2000::/4 dev d0
		route add 3000::/4 dev d1
	END
	echo 200000 >/proc/sys/net/core/netdev_max_backlog
}

# gen [OPTION...] PACKET...: tqgen from a to b
gen() {
	in_ns a tqgen -d "$MAC_B" "$@"
}

# take_tap COMMAND...: its results as ours, numbered on; all that it has planned
take_tap() {
	local line status plan="" n=0
	"$@" >"$WORK/tap" 2>&1
	status=$?
	while IFS= read -r line; do
		case $line in
		ok\ *\ #\ SKIP*) line=${line#ok * - } && skip "${line% # SKIP*}" "${line#*# SKIP }" ;;
		ok\ *) pass "${line#ok * - }" ;;
		not\ ok\ *) fail "${line#not ok * - }" ;;
		1..*) plan=${line#1..} && continue ;;
		*) echo "# ${line#\# }" && continue ;;
		esac
		n=$((n + 1))
	done <"$WORK/tap"
	if [ $status -gt 1 ] || [ "$n" != "$plan" ]; then
		fail "$* ended with $status and $n of ${plan:-no plan}"
	fi
}

# ---- tqctl ----

T() { tqctl -n b "$@"; }

# json_num NAME JSON: the first number under that name
json_num() {
	[[ $2 =~ \"$1\":[[:space:]]*(-?[0-9]+) ]] && echo "${BASH_REMATCH[1]}"
}

# json_sum NAME JSON: of all numbers under that name
json_sum() {
	local rest=$2 sum=0
	while [[ $rest =~ \"$1\":[[:space:]]*([0-9]+)(.*) ]]; do
		sum=$((sum + BASH_REMATCH[1]))
		rest=${BASH_REMATCH[2]}
	done
	echo "$sum"
}

# queue_id NAME [NAMESPACE]
queue_id() { json_num id "$(tqctl -n "${2:-b}" -j queue show "$1")"; }
queue_dev() { echo "/dev/tqueue/$(queue_id "$@")"; }

# readers_refuse FILE: it has a refusal of tqctl that is due to what a reader does or left
readers_refuse() { grep -qE "has the queue mapped|are not read empty" "$1"; }

load_module() {
	must modprobe tqueue
	CLEANUP+=("modprobe -r tqueue")
}

# hook_id TABLE [NAMESPACE]: of the first hook of that table
hook_id() {
	local json
	json=$(tqctl -n "${2:-b}" -j hook list)
	[[ $json =~ \"id\":[[:space:]]*([0-9]+),[[:space:]]*\"table\":[[:space:]]*\"$1\" ]] &&
		echo "${BASH_REMATCH[1]}"
}

# kv FILE: "name=value" lines into the array KV
declare -A KV=()
kv() {
	local line
	KV=()
	while IFS= read -r line; do
		case $line in
		[a-z]*=*) KV[${line%%=*}]=${line#*=} ;;
		esac
	done <"$1"
}

# rule_sum COUNTER TABLE [NAMESPACE]: of all rules; packets, bytes or copies
rule_sum() {
	tqctl -n "${3:-b}" -j -s rule list "$2" >"$WORK/rules"
	if [ "$(wc -c <"$WORK/rules")" -lt 5000 ]; then
		json_sum "$1" "$(<"$WORK/rules")"
	else
		# json_sum's time grows with the square of the length
		grep -o "\"$1\":[[:space:]]*[0-9]*" "$WORK/rules" |
			awk -F: '{ s += $2 } END { printf "%.0f\n", s }'
	fi
}

# ---- iptables ----

# flavours: the words nft and, where kernel and root have it, legacy
flavours() {
	echo nft
	have_legacy && echo legacy
}

have_legacy() {
	iptables-legacy -t filter -S >/dev/null 2>&1
}

# xt_count IPTABLES TABLE CHAIN N: packets that its Nth rule has seen
xt_count() {
	local count rest
	read -r count rest < <(in_ns "$NS" "$1" -w -t "$2" -nvxL "$3" "$4")
	echo "$count"
}
