#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Module parameters: what they say of themselves; defaults hold at once, for what
# is made afterwards; a value that can't be is refused with a reason in the log and
# changes nothing; queues made when the module is loaded are like any other, and a
# bad one fails the load and leaves nothing behind.
#
# timeout: 240
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

P=/sys/module/tqueue/parameters
page=$(getconf PAGESIZE)

# log TEXT: what the kernel has said since the last call holds that
dmesg_lines=0
log() {
	dmesg >"$WORK/dmesg"
	tail -n +$((dmesg_lines + 1)) "$WORK/dmesg" >"$WORK/said"
	dmesg_lines=$(wc -l <"$WORK/dmesg")
	grep -qE -- "$1" "$WORK/said"
}
log .

load_module
is "$(cd $P && for p in *; do echo "$p=$(<"$p")"; done | tr '\n' ' ')" \
	"busy_rate=16384 flush_us=10000 max_memory=0 max_queues=0 max_user_memory=67108864 max_user_queues=64 queues= ring_size=1048576 snaplen=0 watermark=0 " \
	"all parameters, and their defaults"
is "$(stat -c %a $P/* | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 1 444; 9 644;" \
	"which root may change, but for the queues"
modinfo -p tqueue >"$WORK/modinfo"
is "$(grep -cE '^[a-z_]+:.*[A-Za-z]{4}' "$WORK/modinfo")" 10 "modinfo explains each"

# ---- defaults

settings() { # NAME: ring, snaplen, watermark, flush
	local json
	json=$(tqctl -j queue show "$1")
	echo "$(json_num ring_bytes "$json") $(json_num snaplen "$json")" \
		"$(json_num watermark_bytes "$json") $(json_num flush_us "$json")"
}
must tqctl queue add old
is "$(settings old)" "1048576 0 65536 10000" "a queue by the first defaults"
must sh -c "cd $P; echo 32K >ring_size; echo 96 >snaplen; echo 4096 >watermark; echo 777 >flush_us"
is "$(cd $P && cat ring_size snaplen watermark flush_us | tr '\n' ' ')" "32768 96 4096 777 " "sizes are told in bytes"
must tqctl queue add new
is "$(settings new)" "32768 96 4096 777" "new defaults hold at once"
is "$(settings old)" "1048576 0 65536 10000" "and change nothing that is there"
must tqctl queue set old flush 20ms
is "$(settings old)" "1048576 0 65536 20000" "not even when it is changed"
must tqctl queue add own ring 16K snaplen 0 watermark 1 flush 1ms
is "$(settings own)" "16384 0 1 1000" "what is given comes first"
must tqctl queue add small ring $((2 * page))
[ "$(settings small | cut -d' ' -f3)" = 4096 ]
ok $? "a watermark that fits stays"
echo 1M >$P/watermark
must tqctl queue add small2 ring $((2 * page))
is "$(settings small2 | cut -d' ' -f3)" $((2 * page)) "one that is larger than the ring is cut"
for q in old new own small small2; do
	must tqctl queue del $q
done

# ---- bad values

no() { # PARAMETER VALUE TEXT
	local before after status
	before=$(<"$P/$1")
	status=0
	echo "$2" 2>"$WORK/err" >"$P/$1" || status=1
	after=$(<"$P/$1")
	if [ $status != 0 ] && [ "$before" = "$after" ] && log "tqueue: $1=.*: .*($3)"; then
		pass "$1=$2 is refused: $(grep -o "tqueue: $1=.*" "$WORK/said" | tail -n 1)"
	else
		fail "$1=$2 is refused, with a reason, and changes nothing"
		note "status $status, before $before, after $after"
		comment <"$WORK/said"
	fi
	# The log is for people: it takes ten lines in five seconds.
	[ $((++refused_n % 8)) != 0 ] || sleep 5.5
}
refused_n=0
no ring_size 48K "power of two"
no ring_size "$page" "not from"
no ring_size 4G "not from"
no ring_size "" "not a number"
no ring_size many "not a number"
no ring_size -8192 "not a number"
no ring_size 8192x "not a number"
no ring_size K "not a number"
no ring_size 99999999999999999999 "64 bits"
no ring_size 17179869184G "64 bits"
no ring_size 1G "larger than all memory|not from"
no snaplen 4G "not from"
no snaplen 1.5 "not a number"
no watermark 2G "not from"
no flush_us 0 "not from"
no flush_us 61000000 "not from"
for p in max_memory max_queues max_user_memory max_user_queues; do
	no $p -1 "not a number"
	no $p 16E "not a number"
	no $p 9223372036854775808 "not from|64 bits"
