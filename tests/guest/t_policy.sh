#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Each attribute of each operation, as uapi/tqueue.yaml has them, in nests too, in
# every wrong way there is: missing, too short, too long, out of range, of another
# type, twice, nested where it should not be, cut off.  Each is refused with a
# sentence at that attribute and changes nothing; and a valid request with it is
# taken.  tests/spec/mutate.py makes the cases out of the spec.  And the policies that
# the module tells of are the spec, for each operation, do and dump.
#
# timeout: 150
# files: ../spec/policy.py
# made: ../spec/mutate.py
# kernels: all
# short:
. "$(dirname "$0")/lib.sh"
: "${EVERY=50}"

load_module
new_ns b
must T -b - <<-END
	queue add q ring 16K
	queue add r ring 16K
	table add t
	table add u
	rule add t handle 1 proto udp queue q pass
	hook add t family inet hook prerouting priority raw
END
# The serial number that tqnl looks at is told with table 1.
is "$(json_num id "$(T -j table show t)")" 1 "table t is the first"
memory() { json_sum memory "$(T -j table show)"; }
before=$(memory)
sed "s/\$q\>/$(queue_id q)/g; s/\$r\>/$(queue_id r)/g; s/\$u\>/$(json_num id "$(T -j table show u)")/g" \
	mutations.cases >"$WORK/cases"
take_tap in_ns b tqnl -g "$EVERY" "$WORK/cases"
take_tap python3 ./policy.py spec.json
same() { [ "$(memory)" = "$before" ]; }
check "the tables take the memory that they took before" until_ok 20 same
finish
