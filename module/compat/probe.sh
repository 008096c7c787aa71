#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# probe.sh OUT CC FLAGS PROBE.c...: writes OUT, one #define for each probe that
# compiles.  Two at a time: a probe is a fraction of a second, a dozen add up.
set -eu
out=$1 cc=$2 flags=$3
shift 3
mkdir -p "$(dirname "$out")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

try() {
	name=$(basename "$1" .c)
	upper=$(echo "$name" | tr '[:lower:]' '[:upper:]')
	# The flags are one word to us and many to the compiler.
	if eval "$cc $flags -c -o \"$tmp/$name.o\" \"$1\"" >"$tmp/$name.log" 2>&1; then
		echo "#define TQ_HAVE_$upper 1" >"$tmp/$name.h"
	else
		echo "/* TQ_HAVE_$upper: no */" >"$tmp/$name.h"
	fi
}

n=0
for probe; do
	try "$probe" &
	n=$((n + 1))
	[ $((n % 2)) -ne 0 ] || wait
done
wait
cat "$tmp"/*.h >"$out.tmp"
mv "$out.tmp" "$out"
