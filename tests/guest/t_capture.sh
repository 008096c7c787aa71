#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tqctl capture: every option, each file read back by tcpdump; JSON lines read by
# a JSON parser; rotation by size and time, and every packet in exactly one file;
# the ends of a capture: count, time, signals, a reader that leaves, deletion, a
# full disk; progress on a terminal.
#
# timeout: 120
# kernels: all
# short: N=400
N=2000
. "$(dirname "$0")/lib.sh"

load_module
topo_ab
must T queue add q ring 1M
must T table add t
must T rule add t prio 1 proto udp queue q drop
must T hook add t family ip hook prerouting
# All by one CPU: a loss is told before the next record of its CPU.
packets() {
	in_ns a taskset -c 0 tqgen -d "$MAC_B" va -n "$1" \
		"udp 10.9.0.1:1000+ 10.9.0.2:2000 len=${2:-100}" >/dev/null
}
count() { tcpdump -nr "$1" 2>/dev/null | wc -l; }
flush() { T queue flush q; }

# ---- one file ----
packets 20
check "count and file" timeout 60 tqctl -n b capture q -w "$WORK/a.pcapng" -c 15
is "$(count "$WORK/a.pcapng")" 15 "15 packets in it"
is "$(wc -l <"$WORK/out") $(grep -c '^q: 15 packets, .* 0 lost' "$WORK/out")" "1 1" \
	"no progress without a terminal, one line at the end"
check "the rest was left in the queue" timeout 60 tqctl -n b capture q -w "$WORK/b.pcapng" --for 100ms -q
is "$(count "$WORK/b.pcapng") $(wc -c <"$WORK/out")" "5 0" "5 packets, and silence"
packets 3 500
check "snaplen" timeout 60 tqctl -n b capture q -w "$WORK/c.pcapng" -c 3 --snaplen 60
is "$(tcpdump -nr "$WORK/c.pcapng" -XX 2>/dev/null | grep -c '0x0030:')" 3 "60 bytes of each"
is "$(tcpdump -nr "$WORK/c.pcapng" -XX 2>/dev/null | grep -c '0x0040:')" 0 "and no more"
packets 4
tqctl -n b capture q -w - -c 4 2>"$WORK/err" | tcpdump -nr - >"$WORK/pipe" 2>/dev/null
is "$(grep -c UDP "$WORK/pipe")" 4 "live into a pipe"
for link in ethernet raw; do
	packets 2
	check "--link $link" timeout 60 tqctl -n b capture q -w "$WORK/$link.pcapng" -c 2 --link $link
	is "$(count "$WORK/$link.pcapng")" 2 "tcpdump reads it"
done

# ---- comments, as the standard has them ----
packets 1
must timeout 60 tqctl -n b capture q -w "$WORK/d.pcapng" -c 1
grep -aqE 'table=t rule=[0-9]+ gen=[0-9]+ verdict=drop hook=prerouting iif=vb' "$WORK/d.pcapng"
ok $? "the comment names table, rule, generation, verdict, hook and interface"

# ---- JSON ----
packets 5
T queue write q "a message"
check "--json" timeout 60 tqctl -n b capture q -w "$WORK/j" -c 6 --json
check "each line is an object that says it all" python3 - "$WORK/j" <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert [r["type"] for r in rows] == ["packet"] * 5 + ["message"], rows
for r in rows[:5]:
    assert (r["table"], r["verdict"], r["hook"], r["iif"]) == ("t", "drop", "prerouting", "vb"), r
    assert r["queue_name"] == "q" and r["dst"] == "10.9.0.2" and r["dport"] == 2000, r
    assert len(r["payload"]) == 2 * r["caplen"] and r["time"].endswith("Z"), r
assert bytes.fromhex(rows[5]["payload"]) == b"a message", rows[5]
END
packets 2
tqctl -n b -j capture q -w - -c 2 --no-payload -q >"$WORK/j"
is "$(grep -c '"type":"packet"' "$WORK/j") $(grep -c payload "$WORK/j")" "2 0" "-j and --no-payload, to a pipe"

