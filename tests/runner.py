#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs groups of tests and says how they went; tests/check calls it.

  runner.py GROUP...        lint spec unit check check-kernels check-debug nightly
  runner.py --sum FILE...   tables and totals of what TQUEUE_RESULTS collected

A test is a command that prints TAP: "ok 1 - name", "not ok 2 - name",
"ok 3 - name # SKIP why".  An exit status other than 0 is a failure of its own;
a test without a TAP line counts as one.  A guest test is tests/guest/t_NAME.sh,
with these lines in its first comment (all optional):

  # timeout: SECONDS          default 120
  # files: A B                files beside it that it needs (lib.sh comes anyway)
  # kernels: K1,K2            where it can run; default all
  # short: VAR=VALUE ...      arguments of a short run

Environment: TQUEUE_KERNELS="K1 K2" and TQUEUE_TESTS="NAME ..." choose fewer,
TQUEUE_SHORT=1 makes guest tests short (0: never), TQUEUE_JOBS=N how many run at
once, TQUEUE_RESULTS=FILE collects the results.
"""
import glob
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(HERE)
STABLE = "trixie"
KERNELS = ["bullseye", "bookworm", "trixie", "sid", "backports"]
RT = ["rt", "rt-new"]
TAP = re.compile(r"^(not )?ok\b[ \t]*\d*[ \t]*-?[ \t]*(.*)$")
SKIP = re.compile(r"#\s*SKIP\b\s*(.*)", re.I)
PLAN = re.compile(r"^1\.\.(\d+)")
CODES = {124: "timeout", 125: "the harness failed", 133: "kernel report or taint",
         134: "the kernel crashed"}
print_lock = threading.Lock()
running = set()


def say(text):
    with print_lock:
        print(text, flush=True)


class Job:
    """One command, its results and its time."""

    def __init__(self, name, command, where="host", env=None):
        self.name, self.where, self.command = name, where, command
        self.env = dict(os.environ, LC_ALL="C", **(env or {}))
        self.passed, self.failed, self.skipped = 0, [], []
        self.seconds = 0.0
        self.files = []

    def title(self):
        return self.name if self.where == "host" else "%s %s" % (self.where, self.name)

    def line(self, text):
        """Takes one line of output."""
        m = TAP.match(text)
        if m:
            skip = SKIP.search(m[2])
            if m[1]:
                self.failed.append(m[2])
            elif skip:
                self.skipped.append(m[2])
            else:
                self.passed += 1
        return PLAN.match(text)

    def run(self):
        start = time.monotonic()
        planned = None
        try:
            proc = subprocess.Popen(
                self.command, cwd=TREE, env=self.env, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as err:
            self.failed.append(str(err))
            say("[%s] not ok - %s" % (self.title(), err))
            return
        running.add(proc)
        for raw in proc.stdout:
            text = raw.decode(errors="replace").rstrip("\r\n")
            plan = self.line(text)
            planned = int(plan[1]) if plan else planned
            say("[%s] %s" % (self.title(), text))
        status = proc.wait()
        running.discard(proc)
        self.seconds = time.monotonic() - start
        done = self.passed + len(self.failed) + len(self.skipped)
        why = None
        # A script that reports a failure exits with 1; that is one failure, not two.
        if status and not (status == 1 and self.failed):
            why = "exit status %d%s" % (status, " (%s)" % CODES[status] if status in CODES else "")
        elif planned is not None and planned != done:
            why = "%d results, but %d were planned" % (done, planned)
        if why:
            self.failed.append(why)
            say("[%s] not ok - %s" % (self.title(), why))
        elif not done:
            self.passed = 1
        say("[%s] done in %.1f s: %d passed, %d failed, %d skipped"
            % (self.title(), self.seconds, self.passed, len(self.failed), len(self.skipped)))


def run_all(jobs, at_once):
    todo = queue.SimpleQueue()
    for job in jobs:
        todo.put(job)

    def worker():
        while True:
            try:
                job = todo.get_nowait()
            except queue.Empty:
                return
            job.run()
    threads = [threading.Thread(target=worker) for _ in range(min(at_once, len(jobs)))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def header(path):
    """The "# key: value" lines of a script's first comment."""
    out = {}
    with open(path) as f:
        for text in f:
            if not text.startswith("#"):
                break
            m = re.match(r"#\s*(timeout|files|kernels|short):\s*(.*?)\s*$", text)
            if m:
                out[m[1]] = m[2]
    return out


def guest_jobs(kernels, short):
    chosen = os.environ.get("TQUEUE_TESTS", "").split()
    jobs = []
    scripts = sorted(glob.glob(os.path.join(HERE, "guest", "t_*.sh")))
    for kernel in kernels:
        for path in scripts:
            name = os.path.basename(path)[2:-3]
            keys = header(path)
            only = keys.get("kernels", "all").replace(",", " ").split()
            if chosen and name not in chosen or not {"all", kernel} & set(only):
                continue
            files = [os.path.join(HERE, "guest", f)
                     for f in ["lib.sh"] + keys.get("files", "").split()]
            command = [os.path.join(HERE, "vm", "run"), "-k", kernel,
                       "-t", keys.get("timeout", "120")]
            for f in dict.fromkeys(files):
                if os.path.exists(f) or os.path.basename(f) != "lib.sh":
                    command += ["-f", f]
            command.append(path)
            if short:
                command += keys.get("short", "").split()
            jobs.append(Job(name, command, kernel))
    return jobs


