#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a user namespace may have of queues and tables: counted together for all
# its network namespaces and for the user namespaces that it makes, refused beyond
# the limit by a queue, a resize, a table, a rule, a message, a transaction and
# its confirmation, given back when things are deleted, aborted, closed, and when
# the namespace ends: to exactly 0.  The initial one has no limit by default.
# (The module itself warns, and so the test fails, if an account ends otherwise.)
#
# timeout: 300
# kernels: all
# short: RULES=6000 TURNS=2
. "$(dirname "$0")/lib.sh"
: "${RULES=20000}" "${TURNS=10}"

load_module
P=/sys/module/tqueue/parameters
must [ -w $P/max_user_memory ]

used() { json_num user_memory_bytes "$("$@" tqctl -j version)"; }
queues() { json_num user_queues "$("$@" tqctl -j version)"; }
all_free() { [ "$(used "$@") $(queues "$@")" = "0 0" ]; }
same_as() { [ "$(used "${@:2}")" = "$1" ]; }

# ---- the initial user namespace

new_ns b
must all_free
must T queue add q ring 64K
cpus=$(json_num rings "$(T -j queue show q)")
ring=$((65536 + 2 * $(getconf PAGESIZE)))
is "$(used) $(queues)" "$((cpus * ring)) 1" "bytes of the rings of another network namespace of the same user namespace"
must T table add t
is "$(used)" $((cpus * ring + $(json_num memory_bytes "$(T -j table show t)"))) "and of a table, as it says itself"
is "$(json_num user_memory_max_bytes "$(tqctl -j version)") $(json_num user_queues_max "$(tqctl -j version)")" "0 0" \
	"no limit"
for ((i = 0; i < RULES; i++)); do
	echo "rule add t prio $((i % 7)) src 10.$((i >> 14 & 255)).$((i >> 6 & 255)).$((i * 4 & 255))/$((24 + i % 9 > 30 ? 32 : 30)) drop"
done >"$WORK/many"
must T -b "$WORK/many"
# What a change has noted counts until it is over for all packets.
all_counted() { [ "$(used)" = $((cpus * ring + $(json_num memory_bytes "$(T -j table show t)"))) ]; }
check "and of $RULES rules and their index" until_ok 60 all_counted
echo $((1 << 20)) >$P/max_memory
refused "a limit that is set counts at once" 1 "over the memory limit of the user namespace" T queue add r ring 1M
echo 1 >$P/max_queues
refused "of queues, too" 1 "over the queue limit of the user namespace" T queue add r ring 16K
tqctl version | grep -q '^user namespace: 1 of 1 queues, .* of 1.0M memory'
ok $? "version shows it"
echo 0 >$P/max_memory
echo 0 >$P/max_queues
for ((i = 0; i < TURNS; i++)); do
	{ echo table flush t; cat "$WORK/many"; } | T -b -
done
must T table flush t
must T table del t
must T queue del q
check "all is given back" until_ok 60 all_free

# ---- another one

nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
if ! nobody unshare -Urn true 2>"$WORK/out"; then
	skip "user namespaces" "nobody may not make one here"
	finish
fi
# Two network namespaces of one user namespace, and one of another that it has made.
hold() { # PIDFILE COMMAND...: a process in new namespaces, which stays
	local file=$1
	shift
	rm -f "$file"
	("$@" bash -c 'echo $$ >"$1"; exec sleep 100000' _ "$file") >/dev/null 2>&1 &
	until_ok 30 [ -s "$file" ]
}
chmod 777 "$WORK"
# Nobody made them, and is root in them.
into() { nobody nsenter -t "$1" -U -n --preserve-credentials "${@:2}"; }
must hold "$WORK/one" nobody unshare -Urn
one=$(<"$WORK/one")
must hold "$WORK/two" into "$one" unshare -n
two=$(<"$WORK/two")
must hold "$WORK/sub" into "$one" unshare -Urn
sub=$(<"$WORK/sub")
CLEANUP+=("kill -KILL $one $two $sub")
in_a() { into "$one" "$@"; }
in_b() { into "$two" "$@"; }
in_c() { into "$sub" "$@"; }
A() { in_a tqctl "$@"; }
B() { in_b tqctl "$@"; }
C() { in_c tqctl "$@"; }

is "$(json_num user_memory_max_bytes "$(A -j version)") $(json_num user_queues_max "$(A -j version)")" \
	"67108864 64" "64M and 64 queues by default"
echo 1M >$P/max_user_memory
echo 3 >$P/max_user_queues
must A queue add q ring 64K
is "$(used in_a) $(used in_b) $(used in_c) $(used)" "$((cpus * ring)) $((cpus * ring)) 0 0" \
	"counted for both of its network namespaces, not for its child, nor for the initial one"
must C queue add q ring 64K
is "$(used in_a) $(queues in_a) $(used in_c)" "$((2 * cpus * ring)) 2 $((cpus * ring))" \
	"what a child makes counts for it"
must B queue add r ring 16K
refused "one queue too many" 1 "over the queue limit of the user namespace" B queue add s ring 16K
refused "for the child, too" 1 "over the queue limit of the user namespace" C queue add s ring 16K
is "$(queues in_a)" 3 "nothing is counted for that"
echo 0 >$P/max_user_queues

