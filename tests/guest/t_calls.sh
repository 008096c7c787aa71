#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# All calls of a queue's device in any order, from processes and threads at once
# (tools/tqcalls.c), on queues of both modes, while packets and messages come, and
# queues are resized, flushed, deleted and made again.  Each call ends, with a result
# that tqueue(4) has for it; what is read are whole records that somebody has sent.
# Afterwards no file and no mapping is left, the queues give out whole records, and
# everything can be deleted.  The same calls again: SEED=.
# Topology: topo_ab in lib.sh.
#
# timeout: 200
# kernels: all
# short: N=4000
# debug: 900 N=20000
. "$(dirname "$0")/lib.sh"
: "${N=20000}" "${PROCS=4}" "${SEED=$RANDOM}"	# calls of each process

load_module
topo_ab
mkdir "$WORK/dev"

# make NAME MODE [SETTING...]: a queue, and the link by which its device is found
make() {
	T queue add "$1" mode "$2" ring 8K "${@:3}" &&
		ln -sfn "$(queue_dev "$1")" "$WORK/dev/$1"
}
must make stream stream watermark 2K
must make log log
must make stream2 stream
must make log2 log
must T -b - <<-END
	table add t
	rule add t prio 1 proto udp dport 2000-2040 queue stream queue log pass
	rule add t prio 2 proto udp dport 2000-2999 queue stream pass
	hook add t family inet hook prerouting priority raw
	table add u
	rule add u proto udp dport 2000-2999 queue log2 pass
	hook add u family inet hook prerouting priority raw
END
note "seed $SEED"
start a "$WORK/gen" tqgen -d "$MAC_B" -c 0,1 -r 100 -b 4 -T 100000 va \
	"udp 10.9.0.1:7 10.9.0.2:2000+" "udp 10.9.0.1:7 10.9.0.2:2000+ len=700"
sending=$STARTED
start b "$WORK/calls" tqcalls -s "$SEED" -n "$N" -p "$PROCS" "stream:$WORK/dev/stream" \
	"log:$WORK/dev/log" "stream:$WORK/dev/stream2" "log:$WORK/dev/log2"
calling=$STARTED

# Done, or refused with a reason that a reader may be.
changed=0 refused=0
change() {
	if "$@" >"$WORK/change" 2>&1; then
		changed=$((changed + 1))
	elif readers_refuse "$WORK/change"; then
		refused=$((refused + 1))
	else
		fail "$*"
		comment <"$WORK/change"
	fi
}
made=0
make_again() { # NAME MODE
	change T queue del "$1"
	change make "$1" "$2"
	made=$((made + 1))
}
SIZES=(16K 8K 64K 32K)
for ((i = 0; ; i++)); do
	kill -0 "$calling" 2>/dev/null || break
	case $((i % 6)) in
	0) change T queue set stream ring "${SIZES[i / 6 % 4]}" ;;
	1) change T queue set log ring "${SIZES[i / 6 % 4]}" ;;
	2) make_again stream2 stream ;;
	3) change T queue flush stream ;;
	4) change T queue set stream watermark $((1 + i % 5000)) flush $((1 + i % 20))ms ;;
	5)
		change T table flush u
		make_again log2 log
		change T rule add u proto udp dport 2000-2999 queue log2 pass
		;;
	esac
done
wait "$calling"
ok $? "each result is one that the manual has; each record is one that was sent"
comment <"$WORK/calls"
kv "$WORK/calls"
note "changes $changed, refused $refused, queues made again $made"
at_least "$made" 2 "queues were deleted and made again"
at_least "$changed" 4 "queues were changed"

# What has not happened proves nothing.
never=
for what in open.ok close.ok {read,readv,preadv2}.{ok,EBADF,EAGAIN,EFAULT,EINTR} read.{EINVAL,EBUSY,EPIPE} \
	preadv2_nowait.EOPNOTSUPP pread.ESPIPE {write,writev}.{ok,EBADF,EAGAIN,EMSGSIZE,EFAULT} \
	write.ENXIO pwrite.ESPIPE poll.ok mmap.{ok,EACCES,ENODEV,EBUSY,EINVAL,EPERM} munmap.ok \
	mprotect.{ok,EACCES} vmsplice.EFAULT consume.{ok,EBUSY} ioctl.ENOTTY ioctl_flag.ok \
	lseek.{ok,ESPIPE,EINVAL} fcntl.{ok,EINVAL} dup.ok dup2.ok fork.ok sendmsg.ok recvmsg.ok \
	{splice,sendfile}.{EINVAL,EBADF} copy_file_range.EINVAL fsync.EINVAL epoll_{add,mod,del,wait}.ok \
	packets messages signals killed; do
	[ "${KV[$what]-0}" -gt 0 ] || never+=" $what"
done
is "$never" "" "all of these have come about"

# The processes have ended, and the files that were on their way between them go.
left() { [ "$(json_sum readers "$(T -j queue show)")" = 0 ]; }
check "no file is left" until_ok 60 left
tqcalls_left() { grep -lqsx tqcalls /proc/[0-9]*/comm; }
! tqcalls_left
ok $? "nor a process"
stop "$sending"
is "$(sed -n 's/=.*//p' "$WORK/gen")" sent "packets have come all the time"

has() { [ "$(json_num records "$(T -j queue stats "$1")")" -ge "$2" ]; }
# What they have left, then new records.
for q in stream log stream2 log2; do
	in_ns b timeout 60 tqread -i 300 "$(queue_dev $q)" >"$WORK/rest"
	ok $? "$q: what is left is whole records"
	before=$(json_num records "$(T -j queue stats $q)")
	[ $q = stream2 ] && must T queue write $q "something"
	gen va -c 0,1 -n 3 "udp 10.9.0.1:7 10.9.0.2:2000" >/dev/null
	if [ $q = stream2 ]; then want=1; else want=6; fi
	check "$q: new ones come" until_ok 30 has $q $((before + want))
	in_ns b timeout 60 tqread -i 300 "$(queue_dev $q)" >"$WORK/rest"
	ok $? "$q: and are whole"
	kv "$WORK/rest"
	at_least "${KV[records]-0}" $want "$q: all of them"
	check "$q: the ring size can be changed" T queue set $q ring 128K
done
must T table flush t
must T table flush u
for q in stream log stream2 log2; do
	check "$q: can be deleted" T queue del $q
done
for t in t u; do
	must T hook del "$(hook_id $t)"
	must until_ok 20 T table del $t
done
check "the module unloads" until_ok 60 rmmod tqueue
finish
