#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "rule test TABLE capture FILE": what it says of each packet is what happens to
# it.  Packets of all kinds, sound and unsound, go by a hook while tcpdump writes
# them down; then the capture is tested, and its sums per rule are the counters
# of the rules.  The same as other link types and formats, cut off, and damaged.
# Captures that are given to the guest (-f x.pcap) are sent and compared, too.
# Topology: topo_ab in lib.sh.
#
# timeout: 200
# files: replay.py
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short: N=700 BIG=10000
# debug: 300 N=700 BIG=5000
. "$(dirname "$0")/lib.sh"
: "${N:=2000}" "${BIG:=100000}"

load_module
topo_ab
must T queue add q ring 16K

# A rule for each thing that can be asked for; many packets match several.
rules() {
	must T table add "$1"
	sed "s/^/rule add $1 /" >"$WORK/batch" <<-END
		prio 0 proto udp sport 9 dport 9 drop
		prio 1 dscp 46 set-dscp 10 next
		prio 2 family ip proto udp frag first queue q pass
		prio 2 frag later pass
		prio 3 proto tcp tcp-flags syn/syn,ack mark 0 set-mark 7 next
		prio 4 mark 7 dport 80 pass
		prio 4 mark 7 set-mark 8/0xf repeat
		prio 4 mark 8 dport 0-1023 drop
		prio 5 proto tcp tcp-flags syn,ack/syn,ack pass
		prio 6 sport 7 dport 9-10 pass
		prio 6 proto udplite sport 7 pass
		prio 6 proto sctp pass
		prio 7 proto icmp icmp-type 8/0 pass
		prio 7 proto icmp icmp-type 3 pass
		prio 7 proto icmpv6 icmp-type 128 pass
		prio 7 proto icmpv6 icmp-type 135/1 pass
		prio 8 family ip proto tcp dport 22 pass
		prio 8 proto udp dport 53 len 0-47 pass
		prio 9 dst fd09::2 proto udp dport 53 iif vb pass
		prio 9 dport 53 iif vb+ pass
		prio 10 dscp 10 iif vb pass
		prio 11 family ip frag none len 20-40 ct untracked pass
		prio 12 proto 47 pass
		prio 12 proto esp pass
		prio 12 proto 59 pass
		prio 12 proto 60 pass
		prio 12 proto tcp dst 10.9.0.0/24 pass
		prio 12 proto tcp dst fd00::/8 pass
		prio 13 family ip src 10.0.0.0/8 pass
		prio 13 family ip6 dst fd09::/64 pass
		prio 6 proto 47 iif veth9 drop
	END
	must T -b "$WORK/batch"
}

# Names the last packet's rule has counted it: all before it have come.
last_came() { T -s rule show "$1" handle 1 | grep -q "packets 1 "; }

# recorded FILE TABLE COMMAND...: what COMMAND sends
recorded() {
	local file=$1 table=$2 pid
	shift 2
	start b "$WORK/tcpdump" tcpdump -i vb -nn -U -B 16384 --time-stamp-precision=nano -w "$file" \
		"ether src $MAC_A"
	pid=$STARTED
	until_ok 60 grep -q "listening on" "$WORK/tcpdump" || return
	"$@" || return
	written() { tcpdump -nr "$file" udp src port 9 and dst port 9 2>/dev/null | grep -q .; }
	until_ok 60 last_came "$table" && until_ok 60 written && stop "$pid"
}

# compared TABLE FILE WHAT
compared() {
	T -j -s rule list "$1" >"$WORK/rules.json"
	T -j rule test "$1" capture "$2" summary iif vb >"$WORK/sum.json"
	ok $? "$3: it is tested"
	check "$3: each rule has counted what is told of it" \
		python3 replay.py compare "$WORK/rules.json" "$WORK/sum.json"
	note "$(tail -n 1 "$WORK/out")"
}

