#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/runner.py counts right, in a made-up tree whose "guests" are local
shells: what passes, fails, is skipped, lies about its plan, dies.  TAP."""
import os
import shutil
import subprocess
import sys
import tempfile

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
# Runs the script in a folder of its own, as tests/vm/run does in a guest, and
# returns its status; a script that kills it is a crash of the guest.
VM_RUN = r"""#!/bin/bash
files=()
while [ $# != 0 ]; do
	case $1 in
	-k | -t) shift ;;
	-f) files+=("$2"); shift ;;
	*) break ;;
	esac
	shift
done
dir=$(mktemp -d)
cp "${files[@]}" "$1" "$dir/" || exit 125
script=$dir/$(basename "$1")
shift
echo $$ >"$dir/pid"
DIR=$dir bash "$script" "$@"
status=$?
[ ! -e "$dir/status" ] || status=$(cat "$dir/status")
rm -rf "$dir"
exit $status
"""
# Stands in for tests/group.sh, which tidies up as only a guest may be tidied up.
GROUP = r"""cd "$(dirname "$0")" || exit
for entry; do
	set -- $entry
	echo "# test $1"
	bash "./t_$1.sh" "${@:2}"
	echo "# ended $1 $?"
done
"""
GUEST = {
    "a_good": "echo ok 1 - one; echo 'ok 2 - two # SKIP no reason'; echo 1..2",
    "b_bad": "echo ok 1 - one; echo not ok 2 - two; echo 1..2; exit 1",
    "c_silent": "echo nothing to see",
    "d_status": "echo ok 1 - one; exit 3",
    "e_plan": "echo ok 1 - one; echo 1..5",
    "f_short": 'echo "ok 1 - $1"; echo 1..1',
    "g_missing": "exit 133",
    "i_nothing": "echo 1..0",
    "h_bail": "echo ok 1 - one; echo 'Bail out! no end'; echo 1..1",
}
# The first @times guests of this test end with @status in the midst of it.
STALE = """echo ok 1 - before
n=$(cat %(count)s 2>/dev/null || echo 0)
echo $((n + 1)) >%(count)s
if [ $n -lt %(times)d ]; then
	%(more)s
	echo %(status)d >$DIR/status
	pkill -9 -P $(cat $DIR/pid)
	exit
