# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Common ground of the package tests: roots of Debian suites (by the harness of the
# guests, in the same cache), packages of changed versions, and results as TAP.
# Sourced.

PKG_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PKG_DIR
# shellcheck source=../vm/lib.sh
. "$PKG_DIR/../vm/lib.sh"
# shellcheck source=../need.sh
. "$PKG_DIR/../need.sh"
export TREE
VERSION=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$TREE/dkms.conf")

# Three releases after it: one that is fine, one that does not compile, and the
# first one's sources with other packaging.
# shellcheck disable=SC2034
NEXT=${VERSION%.*}.$((${VERSION##*.} + 1)) BROKEN=${VERSION%.*}.$((${VERSION##*.} + 2))

# The script that sources this makes the folder $tmp.
tmp=${tmp:-}
n=${n:-0} failed=${failed:-0}
check() { # WHAT COMMAND...: a result
	local what=$1
	shift
	n=$((n + 1))
	if "$@" >"$tmp/check" 2>&1 </dev/null; then
		echo "ok $n - $what"
	else
		failed=1
		echo "not ok $n - $what"
		sed 's/^/# /' "$tmp/check" | tail -n 30
	fi
}
short() { [ "${TQUEUE_SHORT:-0}" = 1 ]; }
skip() { # WHAT WHY
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
end() {
	echo "1..$n"
	exit "$failed"
}

# package_root SUITE: its root, with the packages that the tests install in apt's
# cache, is $ITEM/tree.
package_root() {
	command -v mmdebstrap >/dev/null || need mmdebstrap
	item "package-$1" "$(sha "$(cat "$PKG_DIR/mk-root")" "$1")" "$PKG_DIR/mk-root" "$1"
}

# package_debs SUITE: ROOT, KERNELS_OF and DEBS, for those that run in the root.
package_debs() {
	package_root "$1"
	export ROOT=$ITEM KERNELS_OF=$ITEM/kernels
	item "package-debs-$1" "$(sources_sum "$(cat "$PKG_DIR/mk-debs")" "$ROOT")" "$PKG_DIR/mk-debs" "$ROOT"
	export DEBS=$ITEM
}

# A key of all that comes into packages, and of more STRINGs.
sources_sum() {
	sha "$(sha_files "$TREE" dkms.conf Makefile COPYING README.md DESIGN.md ctl module uapi debian rpm)" \
		"$(declare -f source_tree)" "$@"
}

# source_tree DIR [VERSION [REVISION [break|whole]]]: a copy of the tree as of another
# version; "break": and its module does not compile.  The module of what is not this
# version is a small one, unless it is to be "whole": the tests are about what becomes
# of it, and wait most of their time for compilers.
source_tree() {
	local f
	mkdir -p "$1"
	copy_files "$TREE" "$1" .
	[ $# -gt 1 ] || return 0
	sed -i "s/^PACKAGE_VERSION=.*/PACKAGE_VERSION=\"$2\"/" "$1/dkms.conf"
	sed -i "s/^\(Version: *\).*/\1$2/" "$1/rpm/tqueue.spec"
	f=$1/debian/changelog
	{
		sed "1s/(.*)/($2-${3:-1})/; /^ -- /q" "$f"
		echo
		cat "$f"
	} >"$f.new"
	mv "$f.new" "$f"
	[ "${4:-}" != whole ] || return 0
	if [ "$2" != "$VERSION" ] || [ -n "${4:-}" ]; then
		find "$1/module" -mindepth 1 ! -name dkms-upkeep -delete
		echo 'obj-m := tqueue.o' >"$1/module/Kbuild"
		printf '%s\n' '#include <linux/module.h>' 'MODULE_DESCRIPTION("of a test");' 'MODULE_LICENSE("GPL");' \
			"MODULE_VERSION(\"$2\");" ${4:+'#error "this version is broken"'} >"$1/module/tqueue.c"
	fi
}

# The versions that dkms of the root $M knows; each must have its sources.
dkms_knows() {
	local link to
	for link in "$M"/var/lib/dkms/tqueue/*/source; do
		[ -L "$link" ] || continue
		to=$(readlink "$link")
		[ -e "$M$to/dkms.conf" ] || { echo "$link is dangling"; return 1; }
		basename "${link%/source}"
	done | sort
	return "${PIPESTATUS[0]}"
}

# What the package manager said last is in $tmp/said.
said() { grep -q -e "$@" "$tmp/said" || { cat "$tmp/said"; return 1; }; }

# is KERNEL=VERSION...: these kernels have the module of this version where modprobe
# finds it, no other has any; dkms knows no version but these and those after "also".
is() {
	local k v want=() known=() have
	for k; do
		[ "$k" != also ] || continue
		case $k in
		*=*)
			v=${k#*=} k=${k%=*}
			# Without the kernel itself newer dkms does not run depmod; the kernel does.
			if [ -e "$M/lib/modules/$k/modules.dep" ]; then
				have=$(in_tree modinfo -k "$k" -F version tqueue)
			else
				have=$(in_tree sh -c "modinfo -F version /lib/modules/$k/*/tqueue.ko* /lib/modules/$k/*/*/tqueue.ko*" \
					2>/dev/null)
			fi
			[ "$have" = "$v" ] || { echo "$k has version '$have', not $v"; return 1; }
			want+=("$k") known+=("$v")
			;;
		*) known+=("$k") ;;
		esac
	done
	have=$(cd "$M/lib/modules" 2>/dev/null && find . -name 'tqueue*.ko*' | cut -d/ -f2 | sort)
	[ "$have" = "$(printf '%s\n' ${want[@]+"${want[@]}"} | sort | grep .)" ] ||
		{ echo "modules are there for: $have"; return 1; }
	have=$(dkms_knows) || { echo "$have"; return 1; }
	[ "$have" = "$(printf '%s\n' ${known[@]+"${known[@]}"} | sort -u | grep .)" ] ||
		{ echo "dkms knows: $have"; return 1; }
}

# Without a module tqctl does what it can, and says what to install.
no_module() { # PACKAGE
	local status
	in_tree tqctl -V | grep -wF "$VERSION" && in_tree tqctl help || return
	in_tree tqctl table list >"$tmp/no-module" 2>&1
	status=$?
	in_tree tqctl rule add t no-such-word >>"$tmp/no-module" 2>&1
	status+=$?
	in_tree tqctl doctor >>"$tmp/no-module" 2>&1
	status+=$?
	cat "$tmp/no-module"
	[ "$status" = 321 ] && grep 'module is not loaded' "$tmp/no-module" && grep 'not a key of a rule' "$tmp/no-module" &&
		grep -F "mend it:" "$tmp/no-module" | grep -F "$1"
}

# Which files the modules are, to see that they stay the same: "stamp" before, then
# "unchanged".  That there is none fails.
# What dkms has built for a kernel is signed, by the key that dkms keeps.
signed() { # KERNEL
	local key have
	key=$(in_tree openssl x509 -inform DER -in /var/lib/dkms/mok.pub -noout -serial) || return
	have=$(in_tree modinfo -k "$1" -F sig_key tqueue | tr -d :)
	echo "the key of dkms: ${key#serial=}, the module's: $have"
	[ -n "$have" ] && [ "${key#serial=}" = "$have" ]
}

modules() { find "$M/lib/modules" -name 'tqueue.ko*' -printf '%P %T@ %i\n' | sort | grep .; }
stamp() { modules >"$tmp/before"; }
unchanged() { modules >"$tmp/after" && diff "$tmp/before" "$tmp/after"; }

# No file of ours is there, but the list of the repository.
left() {
	local files
	files=$(find "$M" -xdev \( -path "$M/repo" -o -path "$M/proc" -o -path "$M/tmp" -o -path "$M/dev" \
		-o -path "$M/var/lib/apt" -o -path "$M/var/cache" -o -path "$M/var/lib/dnf" \) -prune -o \
		\( -name '*tqueue*' -o -name 'tqctl*' \) ! -name '*eventqueue*' -print | sed "s,^$M,,")
	files=$(grep -vx -e /etc/apt/sources.list.d/tqueue.list -e /etc/yum.repos.d/tqueue.repo <<<"$files")
	[ -z "$files" ] || { echo "$files"; return 1; }
}
