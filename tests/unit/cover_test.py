#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/cover/report.py finds what it should, in made-up output of gcov: a file below its
threshold, one without a threshold, a threshold without a file or without a reason, tests
that failed, data that gcov can't read; and adds up guests and copies of a line.  TAP."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
tmp = tempfile.mkdtemp()
n = failed = 0


def unit(name, lines, functions=()):
    """What gcov says of one object: lines are (number, count)."""
    return {"current_working_directory": "/usr/src/linux-headers-1", "files": [
        {"file": "/build/module/" + name,
         "lines": [{"line_number": a, "count": b} for a, b in lines],
         "functions": [{"name": f, "start_line": a, "end_line": a + 2, "execution_count": b}
                       for f, a, b in functions]},
        # The kernel's own headers are not ours to test.
        {"file": "include/linux/slab.h", "lines": [{"line_number": 1, "count": 0}],
         "functions": []}]}


def report(guests, limits, *more, status=0, complaint=""):
    """Its exit status and output."""
    shutil.rmtree(tmp)
    os.makedirs(tmp + "/out")
    os.makedirs(tmp + "/tree/tests/cover")
    os.makedirs(tmp + "/tree/module/sub")
    for name in ("a.c", "b.c", "sub/c.h"):
        with open(tmp + "/tree/module/" + name, "w") as f:
            f.write("".join("line %d\n" % i for i in range(1, 21)))
    for i, units in enumerate(guests):
        with open("%s/out/%d.json" % (tmp, i), "w") as f:
            f.write("".join(json.dumps(u) + "\n" for u in units))
        with open("%s/out/%d.err" % (tmp, i), "w") as f:
            f.write("./x.gcda:cannot open data file, assuming not executed\n" + complaint)
    with open(tmp + "/out/status", "w") as f:
        f.write("%d\n" % status)
    with open(tmp + "/tree/tests/cover/thresholds", "w") as f:
        f.write("# SPDX\n" + limits)
    done = subprocess.run([sys.executable, TESTS + "/cover/report.py", tmp + "/out", tmp + "/tree",
                           *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def check(what, got, status, *texts):
    global n, failed
    n += 1
    good = got[0] == status and all((t[1:] not in got[1]) if t[0] == "!" else (t in got[1]) for t in texts)
    failed += not good
    print("%sok %d - %s" % ("" if good else "not ", n, what))
    if not good:
        print("".join("# %s\n" % line for line in ["status %d" % got[0]] + got[1].splitlines()), end="")


try:
    nine = [(i, 1) for i in range(1, 10)] + [(10, 0)]
    guest = [unit("a.c", nine, [("f", 1, 3), ("g", 10, 0)])]
    check("nine lines of ten are 90 %", report([guest], "a.c 90\n"), 0, "ok 3 - a.c: at least 90 %",
          "!not ok", "# no test reaches a.c:10 g()", "!f()", "1..3")
    check("and not 91", report([guest], "a.c 91\n"), 1, "not ok 3 - a.c", "not reached: 10")
    check("a file without a threshold", report([guest + [unit("b.c", nine)]], "a.c 90\n"), 1,
          "not ok 4 - b.c has a threshold")
    check("a threshold without a file", report([guest], "a.c 90\nb.c 90\n"), 1, "not ok 4 - b.c has code")
    check("less than 90 without a reason", report([guest], "a.c 89\n"), 1, "no reason")
    check("less than 90 with a reason", report([guest], "a.c 89 the rest is for others\n"), 0)
    check("two thresholds of a file", report([guest], "a.c 90\na.c 80 no\n"), 1, "a second one")
    check("tests that failed", report([guest], "a.c 90\n", status=1), 1, "not ok 1")
    check("data of another module", report([guest], "a.c 90\n",
                                           complaint="x.gcda:stamp mismatch with notes file\n"),
          1, "# gcov: x.gcda:stamp", "not ok 2")
    check("no guest at all", report([], ""), 1, "not ok 2")
    other = [unit("a.c", [(10, 2)], [("g", 10, 2)])]
    check("another guest reaches the rest", report([guest, other], "a.c 100\n"), 0, "2 guests", "!no test")
    copies = [unit("a.c", [(10, 0), (10, 1)], [("g.part.0", 10, 1), ("g", 10, 0)])]
    check("another copy of a line does", report([guest + copies], "a.c 100\n"), 0, "!no test")
    inlined = [unit("a.c", [(10, 0), (11, 1)], [("g", 10, 0)])]
    check("and so does an inlined one", report([inlined], "a.c 50 why\n"), 0, "!no test")
    header = [unit("sub/c.h", [(1, 0), (2, 1)]), unit("sub/c.h", [(1, 1), (2, 0)])]
    check("a header counts once for all that include it", report([header], "sub/c.h 100\n"), 0,
          "sub/c.h                     2        2  100.0")
    check("the lines of a file", report([guest], "a.c 90\n", "--lines", "a.c"), 0, "a.c:10: line 10\n", "!a.c:9:")
    check("of a file that has none", report([guest], "a.c 90\n", "--lines", "b.c"), 1, "no code in b.c")
finally:
    shutil.rmtree(tmp)
print("1..%d" % n)
sys.exit(failed != 0)
