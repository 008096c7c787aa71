# SPDX-License-Identifier: GPL-2.0-only
@tqctl table show tq >/dev/null 2>&1 || tqctl table add tq
@tqctl table show nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn >/dev/null 2>&1 || tqctl table add nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn
:INPUT,FORWARD,OUTPUT
-m tqueue --rule-table tq;=;OK
-m tqueue ! --rule-table tq;=;OK
-m tqueue --rule-table nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn;=;OK
-p udp -m tqueue --rule-table tq;=;OK
-m tqueue --rule-table tq -m tqueue ! --rule-table tq;=;OK
-m tqueue;;FAIL
-m tqueue --rule-table;;FAIL
-m tqueue --rule-table tq --rule-table tq;;FAIL
-m tqueue --rule-table "";;FAIL
-m tqueue --rule-table nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn;;FAIL
-m tqueue --rule-table no-such-table;;FAIL
-m tqueue --rule-table a/b;;FAIL
-m tqueue --table tq;;FAIL
-m tqueue --queue tq;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-m tqueue --rule-table tq;=;OK
*raw
:PREROUTING,OUTPUT
-m tqueue ! --rule-table tq;=;OK
