#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The data races that KCSAN has reported in a kernel log: a module's, or the kernel's own.

  races.py FILE     prints one line for each: "module" or "kernel", and its title; and how
                    many lines are no part of any

With strict rules the kernel has races of its own, which no test of a module can mend.
A report is a module's if a stack of it has a frame of a module, and the kernel's own if
not.  (What a test guest needs beside is built in: every module is ours.)  Frames below
an interrupt are none of the access: whatever happened to run there.  Nor does the stack
of a marked access count: it races with a plain one, whose place is the fault.  That is
rhashtable's worker, say, which looks at a bucket that an insertion is about to lock.
And when that worker locks a bucket, the other access is one of <linux/rhashtable.h>, which
reads what it has locked without a mark (rht_ptr()), though the lock is a bit of it: the
kernel's, too, wherever the compiler has put it.
"""
import re
import sys

LINE = re.compile(r"^\[\s*\d+\.\d+\](?:\[\s*(\w+)\])? ?(.*)$")
RULE = "=" * 66
TITLE = re.compile(r"BUG: KCSAN: (.*)")
# Between an access and its stack.
ACCESS = re.compile(r"(?:race at unknown origin, with )?(?:read|write|read-write|assert no \w+)\b.*"
                    r" on cpu \d+:$")
LOCKING = re.compile(r"read-write \(marked\) ")
WORKER = re.compile(r"\s*rht_deferred_worker\+0x")
MODULE = re.compile(r"\S\+0x[0-9a-f]+/0x[0-9a-f]+ \[(\w+)\]")
INTERRUPT = re.compile(r"\s*(?:asm_(?:sysvec|exc|common)_\w+|handle_softirqs|__do_softirq)\+0x")


def of_module(lines):
    """Whether a module has a part in the report @lines."""
    below = False
    before = ""
    for line in lines:
        if LOCKING.match(before) and WORKER.match(line):
            return False
        before = line
    for line in lines:
        if ACCESS.match(line):
            below = "(marked" in line
        elif INTERRUPT.match(line):
            below = True
        elif not below and MODULE.search(line):
            return True
    return False


class Reports:
    """What a log's lines say: @ours and @own, titles; and which lines that is.

    Two CPUs' lines may be mixed; each line has its writer, as PRINTK_CALLER notes it.
    """

    def __init__(self, log):
        self.ours, self.own = [], []
        self.lines, self.own_lines = set(), set()
        writers = {}
        for i, text in enumerate(log):
            m = LINE.match(text)
            if not m:
                continue
            writer, line = m.groups()
            report = writers.get(writer)
            if report is None:
                if line == RULE:
                    writers[writer] = [(i, line)]
                continue
            report.append((i, line))
            if line == RULE or len(report) == 2 and not TITLE.match(line):
                del writers[writer]
                self.judge(report)
        # The end of the log is missing.
        for report in writers.values():
            self.judge(report)

    def judge(self, report):
        """Takes one report, or what only began like one."""
        title = TITLE.match(report[1][1]) if len(report) > 1 else None
        if not title:
            return
        self.lines.update(i for i, _ in report)
        if of_module([line for _, line in report]):
            self.ours.append(title[1])
        else:
            self.own.append(title[1])
            self.own_lines.update(i for i, _ in report)

    def is_own(self, i):
        """Whether line @i is of a report of the kernel's own race."""
        return i in self.own_lines


def main():
    with open(sys.argv[1], encoding="utf-8", errors="replace") as f:
        log = f.read().replace("\r", "").splitlines()
    reports = Reports(log)
    for title in reports.ours:
        print("module " + title)
    for title in reports.own:
        print("kernel " + title)
    print("%d other lines" % (len(log) - len(reports.lines)))


if __name__ == "__main__":
    main()
