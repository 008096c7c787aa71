#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Whether a kernel log ends with a breakpoint that no memory holds: the emulator's fault.

  stale.py FILE     prints "stale" or "no", of the first oops

To change an instruction that a CPU may be running (a static key, a tracepoint) x86's kernel
puts a breakpoint there, changes what follows, and takes the breakpoint away; then it waits
for each CPU to come by and forgets where it was.  QEMU's TCG throws away what it has
translated of a place *before* the store, and without a lock that lasts until it: the other
CPU can translate the breakpoint once more in between, and that stays.  The next CPU that
comes there takes a trap that the kernel knows nothing of any more.  (QEMU 10.0.2, and any
kernel: a guest that does nothing but switch kernel.sched_schedstats to and fro under load
dies of it within seconds or minutes.)

A breakpoint that is really there shows in the dump of the code, which is read from memory:
its 0xcc is the byte before the one where the CPU stands.  So nothing of a module can look
like this, but its own changes of code, of which tqueue has none.
"""
import re
import sys

# "int3: 0000 [#1]" before 6.x, "Oops: int3: 0000 [#1]" since.
TRAP = re.compile(r"\bint3: 0000 \[#1\]")
PLACE = re.compile(r"\bRIP: 0010:(\S+\+0x[0-9a-f]+/0x[0-9a-f]+)(?: \[(\w+)\])?")
CODE = re.compile(r"\bCode: (?:.* )?([0-9a-f]{2}) <[0-9a-f]{2}>")


def stale_breakpoint(report):
    """The place in the kernel, if the kernel's first report is of that kind, or None.

    @report: the log from that report on.  It has to be the first, as a report before it is
    one of something else.  What another CPU says in between does not matter: that one is at
    such a place, too.
    """
    if not report or not TRAP.search(report[0]):
        return None
    place = code = None
    for line in report[:40]:
        place = place or PLACE.search(line)
        code = code or CODE.search(line)
    if not place or place[2] or not code or code[1] == "cc":
        return None
    return place[1]


if __name__ == "__main__":
    with open(sys.argv[1], errors="replace") as f:
        lines = f.read().splitlines()
    start = next((n for n, line in enumerate(lines) if "[#1]" in line), len(lines))
    print("stale" if stale_breakpoint(lines[start:]) else "no")
