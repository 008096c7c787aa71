#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What demo/extcap does in the guest.  Topology: topo_ab in lib.sh.
# shellcheck source=../guest/lib.sh
. "$(dirname "$0")/lib.sh"

W=/wireshark
mkdir -p $W
must tar -C $W -xzf tshark.tar.gz
mkdir -p $W/proc $W/dev $W/sys $W/run $W/tmp $W/usr/sbin $W/root
for d in proc dev sys run; do
	must mount --rbind /$d $W/$d
done
extcap=$(cat $W/extcap-folder)
mkdir -p "$W$extcap"
cp /usr/sbin/tqctl $W/usr/sbin/
cp -P "/usr/lib/x86_64-linux-gnu/wireshark/extcap/tqueue-extcap" "$W$extcap/"
shark() { in_ns b env HOME=/tmp timeout 120 chroot $W "$@" 2>"$WORK/err"; }

check "without the module there are no interfaces of ours, and it is not loaded" \
	bash -c "! HOME=/tmp chroot $W tshark -D 2>&1 | grep tqueue- && ! grep -q ^tqueue /proc/modules"
load_module
topo_ab
must T queue add q ring 1M
must T queue add other ring 64K
must T table add t
must T rule add t prio 1 handle 77 proto udp queue q drop
must T hook add t family ip hook prerouting
# All by one CPU: a loss is told before the next record of its CPU.
gen0() { in_ns a taskset -c 0 tqgen -d "$MAC_B" "$@" >/dev/null; }
packets() { gen0 va -n "$1" "udp 10.9.0.1:1000+ 10.9.0.2:53 len=${2:-300}"; }

shark tshark -D >"$WORK/list"
is "$(grep -oE 'tqueue-[a-z]+ \(tqueue: queue [a-z]+\)' "$WORK/list" | sort | tr '\n' ';')" \
	"tqueue-other (tqueue: queue other);tqueue-q (tqueue: queue q);" "tshark -D lists the queues"
comment <"$WORK/list"

packets 10
shark tshark -ni tqueue-q -c 10 -T fields -e frame.number -e ip.dst -e udp.dstport \
	-e frame.len -e frame.comment >"$WORK/live"
is "$?" 0 "tshark -i tqueue-q"
comment <"$WORK/live"
is "$(grep -cE '^[0-9]+\s10\.9\.0\.2\s53\s342\stable=t rule=77 gen=[0-9]+ verdict=drop hook=prerouting iif=vb$' "$WORK/live")" \
	10 "10 packets, with the rule that chose them"
until_ok 20 sh -c '! pidof tqueue-extcap'
ok $? "its end is the end of the capture"

packets 20
shark tshark -ni tqueue-q -c 20 -w /tmp/shark.pcapng >/dev/null
is "$?" 0 "tshark -w"
shark capinfos -Mctey /tmp/shark.pcapng >"$WORK/info"
ok $? "capinfos has no complaint"
grep -qE 'Number of packets: *20$' "$WORK/info"
ok $? "and finds 20 packets"
grep -q 'nanoseconds' <(shark capinfos -I /tmp/shark.pcapng; shark capinfos /tmp/shark.pcapng)
ok $? "of nanoseconds"
comment <"$WORK/info"

# What tqctl itself writes: all kinds of records at once.
packets 30
T queue write q "a message"
packets 1 1400
must T capture q -w $W/tmp/own.pcapng --for 200ms --messages
shark capinfos /tmp/own.pcapng >"$WORK/info"
is "$? $(wc -c <"$WORK/err")" "0 0" "capinfos reads a file of tqctl, silently"
grep -qE 'Number of packets: *32$' "$WORK/info"
ok $? "all of it"
comment <"$WORK/info"
shark tshark -nr /tmp/own.pcapng -T fields -e frame.number -e frame.interface_name -e frame.packet_flags_direction \
	-e frame.interface_queue -e frame.packet_id -e frame.verdict.hw >"$WORK/fields"
ok $? "tshark reads it"
is "$(grep -c . "$WORK/fields") $(cut -f2 "$WORK/fields" | sort -u)" "32 q" "each packet has its interface's name"
is "$(cut -f3 "$WORK/fields" | grep -c '0x00000001')" 31 "and the packets their direction: inbound"
head -n 2 "$WORK/fields" | comment

# Losses: told before the first packet behind them.
must T queue set q snaplen 0
must T rule add t prio 0 proto icmp queue other drop
gen0 va -n 1000 "icmp 10.9.0.1 10.9.0.2"
must T capture other -w $W/tmp/lost.pcapng --for 100ms
gen0 va -n 1 "icmp 10.9.0.1 10.9.0.2"
must T capture other -w $W/tmp/lost.pcapng --for 100ms
shark tshark -nr /tmp/lost.pcapng -T fields -e frame.drop_count >"$WORK/fields"
at_least "$(head -n 1 "$WORK/fields" | grep -oE '^[0-9]+' || echo 0)" 1 "the drop count is read back"

# A filter is refused in words.
shark tshark -ni tqueue-q -f "udp port 9" -c 1 >"$WORK/out"
is "$((! $?)) $(grep -ciE 'filter' "$WORK/err")" "0 1" "a capture filter is refused"
comment <"$WORK/err"
must T hook del "$(hook_id t)"
finish
