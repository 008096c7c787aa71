#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tqctl doctor: each thing that keeps tqueue from working is broken here, and it
# must name it and what mends it; where that can be done in a guest, the command
# that it names is run, and then it has nothing to say any more.  The package's
# and DKMS's states are those of the real dpkg-query and dkms, on made-up data.
# What can't be taken back, signatures and modules_disabled, comes last.
#
# timeout: 120
# files: borrow.py
# alone: yes
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short:
. "$(dirname "$0")/lib.sh"

KVER=$(uname -r)
K=${KVER//+/\\+} # in a regular expression
LIB=/lib/modules/$KVER
KO=$(find "$LIB/" -name 'tqueue.ko*' -type f)
VERSION=$(modinfo -F version tqueue)
MODPROBE=/etc/modprobe.d/zz-test.conf
must test -f "$KO"

# finds WHAT STATUS "STATE ABOUT" TEXT [MEND]: the doctor ends with STATUS, and one
# of its findings is that; MEND is what it says just behind it
finds() {
	local what=$1 status=$2 about
	# shellcheck disable=SC2086 # two words
	about=$(printf '%-6s%-13s' $3)
	tqctl doctor >"$WORK/doctor" 2>&1
	is "$?" "$status" "$what: status"
	grep -E -A1 -- "^$about.*($4)" "$WORK/doctor" >"$WORK/finding"
	ok $? "$what: it says what"
	if [ -n "${5-}" ]; then
		grep -qE -- "^ +(mend it|to do so): $5" "$WORK/finding"
		ok $? "$what: and what mends it"
	fi
	comment <"$WORK/doctor"
}
# mend ABOUT: the command that the last finds() printed for it
mend() {
	sed -n "/^[a-z]* *$1 /{n;s/^ *\(mend it\|to do so\): //p}" "$WORK/doctor" | head -n 1
}

# By hand: not every guest has groupadd.
group_add() { echo "tqueue:x:987:" >>/etc/group; }
getent group tqueue >/dev/null || group_add
must depmod -a
finds "not loaded" 0 "note loaded" "it is not" "modprobe tqueue"
check "it does what it says" bash -c "$(mend loaded)"
finds "all is well" 0 "ok module" "version $VERSION for kernel $K: ${KO//+/\\+}"
for i in "ok loaded version $VERSION" "ok group tqueue" "ok devices there is no queue" "ok iptables iptables v.*plugins in"; do
	read -r state about rest <<<"$i"
	grep -qE "^$state +$about +$rest" "$WORK/doctor"
	ok $? "nothing wrong with $about"
done
is "$(grep -c '^wrong' "$WORK/doctor")" 0 "nothing is wrong"
tqctl -j doctor | python3 -c '
import json, sys
for f in json.load(sys.stdin):
    assert set(f) <= {"about", "state", "text", "mend"} and f["state"] in ("ok", "note", "wrong"), f
    print(f["about"])' >"$WORK/json"
ok $? "as JSON"
is "$(sort -u "$WORK/json")" "$(awk '/^(ok|note|wrong) / { print $2 }' "$WORK/doctor" | sort -u)" \
	"JSON tells of the same things"
refused "a word too many" 2 "more" tqctl doctor more

# ---- using it ----

must tqctl queue add q ring 16K
dev=/dev/tqueue/$(json_num id "$(tqctl -j queue show q)")
must chgrp root "$dev"
finds "a device of another group" 1 "wrong devices" "tqueue.* is not of group tqueue" "udevadm trigger"
must chgrp tqueue "$dev"
must chmod 600 "$dev"
finds "a device that its group may not use" 1 "wrong devices" "its group may not read and write"
must chmod 660 "$dev"
finds "a good one" 0 "ok devices" "of 1 queue$"
must mv "$dev" "$WORK/dev"
finds "no device file" 1 "wrong devices" "has no device file"
must mv "$WORK/dev" "$dev"
must tqctl queue del q

as_user() { setpriv --reuid 12345 --regid 12345 --clear-groups "$@"; }
as_user tqctl doctor >"$WORK/doctor" 2>&1
grep -qE "^note +group +you are not in tqueue" "$WORK/doctor"
ok $? "a user who is not in the group"
setpriv --reuid 12345 --regid 12345 --groups "$(getent group tqueue | cut -d: -f3)" tqctl doctor >"$WORK/doctor" 2>&1
grep -qE "^ok +group +you are in tqueue" "$WORK/doctor"
ok $? "a user who is"
sed -i /^tqueue:/d /etc/group
finds "no group" 0 "note group" "there is no group tqueue" "(groupadd|systemd-sysusers)"
group_add

so=$(sed -n 's/^ok *iptables.*plugins in //p' "$WORK/doctor")/libxt_TQUEUE.so
must mv "$so" "$WORK/"
finds "no plugin" 1 "wrong iptables" "libxt_TQUEUE.so is not there: .*target TQUEUE"
must mv "$WORK/libxt_TQUEUE.so" "$so"

# ---- what is restored at boot ----

# No guest here has systemd: this answers as systemctl does, with words and status.
mkdir -p /run/systemd/system /etc/tqueue "$WORK/bin"
cat >"$WORK/bin/systemctl" <<-'END'
	#!/bin/sh
	[ "$2" = tqueue-restore.service ] || exit 4
	case $1/$(cat "${0%/*}/restore") in
	is-enabled/off) echo disabled; exit 1 ;;
	is-enabled/*) echo enabled ;;
	is-failed/failed) echo failed ;;
	is-failed/*) echo active; exit 1 ;;
	*) exit 4 ;;
	esac
END
chmod +x "$WORK/bin/systemctl"
OLD_PATH=$PATH
PATH=$WORK/bin:$PATH
echo off >"$WORK/bin/restore"
tqctl doctor >"$WORK/doctor"
is "$(grep -c '^[a-z]* *restore ' "$WORK/doctor")" 0 "nothing to restore, nothing to say"
echo "table add t" >/etc/tqueue/tables.conf
finds "files that are not restored" 0 "note restore" "not applied at boot" \
	"systemctl enable tqueue-restore.service"
echo failed >"$WORK/bin/restore"
finds "a restore that failed" 1 "wrong restore" "could not be applied" "journalctl -b -u tqueue-restore.service"
echo on >"$WORK/bin/restore"
finds "one that did not" 0 "ok restore" "are applied at boot"
PATH=$OLD_PATH
must rm -r /etc/tqueue /run/systemd/system

# ---- another module than the loaded one ----

# changed FROM TO: the installed module with FROM, of the same length, replaced
changed() {
	cp "$KO" "$WORK/keep.ko"
	case $KO in
	*.xz) xz -dc "$KO" ;;
	*) cat "$KO" ;;
	esac >"$WORK/plain.ko"
	LC_ALL=C sed "s/$1/$2/" "$WORK/plain.ko" >"$WORK/new.ko"
	! cmp -s "$WORK/plain.ko" "$WORK/new.ko" || bail "nothing of the module changed: $1"
	case $KO in
	*.xz) xz -c --check=crc32 "$WORK/new.ko" >"$KO" ;;
	*) cp "$WORK/new.ko" "$KO" ;;
	esac
}
restored() { must cp "$WORK/keep.ko" "$KO"; }

other=9${VERSION:1}
changed "version=$VERSION" "version=$other"
finds "another version is installed" 0 "note loaded" "version $VERSION runs, version $other is installed" \
	"tqctl module reload"
restored
sum=$(modinfo -F srcversion tqueue)
changed "srcversion=$sum" "srcversion=${sum:1}0"
finds "other sources are installed" 0 "note loaded" "version $VERSION runs, the installed one is of other sources"
restored
must modprobe -r tqueue

# ---- a module that does not fit ----

last=${KVER: -1}
[ "$last" = x ] && wrong=${KVER%?}y || wrong=${KVER%?}x
changed "vermagic=$KVER" "vermagic=$wrong"
finds "of another kernel" 1 "wrong module" "built for kernel ${wrong//+/\\+}, but $K is running" \
	"dkms install --force -m tqueue -v $VERSION -k $K"
restored
# What the kernel would say is known from its other modules.
changed "vermagic=$KVER SMP" "vermagic=$KVER UMP"
if grep -vq '^tqueue ' /proc/modules; then
	finds "of another kind of kernel" 1 "wrong module" 'built for a kernel with "UMP .*running one has "SMP'
else
	skip "of another kind of kernel" "this one has no other module to compare with"
fi
refused "the kernel refuses it" 1 "format" modprobe tqueue
restored
finds "what the kernel said then" 0 "note loaded" 'when it last failed, the kernel said "tqueue: version magic'
modprobe --dump-modversions "$KO" >"$WORK/symvers" 2>/dev/null
if [ -s "$WORK/symvers" ]; then
	[ ! -e "$LIB/build" ] || must mv "$LIB/build" "$WORK/build"
	must mkdir "$LIB/build"
	must cp "$WORK/symvers" "$LIB/build/Module.symvers"
	finds "symbols that fit" 0 "ok module" "version $VERSION"
	sed -E '/[[:space:]]kfree$/s/^0x......../0x00000bad/' "$WORK/symvers" >"$LIB/build/Module.symvers"
	finds "a symbol that does not" 1 "wrong module" '1 of its [0-9]+ symbols .* "kfree" is one'
	must rm -r "$LIB/build"
	[ ! -e "$WORK/build" ] || must mv "$WORK/build" "$LIB/build"
else
	skip "checksums of symbols" "this kernel has none"
fi
must mkdir -p "$LIB/elsewhere"
must mv "$KO" "$LIB/elsewhere/"
finds "unknown to depmod" 1 "wrong module" "/lib/modules/$K/elsewhere/tqueue.ko.* is there, but modprobe does not know" "depmod -a"
check "it does what it says" bash -c "$(mend module)"
finds "and all is well" 0 "ok module" "version $VERSION"
must mv "$LIB/elsewhere/${KO##*/}" "$KO"
must rmdir "$LIB/elsewhere"
must depmod -a

