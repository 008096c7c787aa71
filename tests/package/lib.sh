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
tmp=
n=0 failed=0
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
skip() { # WHAT WHY
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
end() {
	echo "1..$n"
	exit $failed
}

# package_root SUITE: its root, with the packages that the tests install in apt's
# cache, is $ITEM/tree.
package_root() {
	command -v mmdebstrap >/dev/null || need mmdebstrap
	item "package-$1" "$(sha "$(cat "$PKG_DIR/mk-root")" "$1")" "$PKG_DIR/mk-root" "$1"
}

# A key of all that comes into packages, and of more STRINGs.
sources_sum() {
	sha "$(sha_files "$TREE" dkms.conf Makefile COPYING README.md DESIGN.md ctl module uapi debian rpm)" \
		"$(declare -f source_tree)" "$@"
}

# source_tree DIR [VERSION [REVISION [BREAK]]]: a copy of the tree as of another
# version; BREAK: and its module does not compile.
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
	[ -z "${4:-}" ] || echo '#error "this version is broken"' >>"$1/module/main.c"
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
