# SPDX-License-Identifier: GPL-2.0-only
@tqctl table show tq >/dev/null 2>&1 || tqctl table add tq
@tqctl queue show tq >/dev/null 2>&1 || tqctl queue add tq ring 16K
@tqctl queue show nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn >/dev/null 2>&1 || tqctl queue add nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn ring 16K
:INPUT,FORWARD,OUTPUT
-j TQUEUE --queue tq;=;OK
-j TQUEUE --queue nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn;=;OK
-j TQUEUE --queue tq --snaplen 1;=;OK
-j TQUEUE --queue tq --snaplen 0x80;-j TQUEUE --queue tq --snaplen 128;OK
-j TQUEUE --queue tq --snaplen 4294967295;=;OK
-j TQUEUE --queue tq --sample 10;=;OK
-j TQUEUE --queue tq --sample 4294967295;=;OK
-j TQUEUE --queue tq --steal;=;OK
-j TQUEUE --queue tq --steal --steal-else drop;=;OK
-j TQUEUE --queue tq --steal --steal-else pass;-j TQUEUE --queue tq --steal;OK
-j TQUEUE --sample 2 --queue tq --snaplen 128;-j TQUEUE --queue tq --snaplen 128 --sample 2;OK
-j TQUEUE --rule-table tq;=;OK
-j TQUEUE;;FAIL
-j TQUEUE --queue;;FAIL
-j TQUEUE --queue "";;FAIL
-j TQUEUE --queue nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn;;FAIL
-j TQUEUE --queue a/b;;FAIL
-j TQUEUE --queue no-such-queue;;FAIL
-j TQUEUE --queue tq --queue tq;;FAIL
-j TQUEUE ! --queue tq;;FAIL
-j TQUEUE --snaplen 128;;FAIL
-j TQUEUE --queue tq --snaplen 0;;FAIL
-j TQUEUE --queue tq --snaplen x;;FAIL
-j TQUEUE --queue tq --snaplen 4294967296;;FAIL
-j TQUEUE --queue tq --sample 0;;FAIL
-j TQUEUE --queue tq --steal-else drop;;FAIL
-j TQUEUE --queue tq --steal --steal-else accept;;FAIL
-j TQUEUE --rule-table no-such-table;;FAIL
-j TQUEUE --rule-table tq --queue tq;;FAIL
-j TQUEUE --rule-table tq --steal;;FAIL
-j TQUEUE --rule-table tq --sample 2;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j TQUEUE --queue tq;=;OK
-j TQUEUE --rule-table tq;=;OK
*raw
:PREROUTING,OUTPUT
-j TQUEUE --queue tq --snaplen 64;=;OK