# ---- modprobe ----

echo "install tqueue /bin/false" >"$MODPROBE"
finds "an install line" 1 "wrong loaded" 'modprobe has the line "install tqueue /bin/false"'
is "$(bash -c "$(mend loaded)" 2>/dev/null)" "$MODPROBE" "it finds the file"
echo "blacklist tqueue" >"$MODPROBE"
finds "a blacklist" 1 "wrong loaded" 'modprobe has the line "blacklist tqueue"'
must rm "$MODPROBE"
finds "neither" 0 "note loaded" "it is not"

# ---- no module: package, headers, DKMS ----

must mv "$KO" "$WORK/"
must depmod -a
dpkg_says() { # STATUS-LINE, or nothing
	mkdir -p /var/lib/dpkg/updates /var/lib/dpkg/info
	{
		printf '%s\n' "Package: base" "Status: install ok installed" "Maintainer: t <t@example.org>" \
			"Architecture: all" "Version: 1" "Description: t" ""
		[ -z "$1" ] || printf '%s\n' "Package: tqueue-dkms" "Status: $1" "Maintainer: t <t@example.org>" \
			"Architecture: all" "Version: $VERSION-1" "Description: t" ""
	} >/var/lib/dpkg/status
}
SRC=/usr/src/tqueue-$VERSION
rm -rf "$SRC" /var/lib/dkms/tqueue
dpkg_says ""
finds "no package" 1 "wrong package" "tqueue-dkms, which builds the module, is not installed" "apt install tqueue-dkms"
dpkg_says "install ok half-configured"
finds "half a package" 1 "wrong package" "installed by half" "dpkg --configure -a"
dpkg_says "deinstall ok config-files"
finds "a package that was removed" 1 "wrong package" "is not installed"
dpkg_says "install ok installed"
finds "no sources" 1 "wrong package" "its sources in /usr/src are gone" "apt install --reinstall tqueue-dkms"
mkdir -p "$SRC"
printf '%s\n' PACKAGE_NAME=tqueue "PACKAGE_VERSION=$VERSION" "BUILT_MODULE_NAME[0]=tqueue" \
	"DEST_MODULE_LOCATION[0]=/updates" AUTOINSTALL=yes "MAKE[0]='echo main.c:1:2: error: no such luck; false'" \
	CLEAN=true >"$SRC/dkms.conf"