# ---- at a device: nobody has looked at the headers before
rules t
must T hook add t family netdev hook ingress dev vb
sent() { in_ns a python3 replay.py send va "$MAC_B" "$N" 7; }
recorded "$WORK/odd.pcap" t sent
ok $? "$N frames, sound and unsound, by a netdev hook"
compared t "$WORK/odd.pcap" "at a device"
sum=$(<"$WORK/sum.json")
at_least "$(json_num packets "${sum#*not_ip}")" 5 "some are not IP"
at_least "$(json_num packets "${sum#*bad}")" 20 "some are not sound"
is "$(json_num packets "${sum#*cut}")" 0 "nothing is cut"
must T hook del "$(hook_id t)"

# ---- at prerouting: the kernel has checked the headers
kinds() {
	gen va -n $((N - 1)) "udp 10.9.0.1:1000+ 10.9.0.2:53" "udp 10.9.0.1:9 10.9.0.2:80 dscp=46" \
		"tcp 10.9.0.1:1000 10.9.0.2:80+ flags=2" "tcp 10.9.0.1:1 10.9.0.2:22 flags=18" \
		"tcp 10.9.0.1:1000 10.9.0.2:9000 flags=2 len=400" "icmp 10.9.0.1 10.9.0.2" \
		"icmp 10.9.0.1 10.9.0.2 type=3 code=4" "sctp 10.9.0.1:7 10.9.0.2:9" \
		"dccp 10.9.0.1:7 10.9.0.2:10" "udplite 10.9.0.1:7 10.9.0.2:11" "gre 10.9.0.1 10.9.0.2" \
		"esp 10.9.0.1 10.9.0.2" "253 10.9.0.1 10.9.0.2 len=0" "udp 10.9.0.1:1 10.9.0.2:53 first" \
		"udp 10.9.0.1:1 10.9.0.2:53 later" "tcp 10.9.0.1:1 10.9.0.2:80 later flags=2" \
		"tcp 10.9.0.1:1 10.9.0.2:80 opt flags=2 dscp=46" "udp [fd09::1]:7 [fd09::2]:53 dscp=46" \
		"tcp [fd09::1]:7 [fd09::2]:80+ flags=2" "icmp6 fd09::1 fd09::2 type=128" \
		"udp [fd09::1]:7 [fd09::2]:53 hop" "udp [fd09::1]:7 [fd09::2]:53 dest len=3" \
		"tcp [fd09::1]:7 [fd09::2]:22 route dest flags=18" "udp [fd09::1]:7 [fd09::2]:53 atomic" \
		"udp [fd09::1]:7 [fd09::2]:53 first" "udp [fd09::1]:7 [fd09::2]:53 later" \
		"icmp 10.9.0.1 10.9.0.2 later" "sctp [fd09::1]:7 [fd09::2]:10 hop dest" >/dev/null &&
		gen va "udp 10.9.0.1:9 10.9.0.2:9" >/dev/null
}
rules u
must T hook add u family inet hook prerouting priority raw
recorded "$WORK/sound.pcap" u kinds
ok $? "$N packets by prerouting"
compared u "$WORK/sound.pcap" "at prerouting"
is "$(json_num packets "${sum#*cut}")" 0 "nothing is cut"
must T hook del "$(hook_id u)"

# ---- captures of somebody's
sent=0 other=0
ip -n a link set va mtu 9000
ip -n b link set vb mtu 9000
for f in *.pcap; do
	[ -e "$f" ] || continue
	rules c
	must T hook add c family netdev hook ingress dev vb
	in_ns a python3 replay.py again "$f" va "$MAC_B"
	case $? in
	0)
		until_ok 30 last_came c
		T -j -s rule list c >"$WORK/again.rules"
		T -j rule test c capture "$f" summary iif vb >"$WORK/again.json"
		check "$f" python3 replay.py compare "$WORK/again.rules" "$WORK/again.json" 1
		sent=$((sent + 1))
		;;
	2) other=$((other + 1)) ;;
	*) fail "$f can be sent" ;;
	esac
	must T hook del "$(hook_id c)"
	must T table del c
done
[ $sent != 0 ] || skip "captures of other kinds of traffic" "none was given that can be sent as it is"
note "$other of them can't be sent as they were"

# ---- what is printed
T rule test u capture "$WORK/sound.pcap" filter "udp port 53 and ip" count 2 iif vb >"$WORK/text"
ok $? "a filter and a count"
is "$(sed -n '1s/ [0-9:.]* / TIME /p' "$WORK/text")" \
	"1 TIME 10.9.0.1:1000 > 10.9.0.2:53 udp len 60: handle 20 prio 9 pass" "a packet and its rule"
is "$(grep -c '^[0-9]' "$WORK/text")" 2 "no more than were asked for"
is "$(grep '^in all' "$WORK/text")" "in all: packets 2" "how many there were"
T rule test u capture "$WORK/sound.pcap" filter "tcp port 9000" count 1 >"$WORK/text"
ok $? "verdict next"
is "$(sed -n '1s/.*len 440: //p' "$WORK/text")" \
	"handle 5 prio 3 next, then handle 7 prio 4 repeat, then handle 27 prio 12 pass" "rules in turn"
is "$(T -j rule test u capture "$WORK/sound.pcap" count 3 | grep -o '"packet":' | wc -l)" 3 "as JSON"
is "$(T rule test u capture - summary <"$WORK/sound.pcap" | head -n 1)" "in all: packets $N" \
	"from standard input"
is "$(T rule test u capture "$WORK/sound.pcap" iif veth9 filter "proto 47 and ip" summary | tail -n 1 |
	cut -d' ' -f1-2)" "handle 31" "what a capture does not know: another interface"
