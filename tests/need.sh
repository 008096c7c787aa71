# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# need PACKAGE...: installs those that are not there yet, in one go.  Sourced.

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "this needs root, and there is no sudo: $*" >&2
		return 1
	fi
}

need() {
	local pkg missing=() log status=0
	for pkg; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$pkg" 2>/dev/null)" = installed ] ||
			missing+=("$pkg")
	done
	[ ${#missing[@]} != 0 ] || return 0
	echo "installing ${missing[*]}"
	log=$(mktemp)
	{
		as_root apt-get update &&
			as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
				install -y --no-install-recommends "${missing[@]}"
	} >"$log" 2>&1 </dev/null || status=$?
	[ $status = 0 ] || tail -n 20 "$log" >&2
	rm -f "$log"
	return $status
}
