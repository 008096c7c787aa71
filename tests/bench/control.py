# SPDX-License-Identifier: GPL-2.0-only
"""tests/bench/run control: what commands of the control plane take with tables of
several sizes, beside ipset in the same run.
"""
import os

import sets

# What is asked of "tqctl COMMAND" beside what ipset does the same with: its time is
# at most so many times that.
NEIGHBOURS = (
    ("load", "ipset restore", .1),
    ("rule list", "ipset list", 3),
    ("save", "ipset save", 3),
    ("apply to nothing", "ipset restore, saved", None),
    ("apply, no difference", None, None),
    ("apply, 10 differences", None, None),
)

# @: a number, another one each time
COMMANDS = (
    "version", "table show", "table show t", "table show t holders", "-s table show t", "queue show",
    "-s queue show q", "queue show q holders", "queue stats q", "hook list", "txn list", "metrics",
    "rule add t src 192.0.2.@ dst 192.0.2.1 drop", "rule test t src 192.0.2.7 dst 192.0.2.1 proto tcp dport 22",
    "table add u", "table del u", "queue set q snaplen 128",
)


def plan_all(plan, options):
    kinds = {}
    for n in options.sizes:
        rules = sets.singles(n, options.seed)
        files = {"batch": "control-%d.tq" % n, "ipset": "control-%d.ipset" % n}
        sets.write_tqctl(plan.path(files["batch"]), rules)
        sets.write_ipset(plan.path(files["ipset"]), "hash:ip", rules)
        kinds[str(n)] = files
        plan.rules_in_memory += n
    plan.extra("control", "control", "commands at %s rules" % ", ".join(kinds), sets=kinds, times=options.times,
               turns=options.turns, commands=[c.split() for c in COMMANDS],
               spend=os.path.join(os.path.dirname(plan.ref), "spend"),
               around=plan.write("around.tq", "queue add q ring 16K\n" + plan.hook_line(4)))


def least(rows, what):
    return min(r[what] for r in rows)


def print_bulk(rows, size):
    print("%s rules; seconds are the least of all runs" % size)
    print("  %-24s %9s %10s   %s" % ("", "seconds", "most RSS", "beside"))
    for what, other, goal in NEIGHBOURS:
        for name in (what, other):
            got = rows.get(name, {}).get(size)
            if not got:
                continue
            text = ""
            if name == what and other:
                ratio = least(got, "seconds") / least(rows[other][size], "seconds")
                text = "%.2f of %s" % (ratio, other)
                if goal:
                    text += ", to reach: %g%s" % (goal, "" if ratio <= goal else " MISSED")
            print("  %-24s %9.3f %8.1f M   %s" % (
                name, least(got, "seconds"), max(r["rss"] for r in got) / 2 ** 20, text))


def middle(rows, what):
    values = sorted(r[what] for r in rows)
    return values[len(values) // 2]


def print_single(rows, sizes):
    small, large = sizes[0], sizes[-1]
    print("\none command, milliseconds with its process, middle of all runs")
    print("  %-48s %10s %10s %8s" % ("", small, large, "ratio"))
    for what, by_size in rows.items():
        if not what.startswith("tqctl "):
            continue
        a, b = (middle(by_size[s], "seconds") * 1000 for s in (small, large))
        print("  %-48s %10.2f %10.2f %8.2f" % (what, a, b, b / a))


def report(results):
    """Prints what came out; True if all that was checked is right."""
    found = results["extra"].get("control")
    for text in results["failed"]:
        print("  WRONG: " + text)
    if not found:
        return False
    sizes = sorted(found["rows"]["load"], key=int)
    print()
    for size in sizes:
        print_bulk(found["rows"], size)
    print_single(found["rows"], sizes)
    wrong = [c for c in found["checks"] if not c["right"]]
    for c in wrong:
        print("  WRONG: %s: got %s, want %s" % (c["what"], c["got"], c["want"]))
    print("wrong %d of %d checks" % (len(wrong), len(found["checks"])))
    return not wrong and not results["failed"] and len(found["checks"]) > 0