is "$(T rule test u capture "$WORK/sound.pcap" ct new filter "icmp[0] == 8" summary | grep -c "ct untracked")" \
	0 "and another state of conntrack"

# ---- other links and formats
mkdir "$WORK/links"
must python3 replay.py links "$WORK/sound.pcap" "$WORK/links"
counts() { T rule test u capture "$1" summary iif vb | sed 's/ prio.* packets/ packets/'; }
want=$(counts "$WORK/links/ethernet")
at_least "$(wc -l <<<"$want")" 15 "rules that hit"
for f in swapped nano vlan qinq raw sll sll2 null null-swapped loop pcapng; do
	is "$(counts "$WORK/links/$f")" "$want" "the same as $f"
done
# The sum of both families, rule by rule.
both() {
	cat <(counts "$WORK/links/ipv4") <(counts "$WORK/links/ipv6") |
		sed 's/^in all:/handle 0/; s/^no rule:/handle 999/' |
		awk '{ p[$2] += $4; b[$2] += $6 } END { for (h in p) print h, p[h], b[h] }' | sort -n
}
is "$(both)" "$(sed 's/^in all:/handle 0/; s/^no rule:/handle 999/' <<<"$want" |
	awk '{ print $2, $4, $6 + 0 }' | sort -n)" "the same as ipv4 and ipv6"
is "$(T rule test u capture "$WORK/links/nano" count 1 | grep -c '\.000000005 ')" 1 "nanoseconds"

