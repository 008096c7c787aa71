# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lend FOLDER FILE...: takes programs and libraries of this machine, with all
# that they link to, into FOLDER, for a chroot in a guest.  Sourced.

lend() {
	local folder=$1 file libs
	shift
	mapfile -t libs < <(for file; do
		ldd "$file" | grep -oE '/[^ ]+\.so[^ ]*'
	done | sort -u)
	for file in "$@" "${libs[@]}"; do
		mkdir -p "$folder$(dirname "$file")"
		cp -L "$file" "$folder$file"
	done
}
