# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Common ground of the guest harness: where things live, the table of kernels,
# the cache and the private chroots.  Sourced by prepare, build and selftest.

VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this
TREE=$(cd "${TQUEUE_TREE:-$VM_DIR/../..}" && pwd)
CACHE=${TQUEUE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tqueue}

say() { printf 'vm: %s\n' "$*" >&2; }
die() { printf 'vm: error: %s\n' "$*" >&2; exit 125; }

# mmdebstrap, mounts and chroots need root.  The cache path is fixed before the
# change of user, or root's HOME would give a second cache.
need_root() {
	[ "$(id -u)" = 0 ] && return
	command -v sudo >/dev/null || die "this needs root, and there is no sudo"
	exec sudo env "TQUEUE_CACHE=$CACHE" "TQUEUE_TREE=$TREE" "$0" "$@"
}

# load_kernel NAME: the line of NAME in ./kernels as K_* variables.
load_kernel() {
	local line
	line=$(grep -E "^$1[[:space:]]" "$VM_DIR/kernels") ||
		die "unknown kernel '$1', known: $(all_kernels | paste -sd' ')"
	# shellcheck disable=SC2034
	read -r K_NAME K_ROOT K_SUITES K_FLAVOUR K_MACHINE K_MEM K_FACTOR <<<"$line"
}

all_kernels() { sed -E '/^(#|$)/d; s/[[:space:]].*//' "$VM_DIR/kernels"; }

# sha STRING...: a short key; sha_files DIR PATH...: the same for what is there
# of some files and folders (names, modes and content, no times).
sha() { printf '%s\0' "$@" | sha256sum | cut -c1-16; }
sha_files() {
	local dir=$1 p
	shift
	(
		cd "$dir" || exit
		for p; do
			[ -e "$p" ] && find "$p" -type f -printf '%m %p\0'
		done | LC_ALL=C sort -z | while IFS= read -r -d '' p; do
			echo "$p"
			cat -- "${p#* }"
		done
	) | sha256sum | cut -c1-16
}

# item NAME KEY BUILDER...: the path of a cache item in $ITEM.  A missing one
# is made by "BUILDER... TMPDIR" in a temporary folder and renamed when whole,
# under a lock, so two runs at once build it once and nobody sees half of it.
item() {
	local name=$1 key=$2 old t0
	shift 2
	ITEM=$CACHE/$name-$key
	if [ -e "$ITEM/.done" ]; then
		touch "$ITEM/.done"
		return
	fi
	mkdir -p "$CACHE/log"
	(
		flock 9
		[ -e "$ITEM/.done" ] && exit 0
		t0=$SECONDS
		say "making $name-$key (log: $CACHE/log/$name.log)"
		rm -rf --one-file-system "$CACHE/tmp.$name"
		mkdir -p "$CACHE/tmp.$name"
		if ! "$@" "$CACHE/tmp.$name" >"$CACHE/log/$name.log" 2>&1 9>&-; then
			say "making $name failed, end of the log:"
			tail -n 30 "$CACHE/log/$name.log" >&2
			exit 1
		fi
		touch "$CACHE/tmp.$name/.done"
		rm -rf --one-file-system "$ITEM"
		mv "$CACHE/tmp.$name" "$ITEM"
		say "made $name-$key in $((SECONDS - t0)) s, $(du -sh "$ITEM" | cut -f1)"
	) 9>"$CACHE/log/$name.lock" || exit 125
	# Old keys go.  Payloads (module, tools) of other checkouts may be in use
	# just now, so the latest few of those stay; they are small.
	local keep=1
	case $name in pay-*) keep=8 ;; esac
	for old in $(find "$CACHE" -maxdepth 2 -path "$CACHE/$name-????????????????/.done" \
		-printf '%T@ %h\n' | sort -rn | tail -n +$((keep + 1)) | cut -d' ' -f2); do
		[ "$old" = "$ITEM" ] || rm -rf --one-file-system "$old"
	done
}

# mirror LABEL: the archive this machine's own apt uses, "Debian" or
# "Debian-Security".  So no host name is ever written in the tree.
mirror() {
	local uri
	# shellcheck disable=SC2016
	uri=$(apt-get indextargets --format '$(REPO_URI)|$(LABEL)|$(COMPONENT)' \
		'Created-By: Packages' | awk -F'|' -v l="$1" '$2 == l && $3 == "main" { print $1; exit }')
	[ -n "$uri" ] || die "apt knows no archive labelled $1 (run apt-get update?)"
	echo "${uri%/}"
}

# sources SUITE,SUITE...: the lines of a sources.list
sources() {
	local s
	for s in ${1//,/ }; do
		case $s in
		*-security) echo "deb $(mirror Debian-Security) $s main" ;;
		*) echo "deb $(mirror Debian) $s main" ;;
		esac
	done
}

# with_tree LOWER CMD...: runs CMD (a function or command) with $M = a writable
# view of the tree(s) LOWER (overlayfs; what is written lands in $M.up in RAM
# and is forgotten) and in_tree ready for use.  Everything happens in a mount
# namespace of its own: nothing to unmount, whatever way the command ends.
with_tree() {
	export -f in_tree
	LOWER=$1 M=/tmp/tqueue-tree unshare --mount --propagation private \
		bash -c '
		set -e
		. "$1/lib.sh"
		mkdir -p $M
		mount -t tmpfs -o size=90% tmpfs $M
		mkdir $M/m $M/up $M/w
		mount -t overlay -o "lowerdir=$LOWER,upperdir=$M/up,workdir=$M/w" overlay $M/m
		export UP=$M/up M=$M/m
		shift
		"$@"' _ "$VM_DIR" "${@:2}"
}

# in_tree CMD...: chroot in $M, with its own proc and pids, so that a stray
# daemon of some package's postinst ends with it.
in_tree() {
	unshare --mount --propagation private --pid --fork --kill-child bash -c '
		mount -t proc proc "$M/proc"
		mount --bind /dev "$M/dev"
		mount -t tmpfs tmpfs "$M/run"
		mount -t tmpfs tmpfs "$M/tmp"
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C \
			DEBIAN_FRONTEND=noninteractive INITRD=No chroot "$M" "$@"' _ "$@"
}
