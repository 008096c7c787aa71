#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs groups of tests and says how they went; tests/check calls it.

  runner.py GROUP...        lint spec unit check check-kernels check-debug check-packages
                            coverage nightly
  runner.py --sum FILE...   tables and totals of what TQUEUE_RESULTS collected

A test is a command that prints TAP: "ok 1 - name", "not ok 2 - name",
"ok 3 - name # SKIP why".  An exit status other than 0 is a failure of its own (but 132 of
tests/vm/run, a known fault of the emulator: such a test, if nothing of it had failed, runs
once more, and the table says so); a test without a TAP line counts as one.  A guest test is tests/guest/t_NAME.sh,
with these lines in its first comment (all optional):

  # timeout: SECONDS          default 120
  # files: A B                files beside it that it needs (lib.sh comes anyway)
  # modules: A B              kernel modules, folders beside it, that it needs
  # made: PROGRAM             run here before, with a folder to put further files into
  # kernels: K1,K2            where it can run; default all
  # ci-kernels: K1,K2         where it does with TQUEUE_SHORT=1, unless it is chosen:
                              for what depends on the kernel little
  # short: VAR=VALUE ...      arguments of a short run
  # debug: SECONDS VAR=VALUE  time and arguments of a long run on the debug kernel,
                              for the nightly; the others run there in their short form
  # boot: TEXT                more for the kernel's command line; with alone only
  # alone: yes                it leaves the guest as no other test could use it

The tests of a kernel share a guest or two: tests/group.sh.  TQUEUE_GROUP=0 gives each
its own.

In short runs the kernels between the oldest and the newest run the tests of the kernel's
interfaces only, unless others are chosen.

The kernel kcsan runs only those that do several things at once, in their short form; and
only in the nightly, or as TQUEUE_KERNELS=kcsan runner.py check-kernels.  So do rt and rt-new,
all tests and in full.