fi
echo ok 2 - after; echo 1..2"""
# The guest dies in the second test: it fails, the third gets a new guest.
DEATH = {"a": "echo ok 1 - x", "b": "echo ok 1 - y; kill -9 $(cat $DIR/pid) $PPID", "c": "echo ok 1 - z"}


def tree(tmp, scripts):
    shutil.rmtree(tmp, ignore_errors=True)
    os.makedirs(tmp + "/vm")
    os.makedirs(tmp + "/guest")
    shutil.copy(os.path.join(TESTS, "runner.py"), tmp)
    with open(tmp + "/group.sh", "w") as f:
        f.write(GROUP)
    with open(tmp + "/vm/run", "w") as f:
        f.write(VM_RUN)
    os.chmod(tmp + "/vm/run", 0o755)
    open(tmp + "/guest/lib.sh", "w").close()
    for name, text in scripts.items():
        with open("%s/guest/t_%s.sh" % (tmp, name), "w") as f:
            f.write("#!/bin/bash\n# timeout: 5\n# short: SHORT=1\n%s\n" % text)


def run(tmp, group, **env):
    proc = subprocess.run([sys.executable, tmp + "/runner.py", group], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          env={**os.environ, "TMPDIR": os.path.dirname(tmp), "TQUEUE_KERNELS": "trixie",
                               "TQUEUE_TESTS": "", "TQUEUE_RESULTS": "", "TQUEUE_SHORT": "1", **env})
    return proc.returncode, proc.stdout


def main():
    n = failed = 0

    def check(what, result, status, last, *texts):
        nonlocal n, failed
        n += 1
        code, out = result
        good = code == status and out.splitlines()[-1] == last and all(t in out for t in texts)
        failed += not good
        print("%s %d - %s" % ("ok" if good else "not ok", n, what))
        if not good:
            print("# status %d\n# %s" % (code, out.replace("\n", "\n# ")))
    with tempfile.TemporaryDirectory() as base:
        tmp = base + "/tests"
        texts = ["failed: [trixie b_bad] two", "failed: [trixie d_status] exit status 3",
                 "failed: [trixie e_plan] 1 results, but 5 were planned",
                 "failed: [trixie g_missing] exit status 133", "failed: [trixie h_bail] bailed out: no end",
                 "failed: [trixie i_nothing] nothing was tested",
                 "skipped: [trixie a_good] two",
                 "ok 1 - SHORT=1"]
        tree(tmp, GUEST)
        check("one guest each", run(tmp, "check-kernels", TQUEUE_GROUP="0"), 1,
              "7 passed, 6 failed, 1 skipped", *texts)
        check("one guest for all", run(tmp, "check-kernels"), 1, "7 passed, 6 failed, 1 skipped", *texts)
        tree(tmp, {k: GUEST[k] for k in ("a_good", "c_silent")})
        check("all is well", run(tmp, "check-kernels"), 0, "2 passed, 0 failed, 1 skipped")
        tree(tmp, DEATH)
        check("a guest dies", run(tmp, "check-kernels"), 1, "3 passed, 1 failed, 0 skipped",
              "failed: [trixie b] exit status")
        # Of a fault that is the emulator's nothing is learned: the test once more, but only
        # once, and not if something of it had failed already, and for no other status.
        for what, times, status, more, code, last, texts in (
                ("the emulator stumbles", 1, 132, "", 0, "4 passed, 0 failed, 0 skipped",
                 ["again: [trixie b] the emulator"]),
                ("twice in the same test", 2, 132, "", 1, "3 passed, 1 failed, 0 skipped",
                 ["again: [trixie b]", "failed: [trixie b] exit status 132"]),
                ("after a failure", 1, 132, "echo not ok 2 - bad", 1, "3 passed, 2 failed, 0 skipped",
                 ["failed: [trixie b] bad", "failed: [trixie b] exit status 132"]),
                ("the kernel crashes", 1, 134, "", 1, "3 passed, 1 failed, 0 skipped",
                 ["failed: [trixie b] exit status 134"])):
            for group in ("0", "1"):
                stale = {"count": base + "/count", "times": times, "status": status, "more": more}
                tree(tmp, {"a": "echo ok 1 - x", "b": STALE % stale, "c": "echo ok 1 - z"})
                check(what + (", in a guest of its own" if group == "0" else ""),
                      run(tmp, "check-kernels", TQUEUE_GROUP=group), code, last, *texts)
                os.unlink(base + "/count")
        # The guest that the others share has their files.
        tree(tmp, {"a": "echo ok 1 - x", "c": "echo ok 1 - z",
                   "b": "# alone: yes\n[ ! -e \"${0%/*}/t_a.sh\" ] && echo ok 1 - y"})
        check("one that wants to be alone", run(tmp, "check-kernels"), 0, "3 passed, 0 failed, 0 skipped",
              "check-kernels: 2 tests", "[trixie b] ok 1")
        # "trixie" is none of its few, which count in the CI only.
        tree(tmp, {"a": "echo ok 1 - x", "b": "# ci-kernels: sid\necho ok 1 - y"})
        check("one for few kernels", run(tmp, "check-kernels"), 0, "1 passed, 0 failed, 0 skipped")
        check("and chosen", run(tmp, "check-kernels", TQUEUE_TESTS="a b"), 0, "2 passed, 0 failed, 0 skipped")
        check("and by a pattern", run(tmp, "check-kernels", TQUEUE_TESTS="b*"), 0, "1 passed, 0 failed, 0 skipped")
        check("and all guest tests", run(tmp, "check-kernels", TQUEUE_TESTS="guest"), 0, "2 passed, 0 failed, 0 skipped")
        check("and nothing but a test of the host", run(tmp, "unit", TQUEUE_TESTS="guest"), 1, "0 passed, 1 failed, 0 skipped")
        check("and in full", run(tmp, "check-kernels", TQUEUE_SHORT=""), 0, "2 passed, 0 failed, 0 skipped")
        tree(tmp, {"a": "echo ok 1 - x", "txn": "echo ok 1 - $2$1"})
        check("KCSAN's few, short", run(tmp, "check-kernels", TQUEUE_KERNELS="kcsan", TQUEUE_SHORT=""), 0,
              "1 passed, 0 failed, 0 skipped", "[kcsan txn] ok 1 - SHORT=1")
        check("KCSAN, chosen, in full", run(tmp, "check-kernels", TQUEUE_KERNELS="kcsan", TQUEUE_TESTS="a",
              TQUEUE_SHORT="0"), 0, "1 passed, 0 failed, 0 skipped", "[kcsan a] ok 1 - x")
        check("PREEMPT_RT, asked for", run(tmp, "check-kernels", TQUEUE_KERNELS="rt"), 0,
              "2 passed, 0 failed, 0 skipped")
        tree(tmp, {"a": "echo ok 1 - x $1"})
        os.makedirs(tmp + "/fuzz")
        with open(tmp + "/fuzz/seeds", "w") as f:
            f.write("# why\na trixie SEED=5\na sid SEED=6\n")
        check("a seed that once found something", run(tmp, "check-kernels"), 0,
              "2 passed, 0 failed, 0 skipped", "[trixie a-seed5] ok 1 - x SEED=5")
        check("in short runs only", run(tmp, "check-kernels", TQUEUE_SHORT=""), 0, "1 passed, 0 failed, 0 skipped")
        tree(tmp, {})
        check("nothing to do is no success", run(tmp, "check-kernels"), 1, "0 passed, 1 failed, 0 skipped")
    print("1..%d" % n)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