# ---- cut off: counted as such, and never taken for something else
# told FILE: packets that a rule is told for
told() { T -j rule test u capture "$1" summary iif vb >"$WORK/cut.json"; json_num packets "$(<"$WORK/cut.json")"; }
wrong=0 cuts=
for n in 14 34 38 54 60; do
	must python3 replay.py cut "$WORK/sound.pcap" $n "$WORK/cut.pcap"
	[ "$(told "$WORK/cut.pcap")" = "$N" ] || wrong=1
	json=$(<"$WORK/cut.json")
	cuts+="$(json_num packets "${json#*\"cut\"}") "
	python3 - "$WORK/sum.json" "$WORK/cut.json" <<-'END' || wrong=1
		import json, sys
		full, part = (json.load(open(f))[-1]["summary"] for f in sys.argv[1:])
		count = {r["handle"]: r["packets"] for r in full["rules"]}
		sys.exit(any(r["packets"] > count.get(r["handle"], 0) for r in part["rules"]) or
		         sum(part[k]["packets"] for k in ("not_ip", "bad")) > 0)
	END
done
is "$wrong" 0 "cut off at 14 to 60 bytes: no rule is told more packets than it had"
note "cut too short to tell: $cuts"
is "${cuts%% *}" "$N" "of 14 bytes nothing can be told"
is "$(tr ' ' '\n' <<<"$cuts" | grep . | sort -rn | tr '\n' ' ')" "$cuts" "the more there is, the more is told"

# ---- what is no capture
head -c 2000 "$WORK/sound.pcap" >"$WORK/short"
refused "a file that breaks off is told of" 1 "behind packet [0-9]+: truncated" \
	T rule test u capture "$WORK/short" summary
is "$(grep -c "^in all: packets [1-9]" "$WORK/out")" 1 "with what was in it"
head -c 30 /dev/urandom >"$WORK/noise"
refused "noise" 1 "unknown file format" T rule test u capture "$WORK/noise"
: >"$WORK/empty"
refused "an empty file" 1 "empty: truncated" T rule test u capture "$WORK/empty"
refused "no file" 1 "nosuch: No such file" T rule test u capture "$WORK/nosuch"
refused "a folder" 1 "directory" T rule test u capture "$WORK"
{ head -c 20 "$WORK/sound.pcap"; printf '\x69\0\0\0'; } >"$WORK/wlan"
refused "another link type" 1 "link type IEEE802_11 .105. is not understood" T rule test u capture "$WORK/wlan"
refused "no such filter" 2 "filter \"tcp prot 80\": " T rule test u capture "$WORK/sound.pcap" filter "tcp prot 80"
refused "no such table" 1 "no such table" T rule test nosuch capture "$WORK/sound.pcap"
refused "a property that a capture has" 2 "a capture goes with" T rule test u capture "$WORK/sound.pcap" dport 80
is "$(rule_sum packets u)" "$(json_sum packets "$(<"$WORK/rules.json")")" "nothing was counted"

# ---- many packets, all different; and the table changes meanwhile
must python3 replay.py big "$WORK/big.pcap" "$BIG"
before=$(date +%s%N)
is "$(T rule test u capture "$WORK/big.pcap" summary | head -n 1)" "in all: packets $BIG" "a big capture"
ms=$((($(date +%s%N) - before) / 1000000))
note "$BIG packets that all differ in $ms ms: $((BIG * 60 / (ms + 1))) thousand a minute"
# Each reply has 200 rules: more than the socket takes from 64 requests at once.
must T table add long
seq 1 200 | sed 's/.*/rule add long handle & prio & set-mark & next/' >"$WORK/batch"
must T -b "$WORK/batch"
T rule test long capture "$WORK/big.pcap" count 500 summary >"$WORK/text" 2>&1
ok $? "replies that are too much at once"
is "$(grep -c "^handle [0-9]* .* packets 500 bytes 18000$" "$WORK/text")" 200 "and all of them are told"
mkfifo "$WORK/pipe"
T rule test u capture "$WORK/pipe" >"$WORK/text" 2>&1 &
pid=$!
exec 7>"$WORK/pipe"
head -c $((24 + 300 * 66)) "$WORK/big.pcap" >&7
until_ok 30 test -s "$WORK/text"
ok $? "packets are told of while more come"
must T rule add u prio 0 proto udp dport 1000 drop
tail -c +$((25 + 300 * 66)) "$WORK/big.pcap" | head -c $((300 * 66)) >&7
exec 7>&-
wait $pid
ok $? "the table changes half-way"
is "$(grep -c "the table has changed (generation [0-9]* to [0-9]*): packets before number [0-9]* " "$WORK/text")" 1 \
	"which is told"
is "$(grep -c "^handle 32 prio 0 proto udp dport 1000 drop packets [23][0-9][0-9] " "$WORK/text")" 1 \
	"and the rest meets the new rule"
finish