touch "$SRC/Makefile" "$SRC/main.c"
[ ! -e "$LIB/build" ] || must mv "$LIB/build" "$WORK/build"
finds "no headers" 1 "wrong module" "kernel $K has no module, for its headers are not installed" \
	"apt install linux-headers-$K"
must cp -a /etc/os-release "$WORK/"
must rm /etc/os-release
echo 'ID="rocky"
ID_LIKE="rhel centos fedora"' >/etc/os-release
finds "no headers, like Fedora" 1 "wrong module" "its headers are not installed" "dnf install kernel-devel-$K$"
echo "ID_LIKE='suse opensuse'" >/etc/os-release
finds "no headers, like SUSE" 1 "wrong module" "its headers are not installed" \
	"zypper install kernel-${KVER##*-}-devel$"
echo "ID=other" >/etc/os-release
finds "no headers, unknown system" 1 "wrong module" "its headers are not installed" "install the headers of kernel $K$"
must rm /etc/os-release
must cp -a "$WORK/os-release" /etc/
mkdir -p "$LIB/build/include"
touch "$LIB/build/Makefile" "$LIB/build/.config"
finds "not known to dkms" 1 "wrong module" "dkms does not know of version $VERSION" "dkms add -m tqueue -v $VERSION"
check "dkms takes it" dkms add -m tqueue -v "$VERSION"
finds "never built" 1 "wrong module" "the module was never built" "dkms install -m tqueue -v $VERSION -k $K"
dkms build -m tqueue -v "$VERSION" -k "$KVER" >"$WORK/out" 2>&1
ok $((! $?)) "the real dkms fails to build it"
finds "a build that failed" 1 "wrong module" "version $VERSION did not build: main.c:1:2: error: no such luck \(/var/lib/dkms"
other=/lib/modules/9.9.9-other
must mkdir -p "$other/kernel"
must depmod 9.9.9-other
tqctl doctor >"$WORK/doctor"
grep -qE "^note +kernels +kernel 9.9.9-other has no module, for its headers" "$WORK/doctor"
ok $? "another kernel that has no module"
rm -rf /var/lib/dpkg
must rm -r "$LIB/build" "$SRC" /var/lib/dkms/tqueue "$other"
[ ! -e "$WORK/build" ] || must mv "$WORK/build" "$LIB/build"
must mv "$WORK/${KO##*/}" "$KO"
must depmod -a
finds "as at first" 0 "note loaded" "it is not"