# Memory: by a queue, a resize, rules.
before=$(used in_a)
refused "a queue over the limit of memory" 1 "over the memory limit of the user namespace" B queue add s ring 1M
refused "other rings" 1 "over the memory limit of the user namespace" B queue set r ring 512K
same() { same_as "$before" in_a; }
check "nothing is counted for these" until_ok 30 same
is "$(json_num ring_bytes "$(B -j queue show r)")" 16384 "and nothing has changed"
must A table add t
must A table add u
A -b "$WORK/many" >"$WORK/out" 2>&1
is "$?" 1 "rules over the limit"
grep -q "over the memory limit of the user namespace" "$WORK/out"
ok $? "in a transaction, which says so"
is "$(json_num rules "$(A -j table show t)")" 0 "and nothing of it is there"
must B queue del r
free=$((1048576 - $(used in_a)))
head -n $((free / 600)) "$WORK/many" >"$WORK/some"
check "as many as there is room for" A -b "$WORK/some"
# Up to the brim: what there is is the limit, when nothing is on its way any more.
tables() { # bytes, as the tables say themselves, and the rings of q, twice
	local sum
	sum=$(json_sum memory_bytes "$(A -j table show)")
	echo $((sum + 2 * cpus * ring))
}
agree() { same_as "$(tables)" in_a; }
check "the sum of what the tables say" until_ok 60 agree
brim() { used in_a >"$P/max_user_memory"; }
must brim
refused "the last one does not fit" 1 "rule add: .*over the memory limit of the user namespace" \
	A rule add t src 10.79.0.1 drop
have=$(json_num rules "$(A -j table show t)")
settled() { same_as "$1" in_a; }
check "and is not counted" until_ok 60 settled "$(<$P/max_user_memory)"
refused "nor does a new table" 1 "over the memory limit" B table add w
refused "nor a queue of the child" 1 "over the memory limit" C queue add r ring 16K
echo 4K >$P/max_user_memory
refused "a limit below what is there: no more" 1 "over the memory limit" A rule add u drop
A -j rule list t | grep -o '"handle":[[:space:]]*[0-9]*' | grep -o '[0-9]*$' | head -n 30 >"$WORK/handles"
handle=$(head -n 1 "$WORK/handles")
refused "not even a change" 1 "over the memory limit" A rule replace t handle "$handle" pass
# shellcheck disable=SC2046 # one word each
check "but deleting" A rule del t handle $(<"$WORK/handles")
is "$(json_num rules "$(A -j table show t)")" $((have - 30)) "goes on"
echo 1M >$P/max_user_memory
check "and then there is room" until_ok 30 A rule add u src 10.79.0.2 drop
# A commit to be confirmed needs all that it would bring back.
check "which is counted, too" until_ok 60 agree
must brim
echo table flush t >"$WORK/flush"
A save >"$WORK/saved"
grep -v '^rule add t' "$WORK/saved" >"$WORK/less"
refused "a commit to be confirmed that has no room for the way back" 1 "over the memory limit" \
	A apply --quiet --confirm 1h "$WORK/less"
is "$(A save | grep -c '^rule')" "$(grep -c '^rule' "$WORK/saved")" "and changes nothing"
check "a flush is possible at the limit" A table flush t
echo 1M >$P/max_user_memory
must A table del t
must A table del u
check "without tables there is nothing but the rings" until_ok 60 settled $((2 * cpus * ring))

# Transactions: what is aborted does not count.
must A table add t
must A table add u
head -n 500 "$WORK/many" >"$WORK/some"
must A -b "$WORK/some"
check "500 rules and an empty table: the sum of what they say" until_ok 60 agree
at_least "$(json_num memory_bytes "$(A -j table show t)")" $((500 * 150)) "which is not nothing"
echo "rule add nosuch drop" | cat "$WORK/flush" "$WORK/some" - >"$WORK/bad"
refused "a transaction that fails at its end" 1 "nosuch|no such" A -b "$WORK/bad"
check "leaves nothing behind but the room that the index has taken" until_ok 60 agree
is "$(json_num rules "$(A -j table show t)")" 500 "and the rules that were there"
must A table del t
must A table del u
must A queue del q
must C queue del q
check "all is given back" until_ok 60 all_free in_a

# An open file holds the memory, and the account, beyond its network namespace.
must B queue add q ring 64K
must B table add t
must B -b "$WORK/some"
mkfifo "$WORK/go"
B queue read q --follow >/dev/null &
reader=$!
reading() { [ "$(json_num readers "$(B -j queue show q)")" = 1 ]; }
check "a reader" until_ok 30 reading
must B queue del q
check "who is told of the end, and closes it" wait $reader
check "so only the table is left" until_ok 30 same_as "$(json_num memory_bytes "$(B -j table show t)")" in_a
kill -KILL "$two"
check "a network namespace that ends gives back all" until_ok 100 all_free in_a
must C table add t
must C -b "$WORK/some"
at_least "$(used in_a)" 100000 "the child's rules"
kill -KILL "$sub"
check "a user namespace that ends gives back all" until_ok 100 all_free in_a
kill -KILL "$one"
must T queue add last ring 16K
must T queue del last
check "the initial one has nothing of it" until_ok 60 all_free
check "the module unloads" until_ok 100 rmmod tqueue
finish
