#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# group.sh "NAME [VAR=VALUE...]"...: guest tests one after the other in one
# guest, which saves booting.  tests/runner.py makes and reads it: a line
# "# test NAME" begins each, "# ended NAME STATUS" ends it.
cd "$(dirname "$0")" || exit 125
# tidy() throws away rules, namespaces and files: never on anybody's machine.
if [ "$PWD" != /test ] || [ "$(cat /proc/sys/kernel/hostname)" != tqueue-guest ]; then
	echo "group.sh: this is no guest of tests/vm" >&2
	exit 125
fi
modprobe_path=$(cat /proc/sys/kernel/modprobe)

# As the test before found it: no namespace, no module, no process, no file.
tidy() {
	local i
	for i in /run/netns/*; do
		[ -e "$i" ] && ip netns del "${i##*/}"
	done
	for i in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do
		grep -qw "${i%tables-*}_tables" /proc/modules || [ "${i#*-}" = nft ] || continue
		"$i" -F && "$i" -X
	done >/dev/null 2>&1
	rm -rf /tmp/tmp.*
	echo "$modprobe_path" >/proc/sys/kernel/modprobe
	grep -q '^tqueue ' /proc/modules || return 0
	# nft and dying namespaces let go a moment later.
	for ((i = 0; i < 300; i++)); do
		rmmod tqueue 2>/dev/null && return
		sleep 0.1
	done
	rmmod tqueue
}

for entry; do
	read -r -a words <<<"$entry"
	name=${words[0]}
	echo "# test $name"
	bash "./t_$name.sh" "${words[@]:1}"
	echo "# ended $name $?"
	tidy || echo "not ok - $name leaves the module in use"
done
echo "# all ended"
