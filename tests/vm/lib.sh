# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Common ground of the guest harness: where things live, the table of kernels,
# the cache and the private chroots.  Sourced by prepare, build and selftest.

export VM_DIR
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
	exec sudo env "TQUEUE_CACHE=$CACHE" "TQUEUE_TREE=$TREE" "TQUEUE_COVER=${TQUEUE_COVER:-}" \
		"$0" "$@"
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

# list_files DIR PATH...: the source files among these files and folders, NUL
# between.  Git knows them best; what a build in the checkout left there is none.
list_files() {
	local dir=$1
	shift
	{
		git -C "$dir" ls-files -z --cached --others --exclude-standard -- "$@" 2>/dev/null ||
			(cd "$dir" && for p; do [ ! -e "$p" ] || find "$p" -type f -print0; done)
	} | LC_ALL=C sort -zu | while IFS= read -r -d '' p; do
		case $p in
		*.[oad] | *.ko | *.so | *.mod | *.mod.c | *.cmd | */modules.order | */Module.symvers) continue ;;
		*/probed-*.h) continue ;;
		esac
		[ ! -f "$dir/$p" ] || printf '%s\0' "${p#./}"
	done
}

# copy_files DIR TO PATH...: those files, with their times.
copy_files() {
	list_files "$1" "${@:3}" | tar -C "$1" --null -T - -cf - | tar -C "$2" --no-same-owner -xf -
}

# sha STRING...: a short key; sha_files DIR PATH...: one of those files (names,
# modes, content, no times).
sha() { printf '%s\0' "$@" | sha256sum | cut -c1-16; }
sha_files() {
	list_files "$@" | (
		cd "$1" || exit
		xargs -0r stat -c '%a %n'
		list_files . "${@:2}" | xargs -0r cat
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
		# The builder inherits the lock: if this is killed and it is not, the
		# next one waits for it.
		if ! "$@" "$CACHE/tmp.$name" >"$CACHE/log/$name.log" 2>&1; then
			say "making $name failed, end of the log:"
			tail -n 30 "$CACHE/log/$name.log" >&2
			exit 1
		fi
		touch "$CACHE/tmp.$name/.done"
		rm -rf --one-file-system "$ITEM"
		mv "$CACHE/tmp.$name" "$ITEM"
		say "made $name-$key in $((SECONDS - t0)) s, $(du -sh "$ITEM" | cut -f1)"
	) 9>"$CACHE/log/$name.lock" || exit 125
	# Old keys go, but not before a day: another checkout, or a long run on top of
	# an old root, may be using them.
	while IFS= read -r old; do
		[ "$old" = "$ITEM" ] || rm -rf --one-file-system "$old"
	done < <(find "$CACHE" -maxdepth 2 -mmin +1440 \
		-path "$CACHE/$name-????????????????/.done" -printf '%h\n')
}

# mirror LABEL: the archive this machine's own apt uses, "Debian" or
# "Debian-Security".  So no host name is ever written in the tree.
mirror() {
	local uri try
	for try in 1 2; do
		# shellcheck disable=SC2016
		uri=$(apt-get indextargets --format '$(REPO_URI)|$(LABEL)|$(COMPONENT)' \
			'Created-By: Packages' |
			awk -F'|' -v l="$1" '$2 == l && $3 == "main" { print $1; exit }')
		[ -z "$uri" ] || break
		[ "$try" = 2 ] || apt-get update >&2
	done
	[ -n "$uri" ] || die "apt knows no archive labelled $1"
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

# debian_source SUITE PACKAGE DIR PATTERN...: unpacks the files of a linux-source
# package that match (as tar has it) into DIR/source.  PACKAGE "linux-source" is
# the newest.  Needs no root: apt works on lists of its own.
debian_source() {
	local suite=$1 pkg=$2 dir=$3
	shift 3
	mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial" "$dir/source"
	sources "$suite" >"$dir/apt/sources.list"
	cat >"$dir/apt/conf" <<-END
		Dir::State::lists "$dir/apt/lists";
		Dir::Etc::sourcelist "$dir/apt/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Cache "$dir/apt";
		APT::Sandbox::User "";
	END
	(
		export APT_CONFIG=$dir/apt/conf
		apt-get update
		[ "$pkg" != linux-source ] ||
			pkg=$(apt-cache depends linux-source | awk '$2 ~ /^linux-source-[0-9]/ { print $2; exit }')
		cd "$dir/apt" || exit
		apt-get download "$pkg"
	)
	dpkg-deb --fsys-tarfile "$dir"/apt/linux-source-*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -dc -T0 |
		tar -x -C "$dir/source" --strip-components=1 --wildcards "$@"
	rm -rf "$dir/apt"
}

# with_tree LOWER CMD...: runs CMD (a function or command) with $M = a writable
# view of the tree(s) LOWER (overlayfs; what is written lands in $M.up in RAM
# and is forgotten) and in_tree ready for use.  Everything happens in a mount
# namespace of its own: nothing to unmount, whatever way the command ends.
with_tree() {
	export -f in_tree list_files copy_files
	# shellcheck disable=SC2016 # expanded in the new namespace
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
	# shellcheck disable=SC2016 # expanded in the new namespace
	unshare --mount --propagation private --pid --fork --kill-child bash -c '
		mount -t proc proc "$M/proc"
		mount --bind /dev "$M/dev"
		mount -t tmpfs tmpfs "$M/run"
		mount -t tmpfs tmpfs "$M/tmp"
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C \
			DEBIAN_FRONTEND=noninteractive INITRD=No chroot "$M" "$@"' _ "$@"
}
