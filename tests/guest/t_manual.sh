#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The examples of the manual pages, each page's in a shell of its own, line by
# line, until one fails; and what tqueue(4) says of files that can be tried by a shell.
#
# timeout: 90
# files: ../../ctl/man/tqueue.4 ../../ctl/man/tqueue.conf.5 ../../ctl/man/iptables-tqueue.8
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short:
. "$(dirname "$0")/lib.sh"

load_module
# Example blocks of a page, without roff.
examples() {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/p' "$1" | sed -n '/^\.Bd/,/^\.Ed/{/^\.[BE]d/!p}' |
		sed 's/\\(dq/"/g; s/\\e/\\/g; s/\\&//g'
}
for page in tqueue.4 tqueue.conf.5 iptables-tqueue.8; do
	examples "$page" >"$WORK/$page"
	at_least "$(wc -l <"$WORK/$page")" 5 "$page has examples"
	# Let go of by iptables-nft, a rule is deleted a moment later.
	sed -i 's/^tqctl \(table\|queue\) del .*/until_ok 20 &/' "$WORK/$page"
	# shellcheck disable=SC2016 # for that shell
	check "and they work" bash -o pipefail -ec 'cd "$1"; . "$2"' bash "$WORK" <(
		declare -f until_ok
		sed 's/^/&/' "$WORK/$page")
	is "$(tqctl save)" "" "and leave nothing"
done

# What tqueue(4) says.
must tqctl queue add q ring 8K
must tqctl queue add l mode log ring 8K
dev=/dev/tqueue/$(json_num id "$(tqctl -j queue show q)")
log=/dev/tqueue/$(json_num id "$(tqctl -j queue show l)")
must tqctl queue write q hello
# call WANT FILE CODE: python's name of the errno
call() {
	is "$(python3 - "$2" <<-END
		import errno, fcntl, mmap, os, sys
		fd = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
		try:
		    $3
		    print("DONE")
		except OSError as e:
		    print(errno.errorcode[e.errno])
	END
	)" "$1" "$1: $3"
}
call EINVAL "$dev" 'os.read(fd, 103)'
call DONE "$dev" 'assert len(os.read(fd, 104)) == 104'
call EAGAIN "$dev" 'os.read(fd, 104)'
call EMSGSIZE "$dev" 'os.write(fd, bytes(2048))'
call DONE "$dev" '[os.write(fd, bytes(1000)) for i in range(2)]'
call EAGAIN "$dev" '[os.write(fd, bytes(1000)) for i in range(99)]'
call ESPIPE "$dev" 'os.lseek(fd, 0, 0)'
call ESPIPE "$log" 'os.lseek(fd, 1, 0)'
call EINVAL "$log" 'os.lseek(fd, 0, 1)'
call DONE "$log" 'os.lseek(fd, 0, 2)'
call ESPIPE "$dev" 'os.pread(fd, 4096, 0)'
call ENODEV "$log" 'mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ)'
call EINVAL "$dev" 'mmap.mmap(fd, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ)'
call EPERM "$dev" 'mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)'
call EPERM "$dev" 'mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_EXEC)'
call EINVAL "$dev" 'mmap.mmap(fd, 1 << 40, mmap.MAP_SHARED, mmap.PROT_READ)'
call EBUSY "$dev" 'm = mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ); os.read(fd, 4096)'
call EAGAIN "$dev" 'm = mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ); os.write(fd, b"x")'
call ENOTTY "$dev" 'fcntl.ioctl(fd, 0x5401, bytes(64))'
new_ns b
# In another namespace without CAP_NET_ADMIN.
refused "EPERM: the node of another namespace" ".*" "Operation not permitted" \
	in_ns b setpriv --bounding-set -net_admin --inh-caps -net_admin dd if="$dev" of=/dev/null count=1
attrs=$(cd "/sys/class/tqueue/tqueue${dev##*/}" && find . -type f -perm 400 | cut -c3- | sort | tr '\n' ' ')
is "$attrs" "$(sed -n '/^\.Sh SYSFS/,/^\.Sh MODULE/s/^\.It Pa //p' tqueue.4 | sort | tr '\n' ' ')" \
	"the attributes in sysfs"
must tqctl queue del q
must tqctl queue del l
finish