Environment: TQUEUE_KERNELS="K1 K2" and TQUEUE_TESTS="NAME ..." choose fewer (patterns,
as "package-*"; "guest" is every guest test), TQUEUE_SHORT=1 makes guest tests short
(0: never), TQUEUE_JOBS=N how many run at once, TQUEUE_RESULTS=FILE collects the results;
TIME=30m and SEED=N are for the group fuzz.
"""
import fnmatch
import glob
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(HERE)
STABLE = "trixie"
KERNELS = ["bullseye", "bookworm", "trixie", "sid", "backports"]
RT = ["rt", "rt-new"]
# Between the oldest and the newest: what an interface of the kernel may break there, in short
# runs; all of it in the nightly.
BETWEEN = ["bookworm", "sid"]
INTERFACES = ("conntrack hotplug iptables log map module monitor netdev netns nfqueue plugins policy "
              "producer read rewrite smoke steal trace txn verdicts ynl").split()
# Where KCSAN looks for data races: the tests that do several things at once.
KCSAN = "kcsan"
RACY = ("apply busy calls churn confirm dump exact flood hotplug load log map mapfuzz match_changes metrics monitor "
        "netns nlfuzz overflow producer read reload resize steal timeout txn").split()
TAP = re.compile(r"^(not )?ok\b[ \t]*\d*[ \t]*-?[ \t]*(.*)$")
SKIP = re.compile(r"#\s*SKIP\b\s*(.*)", re.I)
PLAN = re.compile(r"^1\.\.(\d+)")
BAIL = re.compile(r"^Bail out!\s*(.*)")
STALE = 132
CODES = {124: "timeout", 125: "the harness failed", STALE: "the emulator ran a breakpoint that was gone",
         133: "kernel report or taint", 134: "the kernel crashed"}
print_lock = threading.Lock()
running = set()
folders = {}


def say(text):
    with print_lock:
        print(text, flush=True)


class Job:
    """One command, its results and its time."""

    def __init__(self, name, command, where="host", env=None):
        self.name, self.where, self.command = name, where, command
        self.env = dict(os.environ, LC_ALL="C", **(env or {}))
        self.seconds = 0.0
        self.again = False
        self.forget()

    def forget(self):
        """As if it had never begun."""
        self.passed, self.failed, self.skipped = 0, [], []
        self.planned = None
        self.began = self.ended = False

    def may_repeat(self):
        """Whether it may: once, and not to have a failure forgotten."""
        return not self.again and not self.failed

    def repeat(self):
        """Once more, for no fault of the test's or the kernel's."""
        self.forget()
        self.again = True
        say("[%s] # %s: once more" % (self.title(), CODES[STALE]))

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
        m = BAIL.match(text)
        if m:
            self.failed.append("bailed out: " + m[1])
        return PLAN.match(text)

    def results(self):
        return [self]

    def once(self):
        """Runs the command, and returns its status, or None."""
        try:
            proc = subprocess.Popen(
                self.command, cwd=TREE, env=self.env, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as err:
            self.failed.append(str(err))
            say("[%s] not ok - %s" % (self.title(), err))
            return None
        running.add(proc)
        for raw in proc.stdout:
            text = raw.decode(errors="replace").rstrip("\r\n")
            plan = self.line(text)
            self.planned = int(plan[1]) if plan else self.planned
            say("[%s] %s" % (self.title(), text))
        status = proc.wait()
        running.discard(proc)
        return status

    def run(self):
        start = time.monotonic()
        status = self.once()
        if status == STALE and self.may_repeat():
            self.repeat()
            status = self.once()
        self.seconds = time.monotonic() - start
        why = None if status is None else self.verdict(status)
        if why:
            say("[%s] not ok - %s" % (self.title(), why))
        say("[%s] done in %.1f s: %d passed, %d failed, %d skipped"
            % (self.title(), self.seconds, self.passed, len(self.failed), len(self.skipped)))

    def verdict(self, status):
        """What is wrong beside the results themselves; it is a failure, too."""
        done = self.passed + len(self.failed) + len(self.skipped)
        bailed = any(f.startswith("bailed out: ") for f in self.failed)
        why = None
        # A script that reports a failure exits with 1; that is one failure, not two.
        if status and not (status == 1 and self.failed):
            why = "exit status %d%s" % (status, " (%s)" % CODES[status] if status in CODES else "")
        elif self.planned is not None and self.planned != done and not bailed:
            why = "%d results, but %d were planned" % (done, self.planned)
        elif self.planned == 0 and not bailed:
            why = "nothing was tested"
        if why:
            self.failed.append(why)
        elif not done:
            self.passed = 1
        return why


class Group:
    """Guest tests that share one guest.  A test in which the guest dies has
    failed; those after it get a new guest."""

    def __init__(self, kernel, jobs, command):
        self.name, self.where, self.jobs, self.command = "guest", kernel, jobs, command

    def title(self):
        return "%s %s" % (self.where, "+".join(j.name for j in self.jobs))

    def results(self):
        return self.jobs

    def run(self):
        todo = list(self.jobs)
        while todo:
            shared = SharedGuest(self.where, todo, self.command(todo))
            shared.run()
            left = [j for j in todo if not j.ended]
            none = len(left) == len(todo) and not left[0].began
            # During which, or before or after which, the guest ended.
            last = left[0] if none or left and left[0].began else todo[len(todo) - len(left) - 1]
            if shared.stale and last.may_repeat():
                last.repeat()
            elif none:
                # Not even the first of them began: no use in another guest.
                for job in left:
                    job.failed.append("did not run: " + (shared.failed or ["?"])[-1])
                return
            elif not last.ended:
                last.ended = True
                last.failed += shared.failed or ["the guest ended"]
            else:
                # A report of the kernel, found at the end: it may be of any of them.
                done = [j for j in todo if j.ended]
                last.failed += ["after %s: %s" % ("+".join(j.name for j in done), f)
                                for f in shared.failed]
            todo = [j for j in todo if not j.ended]


class SharedGuest(Job):
    """One guest of a group: hands each line to the test it belongs to."""

    def __init__(self, kernel, jobs, command):
        super().__init__("guest of %d tests" % len(jobs), command, kernel)
        self.tests = {j.name: j for j in jobs}
        self.now = None
        self.stale = False
        self.start = 0.0

    def may_repeat(self):
        # Which of its tests is, the group decides.
        return False

    def once(self):
        status = super().once()
        self.stale = status == STALE
        return status

    def title(self):
        return "%s %s" % (self.where, self.now.name if self.now else self.name)

    def line(self, text):
        m = re.match(r"# (test|ended) (\S+)(?: (\d+))?$", text)
        if m and m[2] in self.tests:
            job = self.tests[m[2]]
            if m[1] == "test":
                self.now, job.began, self.start = job, True, time.monotonic()
                job.planned = None
            else:
                job.seconds = time.monotonic() - self.start
                job.ended = True
                why = job.verdict(int(m[3]))
                if why:
                    say("[%s %s] not ok - %s" % (self.where, job.name, why))
        elif self.now:
            plan = self.now.line(text)
            if plan:
                self.now.planned = int(plan[1])


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
            m = re.match(r"#\s*(timeout|files|modules|made|kernels|ci-kernels|short|debug|boot|alone):\s*(.*?)\s*$", text)
            if m:
                out[m[1]] = m[2]
    return out


def made(program):
    """The files that @program, beside the guest tests, makes for a test; it runs once."""
    if program not in folders:
        folders[program] = folder = tempfile.TemporaryDirectory(prefix="tqueue-test-")
        if subprocess.call([os.path.join(HERE, "guest", program), folder.name]):
            say("# %s failed" % program)
            return [os.path.join(folder.name, "what " + os.path.basename(program) + " makes")]
    return sorted(glob.glob(os.path.join(folders[program].name, "*")))


def guest_command(kernel, tests, script, args, group=False):
    """tests/vm/run of @script; @tests: [(name, keys of its header)]"""
    files, modules, more = ["lib.sh"], [], []
    for name, keys in tests:
        modules += keys.get("modules", "").split()
        files += keys.get("files", "").split()
        for program in keys.get("made", "").split():
            more += made(program)
        if group:
            files.append("t_%s.sh" % name)
    timeout = sum(int(keys.get("timeout", 120)) for _, keys in tests)
    command = [os.path.join(HERE, "vm", "run"), "-k", kernel, "-t", str(timeout)]
    for f in dict.fromkeys(files):
        command += ["-f", os.path.join(HERE, "guest", f)]
    for f in dict.fromkeys(more):
        command += ["-f", f]
    for m in dict.fromkeys(modules):
        command += ["-M", os.path.join(HERE, "guest", m)]
    for _, keys in tests:
        if keys.get("boot"):
            command += ["--append", keys["boot"]]
    return command + [script] + args


def is_chosen(name, guest=False):
    """Whether TQUEUE_TESTS names this test, or none."""
    chosen = os.environ.get("TQUEUE_TESTS", "").split()
    return (not chosen or any(fnmatch.fnmatch(name, c) for c in chosen) or
            guest and "guest" in chosen)


def guest_jobs(kernels, short, groups=0, few=False, some=None):
    """The guest tests on @kernels; with @groups, so many guests for each kernel; with
    @few, each on its ci-kernels only; with @some, those of these names."""
    chosen = os.environ.get("TQUEUE_TESTS", "").split()
    groups = 0 if os.environ.get("TQUEUE_GROUP") == "0" else groups
    jobs = []
    for kernel in kernels:
        tests = []
        for path in sorted(glob.glob(os.path.join(HERE, "guest", "t_*.sh"))):
            name = os.path.basename(path)[2:-3]
            keys = header(path)
            only = keys.get("kernels", "all")
            if few and not chosen:
                only = keys.get("ci-kernels", only)
            only = only.replace(",", " ").split()
            if not is_chosen(name, True) or not {"all", kernel} & set(only):
                continue
            if some and not chosen and name not in some:
                continue
            args = keys.get("short", "").split() if short else []
            job = Job(name, guest_command(kernel, [(name, keys)], path, args), kernel)
            job.keys, job.args = keys, args
            tests.append(job)
        # Some leave the guest as nobody else could use it.
        jobs += [j for j in tests if not groups or j.keys.get("alone")]
        tests = [j for j in tests if not j.keys.get("alone")]
        for i in range(groups):
            share = tests[i::groups]
            if share:
                jobs.append(Group(kernel, share, lambda todo, k=kernel: guest_command(
                    k, [(j.name, j.keys) for j in todo], os.path.join(HERE, "group.sh"),
                    [" ".join([j.name] + j.args) for j in todo], group=True)))
    return jobs


def seeds():
    """Of tests/fuzz/seeds: (test, kernel, arguments)"""
    path = os.path.join(HERE, "fuzz", "seeds")
    if not os.path.exists(path):
        return
    with open(path) as f:
        for text in f:
            words = text.partition("#")[0].split()
            if words:
                yield words[0], words[1], words[2:]


def seed_jobs(kernels):
    """Guest fuzzers once more with what once found something."""
    jobs = []
    for test, kernel, args in seeds():
        path = os.path.join(HERE, "guest", "t_%s.sh" % test)
        name = "-".join([test] + [a.lower().replace("=", "") for a in args if a.startswith("SEED=")])
        if kernel in kernels and (is_chosen(name) or is_chosen(test, True)):
            jobs.append(Job(name, guest_command(kernel, [(test, header(path))], path, args), kernel))
    return jobs


def long_debug_jobs():
    """The tests that say how long a long run of them on the debug kernel takes."""
    jobs = []
    for path in sorted(glob.glob(os.path.join(HERE, "guest", "t_*.sh"))):
        name = os.path.basename(path)[2:-3]
        keys = header(path)
        if not keys.get("debug") or not is_chosen(name, True):
            continue
        seconds, *args = keys["debug"].split()
        # run multiplies it by the factor of the debug kernel.
        keys["timeout"] = int(seconds) // 3
        jobs.append(Job(name + "-long", guest_command("debug", [(name, keys)], path, args), "debug"))
    return jobs


def kcsan_jobs():
    """The tests that look for data races."""
    return guest_jobs([KCSAN], os.environ.get("TQUEUE_SHORT") != "0", 2, some=RACY)


def host_job(name):
    folder, _, what = name.partition("-")
    return Job(name, [os.path.join(HERE, folder, what or "run")])


def fuzz_jobs(text, seed):
    """All fuzzers for so long together, as "90", "10m", "2h": half of it is the guests'."""
    m = re.fullmatch(r"(\d+)([smh]?)", text)
    if not m or not int(m[1]) or not re.fullmatch(r"\d*", seed):
        sys.exit("runner: TIME is a number of seconds, or with m or h; SEED a number")
    seconds = int(m[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[m[2]]
    folder = os.path.join(HERE, "fuzz")
    fuzzers = len(glob.glob(os.path.join(folder, "fuzz_*.c")))
    each = str(max(1, seconds // 2 // fuzzers))
    # One after the other: they share the time, not the CPUs.
    return [Job("fuzz", [os.path.join(folder, "run"), each] + ([seed] if seed else [])),
            Job("fuzz-guests", [os.path.join(folder, "campaign"), str(seconds // 2), seed])]


def package_jobs(short):
    """The packages; in the short form on one Debian only, and without others' tests."""
    def suites(name, which):
        return [Job("package-%s-%s" % (name, suite), [os.path.join(HERE, "package", name), suite])
                for suite in which]
    jobs = suites("deb", ["trixie"]) + [host_job("package-rpm"), host_job("package-static")]
    if not short:
        jobs += suites("deb", ["bookworm"])
        jobs += suites("piuparts", ["trixie", "bookworm"]) + suites("autopkgtest", ["trixie", "bookworm"])
    return jobs


def collect(group):
    """The jobs of a group.  The debug kernel is the slowest to have ready, so
    it comes last."""
    want = os.environ.get("TQUEUE_KERNELS", "").split()
    short = few = os.environ.get("TQUEUE_SHORT") == "1"

    def pick(kernels):
        return [k for k in kernels if not want or k in want]
    if group == "fuzz" and os.environ.get("TIME"):
        return fuzz_jobs(os.environ["TIME"], os.environ.get("SEED", ""))
    if group in ("lint", "spec", "unit", "fuzz"):
        return [host_job(group)]
    if group == "check":
        return ([host_job(n) for n in ("spec", "unit", "lint")] + guest_jobs([STABLE], short, 2) +
                seed_jobs([STABLE]) + [host_job("demo-test"), Job("fuzz", [os.path.join(HERE, "fuzz", "run"), "15"])])
    if group == "check-kernels":
        # Others only if they are asked for by name.
        kernels = pick(KERNELS) + [k for k in RT if k in want]
        few_of = BETWEEN if few else []
        return (guest_jobs([k for k in kernels if k not in few_of], short, 1, few) +
                guest_jobs([k for k in kernels if k in few_of], short, 1, few, INTERFACES) +
                (seed_jobs(pick(KERNELS)) if short else []) + (kcsan_jobs() if KCSAN in want else []))
    if group == "check-debug":
        return guest_jobs(["debug"], os.environ.get("TQUEUE_SHORT") != "0", 2, few) + seed_jobs(["debug"])
    if group == "coverage":
        # TQUEUE_TESTS is for the guest tests that it runs.
        return [Job("coverage", [os.path.join(HERE, "cover", "run")])]
    if group == "check-packages":
        return package_jobs(short)
    if group == "nightly":
        # The longest first.
        return ([host_job("package-headers"), host_job("package-boot")] + package_jobs(False) +
                [host_job(n) for n in ("spec", "unit", "fuzz", "lint", "demo-test", "demo-extcap",
                                       "demo-trace", "lint-slow", "lint-selftest", "unit-selftest",
                                       "vm-selftest", "bench-test", "kunit-uml", "kunit-selftest",
                                       "planted-run")] +
                [Job("coverage", [os.path.join(HERE, "cover", "run")], env={"TQUEUE_TESTS": ""})] +
                (long_debug_jobs() if pick(["debug"]) else []) +
                guest_jobs(pick(KERNELS + RT), False, 2) + guest_jobs(pick(["debug"]), True, 2) +
                (kcsan_jobs() if pick([KCSAN]) else []))
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
    for r in rows:
        if r.get("again"):
            say("again: [%s%s] %s" % ("" if r["where"] == "host" else r["where"] + " ", r["name"], CODES[STALE]))
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
        jobs = [j for j in collect(group) if j.where != "host" or
                group == "coverage" or is_chosen(j.name)]
        together = 1 if group == "fuzz" else at_once
        say("== %s: %d tests, %d at once" % (group, len(jobs), together))
        run_all(jobs, together)
        done = [{"name": j.name, "where": j.where, "passed": j.passed, "failed": j.failed,
                 "skipped": j.skipped, "seconds": j.seconds, "again": j.again} for job in jobs for j in job.results()]
        rows += done
        times.append((group, time.monotonic() - start))
        if os.environ.get("TQUEUE_RESULTS"):
            with open(os.environ["TQUEUE_RESULTS"], "a") as f:
                f.write(json.dumps({"group": group, "seconds": times[-1][1], "rows": done}) + "\n")
    return report(rows, times)


if __name__ == "__main__":
    sys.exit(main())