# ---- rows of files ----
mkdir "$WORK/row"
packets "$N" 200
check "rotation by size" timeout 60 tqctl -n b capture q -w "$WORK/row/s.pcapng" --rotate-size 40K -c "$N"
files=("$WORK"/row/s_*.pcapng)
at_least ${#files[@]} $((N * 250 / 40960)) "many files"
sum=0 large=0
for f in "${files[@]}"; do
	sum=$((sum + $(count "$f")))
	[ "$(wc -c <"$f")" -le 41984 ] || large=$((large + 1))
done
is "$sum $large" "$N 0" "every packet is in one, none is larger than its size and a record"
# Some packets, a pause, some packets: a file each.
start b "$WORK/err" tqctl capture q -w "$WORK/row/t-%Y.pcapng" --rotate-time 300ms --files 2
pid=$STARTED
year=$(date +%Y)
for i in 1 2 3; do
	packets 3
	until_ok 20 grep -qs "t-${year}_0000$i" <(ls "$WORK/row")
	# Its time is over: it has got its end.
	until_ok 20 sh -c "tail -c 4 '$WORK/row/t-${year}_0000$i.pcapng' | od -An -tu4 | grep -qvw 0 &&
		[ \$(tcpdump -nr '$WORK/row/t-${year}_0000$i.pcapng' 2>/dev/null | wc -l) = 3 ]"
	sleep 0.6
done
stop $pid
ok $? "SIGTERM ends it well"
is "$(cd "$WORK/row" && echo t-*)" "t-${year}_00002.pcapng t-${year}_00003.pcapng" "the two newest files are kept"
is "$(count "$WORK/row/t-${year}_00002.pcapng") $(count "$WORK/row/t-${year}_00003.pcapng")" "3 3" "and whole"
grep -q "^q: 9 packets.* 3 files" "$WORK/err"
ok $? "it tells how many there were"

# ---- the ends ----
for sig in INT TERM HUP; do
	rm -f "$WORK/sig.pcapng"
	start b "$WORK/err" tqctl capture q -w "$WORK/sig.pcapng"
	pid=$STARTED
	until_ok 20 test -s "$WORK/sig.pcapng"
	packets 7
	kill -$sig "$pid"
	wait "$pid"
	is "$? $(count "$WORK/sig.pcapng")" "0 7" "SIG$sig: what was there by then is written"
done
# more than a pipe holds
packets 600
timeout 60 tqctl -n b capture q -w - 2>"$WORK/err" | head -c 100 >"$WORK/head"
is "${PIPESTATUS[0]}" 0 "a reader that leaves is a normal end"
flush
start b "$WORK/err" tqctl capture q -w "$WORK/del.pcapng"
pid=$STARTED
until_ok 20 test -s "$WORK/del.pcapng"
packets 5
must T hook del "$(hook_id t)"
must T table del t
check "the queue is deleted" until_ok 20 T queue del q
wait $pid
is "$? $(count "$WORK/del.pcapng")" "0 5" "then it ends, with all that was in it"
must T queue add q ring 1M
seq 1 3000 | T queue write q -
refused "a full disk: data are lost, and it says so" 4 "No space.*lost" \
	timeout 60 tqctl -n b capture q -w /dev/full --json
refused "a file that can't be made" 1 "nonexistent" tqctl -n b capture q -w /nonexistent/f
refused "a queue that is not there" 1 "queue nono: refused by the kernel: " tqctl -n b capture nono -w "$WORK/f"
! [ -e "$WORK/f" ]
ok $? "and no file is left behind"

# ---- losses, and progress ----
flush
must T queue set q snaplen 0
must T queue add small ring 8K
must T table add t
must T rule add t prio 1 proto udp queue small drop
must T hook add t family ip hook prerouting
packets 300
must timeout 60 tqctl -n b capture small -w "$WORK/l" --for 100ms --json
packets 1
check "losses, in JSON" timeout 60 tqctl -n b capture small -w "$WORK/l" --for 100ms --json
check "are told by cause" python3 - "$WORK/l" <<'END'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
lost = [r for r in rows if r["type"] == "lost"]
assert lost and all(r["lost"] == sum(r["causes"].values()) > 0 for r in lost), rows
END
packets 300
must timeout 60 tqctl -n b capture small -w "$WORK/l" --for 100ms
packets 1
cat >"$WORK/terminal.py" <<'END'
import os, pty, sys
pid, fd = pty.fork()
if not pid:
    os.execvp(sys.argv[1], sys.argv[1:])
out = b""
while True:
    try:
        got = os.read(fd, 4096)
    except OSError:
        break
    if not got:
        break
    out += got
sys.stdout.buffer.write(out.replace(b"\r", b"\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if hasattr(os, "waitstatus_to_exitcode") else 0)
END
mountpoint -q /dev/pts || { mkdir -p /dev/pts && mount -t devpts devpts /dev/pts; } 2>/dev/null
if python3 -c 'import os; os.openpty()' 2>/dev/null; then
	check "on a terminal" timeout 60 python3 "$WORK/terminal.py" tqctl -n b capture small \
		-w "$WORK/tty.pcapng" --for 1200ms
	grep -qE '^[0-9]+ packets, [0-9]+/s, [0-9.]+[KM]?/s, [1-9][0-9]* lost, [0-9]+/s' "$WORK/out"
	ok $? "there is progress, with rates and losses"
	timeout 60 python3 "$WORK/terminal.py" tqctl -n b capture small -w - >"$WORK/out" 2>&1
	grep -q "not for a terminal" "$WORK/out"
	ok $? "pcapng is not written to it"
else
	skip "on a terminal" "this kernel has no pseudo terminals"
	must timeout 60 tqctl -n b capture small -w "$WORK/l" --for 100ms
fi

# ---- libtqueue's example, compiled as people would ----
packets 3
in_ns b timeout 60 tqueue-count small 1 >"$WORK/example" 2>&1
is "$?" 0 "the example of libtqueue runs"
grep -qE '^10\.9\.0\.1 +3 packets +384 bytes' "$WORK/example"
ok $? "and counts"
comment <"$WORK/example"
refused "it says why it can't" 1 "queue nono: refused by the kernel: .*No such" in_ns b tqueue-count nono 1

# ---- top: two times, on a queue that loses ----
start b "$WORK/top" tqctl -j top small -c 2 -d 2s
pid=$STARTED
while kill -0 $pid 2>/dev/null; do packets 100; done
wait $pid
is "$? $(wc -l <"$WORK/top")" "0 2" "top, twice"
check "rates by queue, CPU and cause" python3 - "$WORK/top" <<'END'
import json, sys
rows = [json.loads(line)["queues"] for line in open(sys.argv[1])]
assert all(len(r) == 1 and r[0]["name"] == "small" for r in rows), rows
lost = sum(r[0]["lost_per_s"] for r in rows)
assert lost > 0 and lost == sum(r[0]["causes_per_s"].get("full", 0) for r in rows), rows
# The kernel reads the sum first, then ring by ring; packets come in between.
ring = sum(c["lost_per_s"] for r in rows for c in r[0]["cpus"] if c["cpu"] == 0)
assert abs(ring - lost) <= lost / 4, rows
END
T top -c 1 -d 10ms >"$WORK/top"
is "$(grep -cE '^(q|small) +all +[0-9]+ ' "$WORK/top")" 2 "as text, all queues"
refused "a queue that is not there" 1 "name|No such" tqctl -n b top nono -c 1 -d 10ms

# ---- completion has the names of what there is ----
is "$(tqctl --complete -n b capture "" | sort | tr '\n' ' ')" "q small " "names of queues"
is "$(tqctl --complete -n b rule add "")" "t" "of tables"
is "$(tqctl --complete -n b hook del "")" "$(hook_id t)" "numbers of hooks"
is "$(bash -c '. /usr/share/bash-completion/completions/tqctl
	COMP_WORDS=(tqctl -n b queue read sm) COMP_CWORD=5
	_tqctl && echo "${COMPREPLY[@]}"')" small "in bash"

must T hook del "$(hook_id t)"
finish
