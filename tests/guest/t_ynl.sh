#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own YNL command line (tools/net/ynl of linux-source), which knows of
# tqueue only what uapi/tqueue.yaml says, drives every operation, do and dump, and
# sees every object as it was made, and events.
#
# timeout: 120
# files: ynl.py
# made: ../spec/ynl-files
# kernels: all
# ci-kernels: bullseye,trixie,backports
# short:
. "$(dirname "$0")/lib.sh"

if [ ! -d pyynl ]; then
	skip "the kernel's YNL command line" "no linux-source package to be had"
	finish
fi
load_module
new_ns b
# As a person would, once: reading the spec takes seconds here.
in_ns b env PYTHONPATH=. python3 pyynl/cli.py --no-schema --spec tqueue.yaml --output-json \
	--do queue-new --json '{"name": "q", "ring-size": 16384, "mode": "log"}' >"$WORK/out" 2>"$WORK/err"
ok $? "cli.py --do queue-new"
comment <"$WORK/err"
grep -q '"name": "q", "mode": "log", "ring-size": 16384' "$WORK/out"
ok $? "it says what was made"
check "tqctl sees it" T queue show q
must T queue del q
take_tap in_ns b python3 ynl.py
finish