done
! echo x 2>/dev/null >$P/queues
ok $? "queues can't be changed"
setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "cat $P/max_user_memory; echo 0 >$P/max_user_memory" \
	>"$WORK/out" 2>&1
is "$(head -n 1 "$WORK/out") $(<$P/max_user_memory)" "67108864 67108864" "nobody reads them and changes none"

# ---- when it is loaded

must rmmod tqueue
must modprobe tqueue ring_size=16K snaplen=60 max_user_queues=0
is "$(cat $P/ring_size $P/snaplen $P/max_user_queues | tr '\n' ' ')" "16384 60 0 " "parameters of modprobe"
must rmmod tqueue

must modprobe tqueue queues=first,second:32K,third:$((2 * page)) ring_size=64K snaplen=128
names() { tqctl -j queue show | grep -o '"name":[^,]*' | cut -d'"' -f4 | tr '\n' ' '; }
is "$(names)" "first second third " "queues made by the load"
is "$(settings first);$(settings second)" "65536 128 4096 10000;32768 128 2048 10000" "with their sizes and the defaults"
is "$(<$P/queues)" "first,second:32768,third:$((2 * page))" "the parameter shows them"
id=$(json_num id "$(tqctl -j queue show second)")
[ -c "/dev/tqueue/$id" ]
ok $? "with a device node"
must tqctl queue write second hello
is "$(timeout 30 tqctl queue read second -c 1 | grep -c hello)" 1 "which can be read"
new_ns b
is "$(T queue show)" "" "in the initial network namespace only"
must tqctl table add t
must tqctl rule add t queue first pass
refused "in use they can't be deleted" 1 "rule t handle" tqctl queue del first
must tqctl table del t
check "otherwise they can" tqctl queue del first
check "a queue of that name can be made again" tqctl queue add first ring 16K
check "they do not keep the module from going" rmmod tqueue
[ ! -e /dev/tqueue ] || [ -z "$(ls /dev/tqueue)" ]
ok $? "their nodes go with it"

bad() { # VALUE TEXT
	local status
	log .
	modprobe tqueue "queues=$1" >"$WORK/out" 2>&1
	status=$?
	if [ $status != 0 ] && [ ! -e /sys/module/tqueue ] && log "tqueue: queues=.*$2" &&
		! grep -q tqueue /proc/devices && [ ! -e /sys/class/tqueue ]; then
		pass "queues=${1:0:40}: not loaded, nothing is left: $(grep -o 'queues=.*' "$WORK/said" | head -n 1)"
	else
		fail "queues=${1:0:40}: not loaded, with a reason"
		note "status $status"
		comment <"$WORK/said"
	fi
	rmmod tqueue 2>/dev/null
}
bad "a,b,a" "a: there twice"
bad "a,b/c" "b/c: not a name"
bad "a," ": not a name"
bad "-a" "not a name"
bad "aaaaaaaaaabbbbbbbbbbccccccccccdd" "not a name"
bad "a:12K" "power of two"
bad "a:$page" "not from"
bad "a:big" "not a number"
bad "a:" "not a number"
bad "a:8K:9" "not a number"
bad "$(seq -s, 33)" "more than 32"
# What only shows when they are made: the first is there by then.
log .
modprobe tqueue "queues=a:64K,b:64K" max_queues=1 >"$WORK/out" 2>&1
status=$?
[ $status != 0 ] && [ ! -e /sys/module/tqueue ] && log "queues=b: over the queue limit" &&
	! grep -q tqueue /proc/devices
ok $? "a limit that the second meets: not loaded, nothing is left"
comment <"$WORK/said"
log .
modprobe tqueue "queues=a,b" max_memory=2M ring_size=1M >"$WORK/out" 2>&1
[ ! -e /sys/module/tqueue ] && log "queues=.: over the memory limit"
ok $? "nor with too little memory"
check "and it loads afterwards" modprobe tqueue queues=a:16K
is "$(names)" "a " "with what was asked for"
check "and unloads" rmmod tqueue
finish
