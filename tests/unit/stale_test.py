#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tests/vm/stale.py knows the emulator's fault from the kernel's own.  TAP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))
from stale import stale_breakpoint  # noqa: E402, pylint: disable=wrong-import-position

BYTES = "84 d7 08 00 00 %s <86> 01 00 00 0f b6"
PLACE = "__netif_receive_skb_core.constprop.0+0xe9/0x10b0"


def oops(head="Oops: int3: 0000 [#1] PREEMPT SMP NOPTI", place=PLACE, before="e9", caller=""):
    return ["[  738.702556]%s %s" % (caller, text) for text in (
        head,
        "CPU: 0 UID: 0 PID: 14279 Comm: tqgen Tainted: G           OE      6.12.117",
        "RIP: 0010:" + place,
        "Code: " + BYTES % before,
        "RSP: 0018:ffffc90000003d08 EFLAGS: 00000246",
        "Call Trace:",
        " ? nf_hook_slow+0x41/0xc0",
        " tq_hook+0x12/0x40 [tqueue]",
        "RIP: 0033:0x463646",
        "Code: 10 89 7c 24 0c cc <48> 3d 00 f0",
        "Kernel panic - not syncing: Fatal exception in interrupt")]


def mixed():
    """Both CPUs there at once, and what they say line by line."""
    one, other = oops(), oops("Oops: int3: 0000 [#2] PREEMPT SMP NOPTI")
    return [line for pair in zip(one, other) for line in pair]


CASES = [
    ("a breakpoint that is gone", oops(), PLACE),
    ("as 5.10 says it", oops("int3: 0000 [#1] SMP NOPTI"), PLACE),
    ("with the writer of each line", oops(caller="[   C1]"), PLACE),
    ("of two CPUs at once", mixed(), PLACE),
    ("one that is there", oops(before="cc"), None),
    ("one in a module", oops(place="tq_hook+0x12/0x40 [tqueue]"), None),
    ("a BUG", oops("Oops: invalid opcode: 0000 [#1] PREEMPT SMP NOPTI"), None),
    ("a BUG, and a trap after it",
     oops("Oops: invalid opcode: 0000 [#1] PREEMPT SMP") + oops("Oops: int3: 0000 [#2] PREEMPT SMP"), None),
    ("a report of lockdep, and the trap after it",
     ["[  700.1] WARNING: possible circular locking dependency detected"] + oops(), None),
    ("a log that ends before the code", oops()[:3], None),
    ("no memory of the code", oops()[:3] + ["Code: Unable to access opcode bytes at 0xffffffffc0."], None),
    ("no oops", ["[    1.0] WARNING: CPU: 0 PID: 1 at kernel/fork.c:1"], None),
    ("nothing", [], None),
]


def main():
    bad = 0
    for n, (name, log, want) in enumerate(CASES, 1):
        got = stale_breakpoint(log)
        print("%s %d - %s" % ("ok" if got == want else "not ok", n, name))
        if got != want:
            bad = 1
            print("# got %s, wanted %s" % (got, want))
    print("1..%d" % len(CASES))
    return bad


if __name__ == "__main__":
    sys.exit(main())
