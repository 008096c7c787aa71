#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "rule test": the winner and all that match, without counting; what is no
# packet is refused.  The index behind it is the one that packets ask, which
# t_match_* compare with a reference.
#
# timeout: 60
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

load_module
new_ns b
must T table add t
must T -b - <<-END
	rule add t handle 1 prio 10 src 192.0.2.0/24 proto tcp dport 80-90 iif eth+ drop
	rule add t handle 2 prio 20 src 192.0.2.7 mark 0x10/0xf0 accept
	rule add t handle 3 prio 20 proto udp sport 53 pass
	rule add t handle 4 prio 30 proto icmp icmp-type 8/0 drop
	rule add t handle 5 prio 30 dst 2001:db8::/32 proto icmpv6 icmp-type 128 drop
	rule add t handle 6 prio 40 proto tcp tcp-flags syn/syn,ack drop
	rule add t handle 7 prio 50 frag later drop
	rule add t handle 8 prio 60 dscp 46 len 100-200 oif eth0 drop
	rule add t handle 9 prio 99 family ip pass
END
before=$(T -j -s rule list t)

# handles WORDS...: of the rules that answer
handles() { T -j rule test t "$@" | grep -o '"handle": *[0-9]*' | grep -o '[0-9]*$' | tr '\n' ' '; }

# WANT | WORDS: the first of WANT is the winner, all of it what "all" says
while IFS='|' read -r want words; do
	# shellcheck disable=SC2086 # words
	is "$(handles $words)" "${want%% *}${want:+ }" "winner of: $words"
	# shellcheck disable=SC2086
	is "$(handles $words all)" "$want" "all of:   $words"
done <<-END
	1 9 |src 192.0.2.1 proto tcp dport 80 iif eth3
	1 2 6 9 |src 192.0.2.7 proto tcp dport 90 iif eth0 mark 0x15 tcp-flags syn,urg
	9 |src 192.0.2.1 proto tcp dport 80 iif wlan0
	9 |src 192.0.2.1 proto tcp dport 91 iif eth0 tcp-flags ack,syn
	7 9 |src 192.0.2.1 proto tcp iif eth0 frag later
	1 9 |src 192.0.2.1 proto tcp dport 81 iif eth0 frag first
	3 9 |family ip proto udp sport 53
	3 |family ip6 proto udp sport 53
	4 9 |family ip proto icmp icmp-type 8
	9 |family ip proto icmp icmp-type 8/1
	5 |dst 2001:db8::1 proto icmpv6 icmp-type 128
	|dst 2001:db9::1 proto icmpv6 icmp-type 128
	8 9 |family ip dscp ef len 100 oif eth0
	9 |family ip dscp ef len 99 oif eth0
	9 |family ip dscp ef len 200 oif eth01
END
is "$(T -j -s rule list t)" "$before" "nothing was counted"

must T rule add t handle 10 prio 0 timeout "$(short_life)s" drop
is "$(handles family ip proto 200)" "10 " "a rule with a timeout"
gone() { [ "$(handles family ip proto 200)" = "9 " ]; }
until_ok 30 gone
ok $? "and not any more"

refused "a network is no packet" 2 "word 5 .*one value" T rule test t src 10.0.0.0/8
refused "nor is a range of ports" 2 "one value" T rule test t src 10.0.0.1 proto tcp dport 1-2
refused "nor are two kinds of fragment" 2 "one value" T rule test t family ip frag none,first
refused "an action is no property" 2 "not a property of a packet" T rule test t family ip drop
refused "no family" 2 "family" T rule test t proto tcp
refused "no table" 1 "no such table" T rule test nosuch family ip
refused "ports without a protocol" 1 "no ports" T rule test t family ip dport 80
refused "ports of a later fragment" 1 "no ports" T rule test t family ip proto tcp dport 80 frag later
refused "an ICMP type of TCP" 1 "no ICMP type" T rule test t family ip proto tcp icmp-type 8
refused "two states of conntrack" 2 "one value" T rule test t family ip ct new,related

# next and repeat: each rule that wins in turn; the last one decides
must T table add c
must T -b - <<-END
	rule add c handle 1 prio 1 mark 0 set-mark 7 next
	rule add c handle 2 prio 1 mark 0 drop
	rule add c handle 3 prio 2 dscp 1 set-dscp 2 repeat
	rule add c handle 4 prio 2 mark 7 dscp 2 next
	rule add c handle 5 prio 0 dscp 2 mark 0x107 accept
	rule add c handle 6 prio 9 mark 9 repeat
	rule add c handle 7 prio 9 dscp 5
END
chain() { T -j rule test c "$@" | grep -o '"handle": *[0-9]*' | grep -o '[0-9]*$' | tr '\n' ' '; }
is "$(chain family ip)" "1 " "next, and then nothing"
is "$(chain family ip dscp 2)" "1 4 " "next sees the new mark"
is "$(chain family ip dscp 1)" "1 3 4 " "repeat sees the new DSCP, and not rule 1 again"
is "$(chain family ip mark 0x107 dscp 1)" "3 5 " "repeat goes back to the first rule"
is "$(chain family ip mark 9)" "6 6 6 6 6 " "repeat, four times more"
is "$(chain family ip dscp 5)" "1 7 " "next, and a rule of another priority"
is "$(chain family ip all)" "1 2 " "all that match the packet as it is described"
is "$(rule_sum packets c b)" 0 "nothing was counted"

# ---- "rule list" with keys
must T queue add q ring 16K
must T queue add s ring 16K
must T table add f
must T -b - <<-END
	rule add f handle 1 prio 1 src 10.0.0.0/8 queue q drop
	rule add f handle 2 prio 2 src 10.1.0.0/16 dst 192.0.2.1 steal q
	rule add f handle 3 prio 3 src 2001:db8::/32 queue s next
	rule add f handle 4 prio 4 proto udp packets 5 pass
	rule add f handle 5 prio 5 family ip6 repeat
END
lists() { T -j rule list f "$@" | grep -o '"handle": *[0-9]*' | grep -o '[0-9]*$' | tr '\n' ' '; }
while IFS='|' read -r want words; do
	# shellcheck disable=SC2086 # words
	is "$(lists $words)" "$want" "list: $words"
done <<-END
	1 2 3 4 5 |
	1 2 |queue q
	3 |queue s
	2 3 4 |prio 2-4
	1 2 4 |family ip
	3 4 5 |family ip6
	2 |verdict steal
	5 |verdict repeat
	1 2 4 |src 10.1.2.3
	1 4 |src 10.2.2.3
	3 4 5 |src 2001:db8::1
	4 5 |src 2001:db9::1
	1 2 4 |dst 192.0.2.1
	1 4 |dst 192.0.2.2
	4 |hit
	1 |queue q verdict drop
	|queue q hit
	2 |src 10.1.0.1 dst 192.0.2.1 prio 2-9 queue q
END
refused "list: no such queue" 1 "no such queue" T rule list f queue nosuch
# More rules than are looked at in one go, of which few are shown.
must T table add big
seq 1 9000 | sed 's/.*/rule add big handle & prio & proto udp dport & pass/; s/prio 8999 .*/prio 8999 drop/' >"$WORK/big"
must T -b "$WORK/big"
is "$(T rule list big verdict drop)" "handle 8999 prio 8999 drop" "list: one of 9000"
is "$(T rule list big | wc -l)" 9000 "list: all of them"
finish