# ---- what only a reboot takes back ----

enforce=/sys/module/module/parameters/sig_enforce
if [ -w "$enforce" ] && echo 1 >"$enforce" 2>/dev/null; then
	if [ -n "$(modinfo -F signer tqueue)" ]; then
		finds "a key that is not known" 1 "wrong signature" \
			"signed modules only .*does not know the key of \"$(modinfo -F signer tqueue)\"" "mokutil --import"
	else
		finds "no signature" 1 "wrong signature" "and the module is not signed" "dkms build --force"
	fi
	refused "the kernel refuses it" "1" "required key|not permitted|Key was rejected" modprobe tqueue
	# The doctor looks at the signer's name: a module of the kernel's own lends its
	# signature, which is no good here, but of a key that the kernel knows.
	theirs=$(find "$LIB/kernel" -name '*.ko*' -type f | head -n 1)
	signer=$(modinfo -F signer "${theirs:-none}" 2>/dev/null)
	if [ -n "$signer" ]; then
		must cp "$KO" "$WORK/keep.ko"
		check "a signature to borrow" python3 ./borrow.py "$theirs" "$KO"
		finds "a key that the kernel knows" 0 "ok signature" "signed modules only .*knows the key of \"$signer\""
		restored
	else
		skip "a key that the kernel knows" "its own modules are not signed"
	fi
else
	skip "signatures" "this kernel checks none"
fi
mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security 2>/dev/null
if [ -w /sys/kernel/security/lockdown ]; then
	must bash -c "echo integrity >/sys/kernel/security/lockdown"
	finds "a kernel that is locked down" 1 "wrong signature" 'the kernel is locked down \(integrity\)'
	refused "and refuses it" 1 "required key|not permitted|Key was rejected" modprobe tqueue
else
	skip "lockdown" "this kernel has none"
fi
echo 1 >/proc/sys/kernel/modules_disabled
finds "no modules any more" 1 "wrong loaded" "kernel.modules_disabled is set" reboot
finish
