#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every command of README.md that is for the machine with the module, in order.
#
# timeout: 90
# files: ../../README.md ../demo/readme.py
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short:
. "$(dirname "$0")/lib.sh"

must python3 ./readme.py README.md
cp "$WORK/out" "$WORK/commands"
ip link set lo up
while IFS= read -r line <&3; do
	case $line in
	"tqctl table del"* | "tqctl queue del"* | "modprobe -r"*)
		# iptables-nft lets go of deleted rules a moment later.
		until_ok 20 bash -o pipefail -c "$line"
		ok $? "$line"
		;;
	*)
		check "$line" timeout 30 bash -o pipefail -c "$line"
		case $line in
		*"| tcpdump"* | tcpdump*)
			at_least "$(grep -c 'ICMP echo' "$WORK/out")" 1 "it shows pings"
			;;
		esac
		;;
	esac
done 3<"$WORK/commands"
grep -q '^tqueue ' /proc/modules
is $? 1 "nothing is left"
finish