def host_job(name):
    folder, _, what = name.partition("-")
    return Job(name, [os.path.join(HERE, folder, what or "run")])


def collect(group):
    """The jobs of a group.  The debug kernel is the slowest to have ready, so
    it comes last."""
    want = os.environ.get("TQUEUE_KERNELS", "").split()
    short = os.environ.get("TQUEUE_SHORT") == "1"

    def pick(kernels):
        return [k for k in kernels if not want or k in want]
    if group in ("lint", "spec", "unit"):
        return [host_job(group)]
    if group == "check":
        return ([host_job(n) for n in ("spec", "unit", "lint")] + guest_jobs([STABLE], short) +
                [host_job("demo-test")])
    if group == "check-kernels":
        return guest_jobs(pick(KERNELS), short)
    if group == "check-debug":
        return guest_jobs(["debug"], os.environ.get("TQUEUE_SHORT") != "0")
    if group == "nightly":
        return ([host_job(n) for n in ("spec", "unit", "lint", "demo-test", "lint-selftest",
                                       "unit-selftest")] +
                guest_jobs(pick(KERNELS + RT + ["debug"]), False))
    sys.exit("runner: no group '%s'" % group)


def matrix(rows):
    """Guest tests by kernel: how many of each passed, or what is wrong."""
    kernels, tests, cell = [], [], {}
    for r in rows:
        if r["where"] == "host":
            continue
        if r["where"] not in kernels:
            kernels.append(r["where"])
        if r["name"] not in tests:
            tests.append(r["name"])
        text = "%d ok" % r["passed"]
        if r["skipped"]:
            text += " %d sk" % len(r["skipped"])
        if r["failed"]:
            text = "%d FAIL" % len(r["failed"])
        cell[r["where"], r["name"]] = "%s %ds" % (text, round(r["seconds"]))
    if not kernels:
        return
    width = max([len(t) for t in tests] + [4])
    cols = [max([len(cell.get((k, t), "-")) for t in tests] + [len(k)]) for k in kernels]
    say("%-*s  %s" % (width, "test", "  ".join("%-*s" % p for p in zip(cols, kernels))))
    for t in tests:
        say("%-*s  %s" % (width, t, "  ".join(
            "%-*s" % (c, cell.get((k, t), "-")) for c, k in zip(cols, kernels))))
    say("")


def report(rows, times):
    """Tables, what failed and what was skipped, and the closing line."""
    say("")
    matrix(rows)
    width = max([len(r["name"]) for r in rows if r["where"] == "host"] + [len(t[0]) for t in times] + [4])
    for r in rows:
        if r["where"] == "host":
            say("%-*s  %3d passed %3d failed %3d skipped %7.1f s" % (
                width, r["name"], r["passed"], len(r["failed"]), len(r["skipped"]), r["seconds"]))
    for name, seconds in times:
        say("%-*s  took %d min %02d s" % ((width, name) + divmod(round(seconds), 60)))
    for kind in ("skipped", "failed"):
        for r in rows:
            for text in r[kind]:
                say("%s: [%s%s] %s" % (kind, "" if r["where"] == "host" else r["where"] + " ",
                                       r["name"], text))
    failed = sum(len(r["failed"]) for r in rows)
    passed = sum(r["passed"] for r in rows)
    if not passed and not failed:
        failed = 1
        say("failed: nothing was tested")
    say("")
    say("%d passed, %d failed, %d skipped" % (passed, failed, sum(len(r["skipped"]) for r in rows)))
    return failed != 0


def load(paths):
    rows, times = [], []
    for path in paths:
        with open(path) as f:
            for text in f:
                data = json.loads(text)
                times.append((data["group"], data["seconds"]))
                rows += data["rows"]
    return rows, times


def on_signal(signum, _frame):
    for proc in list(running):
        try:
            os.killpg(proc.pid, signal.SIGTERM)
        except OSError:
            pass
    os._exit(128 + signum)


def main():
    if sys.argv[1:2] == ["--sum"]:
        return report(*load(sys.argv[2:]))
    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    at_once = int(os.environ.get("TQUEUE_JOBS") or max(1, min(os.cpu_count() or 1, 4)))
    rows, times = [], []
    for group in sys.argv[1:]:
        start = time.monotonic()
        jobs = collect(group)
        say("== %s: %d tests, %d at once" % (group, len(jobs), at_once))
        run_all(jobs, at_once)
        done = [{"name": j.name, "where": j.where, "passed": j.passed, "failed": j.failed,
                 "skipped": j.skipped, "seconds": j.seconds} for j in jobs]
        rows += done
        times.append((group, time.monotonic() - start))
        if os.environ.get("TQUEUE_RESULTS"):
            with open(os.environ["TQUEUE_RESULTS"], "a") as f:
                f.write(json.dumps({"group": group, "seconds": times[-1][1], "rows": done}) + "\n")
    return report(rows, times)


if __name__ == "__main__":
    sys.exit(main())
