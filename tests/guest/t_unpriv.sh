#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Who may do what: without CAP_NET_ADMIN in the namespace nothing by netlink, not
# even look; without the group nothing by the device node; whoever has a user
# namespace with a network namespace of its own may use tqueue there, and gets
# nothing of others, nor a device node.
#
# timeout: 60
# made: ../spec/mutate.py
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"

load_module
must tqctl -b - <<-END
	queue add q ring 16K
	table add t
	rule add t handle 1 proto udp queue q pass
END

id=$(json_num id "$(tqctl -j queue show q)")
dev=/dev/tqueue/$id
dump() { tqctl -j queue show; tqctl -j table show; tqctl -j rule list t; tqctl -j hook list; }
dump >"$WORK/before"
chmod 755 "$WORK"

nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

# Each operation, by a valid request.  One that the module does not have is refused as
# such, to root as well.
{ cat operations.cases && echo "EPERM - <- join"; } >"$WORK/cases"
chmod 644 "$WORK/cases"

take_tap() { # the cases of FILE as ours
	local line
	while IFS= read -r line; do
		case $line in
		ok\ *) pass "$2: ${line#ok * - }" ;;
		not\ ok\ *) fail "$2: ${line#not ok * - }" ;;
		1..*) ;;
		*) echo "$line" ;;
		esac
	done <"$1"
}

nobody tqnl -c "$WORK/cases" >"$WORK/tap" 2>&1
take_tap "$WORK/tap" "nobody"
lacking() { grep -c "^# -> EOPNOTSUPP" "$WORK/tap"; }
lacks=$(lacking)
new_ns empty
in_ns empty tqnl -c operations.cases >"$WORK/tap" 2>&1
is "$lacks" "$(lacking)" "the same operations are there for root"
refused "tqctl says it in words" 1 "permission|permitted|CAP_NET_ADMIN|root" nobody tqctl queue show
refused "the device node" 1 "permission denied" nobody cat "$dev"

# With the group: the queues of the own namespace, not of others.
new_ns b
must T queue add other ring 16K
other=$(queue_dev other)
chgrp 65534 "$dev" "$other"
check "a member of the group reads a queue of its namespace" nobody tqread -i 10 "$dev"
refused "but none of another namespace" 1 "not permitted" nobody cat "$other"
must T queue del other
# By name, as udev would link it; libtqueue falls back to that.
refused "by name, without udev's link" 1 "queue q: without CAP_NET_ADMIN .*by-name/q only" \
	nobody tqctl queue read q
mkdir -p /dev/tqueue/by-name
ln -s "../$id" /dev/tqueue/by-name/q
check "a member of the group writes by name" nobody tqctl queue write q "from nobody"
check "and reads" nobody tqctl queue read q
grep -q 'message "from nobody"' "$WORK/out"
ok $? "what was written"
check "and captures" nobody timeout 60 tqctl capture q -w - --json --for 10ms
extcap=$(echo /usr/lib/*/wireshark/extcap/tqueue-extcap)
is "$(nobody "$extcap" --extcap-interfaces | grep -o '{value=[^}]*}')" "{value=tqueue-q}" \
	"and sees it as an interface of Wireshark"
chgrp 0 "$dev"
refused "who is no member does not" 1 "is for root and the group tqueue.*denied" \
	nobody tqctl queue read q
is "$(nobody "$extcap" --extcap-interfaces | grep -c value=)" 0 "and sees none"
chgrp 65534 "$dev"
rm -r /dev/tqueue/by-name

# The socket of a parent with rights is of no use to the child: the rights of
# the one who sends count as well.
refused "root without capabilities" 1 "permission|permitted|CAP_NET_ADMIN|root" \
	setpriv --bounding-set -all --inh-caps -all --clear-groups --reuid 0 \
	--securebits +noroot tqctl queue show

# A user namespace of nobody's without a network of its own: still nothing.
userns() { nobody unshare "$@"; }
if userns -Ur true 2>"$WORK/out"; then
	userns -Ur tqnl -c "$WORK/cases" >"$WORK/tap" 2>&1
	take_tap "$WORK/tap" "user namespace, the host's network"
	userns -Urn bash -c '
		tqctl queue show && echo "queues: $(tqctl queue show)"
		tqctl queue add mine ring 16K >/dev/null && echo "queue made"
		tqctl table add mine >/dev/null && echo "table made"
		tqctl rule add mine proto udp queue mine drop >/dev/null && echo "rule made"
		tqctl hook add mine family inet hook input >/dev/null && echo "hook made"
		tqctl -j queue show mine >"/tmp/userns.json"
		id=$(grep -o "\"id\":[[:space:]]*[0-9]*" /tmp/userns.json | grep -o "[0-9]*$")
		[ -n "$id" ] && ! [ -e /dev/tqueue/$id ] && echo "no device"
		cat "$1" >/dev/null 2>&1 || echo "not the host queue"
		' _ "$dev" >"$WORK/got" 2>"$WORK/err"
	comment <"$WORK/err"
	is "$(tr '\n' ';' <"$WORK/got")" \
		"queues: ;queue made;table made;rule made;hook made;no device;not the host queue;" \
		"user namespace with its own network: its own things, no device node, not others'"
else
	skip "user namespaces" "nobody may not make one here"
fi
dump >"$WORK/after"
check "nothing has changed" cmp "$WORK/before" "$WORK/after"
finish
